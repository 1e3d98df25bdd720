"""Ressenti: patient-reported outcomes for cancer trials."""

from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_compress import Compress

from app import (
    admin,
    analyst,
    assets,
    auth,
    cli,
    db,
    errors,
    i18n,
    manager,
    nurse,
    patient,
    security,
    web_sessions,
)
from app.clock import Clock, SystemClock
from app.logs import init_logging
from app.services.tokens import make_tokens
from app.settings import Settings, read_settings


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The application; reads its settings from the environment unless they are given."""
    settings = settings or read_settings()
    init_logging()
    app = Flask(__name__)
    # Nothing here is asynchronous: asking that of each hook takes a fiftieth of the time of a save.
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]
    app.config.update(
        SECRET_KEY=settings.secret_key,
        BOOTSTRAP_SERVE_LOCAL=True,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=5,
    )
    app.extensions["settings"] = settings
    app.extensions["clock"] = clock or SystemClock()
    app.extensions["tokens"] = make_tokens(settings)
    Bootstrap5(app)
    Compress(app)
    for part in (db, web_sessions, security):
        part.init_app(app, settings)
    for part in (i18n, assets, errors, cli):
        part.init_app(app)
    for surface in (auth, patient, nurse, analyst, manager, admin):
        app.register_blueprint(surface.blueprint)
    return app
