"""Reports and events that do not go together are listed for the investigator; those that do are not."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AdverseEvent, Patient, Study, SymptomReport
from app.services.access import Role
from app.services.adverse_events import change_event
from app.services.discrepancies import Disagreement, discrepancies
from tests import factories as make
from tests.rules.test_budgets import queries

pytestmark = pytest.mark.requirement("AE-06")
TODAY, DAY = date(2026, 11, 23), timedelta(days=1)
# Frequency and severity of nausea whose composite grade is the key, by the published mapping.
ANSWERS = {0: (0, 0), 1: (1, 1), 2: (3, 2), 3: (4, 4)}
NO_EVENT, GAP = Disagreement.NO_EVENT, Disagreement.GAP


@pytest.fixture
def later(session: Session, clock: SteppedClock, patient: Patient) -> datetime:
    """A moment forty days after the consent, in the follow-up: reports are sent then."""
    make.randomise(session, clock, patient)
    clock.advance(days=40)
    return clock.now()


def nausea(session: Session, clock: SteppedClock, patient: Patient, composite: int) -> SymptomReport:
    """A report of nausea with that composite grade, sent now."""
    frequency, severity = ANSWERS[composite]
    values: dict[str, int | str | None] = {"symptom": "pt009", "pt009a": frequency, "pt009b": severity}
    issued = make.make_personal_link(session, clock, patient)
    sent = make.report(session, clock, issued, values)
    query = select(SymptomReport).where(SymptomReport.response_id == sent.id)
    report = session.scalars(query).one()
    assert report.grade == composite
    return report


def listed(
    session: Session, clock: SteppedClock, patient: Patient, role: Role = Role.INVESTIGATOR
) -> list[tuple[Disagreement, int, int | None]]:
    actor = make.actor_of(session, clock, role, patient)
    return [(each.kind, each.composite, each.grade) for each in discrepancies(session, actor)]


def event_at(
    session: Session, clock: SteppedClock, patient: Patient, days: int, **facts: object
) -> AdverseEvent:
    """An event of nausea that began so many days from the day of the report; it is ten more days later."""
    clock.advance(days=20)
    onset = clock.now().date() - 20 * DAY + days * DAY
    return make.make_event(session, clock, patient, None, onset_on=onset, **facts)


@pytest.mark.parametrize(
    ("composite", "expected"), [(0, []), (1, []), (2, [(NO_EVENT, 2, None)]), (3, [(NO_EVENT, 3, None)])]
)
def test_a_composite_of_two_or_more_wants_an_event(
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    composite: int,
    expected: list[tuple[Disagreement, int, int | None]],
) -> None:
    report = nausea(session, clock, patient, composite)
    assert listed(session, clock, patient) == expected
    actor = make.actor_of(session, clock, Role.INVESTIGATOR, patient)
    for each in discrepancies(session, actor):
        assert (each.report, each.reported_on, each.patient, each.event) == (report, TODAY, patient, None)


@pytest.mark.parametrize(("days", "is_near"), [(-15, True), (-14, True), (0, True), (14, True), (15, False)])
def test_an_event_matches_from_fourteen_days_before_it_begins(
    session: Session, clock: SteppedClock, patient: Patient, later: datetime, days: int, is_near: bool
) -> None:
    nausea(session, clock, patient, 2)
    event_at(session, clock, patient, days, grade=2)
    assert listed(session, clock, patient) == ([] if is_near else [(NO_EVENT, 2, None)])


@pytest.mark.parametrize(("days", "is_near"), [(14, True), (15, False)])
def test_an_event_matches_until_fourteen_days_after_it_ended(
    session: Session, clock: SteppedClock, patient: Patient, later: datetime, days: int, is_near: bool
) -> None:
    nausea(session, clock, patient, 2)
    ended = clock.now().date() - days * DAY
    event_at(session, clock, patient, -days - 3, grade=2, ended_on=ended, outcome="recovered")
    assert listed(session, clock, patient) == ([] if is_near else [(NO_EVENT, 2, None)])


@pytest.mark.parametrize(
    ("composite", "grade", "is_gap"),
    [
        (3, 1, True),
        (3, 2, False),
        (3, 3, False),
        (2, 1, False),
        (1, 3, True),
        (1, 2, False),
        (0, 2, True),
        (0, 1, False),
    ],
)
def test_two_levels_between_report_and_event_are_a_gap(
    session: Session, clock: SteppedClock, patient: Patient, composite: int, grade: int, is_gap: bool
) -> None:
    nausea(session, clock, patient, composite)
    make.make_event(session, clock, patient, grade=grade)
    assert listed(session, clock, patient) == ([(GAP, composite, grade)] if is_gap else [])


@pytest.mark.parametrize(("composite", "is_gap"), [(1, True), (2, False), (3, False)])
def test_grades_four_and_five_count_as_three(
    session: Session, clock: SteppedClock, patient: Patient, composite: int, is_gap: bool
) -> None:
    report = nausea(session, clock, patient, composite)
    make.make_event(session, clock, patient, report, term="Vomiting", grade=4)
    assert listed(session, clock, patient) == ([(GAP, composite, 4)] if is_gap else [])


@pytest.mark.parametrize(("days", "is_gap"), [(-20, True), (0, True), (1, False), (10, False)])
def test_an_event_that_came_after_the_report_does_not_speak_against_it(
    session: Session, clock: SteppedClock, patient: Patient, later: datetime, days: int, is_gap: bool
) -> None:
    nausea(session, clock, patient, 0)
    event_at(session, clock, patient, days, grade=3)
    assert listed(session, clock, patient) == ([(GAP, 0, 3)] if is_gap else [])


@pytest.mark.parametrize(("days", "is_gap"), [(6, True), (7, False)])
def test_an_event_that_was_over_when_the_questions_begin_does_not_speak_against_it(
    session: Session, clock: SteppedClock, patient: Patient, later: datetime, days: int, is_gap: bool
) -> None:
    nausea(session, clock, patient, 0)
    ended = clock.now().date() - days * DAY
    event_at(session, clock, patient, -20, grade=3, ended_on=ended, outcome="recovered")
    assert listed(session, clock, patient) == ([(GAP, 0, 3)] if is_gap else [])


def test_the_nearest_of_several_events_counts(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    nausea(session, clock, patient, 3)
    make.make_event(session, clock, patient, grade=1)
    assert listed(session, clock, patient) == [(GAP, 3, 1)]
    make.make_event(session, clock, patient, grade=2)
    assert listed(session, clock, patient) == []


def test_an_event_of_another_term_matches_only_the_report_it_was_drafted_from(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    report = nausea(session, clock, patient, 2)
    make.make_event(session, clock, patient, term="Headache")
    assert listed(session, clock, patient) == [(NO_EVENT, 2, None)]
    make.make_event(session, clock, patient, report, term=None, text="Haut-le-cœur")
    assert listed(session, clock, patient) == []


def test_another_patients_event_is_none_of_this_one(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    nausea(session, clock, patient, 2)
    make.make_event(session, clock, make.make_patient(session, clock, study, "04-002"))
    assert listed(session, clock, patient) == [(NO_EVENT, 2, None)]


def test_only_the_version_that_holds_counts(session: Session, clock: SteppedClock, patient: Patient) -> None:
    nausea(session, clock, patient, 3)
    event = make.make_event(session, clock, patient, grade=1)
    nurse = make.actor_of(session, clock, Role.NURSE, patient)
    change_event(session, clock, nurse, event, make.event_facts(grade=3), 1, "Worse")
    assert listed(session, clock, patient) == []


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_each_sees_the_disagreements_of_their_patients_only(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    elsewhere = make.make_patient(session, clock, study, "01-001")
    nausea(session, clock, patient, 3)
    nausea(session, clock, elsewhere, 2)
    assert listed(session, clock, patient) == [(NO_EVENT, 3, None)]
    assert listed(session, clock, elsewhere) == [(NO_EVENT, 2, None)]
    assert len(listed(session, clock, patient, Role.MONITOR)) == 2
    assert listed(session, clock, patient, Role.ANALYST) == []
    monitor = make.actor_of(session, clock, Role.MONITOR, patient)
    assert [each.patient.code for each in discrepancies(session, monitor, elsewhere)] == ["01-001"]


def test_the_number_of_queries_does_not_grow(
    connection: Connection, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    for number in range(2, 7):
        other = make.make_patient(session, clock, study, f"04-{number:03}")
        nausea(session, clock, other, 3)
        make.make_event(session, clock, other, grade=1)
    investigator = make.actor_of(session, clock, Role.INVESTIGATOR, patient)
    session.commit()
    with queries(connection) as statements:
        found = discrepancies(session, investigator)
        assert {each.patient.site.number for each in found} == {"04"}
    assert (len(found), len(statements)) == (5, 2)
