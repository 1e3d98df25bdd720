"""What may not be recorded of an adverse event: each rule at its field."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AdverseEvent, Patient
from app.services.access import Role
from app.services.adverse_events import decide_event
from app.services.errors import RuleError
from app.services.event_rules import CAUSES, CRITERIA, check_facts
from app.services.milestones import Event, record_milestone
from app.services.studies import definition_in_force
from tests import factories as make

pytestmark = pytest.mark.requirement("AE-05")
TODAY, DAY, PARIS = date(2026, 11, 23), timedelta(days=1), ZoneInfo("Europe/Paris")


@pytest.fixture
def died(session: Session, clock: SteppedClock, patient: Patient) -> Patient:
    """The patient, who consented on the 23rd and died on the 25th; it is the 28th."""
    clock.advance(days=5)
    definition = definition_in_force(session, patient.study)
    record_milestone(session, clock, definition, patient, Event("death", TODAY + 2 * DAY))
    return patient


def refused(attempt: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(RuleError) as found:
        attempt()
    return found.value.field, found.value.rule


def checked(clock: SteppedClock, patient: Patient, **changes: object) -> Callable[[], object]:
    return lambda: check_facts(clock, patient, make.event_facts(**changes))


# Facts


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"term": None}, "term", "term_or_text"),
        ({"text": "Something"}, "term", "term_or_text"),
        ({"term": "Nausée"}, "term", "unknown_term"),
        ({"term": None, "text": "x" * 501}, "text", "text_too_long"),
        ({"grade": 4}, "grade", "grade_not_of_term"),
        ({"term": "Syncope", "grade": 2}, "grade", "grade_not_of_term"),
        ({"term": None, "text": "Something", "grade": 0}, "grade", "grade_not_of_term"),
        ({"term": None, "text": "Something", "grade": 6}, "grade", "grade_not_of_term"),
        ({"action": "prayed"}, "action", "unknown_action"),
        ({"outcome": "fine"}, "outcome", "unknown_outcome"),
        ({"onset_on": TODAY - DAY}, "onset_on", "before_consent"),
        ({"onset_on": TODAY + 6 * DAY}, "onset_on", "in_future"),
        ({"ended_on": TODAY + 6 * DAY, "outcome": "recovered"}, "ended_on", "in_future"),
        (
            {"onset_on": TODAY + DAY, "ended_on": TODAY, "outcome": "recovered"},
            "ended_on",
            "end_before_onset",
        ),
        ({"outcome": "recovered"}, "ended_on", "end_missing"),
        ({"ended_on": TODAY}, "ended_on", "end_without_recovery"),
        ({"outcome": "fatal"}, "outcome", "fatal_is_grade_5"),
        ({"term": "Sepsis", "grade": 5}, "outcome", "fatal_is_grade_5"),
        ({"term": "Sepsis", "grade": 5, "outcome": "fatal"}, "grade", "no_death_date"),
    ],
)
def test_facts_that_break_a_rule_are_refused_at_their_field(
    clock: SteppedClock, patient: Patient, changes: dict[str, object], field: str, rule: str
) -> None:
    clock.advance(days=5)
    assert refused(checked(clock, patient, **changes)) == (field, rule)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"term": None, "text": "Something", "grade": 4},
        {"onset_on": TODAY + 5 * DAY},
        {"ended_on": TODAY, "outcome": "recovered"},
        {"ended_on": TODAY + 5 * DAY, "outcome": "recovered_with_sequelae"},
        {"outcome": "recovering"},
        {"outcome": "unknown", "action": "not_applicable"},
    ],
)
def test_facts_at_the_edges_of_the_rules_pass(
    clock: SteppedClock, patient: Patient, changes: dict[str, object]
) -> None:
    clock.advance(days=5)
    checked(clock, patient, **changes)()


def test_today_is_the_sites_own(clock: SteppedClock, patient: Patient) -> None:
    clock.set(datetime(2026, 11, 24, 0, 30, tzinfo=PARIS))
    checked(clock, patient, onset_on=TODAY + DAY)()
    assert refused(checked(clock, patient, onset_on=TODAY + 2 * DAY)) == ("onset_on", "in_future")


def test_nothing_begins_or_ends_after_death(clock: SteppedClock, died: Patient) -> None:
    checked(clock, died, onset_on=TODAY + 2 * DAY)()
    assert refused(checked(clock, died, onset_on=TODAY + 3 * DAY)) == ("onset_on", "after_death")
    late = checked(clock, died, ended_on=TODAY + 3 * DAY, outcome="recovered")
    assert refused(late) == ("ended_on", "after_death")


def test_grade_five_is_a_death_that_is_recorded(clock: SteppedClock, died: Patient) -> None:
    checked(clock, died, term="Sepsis", grade=5, outcome="fatal", ended_on=TODAY + 2 * DAY)()
    assert refused(checked(clock, died, grade=5, outcome="fatal")) == ("grade", "grade_not_of_term")


# Decisions


@pytest.fixture
def event(session: Session, clock: SteppedClock, patient: Patient) -> AdverseEvent:
    """An event that began today."""
    return make.make_event(session, clock, patient)


def decided(
    session: Session, clock: SteppedClock, event: AdverseEvent, *, is_serious: bool, **changes: object
) -> Callable[[], object]:
    investigator = make.actor_of(session, clock, Role.INVESTIGATOR, event.patient)
    made = make.decision(clock, is_serious=is_serious, **changes)
    return lambda: decide_event(session, clock, investigator, event, made, event.latest_number)


@pytest.mark.parametrize(
    ("is_serious", "changes", "field", "rule"),
    [
        (True, {"criteria": ()}, "criteria", "no_criterion"),
        (False, {"criteria": ("disability",)}, "criteria", "criterion_of_serious"),
        (True, {"criteria": ("unpleasant",)}, "criteria", "unknown_criterion"),
        (True, {"criteria": ("death",)}, "criteria", "death_is_grade_5"),
        (False, {"causes": ()}, "causes", "no_cause"),
        (False, {"causes": ("weather",)}, "causes", "unknown_cause"),
        (False, {"causes": ("other",)}, "cause_text", "cause_text_missing"),
        (False, {"cause_text": "x" * 501}, "cause_text", "text_too_long"),
        (True, {"aware_at": None}, "aware_at", "aware_of_serious"),
        (False, {"aware_at": datetime(2026, 11, 23, 8, tzinfo=PARIS)}, "aware_at", "aware_of_serious"),
        (True, {"aware_at": datetime(2026, 11, 23, 10, 1, tzinfo=PARIS)}, "aware_at", "instant_in_future"),
        (True, {"aware_at": datetime(2026, 11, 22, 23, tzinfo=PARIS)}, "aware_at", "aware_before_onset"),
    ],
)
def test_a_decision_that_breaks_a_rule_is_refused_at_its_field(
    session: Session,
    clock: SteppedClock,
    event: AdverseEvent,
    is_serious: bool,
    changes: dict[str, object],
    field: str,
    rule: str,
) -> None:
    assert refused(decided(session, clock, event, is_serious=is_serious, **changes)) == (field, rule)
    assert event.latest_number == 1


@pytest.mark.parametrize("criterion", [each for each in CRITERIA if each != "death"])
def test_each_criterion_makes_an_event_serious(
    session: Session, clock: SteppedClock, event: AdverseEvent, criterion: str
) -> None:
    decided(session, clock, event, is_serious=True, criteria=(criterion,))()
    assert event.latest.criteria == [criterion]


def test_there_are_six_criteria_and_four_causes() -> None:
    assert (len(CRITERIA), len(CAUSES)) == (6, 4)


def test_several_causes_may_be_named(session: Session, clock: SteppedClock, event: AdverseEvent) -> None:
    decided(session, clock, event, is_serious=False, causes=CAUSES, cause_text="A meal")()
    assert (event.latest.causes, event.latest.cause_text) == (list(CAUSES), "A meal")


def test_a_death_is_serious_by_that_criterion(session: Session, clock: SteppedClock, died: Patient) -> None:
    event = make.make_event(
        session, clock, died, term="Sepsis", grade=5, outcome="fatal", onset_on=TODAY + DAY
    )
    for is_serious, criteria in ((False, ()), (True, ("hospitalisation",))):
        attempt = decided(session, clock, event, is_serious=is_serious, criteria=criteria)
        assert refused(attempt) == ("criteria", "death_is_grade_5")
    decided(session, clock, event, is_serious=True, criteria=("death", "hospitalisation"))()
    assert event.latest.is_serious is True
