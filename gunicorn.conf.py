"""How gunicorn serves Ressenti: `python -m gunicorn -c gunicorn.conf.py wsgi:application`."""

import gc
import os
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from app.db import engine_options
from app.migrate import SchemaError, require_newest
from app.settings import SettingsError, read_settings

try:
    settings = read_settings()
except SettingsError as error:
    sys.exit(f"Ressenti does not start. {error}")

# The same settings as the application's own links are made from, .env included.
bind = f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}"
# Two cores' worth by default; all state is in the database, so any number of processes may serve it.
workers = int(os.environ.get("WEB_CONCURRENCY") or "2")
# Threads, because a request waits for the database's disk: the other ones go on meanwhile.
worker_class = "gthread"
threads = 4
# Loaded once and then forked: faster to start, less memory, and a wrong setting stops the server at once.
# Nothing is connected before the fork.
preload_app = True
# No log of requests: it would hold the links' tokens, which are the patients' keys.
accesslog = None
# What a worker is doing when asked to stop may be a patient's last answer.
graceful_timeout = 30
# Longer than a patient's pause between two items, shorter than what proxies keep open.
keepalive = 15
# A worker shows that it lives by touching a file; on a busy disk that would make it look dead.
MEMORY = "/dev/shm"  # noqa: S108 - gunicorn makes the file itself, with a name by chance
worker_tmp_dir = MEMORY if Path(MEMORY).is_dir() and os.access(MEMORY, os.W_OK) else None
# A socket in the home folder that nobody needs: several servers on one machine would fight for it.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Refuses to serve a database whose schema this software does not know; says what cannot be kept."""
    if not settings.contact_keys:
        server.log.warning("CONTACT_KEYS is not set: contact details of patients cannot be kept (README.md).")
    engine = create_engine(**engine_options(settings.database_url))
    try:
        with engine.connect() as connection:
            require_newest(connection)
    except SchemaError as error:
        sys.exit(f"Ressenti does not start: {error}")
    finally:
        engine.dispose()


def when_ready(server: Any) -> None:  # noqa: ARG001 - gunicorn's hook
    """Spares the workers from searching the loaded program for garbage: 4 % of their time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
