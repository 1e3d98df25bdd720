"""Patients answer their questionnaires here, each through the link of a visit."""

from flask import Blueprint

blueprint = Blueprint("patient", __name__)

from app.patient import views  # noqa: E402, F401 - views register themselves on the blueprint
