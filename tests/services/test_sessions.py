"""Browsers' sessions: kept as rows, found by a hash, ended on the server."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Link, Patient, Study, User, WebSession
from app.services import sessions
from app.services.access import Role
from app.services.links import last_use
from app.services.sessions import find_session, needs_touch, open_patient_session, open_staff_session
from app.services.tokens import hash_secret
from tests import factories as make
from tests.conftest import NOW

pytestmark = [pytest.mark.requirement("ACC-02"), pytest.mark.threat("B1")]
SECOND = timedelta(seconds=1)


@pytest.fixture
def user(session: Session, clock: SteppedClock, study: Study) -> User:
    return make.make_staff(session, clock, Role.ANALYST, study)


@pytest.fixture
def link(session: Session, clock: SteppedClock, patient: Patient) -> Link:
    return make.make_link(session, clock, patient).link


@pytest.fixture
def end(session: Session, patient: Patient) -> datetime:
    """When the link is of no use any more."""
    return last_use(make.get_visit(session, patient))


def is_live(session: Session, clock: SteppedClock, secret: str) -> bool:
    return find_session(session, clock, secret) is not None


def test_only_the_hash_of_the_secret_is_kept(session: Session, clock: SteppedClock, user: User) -> None:
    secret = open_staff_session(session, clock, user.id, {"csrf_token": "t"})
    row = session.scalars(select(WebSession)).one()
    assert row.id_hash == hash_secret(secret)
    assert secret not in str(session.execute(select(WebSession.__table__)).all())


@pytest.mark.threat("B2")
def test_every_sign_in_gets_a_secret_of_its_own(session: Session, clock: SteppedClock, user: User) -> None:
    made = {open_staff_session(session, clock, user.id, {}) for _ in range(20)}
    assert len(made) == 20
    assert {len(secret) for secret in made} == {43}


def test_a_session_is_found_with_its_owner_and_data(
    session: Session, clock: SteppedClock, user: User, link: Link, end: datetime
) -> None:
    staff = find_session(session, clock, open_staff_session(session, clock, user.id, {"a": "é"}))
    assert staff is not None
    assert (staff.user_id, staff.link_id, staff.data, staff.seen_at) == (user.id, None, {"a": "é"}, NOW)
    assert staff.expires_at == NOW + timedelta(hours=12)
    secret = open_patient_session(session, clock, link.id, end, {})
    patient = find_session(session, clock, secret)
    assert patient is not None
    assert (patient.user_id, patient.link_id) == (None, link.id)


def test_an_unknown_secret_finds_nothing(session: Session, clock: SteppedClock, user: User) -> None:
    secret = open_staff_session(session, clock, user.id, {})
    for other in ("", secret[:-1], secret.swapcase(), hash_secret(secret)):
        assert find_session(session, clock, other) is None


@pytest.mark.threat("B3")
def test_staff_are_signed_out_after_half_an_hour_of_idleness(
    session: Session, clock: SteppedClock, user: User
) -> None:
    secret = open_staff_session(session, clock, user.id, {})
    clock.set(NOW + timedelta(minutes=30))
    assert is_live(session, clock, secret)
    clock.set(NOW + timedelta(minutes=30) + SECOND)
    assert not is_live(session, clock, secret)


@pytest.mark.threat("B3")
def test_staff_at_work_are_signed_out_after_twelve_hours(
    session: Session, clock: SteppedClock, user: User
) -> None:
    secret = open_staff_session(session, clock, user.id, {})
    for _ in range(47):
        clock.advance(minutes=15)
        found = find_session(session, clock, secret)
        assert found is not None
        sessions.save_session(session, clock, found.id, found.data)
    clock.set(NOW + timedelta(hours=12) - SECOND)
    assert is_live(session, clock, secret)
    clock.advance(seconds=1)
    assert not is_live(session, clock, secret)


@pytest.mark.threat("B3")
def test_a_patients_session_lives_as_long_as_the_link_and_knows_no_idleness(
    session: Session, clock: SteppedClock, link: Link, end: datetime
) -> None:
    secret = open_patient_session(session, clock, link.id, end, {})
    assert end - NOW > timedelta(days=28)
    clock.set(end - SECOND)
    assert is_live(session, clock, secret)
    clock.set(end)
    assert not is_live(session, clock, secret)


def test_a_session_is_written_down_as_seen_once_a_minute_for_staff_alone(
    session: Session, clock: SteppedClock, user: User, link: Link, end: datetime
) -> None:
    staff = find_session(session, clock, open_staff_session(session, clock, user.id, {}))
    secret = open_patient_session(session, clock, link.id, end, {})
    patient = find_session(session, clock, secret)
    assert staff is not None
    assert patient is not None
    clock.advance(minutes=1)
    assert not needs_touch(staff, clock)
    clock.advance(seconds=1)
    assert needs_touch(staff, clock)
    assert not needs_touch(patient, clock)


def test_data_is_kept_and_does_not_revive_a_session_that_ended(
    session: Session, clock: SteppedClock, user: User
) -> None:
    secret = open_staff_session(session, clock, user.id, {"language": "fr"})
    found = find_session(session, clock, secret)
    assert found is not None
    clock.advance(minutes=10)
    sessions.save_session(session, clock, found.id, {"language": "en"})
    again = find_session(session, clock, secret)
    assert again is not None
    assert (again.data, again.seen_at) == ({"language": "en"}, clock.now())
    sessions.end_session(session, clock, found.id)
    sessions.save_session(session, clock, found.id, {})
    assert not is_live(session, clock, secret)


def test_ending_one_session_leaves_the_others(session: Session, clock: SteppedClock, user: User) -> None:
    first, second = (open_staff_session(session, clock, user.id, {}) for _ in range(2))
    found = find_session(session, clock, first)
    assert found is not None
    sessions.end_session(session, clock, found.id)
    assert [is_live(session, clock, each) for each in (first, second)] == [False, True]


@pytest.mark.threat("B13")
def test_all_sessions_of_one_member_of_staff_can_be_ended(
    session: Session, clock: SteppedClock, study: Study, user: User
) -> None:
    other = make.make_staff(session, clock, Role.MONITOR, study)
    mine = [open_staff_session(session, clock, user.id, {}) for _ in range(3)]
    theirs = open_staff_session(session, clock, other.id, {})
    sessions.end_sessions_of_user(session, clock, user.id)
    assert [is_live(session, clock, each) for each in mine] == [False] * 3
    assert is_live(session, clock, theirs)


@pytest.mark.threat("A7")
def test_the_sessions_of_a_link_can_be_ended(
    session: Session, clock: SteppedClock, patient: Patient, link: Link, end: datetime, user: User
) -> None:
    make.randomise(session, clock, patient)
    other = make.make_link(session, clock, patient, "M3").link
    ended, kept = (open_patient_session(session, clock, each.id, end, {}) for each in (link, other))
    staff = open_staff_session(session, clock, user.id, {})
    sessions.end_sessions_of_links(session, clock, [link.id])
    assert [is_live(session, clock, each) for each in (ended, kept, staff)] == [False, True, True]


def test_the_instant_of_the_end_is_kept(session: Session, clock: SteppedClock, user: User) -> None:
    open_staff_session(session, clock, user.id, {})
    sessions.end_sessions_of_user(session, clock, user.id)
    clock.advance(hours=1)
    sessions.end_sessions_of_user(session, clock, user.id)
    session.expire_all()
    assert session.scalars(select(WebSession)).one().ended_at == NOW
