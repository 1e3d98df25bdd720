"""Sessions and engines: to write, in transactions or by single statements; to read, now or as of a moment."""

import inspect
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from flask import Flask, g, has_request_context, request
from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy import Connection, Engine, ExceptionContext, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from app.services.audit import AuditedSession
from app.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
WRITE, SINGLE, NOTE = "default", "single", "note"
READ, SNAPSHOT, REPLICA = "read", "snapshot", "replica"
BUSY_SECONDS = 10
# How long a note waits for whatever is in its way.
NOTE_SECONDS = 0.1
IDLE_SECONDS = 5.0


class Database(SQLAlchemy):
    """Flask-SQLAlchemy-Lite with each session bound to the engine of its own name."""

    def get_session(self, name: str = WRITE) -> Session:
        """The session of that engine for the present application context."""
        sessions: dict[str, Session] = g.setdefault("_sqlalchemy_sessions", {})
        if name not in sessions:
            sessions[name] = self.new_session(name)
        return sessions[name]

    def new_session(self, name: str = WRITE) -> Session:
        """A session of its own, to be closed by the caller."""
        return self.sessionmaker(bind=self.engines[name])

    @property
    def session(self) -> Session:
        """Reading for GET, so that a slow page never holds up a patient's save; else writing."""
        is_reading = g.get("is_reading", has_request_context() and request.method in SAFE_METHODS)
        return self.get_session(READ if is_reading else WRITE)

    @property
    def single(self) -> Session:
        """Reads and writes by single statements, each a transaction of its own: nothing is held between them.

        For patients' saves, nearly all that is written here: they are spared what else a transaction takes.
        """
        return self.get_session(SINGLE)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While this lasts, `session` reads, whatever the request: for what is slow and changes nothing."""
        self.end_transactions()
        g.is_reading = True
        try:
            yield
        finally:
            del g.is_reading
            self.end_transactions()

    @contextmanager
    def noting(self) -> Iterator[Session]:
        """A transaction for what may be lost: it gives up where it would have to wait, and says nothing.

        Whatever the database refuses ends it; nothing of it reaches the caller.
        """
        with suppress(SQLAlchemyError), self.new_session(NOTE) as session:
            yield session
            session.commit()

    @property
    def replica(self) -> Session:
        """For exports and analyses: may read from a database that is a moment behind."""
        return self.get_session(REPLICA)

    def end_transactions(self) -> None:
        """Ends what this context still holds open, uncommitted changes included; objects stay usable."""
        for session in g.get("_sqlalchemy_sessions", {}).values():
            session.rollback()


db = Database(session_options={"class_": AuditedSession, "expire_on_commit": False})


def init_app(app: Flask, settings: Settings) -> None:
    """Creates the engines; nothing connects until it is needed."""
    url = settings.database_url
    make_folder(url)
    # Nothing is left open that would have to be reset.
    autocommit = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None}
    app.config["SQLALCHEMY_ENGINES"] = {
        WRITE: engine_options(url),
        SINGLE: engine_options(url) | autocommit,
        NOTE: noting_options(url),
        READ: reading_options(url) | autocommit,
        SNAPSHOT: reading_options(url),
        REPLICA: reading_options(settings.database_read_url or url),
    }
    db.init_app(app)
    # The library would also close asynchronous sessions, which there are none of: it starts an event loop
    # and a thread for that at the end of every request, a quarter of the time that a patient's page takes.
    app.teardown_appcontext_funcs = [
        each for each in app.teardown_appcontext_funcs if not inspect.iscoroutinefunction(each)
    ]
    with app.app_context():
        for name, engine in db.engines.items():
            prepare_engine(
                engine, read_only=name not in {WRITE, SINGLE, NOTE}, transactions=name not in {READ, SINGLE}
            )


def engine_options(url: str) -> dict[str, Any]:
    """What create_engine takes for this database."""
    # Parameters hold answers: they stay out of error messages and so out of the logs.
    options: dict[str, Any] = {"url": url, "hide_parameters": True}
    if url.startswith("sqlite"):
        return options | {"connect_args": {"timeout": BUSY_SECONDS}}
    return options | {"pool_size": 10}


def reading_options(url: str) -> dict[str, Any]:
    """What create_engine takes for reading alone, as of one moment throughout a transaction.

    In autocommit instead, each statement sees what is committed by then, and a page is spared the
    round trips of a transaction.
    """
    if url.startswith("sqlite"):
        return engine_options(url)
    read_only = {"options": "-c default_transaction_read_only=on"}
    return engine_options(url) | {"isolation_level": "REPEATABLE READ", "connect_args": read_only}


def noting_options(url: str) -> dict[str, Any]:
    """What create_engine takes for writing what may be lost, without waiting for anybody."""
    options: dict[str, Any] = {"url": url, "hide_parameters": True}
    options |= {"poolclass": QueuePool, "pool_size": 2, "max_overflow": 0, "pool_timeout": NOTE_SECONDS}
    if url.startswith("sqlite"):
        return options | {"connect_args": {"timeout": NOTE_SECONDS}}
    waits = f"-c lock_timeout={NOTE_SECONDS:g}s -c statement_timeout={10 * NOTE_SECONDS:g}s"
    return options | {"connect_args": {"options": waits, "connect_timeout": 2}}


def prepare_engine(
    engine: Engine, *, read_only: bool = False, foreign_keys: bool = True, transactions: bool = True
) -> None:
    """Gives SQLite the transactions that concurrent writers need; PostgreSQL has them already."""
    if engine.dialect.name != "sqlite":
        event.listen(engine, "handle_error", _hide_row)
        _ping_after_idling(engine)
        return

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
            # Else REPLACE would delete rows without asking the triggers that keep them.
            "recursive_triggers=ON",
            f"query_only={'ON' if read_only else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    if not transactions:
        return

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer that begins as a reader loses its place to another writer and fails.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _ping_after_idling(engine: Engine) -> None:
    """Tests a connection before use where it has rested: a ping each time would cost as much as a query."""

    @event.listens_for(engine, "checkin")
    def rest(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def test(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if time.monotonic() - record.info.get("rests_since", time.monotonic()) < IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            # The pool opens another connection in its place.
            raise DisconnectionError from error


def _hide_row(context: ExceptionContext) -> None:
    """Cuts from an error what PostgreSQL quotes of the row at fault: answers stay out of the logs."""
    original, wrapped = context.original_exception, context.sqlalchemy_exception
    message = getattr(getattr(original, "diag", None), "message_primary", None)
    if message and wrapped is not None:
        wrapped.args = (str(wrapped.args[0]).replace(str(original), message),)
        original.args = (message,)


def make_folder(url: str) -> None:
    """Makes the folder of a SQLite file."""
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
