"""Analysts take scored data away from here."""

from flask import Blueprint

blueprint = Blueprint("analyst", __name__, url_prefix="/analyst")

from app.analyst import views  # noqa: E402, F401 - views register themselves on the blueprint
