"""What the tests share: one application a database, each test in a transaction that is rolled back."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

from app import create_app, migrate
from app.clock import SteppedClock
from app.db import WRITE, db, engine_options, make_folder, prepare_engine
from app.models import Study
from app.services.audit import AuditContext, AuditedSession, act_as
from app.services.studies import find_study
from app.settings import Settings
from tests import factories, postgres
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


def migrated_database(kind: str, folder: Path, worker_id: str) -> str:
    """The address of a fresh database that holds all tables and no row."""
    return copied_database(kind, folder, worker_id, migrated(kind, worker_id))


def copied_database(kind: str, folder: Path, worker_id: str, original: str) -> str:
    """The address of a fresh copy of a database to which nobody is connected."""
    if kind != "sqlite":
        return postgres.database_url(worker_id, template=original)
    url = fresh_database(kind, folder, worker_id)
    make_folder(url)
    shutil.copyfile(original.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
    return url


@cache
def migrated(kind: str, worker_id: str) -> str:
    """The address of what others are copied from: the migrations run once for each kind."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    url = fresh_database(kind, Path(folder), worker_id)
    migrate.upgrade(url)
    return url


def spend_little_on_passwords(app: Flask) -> None:
    """Argon2id with the least work; what an installation spends, tests/auth/test_sign_in.py shows."""
    least = {"argon2__time_cost": 1, "argon2__memory_cost": 8, "argon2__parallelism": 1}
    app.extensions["security"].pwd_context.update(**least)


@pytest.fixture(scope="session", params=DATABASES)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Every test that uses a database runs on each kind."""
    return str(request.param)


@pytest.fixture(scope="session")
def app(database_kind: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Flask]:
    """The application on a migrated, empty database; its clock is moved by the tests."""
    url = migrated_database(database_kind, tmp_path_factory.mktemp("database"), worker_id)
    app = create_app(test_settings(url), SteppedClock(NOW))
    spend_little_on_passwords(app)
    yield app
    for engine in db._app_state[app].engines.values():
        engine.dispose()


@pytest.fixture(scope="session")
def engine_with_study(
    app: Flask, database_kind: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Engine]:
    """A database like the application's that holds the first study, loaded at NOW."""
    url = migrated_database(database_kind, tmp_path_factory.mktemp("study"), worker_id)
    engine = create_engine(**engine_options(url))
    prepare_engine(engine)
    clock = SteppedClock(NOW)
    with sessionmaker(engine, class_=AuditedSession)() as session:
        act_as(session, clock, AuditContext("test", "test"))
        factories.make_study(session, clock)
        session.commit()
    yield engine
    engine.dispose()


@pytest.fixture
def clock(app: Flask) -> SteppedClock:
    """The application's clock, at NOW when a test begins."""
    stepped: SteppedClock = app.extensions["clock"]
    stepped.set(NOW)
    return stepped


@pytest.fixture
def connection(app: Flask, clock: SteppedClock, request: pytest.FixtureRequest) -> Iterator[Connection]:
    """The one connection of all sessions of a test; rolled back at its end."""
    # No application context is held open: requests would share it, and with it their sessions.
    state = db._app_state[app]
    engines = dict(state.engines)
    has_study = "first_study" in request.fixturenames
    engine: Engine = request.getfixturevalue("engine_with_study") if has_study else engines[WRITE]
    with engine.connect() as connection:
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
def first_study(session: Session) -> Study:
    """The first study, without its list of symptoms; it was there before the test began."""
    return find_study(session, factories.CODE)


@pytest.fixture
def browser(app: Flask, connection: Connection) -> Browser:
    """A browser without a screen, which checks every page that it meets."""
    return Browser(app)
