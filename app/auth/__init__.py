"""Staff come in here: the first page after signing in, and the language of the pages."""

from flask import Blueprint

blueprint = Blueprint("auth", __name__)

from app.auth import (  # noqa: E402 - views register themselves on the blueprint
    own_sessions,  # noqa: F401
    passwords,  # noqa: F401
    resume,  # noqa: F401
    views,  # noqa: F401
)
