"""What goes wrong, in words for the reader; nothing of the inside gets out."""

import sys

from flask import Flask, Response, current_app, make_response, render_template
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from app.i18n import page_language
from app.services.access import AccessDeniedError
from app.services.errors import NotFoundError

PAGES = frozenset({400, 401, 403, 404, 405, 409, 413, 429, 500, 503})
RETRY_AFTER_SECONDS = 10
# A fixed point of the application; addresses cannot be worked out where the host itself is refused.
SIGN_IN = "/login"


def init_app(app: Flask) -> None:
    """Registers a page for each kind of failure."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, lambda _error: error_page(400))
    app.register_error_handler(NotFoundError, lambda _error: error_page(404))
    app.register_error_handler(AccessDeniedError, lambda _error: error_page(403))
    # Two people did the same at once: the second one is told, and nothing of hers is half written.
    for conflict in (StaleDataError, IntegrityError):
        app.register_error_handler(conflict, _conflict)
    app.register_error_handler(OperationalError, _database_error)
    app.register_error_handler(Exception, _unexpected)


def error_page(status: int) -> Response:
    """The page of a status; the general one where there is none of its own."""
    template = status if status in PAGES else (500 if status >= 500 else 400)
    facts = {"language": page_language(), "sign_in_url": SIGN_IN}
    return make_response(render_template(f"errors/{template}.html", **facts), status)


def _http_error(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    if isinstance(getattr(error, "original_exception", None), OperationalError):
        return _database_error()
    response = error_page(error.code)
    if error.code == 405 and error.get_response().headers.get("Allow"):
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def _conflict(_error: Exception) -> Response:
    # Logged as well: a broken rule of the database may be a fault of ours.
    current_app.log_exception(sys.exc_info())
    return error_page(409)


def _database_error(error: Exception | None = None) -> Response:
    if error is not None:
        # The values of the statement are hidden by the engine: no answer reaches a log. What comes
        # through Flask's own handler is logged already.
        current_app.log_exception(sys.exc_info())
    response = error_page(503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _unexpected(_error: Exception) -> Response:
    current_app.log_exception(sys.exc_info())
    return error_page(500)
