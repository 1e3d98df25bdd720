"""Administrators look after people here: who works where, in which role, since when. No patient is shown."""

from flask import Blueprint

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

from app.admin import lists, views  # noqa: E402, F401 - they register themselves on the blueprint
