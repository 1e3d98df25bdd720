"""The morning list: who sees which rows, in which order, and when a row comes and goes."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.channels import Outcome, Receipt
from app.clock import SteppedClock
from app.models import SENDING, Patient, Study
from app.services import missing, outbox
from app.services.access import Role
from app.services.declarations import DeclarationDue, EventWaiting, pending_events, record_declaration
from app.services.links import revoke_links
from app.services.morning import Matter, OpenForm, Task, morning_list, open_forms
from tests import factories as make

pytestmark = pytest.mark.requirement("CLI-01")
DAY = timedelta(days=1)


def consenting(
    session: Session, clock: SteppedClock, study: Study, code: str, days_ago: int = 0, *, link: bool = False
) -> Patient:
    """A patient who consented so many days ago; the initial window is open for 28 days from then on."""
    patient = make.make_patient(session, clock, study, code, clock.now().date() - timedelta(days=days_ago))
    if link:
        make.make_link(session, clock, patient)
    return patient


def fail_to_send(session: Session, clock: SteppedClock, patient: Patient) -> None:
    """A link by e-mail that was refused."""
    (message,) = outbox.plan_links(session, clock, make.get_visit(session, patient), patient, ["email"])
    message.state, message.tries = SENDING, 1
    session.flush()
    outbox.settle(session, clock, message.id, Receipt(Outcome.REFUSED, "smtp 550"))


def list_of(session: Session, clock: SteppedClock, patient: Patient, role: Role) -> list[tuple[str, str]]:
    """Matter and code of what somebody of a role at the patient's site finds."""
    rows = morning_list(session, clock, make.actor_of(session, clock, role, patient))
    return [(row.matter.value, row.patient.code) for row in rows]


def tasks(session: Session, clock: SteppedClock, patient: Patient) -> list[tuple[str, Task, bool]]:
    """The open forms that a nurse of the patient's site finds."""
    found = open_forms(session, clock, make.actor_of(session, clock, Role.NURSE, patient))
    return [(each.patient.code, each.task, each.has_link) for each in found]


@pytest.fixture
def busy(session: Session, clock: SteppedClock, study: Study) -> list[Patient]:
    """A row of each matter at Lyon and at Besançon."""
    found = []
    for site in ("04", "01"):
        codes = [f"{site}-{number:03}" for number in range(1, 6)]
        consenting(session, clock, study, codes[0], 35)
        consenting(session, clock, study, codes[1], link=True)
        consenting(session, clock, study, codes[2], 27, link=True)
        serious = consenting(session, clock, study, codes[3], 3, link=True)
        make.decide(session, clock, make.make_event(session, clock, serious), is_serious=True)
        failed = consenting(session, clock, study, codes[4], 5, link=True)
        fail_to_send(session, clock, failed)
        make.make_link(session, clock, consenting(session, clock, study, f"{site}-009", 2))
        found.append(failed)
    return found


RANKED = [("unsent", 5), ("declaration", 4), ("closing", 3), ("today", 5), ("today", 2), ("reason", 1)]


@pytest.mark.requirement("REM-03")
@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [Role.NURSE, Role.INVESTIGATOR])
def test_the_rows_of_the_own_site_are_ranked_and_those_of_another_are_not_there(
    session: Session, clock: SteppedClock, busy: list[Patient], role: Role
) -> None:
    for patient, site in zip(busy, ("04", "01"), strict=True):
        rows = [(matter, f"{site}-{number:03}") for matter, number in RANKED]
        assert list_of(session, clock, patient, role) == rows


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize(
    ("role", "sites"),
    [
        (Role.DATA_MANAGER, 2),
        (Role.MONITOR, 2),
        (Role.INSPECTOR, 2),
        (Role.ANALYST, 0),
        (Role.ADMINISTRATOR, 0),
    ],
)
def test_who_sees_all_sites_finds_the_rows_of_all_and_who_sees_no_patients_none(
    session: Session, clock: SteppedClock, busy: list[Patient], role: Role, sites: int
) -> None:
    found = list_of(session, clock, busy[0], role)
    assert len(found) == sites * len(RANKED)
    order = [each.value for each in Matter]
    assert [matter for matter, _ in found] == sorted((matter for matter, _ in found), key=order.index)


