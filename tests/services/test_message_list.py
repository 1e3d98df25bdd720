"""What did not go is on the list of the patient's own site the same day, until somebody takes note."""

import pytest
from sqlalchemy.orm import Session

from app.channels import Outcome, Receipt
from app.clock import SteppedClock
from app.models import SENDING, Message, Patient, Study
from app.services import message_list, outbox
from app.services.access import AccessDeniedError, Actor, Role, load_actor
from app.services.errors import NotFoundError
from tests import factories as make

pytestmark = pytest.mark.requirement("REM-03")


def actor(session: Session, clock: SteppedClock, study: Study, role: Role, site: str | None = None) -> Actor:
    where = make.get_site(session, study, site) if site else None
    return load_actor(session, clock, make.make_staff(session, clock, role, study, where))


@pytest.fixture
def nurse(session: Session, clock: SteppedClock, study: Study) -> Actor:
    return actor(session, clock, study, Role.NURSE, "04")


@pytest.fixture
def message(session: Session, clock: SteppedClock, patient: Patient) -> Message:
    return planned(session, clock, patient)


def planned(session: Session, clock: SteppedClock, patient: Patient) -> Message:
    visit = make.get_visit(session, patient)
    return outbox.plan_links(session, clock, visit, patient, ["email"])[0]


def attempt(session: Session, clock: SteppedClock, message: Message, outcome: Outcome) -> str:
    message.state, message.tries = SENDING, message.tries + 1
    session.flush()
    return outbox.settle(session, clock, message.id, Receipt(outcome, "detail"))


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Outcome.REFUSED, "failed"), (Outcome.UNKNOWN, "uncertain"), (Outcome.NOT_NOW, "waiting")],
)
def test_what_did_not_go_is_on_the_list_at_once(
    session: Session, clock: SteppedClock, nurse: Actor, message: Message, outcome: Outcome, state: str
) -> None:
    assert message_list.unsent_messages(session, clock, nurse) == []
    attempt(session, clock, message, outcome)
    (line,) = message_list.unsent_messages(session, clock, nurse)
    assert (line.patient, line.visit, line.state, line.error) == ("04-001", "BASELINE", state, "detail")


def test_what_went_is_on_no_list_but_in_the_log(
    session: Session, clock: SteppedClock, nurse: Actor, message: Message, patient: Patient
) -> None:
    assert [each.id for each in message_list.waiting_messages(session, clock, nurse)] == [message.id]
    attempt(session, clock, message, Outcome.SENT)
    assert message_list.unsent_messages(session, clock, nurse) == []
    assert message_list.waiting_messages(session, clock, nurse) == []
    (line,) = message_list.messages_of(session, clock, nurse, patient)
    assert (line.state, line.sent_at) == ("sent", clock.now())


@pytest.mark.requirement("LINK-06")
def test_what_waits_for_a_gateway_is_on_the_list_after_half_an_hour(
    session: Session, clock: SteppedClock, nurse: Actor, message: Message
) -> None:
    clock.advance(minutes=29)
    assert message_list.unsent_messages(session, clock, nurse) == []
    clock.advance(minutes=1)
    assert [each.id for each in message_list.unsent_messages(session, clock, nurse)] == [message.id]


def test_a_note_takes_it_off_the_list(
    session: Session, clock: SteppedClock, nurse: Actor, message: Message
) -> None:
    attempt(session, clock, message, Outcome.REFUSED)
    message_list.take_note(session, clock, nurse, message.id)
    assert message.resolved_at == clock.now()
    assert message_list.unsent_messages(session, clock, nurse) == []
    with pytest.raises(NotFoundError):
        message_list.take_note(session, clock, nurse, message.id)


def test_each_site_sees_its_own(
    session: Session, clock: SteppedClock, nurse: Actor, message: Message, study: Study
) -> None:
    other = planned(session, clock, make.make_patient(session, clock, study, "01-001"))
    for each in (message, other):
        attempt(session, clock, each, Outcome.REFUSED)
    elsewhere = actor(session, clock, study, Role.NURSE, "01")
    assert [each.patient for each in message_list.unsent_messages(session, clock, nurse)] == ["04-001"]
    assert [each.patient for each in message_list.unsent_messages(session, clock, elsewhere)] == ["01-001"]
    with pytest.raises(NotFoundError):
        message_list.take_note(session, clock, elsewhere, message.id)
    monitor = actor(session, clock, study, Role.MONITOR)
    assert len(message_list.unsent_messages(session, clock, monitor)) == 2
    with pytest.raises(AccessDeniedError):
        message_list.take_note(session, clock, monitor, message.id)
    assert message_list.unsent_messages(session, clock, actor(session, clock, study, Role.ANALYST)) == []
