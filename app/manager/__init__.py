"""Data managers look after the wording of the questionnaires and what is recorded of assignments here."""

from flask import Blueprint

blueprint = Blueprint("manager", __name__, url_prefix="/manager")

from app.manager import (  # noqa: E402 - they register themselves on the blueprint
    allocations,  # noqa: F401
    banner,  # noqa: F401
    randomisation,  # noqa: F401
    views,  # noqa: F401
)
