"""The ward's tablet: what is handed over, for how long, and what ends when it comes back."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import WARD, WARD_LINK, AuditEntry, Link, Patient, Response, User, Visit, WebSession
from app.services import links, sessions, ward
from app.services.access import Role
from app.services.errors import RuleError
from app.services.links import FoundLink, LinkState, find_link_by_id
from app.services.sessions import STAFF_IDLE, find_session
from app.services.ward import LENT_FOR
from app.services.worklist import LinkHealth, visit_lines
from tests import factories as make

pytestmark = pytest.mark.requirement("CLI-07")


@pytest.fixture
def nurse(session: Session, clock: SteppedClock, patient: Patient) -> User:
    """A nurse of the patient's site."""
    study = make.get_study(session, patient.study_id)
    return make.make_staff(session, clock, Role.NURSE, study, make.get_site(session, study))


@pytest.fixture
def secret(session: Session, clock: SteppedClock, nurse: User) -> str:
    """The secret of the nurse's session."""
    return sessions.open_staff_session(session, clock, nurse.id, {"_user_id": nurse.fs_uniquifier})


@pytest.fixture
def visit(session: Session, patient: Patient) -> Visit:
    """The visit that is open."""
    return make.get_visit(session, patient)


def hand_over(session: Session, clock: SteppedClock, secret: str, visit: Visit, patient: Patient) -> Link:
    found = find_session(session, clock, secret)
    assert found is not None
    return ward.hand_over(session, clock, found.id, visit, patient)


def found_of(session: Session, clock: SteppedClock, link: Link) -> FoundLink:
    found = find_link_by_id(session, clock, link.id)
    assert found is not None
    return found


def begin(session: Session, clock: SteppedClock, link: Link) -> str:
    return ward.begin_on_ward(session, clock, found_of(session, clock, link), make.WORDING, "fr")[0]


@pytest.mark.threat("A11")
def test_the_session_of_staff_is_suspended_for_four_hours_whatever_the_pause(
    session: Session, clock: SteppedClock, secret: str, nurse: User, visit: Visit, patient: Patient
) -> None:
    link = hand_over(session, clock, secret, visit, patient)
    clock.set(clock.now() + STAFF_IDLE * 3)
    found = find_session(session, clock, secret)
    assert found is not None
    assert (found.user_id, found.handed_link_id) == (nurse.id, link.id)
    assert ward.holder(session, found.id).email == nurse.email
    clock.set(link.issued_at + LENT_FOR)
    assert find_session(session, clock, secret) is None


def test_the_questionnaires_bear_the_place_and_the_mode_of_the_web(
    session: Session, clock: SteppedClock, secret: str, visit: Visit, patient: Patient
) -> None:
    link = hand_over(session, clock, secret, visit, patient)
    assert session.scalars(select(Response)).all() == []
    assert find_session(session, clock, begin(session, clock, link)) is not None
    response = session.scalars(select(Response)).one()
    assert (response.mode, response.place, link.opened_at) == ("web", WARD, clock.now())
    other = make.begin_response(
        session, clock, make.get_visit(session, make.make_patient(session, clock, patient.study, "04-002"))
    )
    assert other.place is None


def test_what_was_begun_at_home_is_gone_on_with(
    session: Session, clock: SteppedClock, secret: str, visit: Visit, patient: Patient
) -> None:
    own = make.make_link(session, clock, patient)
    make.answer(session, clock, visit, {"q01": 3})
    begin(session, clock, hand_over(session, clock, secret, visit, patient))
    response = session.scalars(select(Response)).one()
    assert (response.answers["q01"]["value"], response.place) == (3, WARD)
    assert found_of(session, clock, own.link).state is LinkState.OPEN


@pytest.mark.threat("A15")
def test_what_is_taken_back_opens_nothing_any_more_and_keeps_the_answers(
    session: Session, clock: SteppedClock, secret: str, visit: Visit, patient: Patient
) -> None:
    link = hand_over(session, clock, secret, visit, patient)
    patients_secret = begin(session, clock, link)
    make.answer(session, clock, visit, {"q01": 2})
    ward.take_back(session, clock, link)
    first = link.revoked_at
    assert find_session(session, clock, patients_secret) is None
    assert found_of(session, clock, link).state is LinkState.CLOSED
    assert session.scalars(select(Response)).one().answers["q01"]["value"] == 2
    clock.set(clock.now() + timedelta(minutes=1))
    ward.take_back(session, clock, link)
    assert link.revoked_at == first


def test_the_patients_session_ends_with_the_loan_or_with_the_visit(
    session: Session, clock: SteppedClock, secret: str, visit: Visit, patient: Patient
) -> None:
    link = hand_over(session, clock, secret, visit, patient)
    begin(session, clock, link)
    query = select(WebSession.expires_at).where(WebSession.link_id == link.id)
    assert session.scalars(query).one() == link.issued_at + LENT_FOR
    clock.set(visit.closes_at - timedelta(minutes=1))
    link.issued_at = links.last_use(visit) - timedelta(hours=1)
    begin(session, clock, link)
    assert max(session.scalars(query)) == links.last_use(visit)


@pytest.mark.threat("A7")
def test_a_link_that_is_revoked_or_reissued_ends_the_loan_too(
    session: Session, clock: SteppedClock, secret: str, visit: Visit, patient: Patient
) -> None:
    patients_secret = begin(session, clock, hand_over(session, clock, secret, visit, patient))
    make.make_link(session, clock, patient)
    assert find_session(session, clock, patients_secret) is None


def test_a_loan_is_no_link_that_was_given(
    session: Session, clock: SteppedClock, secret: str, visit: Visit, patient: Patient
) -> None:
    link = hand_over(session, clock, secret, visit, patient)
    ward.take_back(session, clock, link)
    (line,) = visit_lines(session, clock, [patient.id])[patient.id]
    assert (link.kind, link.ordinal, line.link) == (WARD_LINK, 0, LinkHealth.NONE)


@pytest.mark.parametrize(
    ("moment", "rule"), [("before", "not_open_yet"), ("after", "window_closed"), ("sent", "already_sent")]
)
def test_a_visit_that_takes_no_answers_is_not_handed_over(
    session: Session, clock: SteppedClock, secret: str, patient: Patient, visit: Visit, moment: str, rule: str
) -> None:
    found = find_session(session, clock, secret)
    assert found is not None
    if moment == "sent":
        make.submit(session, clock, visit)
    else:
        step = timedelta(seconds=1)
        clock.set(visit.opens_at - step if moment == "before" else visit.closes_at + step)
    with pytest.raises(RuleError) as error:
        ward.hand_over(session, clock, found.id, visit, patient)
    assert error.value.rule == rule
    row = session.get_one(WebSession, found.id, populate_existing=True)
    assert row.handed_link_id is None
    assert session.scalars(select(Link)).all() == []


def test_handing_over_and_taking_back_are_in_the_trail_without_the_token(
    session: Session, clock: SteppedClock, secret: str, visit: Visit, patient: Patient
) -> None:
    link = hand_over(session, clock, secret, visit, patient)
    ward.take_back(session, clock, link)
    entries = session.scalars(select(AuditEntry).where(AuditEntry.entity == "link").order_by(AuditEntry.id))
    first, last = (entry.changes for entry in entries)
    assert first["kind"] == [None, WARD_LINK]
    assert last["revoked_reason"] == [None, "handed_back"]
    assert link.token_hash not in f"{first}{last}"
