"""Slows down whoever guesses passwords, the same for known and unknown addresses."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import SignInFailures
from app.services.rows import insert_or_meet
from app.services.tokens import hash_secret

FREE_TRIES = 10
LONGEST_WAIT = timedelta(hours=1)


def is_locked(session: Session, clock: Clock, email: str) -> bool:
    """Whether this address has to wait before it may try again."""
    query = select(SignInFailures.locked_until).where(SignInFailures.email_hash == _key(email))
    until = session.scalar(query)
    return until is not None and until > clock.now()


def count_failure(session: Session, clock: Clock, email: str) -> None:
    """Counts a failure in one statement; from the tenth in a row on, the wait doubles each time."""
    first = insert_or_meet(session.get_bind(), SignInFailures).values(email_hash=_key(email), count=1)
    statement = first.on_conflict_do_update(
        index_elements=["email_hash"], set_={"count": SignInFailures.count + 1}
    )
    count = session.scalar(statement.returning(SignInFailures.count)) or 1
    if count >= FREE_TRIES:
        wait = min(timedelta(minutes=1) * 2 ** min(count - FREE_TRIES, 10), LONGEST_WAIT)
        failures = session.get_one(SignInFailures, _key(email), populate_existing=True)
        failures.locked_until = clock.now() + wait
        session.flush()


def clear_failures(session: Session, email: str) -> None:
    """Forgets the failures after a success."""
    session.execute(delete(SignInFailures).where(SignInFailures.email_hash == _key(email)))


def _key(email: str) -> str:
    return hash_secret(email.strip().casefold())
