"""Staff come in here: the first page after signing in, and the language of the pages."""

from flask import Blueprint

blueprint = Blueprint("auth", __name__)

from app.auth import own_sessions, passwords, views  # noqa: E402, F401 - they register themselves on the blueprint
