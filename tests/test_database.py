"""The database: writers that lose nothing, readers that change nothing and hold nobody up."""

import sqlite3
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, literal, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from app.db import READ, REPLICA, SINGLE, SNAPSHOT, WRITE, db
from app.models import Patient, SignInFailures, Visit
from app.models.base import UtcDateTime, uuid7
from tests import factories as make
from tests.conftest import NOW
from tests.live import Live, live_database, together

pytestmark = pytest.mark.requirement("OPS-01")


@pytest.fixture(scope="module")
def live(database_kind: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Live]:
    with live_database(database_kind, tmp_path_factory.mktemp("live"), worker_id) as live:
        yield live


def pragma(live: Live, name: str, engine: str = WRITE) -> object:
    with live.engine(engine).connect() as connection:
        return connection.execute(text(f"PRAGMA {name}")).scalar()


# How SQLite is opened


@pytest.mark.threat("D1")
@pytest.mark.parametrize("engine", [WRITE, SINGLE, READ, SNAPSHOT, REPLICA])
def test_sqlite_is_opened_for_many_processes_and_for_power_cuts(
    live: Live, database_kind: str, engine: str
) -> None:
    if database_kind != "sqlite":
        assert live.engine(engine).dialect.name == "postgresql"
        return
    full = 2
    found = {name: pragma(live, name, engine) for name in ("journal_mode", "synchronous", "foreign_keys")}
    assert found == {"journal_mode": "wal", "synchronous": full, "foreign_keys": 1}
    assert pragma(live, "query_only", engine) == (0 if engine in {WRITE, SINGLE} else 1)
    assert pragma(live, "busy_timeout", engine) == 10_000


@pytest.mark.threat("D1")
def test_a_write_unit_takes_its_place_at_once_and_others_none(live: Live, database_kind: str) -> None:
    begun: dict[str, list[str]] = {WRITE: [], SINGLE: [], READ: [], SNAPSHOT: []}
    for name, statements in begun.items():
        engine = live.engine(name)

        def note(*arguments: object, into: list[str] = statements) -> None:
            into.append(str(arguments[2]))

        event.listen(engine, "before_cursor_execute", note)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        event.remove(engine, "before_cursor_execute", note)
    begins = {name: statements[:-1] for name, statements in begun.items()}
    expected = {WRITE: ["BEGIN IMMEDIATE"], SINGLE: [], READ: [], SNAPSHOT: ["BEGIN"]}
    assert begins == (expected if database_kind == "sqlite" else {name: [] for name in begun})


def test_foreign_keys_are_enforced(live: Live) -> None:
    with live.session() as session:
        values = "(99, 999, 'M3', 'x', '2026-01-01', '2026-01-01', '2026-01-01', :at, :at, '[]', '1')"
        columns = (
            "study_id, patient_id, code, anchor, due_on, opens_on, closes_on, opens_at, closes_at,"
            " questionnaires, definition_version"
        )
        with pytest.raises(IntegrityError):
            session.execute(
                text(f"INSERT INTO visit ({columns}) VALUES {values}"),  # noqa: S608 - no value of anybody
                {"at": NOW.replace(tzinfo=None) if session.get_bind().dialect.name == "sqlite" else NOW},
            )


def test_the_file_may_have_accents_and_spaces_in_its_name(live: Live, database_kind: str) -> None:
    if database_kind == "sqlite":
        path = Path(live.engine().url.database or "")
        assert path.name == "ressenti é.sqlite"
        assert path.is_file()


# Reading


@pytest.mark.parametrize("name", [READ, SNAPSHOT, REPLICA])
def test_the_reader_refuses_to_write(live: Live, name: str) -> None:
    for statement in ("UPDATE site SET phone = ''", "DELETE FROM visit", "CREATE TABLE extra (id INTEGER)"):
        with live.session(name) as session, pytest.raises(DBAPIError, match=r"(?i)read-?only"):
            session.execute(text(statement))


def test_get_reads_and_post_writes(live: Live) -> None:
    for method, name in (("GET", READ), ("HEAD", READ), ("POST", WRITE), ("DELETE", WRITE)):
        with live.app.test_request_context(method=method):
            assert db.session.get_bind() is live.engine(name)
            assert db.session is db.session
            assert db.replica.get_bind() is live.engine(REPLICA)
    with live.app.app_context():
        assert db.session.get_bind() is live.engine(WRITE)


@pytest.mark.requirement("OPS-06")
def test_a_slow_reader_never_blocks_a_writer(live: Live) -> None:
    with live.session(SNAPSHOT) as reader, live.session(READ) as page:
        before = len(reader.scalars(select(Patient)).all())
        with live.session() as writer:
            patient = live.new_patient(writer)
            make.answer(writer, live.clock, make.get_visit(writer, patient), {"q01": 2})
            writer.commit()
        # An export sees one moment; a page sees what was just saved.
        assert len(reader.scalars(select(Patient)).all()) == before
        assert len(page.scalars(select(Patient)).all()) == before + 1
        reader.rollback()
        assert len(reader.scalars(select(Patient)).all()) == before + 1


