"""Migrations: up equals the models, down leaves nothing, and no step loses what a filled database holds."""

import ast
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, MetaData, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from app import create_app, migrate
from app.clock import SteppedClock
from app.db import WRITE, db, engine_options, make_folder, prepare_engine
from app.migrate import ForeignKeyError, SchemaError
from app.models import Base
from app.services.access import Role
from app.services.audit import AuditContext, act_as, verify
from app.services.declarations import record_declaration
from app.services.late_answers import keep_late_answers
from app.services.link_fetches import note_fetch
from app.services.outbox import plan_links
from app.services.password_links import make_password_link
from app.services.responses import Answer, AnswerState
from app.services.sessions import open_patient_session, open_staff_session
from app.services.sign_in import count_failure
from tests import alerting, corrected, wording
from tests import factories as make
from tests.conftest import CONTACT_KEYS, NOW, copied_database, fresh_database, test_settings
from tests.course import leave_note, write_call

pytestmark = [pytest.mark.requirement("OPS-01"), pytest.mark.threat("F3")]
# Before personal links.
OLDER = {"base", *(f"{number:04}" for number in range(1, 7))}
STEPS = sorted(path.name[:4] for path in (migrate.MIGRATIONS / "versions").glob("[0-9]*.py"))
TEMPLATE = """
import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{down}"

def upgrade():
    {up}

def downgrade():
    {back}
"""


AddStep = Callable[..., None]


@pytest.fixture
def url(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path, worker_id: str) -> str:
    """The address of an empty database in a folder that is not there yet, or of a filled one."""
    folder = tmp_path / "new folder"
    if "filled" not in request.fixturenames:
        return fresh_database(database_kind, folder, worker_id)
    return copied_database(database_kind, folder, worker_id, request.getfixturevalue("filled_once"))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Plain connections to the database, as any other program would open them."""
    engine = create_engine(**engine_options(url))
    prepare_engine(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def filled(url: str) -> str:
    """The newest schema with a row in every table."""
    return url


@pytest.fixture(scope="module")
def filled_once(database_kind: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """What the filled databases are copied from."""
    url = fresh_database(database_kind, tmp_path_factory.mktemp("filled"), worker_id)
    migrate.upgrade(url)
    clock = SteppedClock(NOW)
    app = create_app(test_settings(url), clock)
    with app.app_context():
        session = db.session
        act_as(session, clock, AuditContext("test", "test"))
        study = make.make_study(session, clock)
        patient = make.randomise(session, clock, make.make_patient(session, clock, study))
        make.make_history(session, clock, patient)
        user = make.make_staff(session, clock, Role.ANALYST, study)
        make.submit(session, clock, make.get_visit(session, patient))
        make.make_link(session, clock, patient, "M3")
        make.keep_contact(session, clock, patient, CONTACT_KEYS)
        personal = make.make_personal_link(session, clock, patient)
        sent = make.report(session, clock, personal, {"symptom": "pt009", "pt009a": 2, "onset": "2026-11-20"})
        open_patient_session(session, clock, personal.link.id, NOW, {})
        note_fetch(session, clock, personal.link.id)
        answer = Answer("onset", AnswerState.ERASED, device="d" * 22, sequence=1)
        keep_late_answers(session, clock, sent, [answer])
        event = make.decide(session, clock, make.make_event(session, clock, patient), is_serious=True)
        make.sign(session, clock, event)
        nurse = make.actor_of(session, clock, Role.NURSE, patient)
        record_declaration(session, clock, nurse, event, NOW, "portal")
        make_password_link(session, clock, user)
        corrected.correct(session, clock, corrected.sent_form(session, patient))
        of_report = corrected.sent_form(session, patient, sent.visit.code, "report")
        corrected.correct(session, clock, of_report, "pt009a", 3)
        open_staff_session(session, clock, user.id, {})
        count_failure(session, clock, "nobody@staff.example")
        wording.make_approved(session, clock, study)
        wording.make_draft(session, clock, study, language="en")
        plan_links(session, clock, make.get_visit(session, patient, "M3"), patient, ["email"])
        alerting.make_alert(session, clock, make.make_patient(session, clock, study, "04-003"))
        leave_note(session, clock, patient)
        write_call(session, clock, patient)
        session.commit()
        for engine in db.engines.values():
            engine.dispose()
    return url


Contents = dict[str, list[tuple[tuple[str, str], ...]]]


def contents(connection: Connection) -> Contents:
    """Every row of every table of ours, by its columns."""
    tables = MetaData()
    tables.reflect(connection)
    return {
        name: sorted(as_pairs(row._mapping) for row in connection.execute(table.select()))
        for name, table in tables.tables.items()
        if name != "alembic_version"
    }


def as_pairs(row: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(key), str(value)) for key, value in row.items()))


def as_far_as(found: Contents, other: Contents) -> Contents:
    """What was found, in the tables and columns of another moment."""
    columns = {name: {key for row in rows for key, _ in row} for name, rows in other.items()}
    return {
        name: sorted(tuple(pair for pair in row if pair[0] in columns[name]) for row in found[name])
        for name in other
    }


def without_personal_links(found: Contents) -> Contents:
    """What a schema keeps that knows of no personal links: not them, and no session that they opened."""
    links = {dict(row)["id"]: dict(row) for row in found["link"]}
    personal = {key for key, link in links.items() if link["kind"] == "personal"}
    assert personal
    left = {"link": "id", "web_session": "link_id"}
    return found | {
        name: [row for row in found[name] if dict(row)[column] not in personal]
        for name, column in left.items()
    }


def triggers(connection: Connection) -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if connection.dialect.name != "sqlite":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    return set(connection.execute(text(query)).scalars())


@pytest.fixture
def add_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddStep:
    """Adds a migration behind the last one, in a folder of its own."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "MIGRATIONS", folder)

    def add(up: str, back: str = "pass") -> None:
        source = TEMPLATE.format(down=STEPS[-1], up=up, back=back)
        (folder / "versions" / "9001_try_something.py").write_text(source, encoding="utf-8")

    return add