def test_a_visit_asks_for_its_link_then_to_be_filled_in_then_for_nothing(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    visit = make.get_visit(session, patient)
    assert tasks(session, clock, patient) == [("04-001", Task.ISSUE_LINK, False)]
    make.make_link(session, clock, patient)
    assert tasks(session, clock, patient) == [("04-001", Task.DUE_TODAY, True)]
    clock.advance(days=1)
    assert tasks(session, clock, patient) == []
    make.answer(session, clock, visit, {"q01": 1})
    assert tasks(session, clock, patient) == [("04-001", Task.IN_PROGRESS, True)]
    make.submit(session, clock, visit)
    assert tasks(session, clock, patient) == [("04-001", Task.RANDOMISE, True)]
    make.randomise(session, clock, patient)
    assert tasks(session, clock, patient) == []


@pytest.mark.requirement("LINK-06")
def test_a_link_on_its_way_is_a_link_until_it_is_cancelled(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    visit = make.get_visit(session, patient)
    outbox.plan_links(session, clock, visit, patient, ["sms"])
    assert tasks(session, clock, patient) == [("04-001", Task.DUE_TODAY, True)]
    revoke_links(session, clock, visit, "lost_phone")
    assert tasks(session, clock, patient) == [("04-001", Task.ISSUE_LINK, False)]


@pytest.mark.parametrize(
    ("before", "task"),
    [
        (timedelta(hours=48, seconds=1), Task.IN_PROGRESS),
        (timedelta(hours=48), Task.CLOSING_SOON),
        (timedelta(seconds=1), Task.CLOSING_SOON),
        (timedelta(0), Task.IN_GRACE),
        (timedelta(hours=-24, seconds=1), Task.IN_GRACE),
        (timedelta(hours=-24), None),
    ],
)
def test_a_window_closes_within_48_hours_to_the_second(
    session: Session, clock: SteppedClock, patient: Patient, before: timedelta, task: Task | None
) -> None:
    visit = make.get_visit(session, patient)
    make.make_link(session, clock, patient)
    make.answer(session, clock, visit, {"q01": 1})
    clock.set(visit.closes_at - before)
    assert [each for _, each, _ in tasks(session, clock, patient)] == ([task] if task else [])
    assert ("reason", "04-001") not in list_of(session, clock, patient, Role.NURSE) or task is None


def test_whoever_left_asks_for_nothing_but_the_reason_of_what_was_missing_before(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    patient = consenting(session, clock, study, "04-001", 35)
    make.randomise(session, clock, patient)
    make.milestone(session, clock, patient, "death")
    assert list_of(session, clock, patient, Role.NURSE) == [("reason", "04-001")]
    missing.record_missing_reason(session, clock, make.get_visit(session, patient), "too_ill_staff")
    assert list_of(session, clock, patient, Role.NURSE) == []


def test_a_received_initial_visit_of_whoever_left_asks_for_no_randomisation(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    make.submit(session, clock, make.get_visit(session, patient))
    make.milestone(session, clock, patient, "consent-withdrawn", clock.now().date())
    assert [
        row for row in open_forms(session, clock, make.site_nurse(patient)) if isinstance(row, OpenForm)
    ] == []


@pytest.mark.requirement("AE-05")
def test_an_event_waits_for_the_investigator_until_it_is_signed(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    patient = make.make_patient(session, clock, study)
    event = make.make_event(session, clock, patient)

    def rows(role: Role) -> list[str]:
        return [matter for matter, _ in list_of(session, clock, patient, role) if matter != "today"]

    assert (rows(Role.INVESTIGATOR), rows(Role.NURSE), rows(Role.MONITOR)) == (["event"], [], [])
    make.decide(session, clock, event, is_serious=False)
    assert (rows(Role.INVESTIGATOR), rows(Role.NURSE)) == (["event"], [])
    make.sign(session, clock, event)
    assert rows(Role.INVESTIGATOR) == []


@pytest.mark.requirement("AE-05")
def test_a_serious_event_is_to_be_declared_first_and_signed_afterwards(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    patient, elsewhere = (make.make_patient(session, clock, study, code) for code in ("04-001", "01-001"))
    event = make.make_event(session, clock, patient)
    make.decide(session, clock, event, is_serious=True)
    make.make_event(session, clock, elsewhere)
    investigator = make.actor_of(session, clock, Role.INVESTIGATOR, patient)
    (due,) = pending_events(session, clock, investigator)
    assert isinstance(due, DeclarationDue)
    record_declaration(session, clock, investigator, event, clock.now(), "portal")
    (waiting,) = pending_events(session, clock, investigator)
    assert isinstance(waiting, EventWaiting)
    assert (waiting.event, waiting.is_decided) == (event, True)
