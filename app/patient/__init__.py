"""Patients answer their questionnaires here, each through the link of a visit."""

from flask import Blueprint

blueprint = Blueprint("patient", __name__)

from app.patient import (  # noqa: E402 - views register themselves on the blueprint
    broken,  # noqa: F401
    display,  # noqa: F401
    offline,  # noqa: F401
    sync,  # noqa: F401
    views,  # noqa: F401
    ward,  # noqa: F401
)
