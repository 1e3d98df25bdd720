"""Site staff follow their patients here: register, randomise, issue links."""

from flask import Blueprint

blueprint = Blueprint("nurse", __name__, url_prefix="/nurse")

from app.nurse import (  # noqa: E402 - views register themselves on the blueprint
    alerts,  # noqa: F401
    contact,  # noqa: F401
    corrections,  # noqa: F401
    events,  # noqa: F401
    handover,  # noqa: F401
    messages,  # noqa: F401
    milestones,  # noqa: F401
    moves,  # noqa: F401
    notes,  # noqa: F401
    paper,  # noqa: F401
    personal,  # noqa: F401
    reasons,  # noqa: F401
    scores,  # noqa: F401
    treatment,  # noqa: F401
    unscheduled,  # noqa: F401
    views,  # noqa: F401
    ward,  # noqa: F401
)
