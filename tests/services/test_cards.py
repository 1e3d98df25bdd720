"""One card a patient: its digits open what is sent by message as well, and a lost one ends every link."""

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import FAILED, SENDING, WAITING, Message, Patient
from app.services import links, outbox, sending
from app.services.codes import CodeCheck, card_code, check_code
from app.services.errors import RuleError
from app.services.links import LOST_CARD, LinkState
from app.staff_words import staff_words
from tests import factories as make
from tests.conftest import CONTACT_KEYS

pytestmark = pytest.mark.requirement("LINK-05")
URL = "http://localhost"


@pytest.fixture
def patient(session: Session, clock: SteppedClock) -> Patient:
    """A patient who can be reached, in a study that asks for codes."""
    patient = make.make_patient(session, clock, make.make_study(session, clock, asks_code=True))
    make.keep_contact(session, clock, patient, CONTACT_KEYS)
    return patient


def plan(session: Session, clock: SteppedClock, patient: Patient) -> int:
    """The message with a link to the initial visit, by SMS."""
    visit = make.get_visit(session, patient)
    return outbox.plan_links(session, clock, visit, patient, ["sms"])[0].id


def begin(session: Session, clock: SteppedClock, message_id: int) -> str:
    """The token that a message takes along, "" when it does not leave."""
    outgoing = sending.begin_sending(session, clock, CONTACT_KEYS, URL, message_id, staff_words)
    return outgoing.text.split("/l/")[1].split()[0] if outgoing else ""


@pytest.mark.requirement("LINK-06")
def test_a_link_by_message_opens_with_the_card_alone(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    code = make.make_link(session, clock, patient).code or ""
    message = plan(session, clock, patient)
    found = links.find_link(session, clock, token := begin(session, clock, message))
    assert found is not None
    assert found.link.asks_code
    assert session.get_one(Message, message).state == SENDING
    wrong = f"{(int(code) + 1) % 10**6:06}"
    tried = [check_code(session, clock, found.link, token, each) for each in (wrong, code)]
    assert tried == [CodeCheck.WRONG, CodeCheck.RIGHT]


def test_an_attempt_that_failed_leaves_the_next_one_with_the_same_code(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    code = make.make_link(session, clock, patient).code or ""
    message = session.get_one(Message, plan(session, clock, patient))
    first = begin(session, clock, message.id)
    message.state = WAITING
    found = links.find_link(session, clock, token := begin(session, clock, message.id))
    assert found is not None
    assert links.find_link(session, clock, first) is None
    assert check_code(session, clock, found.link, token, code) is CodeCheck.RIGHT


def test_who_has_no_card_is_sent_no_link(session: Session, clock: SteppedClock, patient: Patient) -> None:
    with pytest.raises(RuleError) as refused:
        plan(session, clock, patient)
    assert (refused.value.field, refused.value.rule) == ("patient", "no_card")


@pytest.mark.requirement("REM-03")
def test_a_message_that_waits_fails_when_the_card_is_lost(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    make.make_link(session, clock, patient)
    message = session.get_one(Message, plan(session, clock, patient))
    links.end_card(session, clock, patient)
    assert begin(session, clock, message.id) == ""
    assert (message.state, message.error) == (FAILED, "no_card")


@pytest.mark.threat("A7")
def test_a_lost_card_ends_every_link_of_the_patient_and_of_nobody_else(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    other = make.make_patient(session, clock, make.get_study(session, patient.study_id), "04-002")
    issued = [
        make.make_link(session, clock, patient),
        make.make_personal_link(session, clock, patient),
        make.make_link(session, clock, other),
    ]
    links.end_card(session, clock, patient)
    found = [links.find_link(session, clock, each.token) for each in issued]
    assert [each.state for each in found if each] == [LinkState.CLOSED, LinkState.CLOSED, LinkState.OPEN]
    assert [each.link.revoked_reason for each in found if each] == [LOST_CARD, LOST_CARD, None]
    assert card_code(CONTACT_KEYS, patient) is None
    assert make.make_link(session, clock, patient).code == card_code(CONTACT_KEYS, patient)


def test_where_no_code_is_asked_no_card_is_needed(session: Session, clock: SteppedClock) -> None:
    patient = make.make_patient(session, clock, make.make_study(session, clock))
    make.keep_contact(session, clock, patient, CONTACT_KEYS)
    issued = make.make_link(session, clock, patient)
    assert (issued.code, issued.link.asks_code, patient.card_sealed) == (None, False, None)
    assert begin(session, clock, plan(session, clock, patient))
