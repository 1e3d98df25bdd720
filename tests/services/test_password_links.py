"""Links by which people set their passwords: they open once, for a time, and keep no secret."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, PasswordLink, SignInFailures, User
from app.services.accounts import create_account
from app.services.errors import NotFoundError, RuleError
from app.services.password_links import (
    find_password_link,
    live_password_link,
    make_password_link,
    set_password,
)
from app.services.sessions import find_session, open_staff_session
from app.services.sign_in import count_failure
from tests.conftest import NOW
from tests.live import Live, together

pytestmark = pytest.mark.threat("B11")


@pytest.fixture
def user(session: Session, clock: SteppedClock) -> User:
    """A person who has not set a password yet."""
    return create_account(session, clock, "new@staff.example", None, "fr")


def test_before_the_first_password_it_is_an_invitation_of_three_days(
    session: Session, clock: SteppedClock, user: User
) -> None:
    issued = make_password_link(session, clock, user)
    assert (issued.kind, issued.expires_at) == ("invitation", NOW + timedelta(hours=72))
    clock.advance(hours=71, minutes=59)
    assert find_password_link(session, clock, issued.token) is not None
    clock.advance(minutes=1)
    assert find_password_link(session, clock, issued.token) is None


def test_afterwards_it_is_a_reset_of_one_hour_that_ends_all_sessions(
    session: Session, clock: SteppedClock, user: User
) -> None:
    user.password = "$former$"
    secret = open_staff_session(session, clock, user.id, {})
    issued = make_password_link(session, clock, user)
    assert (issued.kind, issued.expires_at) == ("reset", NOW + timedelta(hours=1))
    assert find_session(session, clock, secret) is None
    assert user.password == "$former$"
    clock.advance(minutes=60)
    assert find_password_link(session, clock, issued.token) is None


def test_only_a_hash_is_kept_and_no_entry_of_the_trail_holds_it(
    session: Session, clock: SteppedClock, user: User
) -> None:
    issued = make_password_link(session, clock, user)
    assert len(issued.token) >= 43
    assert issued.token not in repr(issued)
    row = session.scalars(select(PasswordLink)).one()
    assert len(row.token_hash) == 64
    everything = str(session.execute(text("SELECT * FROM password_link")).all())
    trail = str([each.changes for each in session.scalars(select(AuditEntry))])
    assert issued.token not in everything + trail
    assert row.token_hash not in trail


def test_a_new_link_ends_the_former(session: Session, clock: SteppedClock, user: User) -> None:
    former, later = (make_password_link(session, clock, user) for _ in range(2))
    assert find_password_link(session, clock, former.token) is None
    found = find_password_link(session, clock, later.token)
    assert found == live_password_link(session, clock, user)


def test_using_it_sets_the_password_ends_sessions_and_is_in_the_trail(
    session: Session, clock: SteppedClock, user: User
) -> None:
    issued = make_password_link(session, clock, user)
    secret = open_staff_session(session, clock, user.id, {})
    count_failure(session, clock, user.email)
    set_password(session, clock, issued.token, "$new hash$")
    assert user.password == "$new hash$"
    assert find_session(session, clock, secret) is None
    assert session.scalars(select(SignInFailures)).all() == []
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "set password")).one()
    assert (entry.actor, entry.entity, entry.entity_id) == (user.email, "user", str(user.id))
    assert entry.changes == {"by": "invitation"}


def test_it_opens_once(session: Session, clock: SteppedClock, user: User) -> None:
    issued = make_password_link(session, clock, user)
    set_password(session, clock, issued.token, "$first$")
    with pytest.raises(NotFoundError):
        set_password(session, clock, issued.token, "$second$")
    assert user.password == "$first$"


@pytest.mark.parametrize("token", ["", "unknown", "x" * 43, "é'\"; --"])
def test_an_unknown_one_sets_nothing(session: Session, clock: SteppedClock, user: User, token: str) -> None:
    make_password_link(session, clock, user)
    assert find_password_link(session, clock, token) is None
    with pytest.raises(NotFoundError):
        set_password(session, clock, token, "$guess$")
    assert user.password is None


@pytest.mark.threat("B1")
def test_a_deactivated_account_has_none(session: Session, clock: SteppedClock, user: User) -> None:
    issued = make_password_link(session, clock, user)
    user.active = False
    session.flush()
    assert find_password_link(session, clock, issued.token) is None
    with pytest.raises(NotFoundError):
        set_password(session, clock, issued.token, "$new$")
    with pytest.raises(RuleError) as refused:
        make_password_link(session, clock, user)
    assert refused.value.rule == "account_inactive"


def test_of_two_at_once_one_sets_the_password(live: Live) -> None:
    with live.session() as first:
        user = create_account(first, live.clock, "twice@staff.example", None, "fr")
        token = make_password_link(first, live.clock, user).token
        first.commit()

    def attempt(number: int) -> str:
        with live.session() as own:
            try:
                set_password(own, live.clock, token, f"$by {number}$")
            except NotFoundError:
                return "refused"
            own.commit()
            return f"$by {number}$"

    outcomes = together(*(partial(attempt, number) for number in range(4)))
    won = [each for each in outcomes if each != "refused"]
    assert len(won) == 1
    with live.session() as later:
        assert later.scalars(select(User.password).where(User.email == "twice@staff.example")).one() == won[0]
