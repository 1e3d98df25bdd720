"""What the tests share: one application a database, each test in a transaction that is rolled back."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app import create_app, migrate
from app.clock import SteppedClock
from app.db import WRITE, db
from app.services.audit import AuditContext, act_as
from app.settings import Settings
from tests import postgres
from tests.page import Browser

# New examples are looked for where somebody can look at what they find; the gate repeats the same ones.
hypothesis_settings.register_profile("ressenti", deadline=None, derandomize="CI" in os.environ)
hypothesis_settings.load_profile("ressenti")

CONTACT_KEYS = ((1, b"c" * 32),)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DATABASES = ["sqlite", "postgresql"] if postgres.is_available() else ["sqlite"]


def test_settings(url: str, **changes: object) -> Settings:
    """Settings of a demonstration on this database."""
    facts = {
        "mode": "demonstration",
        "public_url": "http://localhost",
        "secret_key": "k" * 40,
        "contact_keys": CONTACT_KEYS,
    }
    return Settings(database_url=url, **(facts | changes))  # type: ignore[arg-type]


test_settings.__test__ = False  # type: ignore[attr-defined]


def fresh_database(kind: str, folder: Path, worker_id: str) -> str:
    """The address of an empty database of a kind."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'ressenti é.sqlite'}"
    return postgres.database_url(worker_id)


@pytest.fixture(scope="session", params=DATABASES)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Every test that uses a database runs on each kind."""
    return str(request.param)


@pytest.fixture(scope="session")
def app(database_kind: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Flask]:
    """The application on a migrated, empty database; its clock is moved by the tests."""
    url = fresh_database(database_kind, tmp_path_factory.mktemp("database"), worker_id)
    migrate.upgrade(url)
    app = create_app(test_settings(url), SteppedClock(NOW))
    yield app
    for engine in db._app_state[app].engines.values():
        engine.dispose()


@pytest.fixture
def clock(app: Flask) -> SteppedClock:
    """The application's clock, at NOW when a test begins."""
    stepped: SteppedClock = app.extensions["clock"]
    stepped.set(NOW)
    return stepped


@pytest.fixture
def connection(app: Flask, clock: SteppedClock) -> Iterator[Connection]:
    """The one connection of all sessions of a test; rolled back at its end."""
    # No application context is held open: requests would share it, and with it their sessions.
    state = db._app_state[app]
    engines = dict(state.engines)
    with engines[WRITE].connect() as connection:
        transaction = connection.begin()
        state.engines.update(dict.fromkeys(engines, connection))
        state.sessionmaker.configure(join_transaction_mode="create_savepoint")
        yield connection
        state.engines.update(engines)
        state.sessionmaker.configure(join_transaction_mode="conditional_savepoint")
        transaction.rollback()


@pytest.fixture
def session(app: Flask, connection: Connection, clock: SteppedClock) -> Iterator[Session]:
    """A writing session that acts as a test; commit it before the application shall see its rows."""
    with db._app_state[app].sessionmaker(bind=connection) as session:
        act_as(session, clock, AuditContext("test", "test"))
        yield session


@pytest.fixture
def browser(app: Flask, connection: Connection) -> Browser:
    """A browser without a screen, which checks every page that it meets."""
    return Browser(app)
