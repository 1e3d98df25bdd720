"""The five ways of leaving, each with what it ends and with nothing else."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient
from app.services import outbox
from app.services.leaving import expects_nothing_from, may_be_contacted
from app.services.milestones import Event
from tests import factories as make
from tests.conftest import NOW

pytestmark = pytest.mark.requirement("VIS-05")
TODAY = NOW.date()


@pytest.mark.parametrize(
    ("kind", "ends_visits", "contacts"),
    [
        ("stops-questionnaires", True, False),
        ("stops-treatment", False, True),
        ("consent-withdrawn", True, False),
        ("lost-to-follow-up", False, False),
        ("death", True, False),
    ],
)
def test_each_way_of_leaving_ends_its_own(
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    kind: str,
    ends_visits: bool,
    contacts: bool,
) -> None:
    make.randomise(session, clock, patient)
    assert expects_nothing_from(patient.milestones) is None
    assert may_be_contacted(patient)
    make.milestone(session, clock, patient, kind)
    assert expects_nothing_from(patient.milestones) == (TODAY if ends_visits else None)
    assert may_be_contacted(patient) is contacts


def test_the_first_date_counts_whatever_the_order() -> None:
    events = [
        Event("death", date(2027, 5, 2), ends="everything"),
        Event("stops-treatment", date(2027, 1, 1), ends="treatment"),
        Event("stops-questionnaires", date(2027, 3, 1), ends="questionnaires"),
    ]
    assert expects_nothing_from(events) == expects_nothing_from(events[::-1]) == date(2027, 3, 1)


def test_every_other_milestone_ends_nothing(session: Session, clock: SteppedClock, patient: Patient) -> None:
    make.randomise(session, clock, patient)
    clock.advance(days=2)
    for kind in ("progression", "reintroduction", "tumour-assessment", "known-alive"):
        make.milestone(session, clock, patient, kind, TODAY + timedelta(days=1))
    make.milestone(session, clock, patient, "response", value="CR")
    assert {each.ends for each in patient.milestones} == {None}
    assert may_be_contacted(patient)


@pytest.mark.requirement("REM-02")
@pytest.mark.parametrize(
    ("kind", "state"),
    [("death", "cancelled"), ("consent-withdrawn", "cancelled"), ("known-alive", "waiting")],
)
def test_leaving_cancels_what_waits_to_be_sent(
    session: Session, clock: SteppedClock, patient: Patient, kind: str, state: str
) -> None:
    visit = make.get_visit(session, patient)
    (message,) = outbox.plan_links(session, clock, visit, patient, ["sms"])
    make.milestone(session, clock, patient, kind)
    session.refresh(message)
    assert message.state == state
