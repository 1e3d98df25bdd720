"""Handover notes: who leaves them, what they may hold, where and until when they stand, what is kept."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, HandoverNote, Patient, Study
from app.services import audit
from app.services.access import AccessDeniedError, Actor, Role
from app.services.errors import NotFoundError, RuleError
from app.services.handover import MOST_DAYS, sites_with_notes, take_down, write_note
from tests import factories as make
from tests.conftest import NOW

pytestmark = pytest.mark.requirement("CLI-01")
TODAY = NOW.date()
READERS = [Role.DATA_MANAGER, Role.MONITOR, Role.INSPECTOR]


@pytest.fixture
def nurse(session: Session, clock: SteppedClock, patient: Patient) -> Actor:
    """A nurse of Lyon."""
    return make.actor_of(session, clock, Role.NURSE, patient)


def leave(
    session: Session,
    clock: SteppedClock,
    actor: Actor,
    study: Study,
    text: str = "04-001 waits for a call.",
    **more: object,
) -> HandoverNote:
    """A note at Lyon until tomorrow, unless told otherwise."""
    facts: dict[str, object] = {
        "site": make.get_site(session, study),
        "until": TODAY + timedelta(days=1),
    } | more
    return write_note(session, clock, actor, facts["site"], text, facts["until"])  # type: ignore[arg-type]


def standing(session: Session, clock: SteppedClock, actor: Actor) -> dict[str, list[str]]:
    """City -> the notes that stand there for somebody."""
    return {
        each.site.city: [note.text for note in each.notes] for each in sites_with_notes(session, clock, actor)
    }


def test_a_note_stands_at_its_site_until_its_day_is_over(
    session: Session, clock: SteppedClock, study: Study, nurse: Actor
) -> None:
    assert standing(session, clock, nurse) == {"Lyon": []}
    leave(session, clock, nurse, study, "  Call 04-001.\nThe printer is broken. ")
    assert standing(session, clock, nurse) == {"Lyon": ["Call 04-001.\nThe printer is broken."]}
    clock.set(NOW.replace(day=24, hour=22, minute=59))
    assert standing(session, clock, nurse)["Lyon"]
    clock.advance(minutes=1)
    assert standing(session, clock, nurse) == {"Lyon": []}, "midnight in Lyon"


def test_the_newest_note_comes_first(
    session: Session, clock: SteppedClock, study: Study, nurse: Actor
) -> None:
    for text in ("First.", "Second."):
        leave(session, clock, nurse, study, text)
    assert standing(session, clock, nurse) == {"Lyon": ["Second.", "First."]}


def test_a_note_that_was_taken_down_stands_no_more_and_is_kept(
    session: Session, clock: SteppedClock, study: Study, nurse: Actor
) -> None:
    note = leave(session, clock, nurse, study)
    clock.advance(hours=1)
    take_down(session, clock, nurse, note.id)
    clock.advance(hours=1)
    take_down(session, clock, nurse, note.id)
    assert standing(session, clock, nurse) == {"Lyon": []}
    assert (note.taken_down_at, note.taken_down_by) == (NOW + timedelta(hours=1), "nurse.04@staff.example")


@pytest.mark.threat("C13")
def test_another_sites_notes_are_nowhere_and_stay(
    session: Session, clock: SteppedClock, study: Study, nurse: Actor
) -> None:
    other = make.make_patient(session, clock, study, "01-001")
    colleague = make.actor_of(session, clock, Role.NURSE, other)
    besancon = make.get_site(session, study, "01")
    note = leave(session, clock, colleague, study, site=besancon)
    assert standing(session, clock, nurse) == {"Lyon": []}
    with pytest.raises(NotFoundError):
        take_down(session, clock, nurse, note.id)
    with pytest.raises(NotFoundError):
        take_down(session, clock, nurse, note.id + 1)
    with pytest.raises(AccessDeniedError):
        leave(session, clock, nurse, study, site=besancon)
    assert note.taken_down_at is None


@pytest.mark.parametrize("role", READERS)
def test_who_reads_patients_of_all_sites_reads_their_notes_and_writes_none(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, nurse: Actor, role: Role
) -> None:
    note = leave(session, clock, nurse, study)
    reader = make.actor_of(session, clock, role, patient)
    found = standing(session, clock, reader)
    assert (len(found), found["Lyon"], found["Besançon"]) == (10, [note.text], [])
    with pytest.raises(AccessDeniedError):
        leave(session, clock, reader, study)
    with pytest.raises(NotFoundError):
        take_down(session, clock, reader, note.id)


@pytest.mark.requirement("DAT-01")
@pytest.mark.parametrize(
    ("text", "until", "field", "rule"),
    [
        (" \n ", TODAY, "text", "no_note"),
        ("x" * 1001, TODAY, "text", "long_note"),
        ("Born 3 May 1948", TODAY, "text", "birth_date"),
        ("1 48 05 69 123 456 78", TODAY, "text", "national_number"),
        ("A note", TODAY - timedelta(days=1), "stands_until", "note_day"),
        ("A note", TODAY + timedelta(days=MOST_DAYS + 1), "stands_until", "note_day"),
    ],
)
def test_what_is_refused_is_not_kept(
    session: Session,
    clock: SteppedClock,
    study: Study,
    nurse: Actor,
    text: str,
    until: date,
    field: str,
    rule: str,
) -> None:
    with pytest.raises(RuleError) as error:
        leave(session, clock, nurse, study, text, until=until)
    assert (error.value.field, error.value.rule) == (field, rule)
    assert session.scalars(select(HandoverNote)).all() == []


@pytest.mark.parametrize("until", [TODAY, TODAY + timedelta(days=MOST_DAYS)])
def test_the_first_and_the_last_day_that_can_be_given(
    session: Session, clock: SteppedClock, study: Study, nurse: Actor, until: date
) -> None:
    assert leave(session, clock, nurse, study, "x" * 1000, until=until).stands_until == until


@pytest.mark.requirement("AUD-01")
def test_the_trail_tells_what_was_written_and_who_took_it_down(
    session: Session, clock: SteppedClock, study: Study, nurse: Actor
) -> None:
    note = leave(session, clock, nurse, study)
    take_down(session, clock, nurse, note.id)
    query = select(AuditEntry).where(AuditEntry.entity == "handover_note").order_by(AuditEntry.sequence)
    created, changed = session.scalars(query).all()
    assert (created.chain, created.changes["text"]) == (f"study:{study.id}", [None, note.text])
    assert changed.changes["taken_down_by"] == [None, "nurse.04@staff.example"]
    assert audit.verify(session) == []
