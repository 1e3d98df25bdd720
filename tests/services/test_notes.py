"""Notes about a patient and calls: who writes them, what they may hold, what is kept of them and where."""

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Patient, PatientNote, Study
from app.services import audit, studies, transfers
from app.services.access import AccessDeniedError, Actor, Role
from app.services.errors import RuleError
from app.services.exports.files import build_export
from app.services.notes import LONGEST, NoteKind, notes_of, write_note
from tests import factories as make
from tests.conftest import NOW
from tests.rules.test_budgets import queries

pytestmark = pytest.mark.requirement("CLI-03")
READERS = [Role.DATA_MANAGER, Role.MONITOR, Role.INSPECTOR, Role.ANALYST, Role.ADMINISTRATOR]


@pytest.fixture
def nurse(session: Session, clock: SteppedClock, patient: Patient) -> Actor:
    """A nurse of Lyon."""
    return make.actor_of(session, clock, Role.NURSE, patient)


def texts(session: Session, patient: Patient) -> list[str]:
    return [each.text for each in notes_of(session, patient)]


def test_what_is_written_is_kept_with_its_moment_and_author(
    session: Session, clock: SteppedClock, patient: Patient, nurse: Actor
) -> None:
    note = write_note(session, clock, nurse, patient, NoteKind.CALL, "  Feels better.\nComes on Monday. ")
    session.expire_all()
    assert (note.study_id, note.patient_id, note.kind) == (patient.study_id, patient.id, "call")
    assert note.text == "Feels better.\nComes on Monday."
    assert (note.written_at, note.written_by) == (NOW, "nurse.04@staff.example")


def test_the_newest_comes_first_and_all_by_one_query(
    session: Session, clock: SteppedClock, patient: Patient, nurse: Actor, connection: Connection
) -> None:
    assert texts(session, patient) == []
    for text in ("First.", "Second.", "Third."):
        write_note(session, clock, nurse, patient, NoteKind.NOTE, text)
    with queries(connection) as found:
        assert texts(session, patient) == ["Third.", "Second.", "First."]
    assert len(found) == 1


def test_each_patient_has_notes_of_their_own(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, nurse: Actor
) -> None:
    other = make.make_patient(session, clock, study, "04-002")
    write_note(session, clock, nurse, patient, NoteKind.NOTE, "Of the first.")
    write_note(session, clock, nurse, other, NoteKind.NOTE, "Of the second.")
    assert (texts(session, patient), texts(session, other)) == (["Of the first."], ["Of the second."])


def test_only_a_call_that_nobody_answered_needs_no_words(
    session: Session, clock: SteppedClock, patient: Patient, nurse: Actor
) -> None:
    for kind in (NoteKind.NOTE, NoteKind.CALL):
        with pytest.raises(RuleError) as error:
            write_note(session, clock, nurse, patient, kind, " \n ")
        assert (error.value.field, error.value.rule) == ("text", "empty_note")
    assert write_note(session, clock, nurse, patient, NoteKind.UNANSWERED, " ").text == ""
    assert [each.kind for each in notes_of(session, patient)] == ["call_unanswered"]


@pytest.mark.requirement("DAT-01")
@pytest.mark.parametrize("kind", NoteKind)
@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("x" * (LONGEST + 1), "long_note"),
        ("Born 3 May 1948", "birth_date"),
        ("1 48 05 69 123 456 78", "national_number"),
    ],
)
def test_what_is_refused_is_not_kept(
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    nurse: Actor,
    kind: NoteKind,
    text: str,
    rule: str,
) -> None:
    with pytest.raises(RuleError) as error:
        write_note(session, clock, nurse, patient, kind, text)
    assert (error.value.field, error.value.rule) == ("text", rule)
    assert texts(session, patient) == []


def test_a_note_may_be_five_hundred_characters_long(
    session: Session, clock: SteppedClock, patient: Patient, nurse: Actor
) -> None:
    assert len(write_note(session, clock, nurse, patient, NoteKind.NOTE, "x" * 500).text) == 500


