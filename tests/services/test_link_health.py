"""How far a link has come, as staff see it, from its issue to the sending of the questionnaire."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.channels import Outcome, Receipt
from app.clock import SteppedClock
from app.models import SENDING, Link, Patient, Visit
from app.services import links, outbox
from app.services.link_fetches import note_fetch
from app.services.link_health import Stage, VisitLinks, health_of_patient, link_health
from tests import factories as make

pytestmark = pytest.mark.requirement("LINK-08")


@pytest.fixture
def visit(session: Session, patient: Patient) -> Visit:
    return make.get_visit(session, patient)


def health(session: Session, clock: SteppedClock, visit: Visit) -> VisitLinks:
    return link_health(session, clock, make.definition(), visit)


def send(session: Session, clock: SteppedClock, visit: Visit, patient: Patient, outcome: Outcome) -> None:
    """A link by e-mail whose sending ended so."""
    (message,) = outbox.plan_links(session, clock, visit, patient, ["email"])
    message.link_id = links.join_issue(session, clock, (), visit, patient, "email").link.id
    message.state, message.tries = SENDING, 1
    session.flush()
    outbox.settle(session, clock, message.id, Receipt(outcome))


def the_link(session: Session, visit: Visit) -> Link:
    return session.scalars(select(Link).where(Link.visit_id == visit.id)).one()


def begin(session: Session, clock: SteppedClock, visit: Visit, patient: Patient) -> None:
    issued = make.make_link(session, clock, patient)
    found = links.find_link(session, clock, issued.token)
    assert found is not None
    make.begin_response(session, clock, visit)
    links.begin(session, clock, found, {})


def test_a_link_is_issued_opened_under_way_and_submitted(
    session: Session, clock: SteppedClock, visit: Visit, patient: Patient
) -> None:
    assert health(session, clock, visit) == VisitLinks(Stage.NONE, ())
    make.make_link(session, clock, patient)
    assert health(session, clock, visit).stage is Stage.ISSUED
    begin(session, clock, visit, patient)
    assert health(session, clock, visit).stage is Stage.OPENED
    make.answer(session, clock, visit, {f"q{number:02}": 1 for number in range(1, 12)} | {"q12": None})
    found = health(session, clock, visit)
    assert (found.stage, found.settled, found.total) == (Stage.IN_PROGRESS, 12, 30)
    make.submit(session, clock, visit)
    found = health(session, clock, visit)
    assert (found.stage, found.submitted_at) == (Stage.SUBMITTED, clock.now())


@pytest.mark.parametrize(
    ("outcome", "stage"),
    [
        (Outcome.SENT, Stage.SENT),
        (Outcome.REFUSED, Stage.FAILED),
        (Outcome.UNKNOWN, Stage.UNCERTAIN),
        (Outcome.NOT_NOW, Stage.ISSUED),
    ],
)
def test_what_became_of_its_message_is_told(
    session: Session, clock: SteppedClock, visit: Visit, patient: Patient, outcome: Outcome, stage: Stage
) -> None:
    send(session, clock, visit, patient, outcome)
    found = health(session, clock, visit)
    assert (found.stage, found.links[0].channel) == (stage, "email")
    assert (found.links[0].sent_at is not None) is (outcome is Outcome.SENT)


def test_a_link_that_was_looked_at_has_come_further_than_one_that_was_sent(
    session: Session, clock: SteppedClock, visit: Visit, patient: Patient
) -> None:
    send(session, clock, visit, patient, Outcome.SENT)
    (step,) = health(session, clock, visit).links
    assert (step.stage, step.fetched_at) == (Stage.SENT, None)
    note_fetch(session, clock, the_link(session, visit).id)
    session.expire_all()
    found = health(session, clock, visit)
    assert (found.stage, found.fetched_at, found.opened_at) == (Stage.FETCHED, clock.now(), None)
    assert health_of_patient(session, make.definition(), patient)[visit.id].stage is Stage.FETCHED
    begin(session, clock, visit, patient)
    found = health(session, clock, visit)
    assert (found.stage, found.fetched_at, found.opened_at) == (Stage.OPENED, None, clock.now())


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.BOUNCED, Outcome.REFUSED])
def test_whatever_became_of_its_message_a_link_that_was_looked_at_arrived(
    session: Session, clock: SteppedClock, visit: Visit, patient: Patient, outcome: Outcome
) -> None:
    send(session, clock, visit, patient, outcome)
    note_fetch(session, clock, the_link(session, visit).id)
    session.expire_all()
    assert health(session, clock, visit).stage is Stage.FETCHED
    links.revoke_links(session, clock, visit, "lost telephone")
    assert health(session, clock, visit).stage is Stage.REVOKED


def test_the_furthest_link_of_the_latest_issue_counts(
    session: Session, clock: SteppedClock, visit: Visit, patient: Patient
) -> None:
    begin(session, clock, visit, patient)
    links.join_issue(session, clock, (), visit, patient, "sms")
    found = health(session, clock, visit)
    assert (found.stage, [each.stage for each in found.links]) == (Stage.OPENED, [Stage.ISSUED, Stage.OPENED])
    send(session, clock, visit, patient, Outcome.SENT)
    found = health(session, clock, visit)
    assert found.stage is Stage.SENT
    assert [each.stage for each in found.links] == [Stage.SENT, Stage.REVOKED, Stage.REVOKED]
    assert [each.issue for each in found.links] == [2, 1, 1]
    links.revoke_links(session, clock, visit, "lost telephone")
    assert health(session, clock, visit).stage is Stage.REVOKED