# Up and down


def test_up_equals_the_models(url: str) -> None:
    migrate.upgrade(url)
    assert migrate.differences(url, Base.metadata) == []


def test_a_difference_would_be_told(url: str, engine: Engine) -> None:
    migrate.upgrade(url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE patient ADD COLUMN extra VARCHAR"))
    assert "remove_column" in str(migrate.differences(url, Base.metadata))


def test_down_leaves_an_empty_database_and_up_works_again(url: str, engine: Engine) -> None:
    migrate.upgrade(url)
    migrate.downgrade(url, "base")
    with engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
        assert triggers(connection) == set()
        assert migrate.current(connection) is None
        if connection.dialect.name == "postgresql":
            functions = "SELECT count(*) FROM pg_proc WHERE proname LIKE 'refuse_%'"
            assert connection.execute(text(functions)).scalar() == 0
    migrate.upgrade(url)
    assert migrate.differences(url, Base.metadata) == []


def test_every_step_goes_down_and_up_on_a_filled_database(filled: str, engine: Engine) -> None:
    with engine.connect() as connection:
        before, kept = contents(connection), triggers(connection)
    assert set(before) == set(Base.metadata.tables)
    assert all(before.values()), [name for name, found in before.items() if not found]
    for step in reversed(["base", *STEPS[:-1]]):
        migrate.downgrade(filled, step)
        with engine.connect() as connection:
            left = contents(connection)
            wanted = without_personal_links(before) if step in OLDER else before
            assert left == as_far_as(wanted, left), f"down to {step} changed rows that stay"
    for step in STEPS:
        migrate.upgrade(filled, step)
        with engine.connect() as connection:
            assert migrate.current(connection) == step
    with engine.connect() as connection:
        assert triggers(connection) == kept
        assert set(contents(connection)) == set(before)


def test_each_step_up_leaves_the_rows_of_the_steps_before(filled: str, engine: Engine) -> None:
    for step in reversed(STEPS[:-1]):
        migrate.downgrade(filled, step)
        with engine.connect() as connection:
            before = contents(connection)
        migrate.upgrade(filled)
        with engine.connect() as connection:
            after = contents(connection)
        assert as_far_as(after, before) == before
        assert after["study"]
        assert migrate.differences(filled, Base.metadata) == []


# Altering what is filled


@pytest.mark.parametrize(
    "table", ["patient", "visit", "link", "response", "study", "audit_entry", "wording_pack"]
)
def test_altering_a_filled_table_keeps_rows_children_and_triggers(
    filled: str, engine: Engine, add_step: AddStep, database_kind: str, table: str
) -> None:
    recreate = "always" if database_kind == "sqlite" else "never"
    batch = f'with op.batch_alter_table("{table}", recreate="{recreate}") as batch: '
    add_step(
        batch + 'batch.add_column(sa.Column("extra", sa.String(), nullable=True))',
        batch + 'batch.drop_column("extra")',
    )
    with engine.connect() as connection:
        before, kept = contents(connection), triggers(connection)
    migrate.upgrade(filled)
    with engine.connect() as connection:
        after = contents(connection)
        assert triggers(connection) == kept
    assert {name: after[name] for name in after if name != table} == {
        name: before[name] for name in before if name != table
    }
    extra = ("extra", "None")
    assert after[table] == sorted(tuple(sorted((*row, extra))) for row in before[table])
    migrate.downgrade(filled, STEPS[-1])
    with engine.connect() as connection:
        assert (contents(connection), triggers(connection)) == (before, kept)
    assert migrate.differences(filled, Base.metadata) == []


@pytest.mark.threat("E2")
def test_the_triggers_work_after_their_tables_were_altered(
    filled: str, engine: Engine, add_step: AddStep, database_kind: str
) -> None:
    recreate = "always" if database_kind == "sqlite" else "never"
    add_step(
        'for name in ("audit_entry", "response", "wording_pack"):\n'
        f'        with op.batch_alter_table(name, recreate="{recreate}") as batch:\n'
        '            batch.add_column(sa.Column("extra", sa.String()))'
    )
    migrate.upgrade(filled)
    for statement, refusal in (
        ("DELETE FROM audit_entry", "only ever added to"),
        ("UPDATE response SET status = 'draft'", "does not change"),
        ("DELETE FROM wording_pack", "does not change"),
    ):
        with pytest.raises(DBAPIError, match=refusal), engine.begin() as connection:
            connection.execute(text(statement))


def test_a_table_that_a_migration_drops_takes_its_triggers_with_it(
    filled: str, engine: Engine, add_step: AddStep
) -> None:
    events = ("event_declaration", "event_signature", "adverse_event_version", "adverse_event")
    corrections = ("corrected_score", "corrected_symptom", "correction")
    responses = ("late_answer", "symptom_report", "score", "response")
    names = (*corrections, *events, "message", "alert", *responses)
    add_step(f"[op.drop_table(name) for name in {names}]")
    migrate.upgrade(filled)
    with engine.connect() as connection:
        assert not {name for name in triggers(connection) if name.startswith("response")}


def test_the_trail_is_whole_after_migrations(filled: str, add_step: AddStep) -> None:
    add_step('op.add_column("patient", sa.Column("extra", sa.String()))')
    migrate.upgrade(filled)
    migrate.downgrade(filled, STEPS[-1])
    app = create_app(test_settings(filled))
    with app.app_context():
        assert verify(db.session) == []
        assert db.session.scalar(text("SELECT count(*) FROM audit_entry")) > 10
        db.session.close()
        db.engines[WRITE].dispose()


def test_a_migration_that_leaves_dangling_rows_is_refused_and_rolled_back(
    filled: str, engine: Engine, add_step: AddStep, database_kind: str
) -> None:
    add_step("op.execute('DELETE FROM visit')")
    with engine.connect() as connection:
        before = contents(connection)
    with pytest.raises(ForeignKeyError if database_kind == "sqlite" else DBAPIError) as refused:
        migrate.upgrade(filled)
    with engine.connect() as connection:
        assert contents(connection) == before
        assert migrate.current(connection) == STEPS[-1]
    if isinstance(refused.value, ForeignKeyError):
        tables = {row[0] for row in refused.value.rows}
        assert tables == {"link", "message", "missing_reason", "response"}


def test_a_migration_that_fails_half_way_leaves_nothing(
    filled: str, engine: Engine, add_step: AddStep
) -> None:
    add_step('op.create_table("half", sa.Column("id", sa.Integer())); raise RuntimeError("half way")')
    with pytest.raises(RuntimeError, match="half way"):
        migrate.upgrade(filled)
    with engine.connect() as connection:
        assert not inspect(connection).has_table("half")
        assert migrate.current(connection) == STEPS[-1]


# Where a database stands


def test_the_newest_version_is_the_last_file(add_step: AddStep) -> None:
    assert migrate.newest() == STEPS[-1]
    add_step("pass")
    assert migrate.newest() == "9001"


def test_a_database_behind_ahead_or_empty_is_refused(url: str, engine: Engine) -> None:
    make_folder(url)
    with engine.connect() as connection, pytest.raises(SchemaError, match="at version none") as refused:
        migrate.require_newest(connection)
    assert (refused.value.found, refused.value.expected) == (None, STEPS[-1])
    migrate.upgrade(url, STEPS[-2])
    with engine.connect() as connection, pytest.raises(SchemaError, match="db upgrade") as refused:
        migrate.require_newest(connection)
    assert refused.value.found == STEPS[-2]
    migrate.upgrade(url)
    with engine.begin() as connection:
        migrate.require_newest(connection)
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(SchemaError) as refused:
            migrate.require_newest(connection)
    assert refused.value.found == "9999"


def test_an_unknown_version_is_refused(url: str, engine: Engine) -> None:
    with pytest.raises(CommandError):
        migrate.upgrade(url, "8888")
    with engine.connect() as connection:
        assert migrate.current(connection) is None


# What the files look like


def test_migrations_are_numbered_in_one_line() -> None:
    assert [f"{number:04}" for number in range(1, len(STEPS) + 1)] == STEPS


@pytest.mark.parametrize("path", sorted(migrate.MIGRATIONS.rglob("*.py")), ids=lambda path: path.name)
def test_migrations_never_import_the_application(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imports for alias in node.names}
    names |= {node.module or "" for node in imports if isinstance(node, ast.ImportFrom)}
    assert not {name for name in names if name.split(".")[0] in {"app", "scoring", "tests"}}
