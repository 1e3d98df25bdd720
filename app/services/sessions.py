"""Browsers' sessions as rows: opened at sign-in or by a link's tap, found by a hash, endable."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import WebSession
from app.services.tokens import hash_secret, new_secret

STAFF_IDLE, STAFF_LIFE = timedelta(minutes=30), timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)


# Built once, as every request runs it.
LIVE_SESSION = select(
    WebSession.id,
    WebSession.user_id,
    WebSession.link_id,
    WebSession.handed_link_id,
    WebSession.data,
    WebSession.seen_at,
    WebSession.expires_at,
).where(WebSession.id_hash == bindparam("key"), WebSession.ended_at.is_(None))


@dataclass(frozen=True)
class FoundSession:
    """A live session as the request sees it; with handed_link_id that of a member of staff is suspended."""

    id: int
    user_id: int | None
    link_id: int | None
    handed_link_id: int | None
    data: dict[str, Any]
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class LiveSession:
    """A live session as its owner sees it in a list."""

    id: int
    created_at: datetime
    seen_at: datetime


def open_staff_session(session: Session, clock: Clock, user_id: int, data: dict[str, Any]) -> str:
    """Opens a session for a member of staff; returns the cookie's secret."""
    return _open(session, clock, clock.now() + STAFF_LIFE, data, user_id=user_id)


def open_patient_session(
    session: Session, clock: Clock, link_id: int, expires_at: datetime, data: dict[str, Any]
) -> str:
    """Opens a session for whoever tapped a link; it lives as long as the link can be used."""
    return _open(session, clock, expires_at, data, link_id=link_id)


def find_session(session: Session, clock: Clock, secret: str) -> FoundSession | None:
    """The live session of this secret; None when unknown, ended, expired or (staff) idle too long.

    A suspended one is not idle while the patient answers: it opens nothing but the way back.
    """
    # By the connection, as every request asks: the session's own way costs twice as much for columns.
    row = session.connection().execute(LIVE_SESSION, {"key": hash_secret(secret)}).one_or_none()
    if row is None or row.expires_at <= clock.now():
        return None
    found = FoundSession(*row)
    is_staff = found.user_id is not None and found.handed_link_id is None
    is_idle = is_staff and clock.now() - found.seen_at > STAFF_IDLE
    return None if is_idle else found


def needs_touch(found: FoundSession, clock: Clock) -> bool:
    """Whether the time a member of staff was last seen is worth writing down again."""
    return found.user_id is not None and clock.now() - found.seen_at > TOUCH_EVERY


def save_session(session: Session, clock: Clock, session_id: int, data: dict[str, Any]) -> None:
    """Keeps the session's data and that it was seen now."""
    statement = update(WebSession).where(WebSession.id == session_id)
    session.execute(statement.values(data=data, seen_at=clock.now()))


def suspend_session(
    session: Session, clock: Clock, session_id: int, link_id: int, expires_at: datetime
) -> None:
    """Leaves a browser of staff in a patient's hands: only the way back, and that until `expires_at`."""
    statement = update(WebSession).where(WebSession.id == session_id)
    session.execute(statement.values(handed_link_id=link_id, seen_at=clock.now(), expires_at=expires_at))


def end_session(session: Session, clock: Clock, session_id: int) -> None:
    """Ends one session; its cookie opens nothing from now on."""
    _end(session, clock, WebSession.id == session_id)


def end_sessions_of_user(session: Session, clock: Clock, user_id: int) -> None:
    """Ends all sessions of a member of staff."""
    _end(session, clock, WebSession.user_id == user_id)


def live_sessions_of_user(session: Session, clock: Clock, user_id: int) -> list[LiveSession]:
    """The sessions that a member of staff could go on with now, the latest seen first."""
    now = clock.now()
    query = (
        select(WebSession.id, WebSession.created_at, WebSession.seen_at)
        .where(WebSession.user_id == user_id, WebSession.ended_at.is_(None))
        .where(WebSession.expires_at > now, WebSession.seen_at >= now - STAFF_IDLE)
        .order_by(WebSession.seen_at.desc(), WebSession.id.desc())
    )
    return [LiveSession(*row) for row in session.execute(query)]


def end_other_sessions(session: Session, clock: Clock, user_id: int, kept_id: int) -> None:
    """Ends all sessions of a member of staff but one."""
    _end(session, clock, (WebSession.user_id == user_id) & (WebSession.id != kept_id))


def end_sessions_of_links(session: Session, clock: Clock, link_ids: list[int]) -> None:
    """Ends the sessions that were opened by these links."""
    _end(session, clock, WebSession.link_id.in_(link_ids))


def _open(session: Session, clock: Clock, expires_at: datetime, data: dict[str, Any], **owner: int) -> str:
    secret, now = new_secret(), clock.now()
    facts = {"data": data, "created_at": now, "seen_at": now, "expires_at": expires_at}
    session.execute(insert(WebSession), [{"id_hash": hash_secret(secret), **facts, **owner}])
    return secret


def _end(session: Session, clock: Clock, condition: Any) -> None:
    session.execute(
        update(WebSession).where(condition, WebSession.ended_at.is_(None)).values(ended_at=clock.now())
    )
