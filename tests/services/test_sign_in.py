"""Guessing passwords gets slower and slower, for known and unknown addresses alike."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import SignInFailures
from app.services.sign_in import FREE_TRIES, clear_failures, count_failure, is_locked
from tests.conftest import NOW
from tests.live import Live, together

pytestmark = [pytest.mark.requirement("ACC-02"), pytest.mark.threat("B6")]
SECOND = timedelta(seconds=1)
EMAIL = "nurse@staff.example"


def fail(session: Session, clock: SteppedClock, times: int = 1, email: str = EMAIL) -> None:
    for _ in range(times):
        count_failure(session, clock, email)


def locked_for(session: Session, clock: SteppedClock) -> timedelta:
    """How long the address has to wait from now on, to the second."""
    until = session.scalars(select(SignInFailures.locked_until)).one()
    assert until is not None
    now = clock.now()
    clock.set(until - SECOND)
    assert is_locked(session, clock, EMAIL)
    clock.set(until)
    assert not is_locked(session, clock, EMAIL)
    clock.set(now)
    return until - now


def test_nine_failures_in_a_row_lock_nobody(session: Session, clock: SteppedClock) -> None:
    fail(session, clock, FREE_TRIES - 1)
    assert not is_locked(session, clock, EMAIL)


def test_from_the_tenth_on_the_wait_doubles_up_to_an_hour(session: Session, clock: SteppedClock) -> None:
    fail(session, clock, FREE_TRIES - 1)
    waits = []
    for _ in range(9):
        fail(session, clock)
        waits.append(locked_for(session, clock) // timedelta(minutes=1))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_many_failures_more_still_wait_an_hour(session: Session, clock: SteppedClock) -> None:
    fail(session, clock, 200)
    assert locked_for(session, clock) == timedelta(hours=1)


def test_a_success_starts_anew(session: Session, clock: SteppedClock) -> None:
    fail(session, clock, FREE_TRIES)
    clear_failures(session, EMAIL)
    assert not is_locked(session, clock, EMAIL)
    fail(session, clock, FREE_TRIES - 1)
    assert not is_locked(session, clock, EMAIL)


def test_the_spelling_of_the_address_makes_no_difference(session: Session, clock: SteppedClock) -> None:
    for email in (EMAIL.upper(), f" {EMAIL} ", EMAIL.title()):
        fail(session, clock, 4, email)
    assert is_locked(session, clock, EMAIL)


def test_other_addresses_are_not_slowed_down(session: Session, clock: SteppedClock) -> None:
    fail(session, clock, 20)
    fail(session, clock, 1, "other@staff.example")
    assert not is_locked(session, clock, "other@staff.example")
    assert not is_locked(session, clock, "unknown@staff.example")


@pytest.mark.requirement("DAT-02")
def test_the_address_itself_is_not_kept(session: Session, clock: SteppedClock) -> None:
    fail(session, clock, 1)
    assert EMAIL not in str(session.execute(select(SignInFailures.__table__)).all())


@pytest.mark.requirement("OPS-06")
def test_parallel_guesses_are_all_counted(live: Live) -> None:
    def guess() -> None:
        for _ in range(10):
            with live.session() as session:
                count_failure(session, live.clock, "target@staff.example")
                session.commit()

    together(*[guess] * 4)
    with live.session() as session:
        assert session.scalars(select(SignInFailures.count)).one() == 40
        assert is_locked(session, live.clock, "target@staff.example")
    assert live.clock.now() == NOW
