"""The end of a study: what is due from that day on is expected of nobody; what is due before goes on."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Study, Visit
from app.services.access import Role
from app.services.counts import study_counts
from app.services.errors import RuleError
from app.services.missing import unexplained_forms
from app.services.morning import morning_list
from app.services.reminders import due_reminders
from app.services.studies import LoadedStudy, definition_in_force, load_study
from app.services.visits import VisitState, follow_up_ends_at, is_answerable, visits_of
from app.services.worklist import visit_lines
from tests import factories as make
from tests.conftest import CONTACT_KEYS

pytestmark = pytest.mark.requirement("VIS-05")
STARTS = "starts_on = 2026-01-05\n"


def end_on(session: Session, clock: SteppedClock, day: date | None, version: str = "1.1") -> LoadedStudy:
    """An amendment that ends the study on a day, or takes the end back."""
    text = make.source().replace('version = "1.0"', f'version = "{version}"')
    text = text.replace(STARTS, STARTS + f"ends_on = {day}\n" if day else STARTS)
    return load_study(session, clock, text, "amendment.toml")


def states(session: Session, clock: SteppedClock, patient: Patient) -> dict[str, VisitState]:
    return {each.code: each.state for each in visit_lines(session, clock, [patient.id])[patient.id]}


@pytest.fixture
def month6(session: Session, clock: SteppedClock, patient: Patient) -> Visit:
    """The visit at six months of a patient randomised today, who sent the initial form."""
    make.submit(session, clock, make.get_visit(session, patient))
    make.randomise(session, clock, patient)
    return make.get_visit(session, patient, "M6")


def test_visits_due_from_the_end_on_are_not_expected_and_those_before_it_are(
    session: Session, clock: SteppedClock, patient: Patient, month6: Visit
) -> None:
    loaded = end_on(session, clock, month6.due_on)
    assert "04-001 M6" in loaded.visits.closed
    assert "04-001 M3" not in loaded.visits.closed
    found = states(session, clock, patient)
    assert (found["BASELINE"], found["M3"]) == (VisitState.RECEIVED, VisitState.NOT_YET_EXPECTED)
    assert {found[code] for code in ("M6", "M9", "M60")} == {VisitState.NOT_EXPECTED}


def test_a_window_that_is_open_at_the_end_stays_open_for_what_was_due_before(
    session: Session, clock: SteppedClock, patient: Patient, month6: Visit
) -> None:
    ends_on = month6.due_on + timedelta(days=1)
    end_on(session, clock, ends_on)
    session.refresh(month6)
    assert month6.ends_on is None
    clock.set(month6.closes_at - timedelta(hours=1))
    assert clock.now().date() > ends_on
    assert is_answerable(month6, None, clock.now())
    assert states(session, clock, patient)["M6"] is VisitState.OPEN
    assert follow_up_ends_at(session, month6.study_id, patient.id) == month6.closes_at + timedelta(days=1)


def test_nothing_is_asked_sent_or_counted_of_what_is_due_after_the_end(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, month6: Visit
) -> None:
    make.keep_contact(session, clock, patient, CONTACT_KEYS)
    month3 = make.get_visit(session, patient, "M3")
    clock.set(month3.opens_at)
    make.submit(session, clock, month3)
    before = study_counts(session, clock, [study.id])
    end_on(session, clock, month6.due_on)
    session.refresh(study)
    clock.set(month6.opens_at)
    reminders = definition_in_force(session, study).reminders
    assert reminders is not None
    assert list(due_reminders(session, clock, study, reminders)) == []
    with pytest.raises(RuleError, match="patient left"):
        make.make_link(session, clock, patient, "M6")
    clock.set(month6.closes_at)
    nurse = make.actor_of(session, clock, Role.NURSE, patient)
    assert unexplained_forms(session, clock, nurse) == []
    assert study_counts(session, clock, [study.id]) == before


def test_an_end_to_come_does_not_make_a_patient_one_who_left(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    """Whoever registered shortly before the end and sent the initial form is still to be randomised."""
    make.submit(session, clock, make.get_visit(session, patient))
    end_on(session, clock, clock.now().date() + timedelta(days=400))
    (row,) = morning_list(session, clock, make.actor_of(session, clock, Role.NURSE, patient))
    assert row.patient.code == "04-001"


def test_what_was_received_stays_received_and_an_end_taken_back_expects_again(
    session: Session, clock: SteppedClock, patient: Patient, month6: Visit
) -> None:
    clock.set(month6.opens_at)
    make.submit(session, clock, month6)
    end_on(session, clock, clock.now().date())
    found = states(session, clock, patient)
    assert (found["M6"], found["M9"]) == (VisitState.RECEIVED, VisitState.NOT_EXPECTED)
    loaded = end_on(session, clock, None, version="1.2")
    assert "04-001 M9" in loaded.visits.reopened
    assert not [each for each in visits_of(session, patient) if each.ends_on]


def test_whoever_left_before_the_end_is_expected_from_then_on_no_more(
    session: Session, clock: SteppedClock, patient: Patient, month6: Visit
) -> None:
    end_on(session, clock, month6.due_on)
    left_on = clock.now().date()
    make.milestone(session, clock, patient, "stops-questionnaires", left_on)
    assert {each.ends_on for each in visits_of(session, patient) if each.code != "BASELINE"} == {left_on}
