"""Data managers look after the wording of the questionnaires and lists of assignments here."""

from flask import Blueprint

blueprint = Blueprint("manager", __name__, url_prefix="/manager")

from app.manager import allocations, banner, views  # noqa: E402, F401 - they register themselves on the blueprint
