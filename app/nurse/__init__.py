"""Site staff follow their patients here: register, randomise, issue links."""

from flask import Blueprint

blueprint = Blueprint("nurse", __name__, url_prefix="/nurse")

from app.nurse import contact, events, personal, views  # noqa: E402, F401 - views register themselves on the blueprint