def test_ended_transactions_hold_nothing_and_keep_their_objects(live: Live) -> None:
    with live.app.test_request_context(method="POST"):
        found = db.session.scalars(select(SignInFailures)).all()
        assert db.session.in_transaction()
        db.end_transactions()
        assert not db.session.in_transaction()
        assert found == []
        with live.session() as session:
            session.execute(text("UPDATE site SET phone = phone"))
            session.commit()


# Writing


@pytest.mark.threat("D1")
def test_concurrent_increments_are_all_kept(live: Live) -> None:
    with live.session() as session:
        session.add(SignInFailures(email_hash="counter", count=0))
        session.commit()

    def increment() -> None:
        for _ in range(25):
            with live.session() as session:
                query = select(SignInFailures).where(SignInFailures.email_hash == "counter")
                row = session.scalars(query.with_for_update()).one()
                row.count = row.count + 1
                session.commit()

    together(*[increment] * 6)
    with live.session() as session:
        assert session.get_one(SignInFailures, "counter").count == 150


@pytest.mark.requirement("DAT-02")
def test_error_messages_do_not_hold_what_was_to_be_stored(live: Live) -> None:
    with live.session() as session:
        session.add(SignInFailures(email_hash="canary-of-a-secret", count=None))
        with pytest.raises(IntegrityError) as refused:
            session.commit()
    written = "".join(traceback.format_exception(refused.value))
    assert "SQL parameters hidden" in written
    assert "IntegrityError" in written
    assert "count" in str(refused.value.orig)
    assert "canary-of-a-secret" not in written


def test_engines_are_bound_by_their_names(live: Live) -> None:
    with live.app.app_context():
        bound = {name: db.get_session(name).get_bind() for name in (WRITE, READ, REPLICA)}
        assert bound == {name: live.engine(name) for name in (WRITE, READ, REPLICA)}
        with db.new_session() as session:
            assert session.get_bind() is live.engine(WRITE)
            assert session is not db.get_session(WRITE)


# Instants and ids


@given(
    instant=st.datetimes(
        min_value=datetime(1900, 1, 2),  # noqa: DTZ001 - hypothesis takes naive bounds
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=11)), timezone(-timedelta(hours=9.5))]),
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_instants_come_back_the_same_and_in_utc(session: Session, instant: datetime) -> None:
    with session.begin_nested() as savepoint:
        session.add(SignInFailures(email_hash="instant", count=1, locked_until=instant))
        session.flush()
        session.expire_all()
        found = session.get_one(SignInFailures, "instant").locked_until
        assert found == instant
        assert found is not None
        assert found.utcoffset() == timedelta(0)
        savepoint.rollback()


def test_instants_are_compared_as_instants(session: Session) -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    session.add(SignInFailures(email_hash="noon", count=1, locked_until=noon))
    session.flush()
    overseas = noon.astimezone(timezone(timedelta(hours=4)))
    query = select(SignInFailures.email_hash)
    assert session.scalars(query.where(SignInFailures.locked_until == overseas)).all() == ["noon"]
    assert session.scalars(query.where(SignInFailures.locked_until < overseas)).all() == []


def test_a_naive_instant_is_refused(session: Session) -> None:
    naive = NOW.replace(tzinfo=None)
    session.add(SignInFailures(email_hash="naive", count=1, locked_until=naive))
    with pytest.raises(StatementError, match="has no time zone"):
        session.flush()
    session.rollback()
    with pytest.raises(StatementError, match="has no time zone"):
        session.execute(select(literal(naive, UtcDateTime())))


def test_empty_instants_stay_empty(session: Session) -> None:
    session.add(SignInFailures(email_hash="empty", count=1, locked_until=None))
    session.flush()
    session.expire_all()
    assert session.get_one(SignInFailures, "empty").locked_until is None


def test_ids_are_of_version_seven_all_different_and_sort_by_time() -> None:
    ids = [uuid7() for _ in range(5000)]
    assert len(set(ids)) == 5000
    assert {(each.version, each.variant) for each in ids} == {(7, ids[0].variant)}
    milliseconds = [each.int >> 80 for each in ids]
    assert milliseconds == sorted(milliseconds)
    now = datetime.now(UTC).timestamp() * 1000
    assert abs(milliseconds[-1] - now) < 60_000


def test_a_relation_that_was_not_asked_for_is_not_read_behind_ones_back(session: Session, app: Flask) -> None:
    assert Visit.patient.property.lazy == "raise_on_sql"
    loaded = {
        f"{mapper.class_.__name__}.{relation.key}": relation.lazy
        for mapper in Visit.registry.mappers
        for relation in mapper.relationships
    }
    assert set(loaded.values()) == {"raise_on_sql"}, loaded


def test_the_sqlite_driver_opens_no_transaction_of_its_own(live: Live, database_kind: str) -> None:
    if database_kind == "sqlite":
        with live.engine().connect() as connection:
            raw = connection.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)
            assert raw.isolation_level is None
