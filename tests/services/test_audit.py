"""The audit trail: what is written of every change, and that nothing gets past it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.db import db
from app.models import (
    AuditEntry,
    Base,
    Link,
    Milestone,
    Patient,
    Response,
    SignInFailures,
    Study,
    Visit,
    WebSession,
)
from app.services import responses, sessions
from app.services.access import Role
from app.services.accounts import create_account
from app.services.audit import AuditContext, BulkStatementError, MissingActorError, act_as, record, verify
from app.services.responses import Answer, AnswerState
from app.version import SOFTWARE_VERSION
from tests import factories as make
from tests.conftest import NOW

pytestmark = pytest.mark.requirement("AUD-01")


def entries(session: Session, after: int = 0) -> list[AuditEntry]:
    """The trail, oldest first, from behind an entry on."""
    return list(session.scalars(select(AuditEntry).where(AuditEntry.id > after).order_by(AuditEntry.id)))


def last_id(session: Session) -> int:
    return max((each.id for each in entries(session)), default=0)


def entries_of(session: Session, act: Callable[[], object]) -> list[AuditEntry]:
    """What an act leaves in the trail."""
    before = last_id(session)
    act()
    session.flush()
    return entries(session, before)


def kinds(found: list[AuditEntry]) -> list[tuple[str, str]]:
    return sorted((each.action, each.entity) for each in found)


# What an entry says


@pytest.mark.threat("E1")
def test_a_created_row_is_told_with_who_when_what_and_all_its_values(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    act_as(session, clock, AuditContext("n@staff.example", "nurse", "asked by the patient"))
    clock.set(datetime(2026, 11, 24, 8, 30, 1, 250_000, tzinfo=UTC))
    row = Milestone(
        study_id=patient.study_id,
        patient_id=patient.id,
        kind="progression",
        occurred_on=NOW.date(),
        recorded_at=clock.now(),
        remark="Scanner, en hâte",
    )
    (entry,) = entries_of(session, lambda: session.add(row))
    assert (entry.actor, entry.role, entry.reason) == ("n@staff.example", "nurse", "asked by the patient")
    assert entry.at == datetime(2026, 11, 24, 8, 30, 1, 250_000, tzinfo=UTC)
    assert (entry.action, entry.entity, entry.entity_id) == ("create", "milestone", str(row.id))
    assert (entry.chain, entry.software_version) == (f"patient:{patient.id}", SOFTWARE_VERSION)
    assert entry.changes == {
        "study_id": [None, patient.study_id],
        "patient_id": [None, patient.id],
        "kind": [None, "progression"],
        "occurred_on": [None, "2026-11-23"],
        "recorded_at": [None, "2026-11-24T08:30:01.250000+00:00"],
        "remark": [None, "Scanner, en hâte"],
    }


@pytest.mark.threat("E1")
def test_a_changed_row_is_told_with_old_and_new_of_what_changed_alone(
    session: Session, patient: Patient
) -> None:
    def change() -> None:
        patient.language = "en"

    (entry,) = entries_of(session, change)
    assert (entry.action, entry.entity_id) == ("change", str(patient.id))
    assert entry.changes == {"language": ["fr", "en"]}


@pytest.mark.threat("E1")
def test_a_deleted_row_is_told_with_the_values_that_are_gone(session: Session, patient: Patient) -> None:
    milestone = patient.milestones[0]
    session.expire(milestone)
    (entry,) = entries_of(session, lambda: session.delete(milestone))
    assert (entry.action, entry.entity) == ("delete", "milestone")
    assert entry.changes["kind"] == ["consent", None]
    assert entry.changes["occurred_on"] == ["2026-11-23", None]
    assert session.scalar(select(Milestone)) is None


def test_the_old_value_is_known_also_where_the_row_was_not_read_again(
    session: Session, patient: Patient
) -> None:
    session.expire(patient)

    def change() -> None:
        patient.language = "en"

    (entry,) = entries_of(session, change)
    assert entry.changes["language"] == ["fr", "en"]


def test_setting_a_value_to_what_it_is_leaves_no_entry(session: Session, patient: Patient) -> None:
    def change() -> None:
        patient.language = "en"
        patient.language = "fr"

    assert entries_of(session, change) == []


ACTS: dict[str, tuple[Callable[[Session, SteppedClock, Patient], Any], list[tuple[str, str]]]] = {
    "registration": (
        lambda session, clock, patient: make.make_patient(
            session, clock, session.get_one(Study, patient.study_id), "04-002"
        ),
        [("create", "milestone"), ("create", "patient"), ("create", "visit")],
    ),
    "randomisation": (
        lambda session, clock, patient: make.randomise(session, clock, patient),
        [("change", "patient"), ("create", "milestone"), *[("create", "visit")] * 14],
    ),
    "link": (make.make_link, [("create", "link")]),
    "reissued link": (
        lambda session, clock, patient: [make.make_link(session, clock, patient) for _ in range(2)],
        [("change", "link"), ("create", "link"), ("create", "link")],
    ),
    "begin": (
        lambda session, clock, patient: make.begin_response(session, clock, make.get_visit(session, patient)),
        [("create", "response")],
    ),
    "first answers": (
        lambda session, clock, patient: make.answer(
            session, clock, make.get_visit(session, patient), {"q01": 1, "q02": None}
        ),
        [("create", "response")],
    ),
    "sending": (
        lambda session, clock, patient: make.submit(session, clock, make.get_visit(session, patient)),
        [("change", "response"), ("create", "response")],
    ),
    "staff": (
        lambda session, clock, _: make.make_staff(session, clock, Role.ADMINISTRATOR, None),
        [("create", "role_assignment"), ("create", "user")],
    ),
    "study again": (lambda session, clock, _: make.make_study(session, clock), []),
}


@pytest.mark.threat("E1")
@pytest.mark.parametrize("name", ACTS)
def test_each_act_leaves_exactly_its_entries(
    session: Session, clock: SteppedClock, patient: Patient, name: str
) -> None:
    act, expected = ACTS[name]
    assert kinds(entries_of(session, lambda: act(session, clock, patient))) == expected
    assert verify(session) == []


def test_loading_a_study_leads_a_chain_of_its_own(session: Session, study: Study) -> None:
    found = entries(session)
    assert {each.chain for each in found} == {f"study:{study.id}"}
    assert kinds(found) == [("create", "definition_version"), *[("create", "site")] * 10, ("create", "study")]


def test_what_is_no_change_of_a_row_is_recorded_by_name(session: Session, study: Study) -> None:
    (entry,) = entries_of(
        session, lambda: record(session, "export", "study", str(study.id), f"study:{study.id}", {"rows": 3})
    )
    assert (entry.action, entry.entity, entry.changes) == ("export", "study", {"rows": 3})
    assert entry.sequence == len(entries(session))


# Nothing gets past it


def test_a_change_in_nobodys_name_is_refused_and_not_written(session: Session, patient: Patient) -> None:
    before = last_id(session)
    del session.info["audit"]
    savepoint = session.begin_nested()
    patient.language = "en"
    with pytest.raises(MissingActorError, match="change of patient"):
        session.flush()
    savepoint.rollback()
    assert patient.language == "fr"
    assert last_id(session) == before


AUDITED = sorted((each.class_ for each in Base.registry.mappers if each.class_.audited), key=str)


@pytest.mark.threat("E6")
@pytest.mark.parametrize("model", AUDITED)
@pytest.mark.parametrize("make_statement", [insert, update, delete])
@pytest.mark.parametrize("core", [False, True], ids=["orm", "core"])
def test_bulk_statements_on_audited_tables_are_refused(
    session: Session, model: type[Base], make_statement: Callable[[Any], Any], core: bool
) -> None:
    statement = make_statement(model.__table__ if core else model)
    with pytest.raises(BulkStatementError) as refused:
        session.execute(statement if make_statement is delete else statement.values(id=1))
    assert refused.value.table == model.__tablename__


@pytest.mark.threat("E6")
def test_bulk_writes_by_mappings_are_refused(session: Session) -> None:
    for write in (session.bulk_insert_mappings, session.bulk_update_mappings):
        with pytest.raises(BulkStatementError):
            write(Patient.__mapper__, [{"id": 1}])
    with pytest.raises(BulkStatementError):
        session.bulk_save_objects([Patient()])


def test_sessions_and_counters_are_no_research_data(session: Session, clock: SteppedClock) -> None:
    before = last_id(session)
    session.execute(update(WebSession).values(ended_at=clock.now()))
    session.execute(delete(SignInFailures))
    assert last_id(session) == before


def test_the_trail_knows_every_table_that_holds_research_data() -> None:
    excused = {"audit_entry", "audit_head", "score", "sign_in_failures", "symptom_report", "web_session"}
    excused |= {"corrected_score", "corrected_symptom", "link_fetch"}
    assert {each.__tablename__ for each in AUDITED} == set(Base.metadata.tables) - excused


def test_a_change_rolled_back_leaves_no_entry(session: Session, clock: SteppedClock, study: Study) -> None:
    before = last_id(session)
    with session.begin_nested() as transaction:
        make.make_patient(session, clock, study)
        assert last_id(session) > before
        transaction.rollback()
    assert last_id(session) == before
    assert verify(session) == []


def test_passwords_and_hashes_of_secrets_never_enter_the_trail(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    user = make.make_staff(session, clock, Role.ANALYST, study)
    user.password = "$argon2id$another"
    issued = make.make_link(session, clock, patient)
    sessions.open_staff_session(session, clock, user.id, {})
    session.flush()
    trail = str([(each.changes, each.reason) for each in entries(session)])
    for secret in ("$none$", "argon2id", user.fs_uniquifier, issued.token, issued.link.token_hash):
        assert secret not in trail
    assert "[study]" not in trail


def test_every_session_of_the_application_writes_the_trail(app: Any, connection: object) -> None:
    with app.test_request_context(method="POST"):
        clock = app.extensions["clock"]
        with pytest.raises(MissingActorError):
            create_account(db.session, clock, "a@staff.example", "$none$", "fr")


# The database itself keeps it


@pytest.mark.threat("E2")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'somebody'",
        "UPDATE audit_entry SET hash = hash",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE id = (SELECT max(id) FROM audit_entry)",
    ],
)
def test_the_database_refuses_to_change_the_trail(session: Session, study: Study, statement: str) -> None:
    with pytest.raises(DBAPIError, match="only ever added to"), session.begin_nested():
        session.execute(text(statement))


@pytest.mark.threat("E2")
def test_the_database_refuses_to_empty_or_replace_the_trail(session: Session, study: Study) -> None:
    if session.get_bind().dialect.name == "sqlite":
        statement = "REPLACE INTO audit_entry SELECT * FROM audit_entry"
    else:
        statement = "TRUNCATE audit_entry"
    with pytest.raises(DBAPIError, match="only ever added to"), session.begin_nested():
        session.execute(text(statement))


# Drafts


@pytest.fixture
def visit(session: Session, patient: Patient) -> Visit:
    return make.get_visit(session, patient)


def save(session: Session, clock: SteppedClock, visit: Visit, answer: Answer) -> list[AuditEntry]:
    response = make.begin_response(session, clock, visit)
    return entries_of(session, lambda: responses.save_answer(session, clock, response, visit, answer))


def test_first_answers_leave_no_entry_and_replaced_ones_do(
    session: Session, clock: SteppedClock, visit: Visit
) -> None:
    make.answer(session, clock, visit, {"q01": 2, "q02": 3})
    assert save(session, clock, visit, Answer("q03", AnswerState.SKIPPED)) == []
    clock.advance(minutes=1)
    (entry,) = save(session, clock, visit, Answer("q01", AnswerState.ANSWERED, 4))
    assert entry.action == "change"
    assert list(entry.changes) == ["answers"]
    ((item, (old, new)),) = entry.changes["answers"].items()
    assert (item, old["value"], new["value"]) == ("q01", 2, 4)
    assert datetime.fromisoformat(new["at"]) - datetime.fromisoformat(old["at"]) == timedelta(minutes=1)


def test_an_erased_answer_stays_in_the_trail(session: Session, clock: SteppedClock, visit: Visit) -> None:
    make.answer(session, clock, visit, {"q01": 2})
    (entry,) = save(session, clock, visit, Answer("q01", AnswerState.ERASED))
    old, new = entry.changes["answers"]["q01"]
    assert (old["value"], new["state"], new["value"]) == (2, "erased", None)
    assert save(session, clock, visit, Answer("q01", AnswerState.ERASED)) == []


def test_the_sending_keeps_all_answers_and_scores(
    session: Session, clock: SteppedClock, visit: Visit
) -> None:
    response = make.submit(session, clock, visit, {"q01": 4, "q29": None})
    entry = entries(session)[-1]
    assert entry.changes["status"] == ["draft", "submitted"]
    assert entry.changes["answers"] == [None, response.answers]
    assert len(response.answers) == 30
    assert entry.changes["scores"][1] == {score.scale: score.value for score in response.scores}
    assert entry.changes["scores"][1]["PF2"] == pytest.approx(80)


def test_other_changes_of_a_draft_are_told_like_any_change(
    session: Session, clock: SteppedClock, visit: Visit
) -> None:
    response: Response = make.begin_response(session, clock, visit)

    def change() -> None:
        response.mode = "paper"

    (entry,) = entries_of(session, change)
    assert entry.changes == {"mode": ["web", "paper"]}


def test_a_link_that_is_opened_and_revoked_is_told(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    link: Link = make.make_link(session, clock, patient).link

    def change() -> None:
        link.revoked_at, link.revoked_reason = clock.now(), "lost telephone"

    (entry,) = entries_of(session, change)
    assert entry.changes["revoked_reason"] == [None, "lost telephone"]
