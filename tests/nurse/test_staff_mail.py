"""Mail to staff about an alert that did not go: on the list of the patient's site until it is answered."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.channels import Outcome
from app.clock import SteppedClock
from app.models import Alert, Message, Patient, Study
from app.services import alerts, message_list
from app.services.access import Actor, Role
from app.services.alert_messages import plan_alert_messages
from app.services.errors import NotFoundError
from tests import alerting, factories
from tests.nurse.test_front import FRONT, to_do
from tests.page import Browser
from tests.services.test_message_list import attempt

pytestmark = [pytest.mark.requirement("REM-03"), pytest.mark.requirement("ALR-02")]
READER = "nurse.04@staff.example"


@pytest.fixture
def study(session: Session, clock: SteppedClock) -> Study:
    """The first study with a rule on."""
    return alerting.with_alerts(session, clock, alerting.alert_rule())


@pytest.fixture
def patient(session: Session, clock: SteppedClock, nurse: Browser, study: Study) -> Patient:
    """A patient of Lyon whose pain has just been told of; a nurse works there."""
    found = factories.make_patient(session, clock, study)
    alerting.answered_with_alert(session, clock, found)
    plan_alert_messages(session, clock)
    session.commit()
    return found


def settled(session: Session, clock: SteppedClock, outcome: Outcome) -> Message:
    """The message about the alert, whose sending ended so."""
    message = session.scalars(select(Message).where(Message.alert_id.is_not(None))).one()
    attempt(session, clock, message, outcome)
    session.commit()
    return message


def about_mail(rows: list[str]) -> list[str]:
    return [row for row in rows if "E-mail to" in row]


def unsent(session: Session, clock: SteppedClock, actor: Actor) -> list[str | None]:
    return [each.to_staff for each in message_list.unsent_messages(session, clock, actor)]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.REFUSED, "Not sent E-mail to {reader} about an alert: not sent. Answer the alert."),
        (
            Outcome.BOUNCED,
            (
                "Came back E-mail to {reader} about an alert: came back. "
                "Answer the alert; an administrator checks the address."
            ),
        ),
        (
            Outcome.UNKNOWN,
            "Uncertain E-mail to {reader} about an alert: nobody knows whether it arrived. Answer the alert.",
        ),
        (
            Outcome.NOT_NOW,
            (
                "Waiting E-mail to {reader} about an alert: "
                "waits since 23 Nov 2026 at 10:01, nothing leaves at present."
            ),
        ),
    ],
)
def test_what_did_not_go_to_staff_is_on_the_sites_list_with_the_alert_as_its_next_step(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient, outcome: Outcome, words: str
) -> None:
    assert about_mail(to_do(nurse.get(FRONT))) == []
    settled(session, clock, outcome)
    page = nurse.get(FRONT)
    (row,) = about_mail(to_do(page))
    assert row == f"04-001 {words.format(reader=READER)} Answer the alert 04-001"
    assert "1 message not sent" in page.text


def test_once_the_alert_is_answered_nothing_is_asked_any_more(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    settled(session, clock, Outcome.REFUSED)
    alert = session.scalars(select(Alert)).one()
    actor = factories.actor_of(session, clock, Role.NURSE, patient)
    assert unsent(session, clock, actor) == [READER]
    alerts.acknowledge_alert(session, clock, actor, patient, alert, "called", "")
    session.commit()
    assert unsent(session, clock, actor) == []
    assert about_mail(to_do(nurse.get(FRONT))) == []


def test_an_escalation_that_failed_says_so(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    settled(session, clock, Outcome.SENT)
    site = factories.get_site(session, study)
    factories.make_staff(session, clock, Role.INVESTIGATOR, study, site)
    session.scalars(select(Alert)).one().due_at = clock.now()
    plan_alert_messages(session, clock)
    message = session.scalars(select(Message).where(Message.kind == "escalation")).one()
    attempt(session, clock, message, Outcome.REFUSED)
    session.commit()
    (row,) = about_mail(to_do(nurse.get(FRONT)))
    assert "E-mail to investigator.04@staff.example about an alert without an answer: not sent." in row


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_site_does_not_see_it_and_a_monitor_only_looks(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    message = settled(session, clock, Outcome.REFUSED)
    other = factories.actor_of(
        session, clock, Role.NURSE, factories.make_patient(session, clock, study, "03-001")
    )
    assert unsent(session, clock, other) == []
    with pytest.raises(NotFoundError):
        message_list.take_note(session, clock, other, message.id)
    user = factories.make_staff(session, clock, Role.MONITOR, study, language="en")
    (row,) = about_mail(to_do(factories.sign_in(browser, session, clock, user).get(FRONT)))
    assert row.endswith("See 04-001")


def test_a_note_takes_it_off_the_list_as_any_other(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    message = settled(session, clock, Outcome.UNKNOWN)
    actor = factories.actor_of(session, clock, Role.NURSE, patient)
    message_list.take_note(session, clock, actor, message.id)
    assert (message.resolved_at, unsent(session, clock, actor)) == (clock.now(), [])


def test_what_waits_for_staff_is_no_message_to_a_patient(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    actor = factories.actor_of(session, clock, Role.NURSE, patient)
    assert message_list.waiting_messages(session, clock, actor) == []
    assert message_list.messages_of(session, clock, actor, patient) == []