def test_a_second_tap_writes_nothing_and_a_second_call_does(
    session: Session, clock: SteppedClock, patient: Patient, nurse: Actor
) -> None:
    first = write_note(session, clock, nurse, patient, NoteKind.UNANSWERED, "")
    clock.advance(seconds=59)
    assert write_note(session, clock, nurse, patient, NoteKind.UNANSWERED, "") is first
    clock.advance(seconds=1)
    write_note(session, clock, nurse, patient, NoteKind.UNANSWERED, "")
    assert len(notes_of(session, patient)) == 2


def test_a_colleagues_call_another_kind_and_other_words_are_no_second_tap(
    session: Session, clock: SteppedClock, patient: Patient, nurse: Actor
) -> None:
    colleague = make.actor_of(session, clock, Role.INVESTIGATOR, patient)
    for actor, kind, text in (
        (nurse, NoteKind.CALL, "Better."),
        (colleague, NoteKind.CALL, "Better."),
        (colleague, NoteKind.NOTE, "Better."),
        (colleague, NoteKind.NOTE, "Worse."),
    ):
        write_note(session, clock, actor, patient, kind, text)
    assert texts(session, patient) == ["Worse.", "Better.", "Better.", "Better."]


# Who


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", READERS)
def test_who_is_not_of_the_sites_staff_writes_nothing(
    session: Session, clock: SteppedClock, patient: Patient, role: Role
) -> None:
    actor = make.actor_of(session, clock, role, patient)
    with pytest.raises(AccessDeniedError):
        write_note(session, clock, actor, patient, NoteKind.NOTE, "A note.")
    assert texts(session, patient) == []


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_a_nurse_of_another_site_writes_nothing_until_the_patient_is_there(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, nurse: Actor
) -> None:
    other = make.make_patient(session, clock, study, "01-001")
    colleague = make.actor_of(session, clock, Role.NURSE, other)
    with pytest.raises(AccessDeniedError):
        write_note(session, clock, colleague, patient, NoteKind.NOTE, "A note.")
    write_note(session, clock, nurse, patient, NoteKind.NOTE, "From Lyon.")
    clock.advance(days=1)
    site = make.get_site(session, study, "01")
    manager = make.actor_of(session, clock, Role.DATA_MANAGER, patient)
    transfers.transfer_patient(
        session,
        clock,
        studies.definition_in_force(session, study),
        manager,
        patient,
        site,
        clock.now().date(),
    )
    write_note(session, clock, colleague, patient, NoteKind.NOTE, "From Besançon.")
    assert texts(session, patient) == ["From Besançon.", "From Lyon."]
    with pytest.raises(AccessDeniedError):
        write_note(session, clock, nurse, patient, NoteKind.NOTE, "A note.")


# What is kept, and where


@pytest.mark.requirement("AUD-01")
def test_the_trail_of_the_patient_tells_what_was_written(
    session: Session, clock: SteppedClock, patient: Patient, nurse: Actor
) -> None:
    audit.act_as(session, clock, nurse.audit_context())
    note = write_note(session, clock, nurse, patient, NoteKind.NOTE, "Prefers mornings.")
    query = select(AuditEntry).where(AuditEntry.entity == "patient_note")
    entry = session.scalars(query).one()
    assert (entry.chain, entry.entity_id) == (f"patient:{patient.id}", str(note.id))
    assert (entry.actor, entry.changes["text"]) == ("nurse.04@staff.example", [None, "Prefers mornings."])
    assert audit.verify(session) == []


@pytest.mark.requirement("EXP-04")
@pytest.mark.threat("G1")
def test_no_export_holds_a_note(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, nurse: Actor
) -> None:
    make.submit(session, clock, make.get_visit(session, patient))
    definition = studies.definition_in_force(session, study)
    before = build_export(session, clock, definition, study, with_arm=True)
    for kind in NoteKind:
        write_note(session, clock, nurse, patient, kind, "Canary of a note")
    after = build_export(session, clock, definition, study, with_arm=True)
    assert session.scalar(select(func.count()).select_from(PatientNote)) == len(NoteKind)
    assert after.contents == before.contents
