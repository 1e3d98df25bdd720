"""A serious event stays on the list until its sending to the sponsor is recorded."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AdverseEvent, Patient, Study
from app.services.access import AccessDeniedError, Role
from app.services.adverse_events import change_event, decide_event
from app.services.declarations import CHANNELS, declarations_due, record_declaration, was_late
from app.services.errors import RuleError
from tests import factories as make
from tests.rules.test_budgets import queries

pytestmark = pytest.mark.requirement("AE-05")
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def serious(session: Session, clock: SteppedClock, patient: Patient) -> AdverseEvent:
    """An event decided to be serious just now."""
    return make.decide(session, clock, make.make_event(session, clock, patient), is_serious=True)


def due(session: Session, clock: SteppedClock, patient: Patient, role: Role = Role.NURSE) -> list[bool]:
    """Whether each event that is listed for somebody is late."""
    actor = make.actor_of(session, clock, role, patient)
    return [each.is_late for each in declarations_due(session, clock, actor)]


def declare(session: Session, clock: SteppedClock, event: AdverseEvent, hours: float = 0) -> None:
    nurse = make.actor_of(session, clock, Role.NURSE, event.patient)
    aware_at = event.latest.aware_at
    assert aware_at is not None
    record_declaration(session, clock, nurse, event, aware_at + hours * HOUR, "portal")


def test_a_serious_event_is_listed_from_the_decision_until_its_sending_is_recorded(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    event = make.make_event(session, clock, patient)
    assert due(session, clock, patient) == []
    make.decide(session, clock, event, is_serious=True)
    assert due(session, clock, patient) == [False]
    make.sign(session, clock, event)
    assert due(session, clock, patient) == [False]
    declare(session, clock, event)
    assert due(session, clock, patient) == []


def test_one_that_is_not_serious_is_never_listed(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    event = make.decide(session, clock, make.make_event(session, clock, patient))
    assert due(session, clock, patient) == []
    with pytest.raises(RuleError, match="not serious"):
        record_declaration(
            session, clock, make.actor_of(session, clock, Role.NURSE, patient), event, clock.now(), "portal"
        )


def test_it_is_late_after_24_hours_of_knowing(
    session: Session, clock: SteppedClock, patient: Patient, serious: AdverseEvent
) -> None:
    nurse, aware_at = make.actor_of(session, clock, Role.NURSE, patient), clock.now()
    clock.set(aware_at + 24 * HOUR)
    (line,) = declarations_due(session, clock, nurse)
    assert (line.aware_at, line.due_at, line.is_late) == (aware_at, aware_at + 24 * HOUR, False)
    assert (line.event, line.patient.code, line.patient.study.code) == (serious, "04-001", "GIST-IMA")
    clock.set(aware_at + 24 * HOUR + SECOND)
    assert due(session, clock, patient) == [True]


def test_a_change_by_the_nurse_takes_nothing_off_the_list(
    session: Session, clock: SteppedClock, patient: Patient, serious: AdverseEvent
) -> None:
    nurse = make.actor_of(session, clock, Role.NURSE, patient)
    change_event(session, clock, nurse, serious, make.event_facts(grade=1), 2, "Better")
    assert due(session, clock, patient) == [False]
    investigator = make.actor_of(session, clock, Role.INVESTIGATOR, patient)
    decide_event(session, clock, investigator, serious, make.decision(clock), 3, "No stay in hospital")
    assert due(session, clock, patient) == []


def test_the_sending_is_kept_with_when_how_and_by_whom(
    session: Session, clock: SteppedClock, serious: AdverseEvent
) -> None:
    clock.advance(hours=3)
    declare(session, clock, serious, hours=2)
    (sent,) = serious.declarations
    assert (sent.sent_at, sent.channel) == (clock.now() - HOUR, "portal")
    assert (sent.sent_by, sent.recorded_at, sent.version_number) == (
        "nurse.04@staff.example",
        clock.now(),
        2,
    )


@pytest.mark.parametrize(("hours", "is_late"), [(24, False), (24.1, True)])
def test_a_sending_that_came_late_is_marked(
    session: Session, clock: SteppedClock, serious: AdverseEvent, hours: float, is_late: bool
) -> None:
    assert not was_late(serious)
    clock.advance(hours=48)
    declare(session, clock, serious, hours)
    assert was_late(serious) is is_late


@pytest.mark.parametrize(
    ("hours", "channel", "field", "rule"),
    [
        (2, "portal", "sent_at", "instant_in_future"),
        (-1, "portal", "sent_at", "sent_before_aware"),
        (0, "pigeon", "channel", "unknown_channel"),
    ],
)
def test_a_sending_that_cannot_be_is_refused(
    session: Session,
    clock: SteppedClock,
    serious: AdverseEvent,
    hours: int,
    channel: str,
    field: str,
    rule: str,
) -> None:
    nurse = make.actor_of(session, clock, Role.NURSE, serious.patient)
    with pytest.raises(RuleError) as refused:
        record_declaration(session, clock, nurse, serious, clock.now() + hours * HOUR, channel)
    assert (refused.value.field, refused.value.rule) == (field, rule)
    assert due(session, clock, serious.patient) == [False]


@pytest.mark.parametrize("channel", CHANNELS)
def test_each_way_of_sending_is_taken(
    session: Session, clock: SteppedClock, serious: AdverseEvent, channel: str
) -> None:
    nurse = make.actor_of(session, clock, Role.NURSE, serious.patient)
    assert record_declaration(session, clock, nurse, serious, clock.now(), channel).channel == channel


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_each_sees_the_events_of_their_patients_only(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, serious: AdverseEvent
) -> None:
    elsewhere = make.make_patient(session, clock, study, "01-001")
    assert due(session, clock, elsewhere) == []
    assert due(session, clock, patient, Role.MONITOR) == [False]
    assert due(session, clock, patient, Role.ANALYST) == []
    for role in (Role.NURSE, Role.MONITOR):
        actor = make.actor_of(session, clock, role, elsewhere)
        with pytest.raises(AccessDeniedError):
            record_declaration(session, clock, actor, serious, clock.now(), "portal")
    monitor = make.actor_of(session, clock, Role.MONITOR, patient)
    assert declarations_due(session, clock, monitor, elsewhere) == []
    assert len(declarations_due(session, clock, monitor, patient)) == 1


def test_the_most_urgent_comes_first_in_one_query(
    connection: Connection, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    for number in range(2, 8):
        clock.advance(minutes=1)
        other = make.make_patient(session, clock, study, f"04-{number:03}")
        make.decide(session, clock, make.make_event(session, clock, other), is_serious=True)
    nurse = make.actor_of(session, clock, Role.NURSE, patient)
    session.commit()
    with queries(connection) as statements:
        found = declarations_due(session, clock, nurse)
        told = [(each.patient.site.timezone, each.patient.code) for each in found]
    assert [code for _, code in told] == [f"04-{number:03}" for number in range(2, 8)]
    assert len(statements) == 1
