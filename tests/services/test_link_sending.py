"""By which ways a patient can be reached, and who may send."""

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import WAITING, Patient
from app.services import contact, link_sending, outbox
from app.services.access import AccessDeniedError, Role
from app.services.contact import ContactState
from app.services.errors import RuleError
from app.services.link_health import Stage, health_of_patient, link_health
from tests import factories as make
from tests.conftest import CONTACT_KEYS

pytestmark = pytest.mark.requirement("LINK-06")


def state(session: Session, patient: Patient) -> ContactState | None:
    return contact.contact_state(session, make.site_nurse(patient), patient)


@pytest.fixture
def known(session: Session, clock: SteppedClock, patient: Patient) -> Patient:
    """A patient who can be reached both ways and prefers SMS."""
    make.keep_contact(session, clock, patient, CONTACT_KEYS)
    session.refresh(patient, ["milestones"])
    return patient


def test_the_ways_are_those_kept_that_have_not_bounced_the_preferred_one_first(
    session: Session, clock: SteppedClock, known: Patient
) -> None:
    assert link_sending.ways_to_reach(known, state(session, known)) == ("sms", "email")
    contact.flag_bounce(session, clock, known, "sms")
    assert link_sending.ways_to_reach(known, state(session, known)) == ("email",)
    contact.erase_contact(session, known)
    assert link_sending.ways_to_reach(known, state(session, known)) == ()


def test_whoever_wants_nothing_or_has_left_is_reached_by_no_way(
    session: Session, clock: SteppedClock, known: Patient
) -> None:
    wish = contact.ContactWish("06 39 98 00 01", "", "sms", do_not_contact=True, version=1)
    contact.save_contact(session, clock, make.site_nurse(known), CONTACT_KEYS, known, wish)
    assert link_sending.ways_to_reach(known, state(session, known)) == ()
    wish = contact.ContactWish("06 39 98 00 01", "", "sms", do_not_contact=False, version=2)
    contact.save_contact(session, clock, make.site_nurse(known), CONTACT_KEYS, known, wish)
    assert link_sending.ways_to_reach(known, state(session, known)) == ("sms",)
    make.milestone(session, clock, known, "death")
    session.refresh(known, ["milestones"])
    assert link_sending.ways_to_reach(known, state(session, known)) == ()


def test_a_link_is_planned_and_ends_what_was_given_before(
    session: Session, clock: SteppedClock, known: Patient
) -> None:
    visit, nurse = make.get_visit(session, known), make.site_nurse(known)
    first = make.make_link(session, clock, known)
    message = link_sending.send_link(session, clock, nurse, visit, known, "email")
    assert (message.channel, message.state, message.ordinal) == ("email", WAITING, 2)
    assert first.link.revoked_at == clock.now()


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [Role.DATA_MANAGER, Role.MONITOR, Role.ANALYST, Role.INSPECTOR])
def test_only_the_sites_staff_send(session: Session, clock: SteppedClock, known: Patient, role: Role) -> None:
    actor = make.actor_of(session, clock, role, known)
    visit = make.get_visit(session, known)
    with pytest.raises(AccessDeniedError):
        link_sending.send_link(session, clock, actor, visit, known, "sms")


def test_a_way_that_is_not_there_is_refused(session: Session, clock: SteppedClock, known: Patient) -> None:
    visit = make.get_visit(session, known)
    with pytest.raises(RuleError) as error:
        link_sending.send_link(session, clock, make.site_nurse(known), visit, known, "pigeon")
    assert (error.value.field, error.value.rule) == ("channel", "no_way_to_reach")


@pytest.mark.requirement("LINK-08")
def test_all_visits_of_a_patient_at_once_say_what_each_says_alone(
    session: Session, clock: SteppedClock, known: Patient
) -> None:
    visit, definition = make.get_visit(session, known), make.definition()
    assert health_of_patient(session, definition, known) == {}
    make.make_link(session, clock, known)
    make.answer(session, clock, visit, {"q01": 1, "q02": None})
    assert health_of_patient(session, definition, known) == {
        visit.id: link_health(session, clock, definition, visit)
    }
    outbox.plan_links(session, clock, visit, known, ["sms"])
    found = health_of_patient(session, definition, known)[visit.id]
    assert (found.stage, found.settled, found.total) == (Stage.REVOKED, 2, 30)
