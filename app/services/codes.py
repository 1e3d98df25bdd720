"""The printed code beside a link: checked, counted in the database, locked after wrong tries."""

import hmac
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import Link
from app.services.tokens import TokenSource, hash_code

# So many wrong tries lock the link for a while, and as many more until it is unlocked by hand.
TRIES = 5
WAIT = timedelta(minutes=15)
COUNTED = ("code_hash", "wrong_tries", "locked_until", "locked_for_good")


class CodeCheck(StrEnum):
    """What became of a try."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


def set_code(link: Link, tokens: TokenSource, token: str) -> str:
    """Gives a new link a code of six digits, of which only the hash is kept; returns the digits."""
    code = tokens.code(token)
    link.code_hash = hash_code(token, code)
    return code


def check_code(session: Session, clock: Clock, link: Link, token: str, code: str) -> CodeCheck:
    """Checks a code against a link that has one; each wrong one is counted.

    The link's row is held until the transaction ends, so that tries at the same moment, in whichever
    process, are counted one by one. The caller commits in each case, or a wrong try would not count. While
    the link is locked nothing is looked at and nothing counted: the right code is refused as well. A right
    code forgets the wrong ones before it.
    """
    hold_link(session, link)
    now = clock.now()
    if is_locked(link, now):
        return CodeCheck.LOCKED
    is_right = hmac.compare_digest(hash_code(token, code), link.code_hash or "")
    if is_right:
        link.wrong_tries, link.locked_until = 0, None
    else:
        _count(link, now)
    session.flush()
    return CodeCheck.RIGHT if is_right else CodeCheck.WRONG


def unlock_link(session: Session, link: Link) -> None:
    """Lets a link be tried again, from the first try on."""
    hold_link(session, link)
    link.wrong_tries, link.locked_until, link.locked_for_good = 0, None, False
    session.flush()


def is_locked(link: Link, now: datetime) -> bool:
    """Whether no code is looked at: for a while, or until the link is unlocked."""
    return link.locked_for_good or (link.locked_until is not None and now < link.locked_until)


def hold_link(session: Session, link: Link) -> None:
    """Holds a link's row until the transaction ends and reads what others made of it."""
    session.refresh(link, [*COUNTED, "visit_id", "revoked_at"], with_for_update={"key_share": True})


def _count(link: Link, now: datetime) -> None:
    link.wrong_tries += 1
    if link.wrong_tries >= 2 * TRIES:
        link.locked_for_good = True
    elif link.wrong_tries == TRIES:
        link.locked_until = now + WAIT
