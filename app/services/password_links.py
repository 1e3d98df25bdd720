"""Links by which people set their own passwords: invitations and resets, each good for one time.

Nobody sets or sees another person's password: whoever makes a link only hands it over.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, joinedload

from app.clock import Clock
from app.models import INVITATION, RESET, PasswordLink, User
from app.services import audit
from app.services.audit import AuditContext
from app.services.errors import NotFoundError, RuleError
from app.services.sessions import end_sessions_of_user
from app.services.sign_in import clear_failures
from app.services.tokens import hash_secret, new_secret

# An invitation waits in a mailbox over a weekend; who asks for a reset is there to take it.
LIFE = {INVITATION: timedelta(hours=72), RESET: timedelta(hours=1)}


@dataclass(frozen=True)
class IssuedPasswordLink:
    """A link that was just made, with the only copy of its secret."""

    kind: str
    expires_at: datetime
    token: str = field(repr=False)


def make_password_link(session: Session, clock: Clock, user: User) -> IssuedPasswordLink:
    """Makes a person's link: an invitation before the first password, then a reset, which ends all sessions.

    Former links of the person open nothing any more. RuleError for an account that is deactivated.
    """
    if not user.active:
        raise RuleError("account", "account_inactive", email=user.email)
    end_password_links(session, clock, user)
    kind = INVITATION if user.password is None else RESET
    issued = IssuedPasswordLink(kind, clock.now() + LIFE[kind], new_secret())
    session.add(
        PasswordLink(
            user_id=user.id,
            kind=kind,
            token_hash=hash_secret(issued.token),
            made_at=clock.now(),
            expires_at=issued.expires_at,
        )
    )
    session.flush()
    if kind == RESET:
        end_sessions_of_user(session, clock, user.id)
    return issued


def find_password_link(session: Session, clock: Clock, token: str) -> PasswordLink | None:
    """The link of this secret, its person loaded; None when unknown, used, ended or expired."""
    return session.scalar(_of_secret(clock, token).options(joinedload(PasswordLink.user)))


def live_password_link(session: Session, clock: Clock, user: User) -> PasswordLink | None:
    """The link that a person could use now."""
    return session.scalar(
        select(PasswordLink).where(PasswordLink.user_id == user.id, *_is_live(clock)).limit(1)
    )


def set_password(session: Session, clock: Clock, token: str, password_hash: str) -> User:
    """Sets the password of the link's person and ends the link, others like it, and all sessions.

    The trail names the person. NotFoundError when the link opens nothing (any more).
    """
    # Of two at once the second waits here, and then finds it used.
    link = session.scalar(_of_secret(clock, token).with_for_update(key_share=True, of=PasswordLink))
    if link is None:
        raise NotFoundError("password link", "")
    user = session.get_one(User, link.user_id)
    audit.act_as(session, clock, AuditContext(user.email, "staff"))
    user.password, link.used_at = password_hash, clock.now()
    session.flush()
    end_password_links(session, clock, user)
    end_sessions_of_user(session, clock, user.id)
    clear_failures(session, user.email)
    audit.record(session, "set password", "user", str(user.id), "system", {"by": link.kind})
    return user


def end_password_links(session: Session, clock: Clock, user: User) -> None:
    """Ends the links of a person that could still be used."""
    for link in session.scalars(
        select(PasswordLink).where(PasswordLink.user_id == user.id, *_is_live(clock)).with_for_update()
    ):
        link.ended_at = clock.now()
    session.flush()


def _of_secret(clock: Clock, token: str) -> Select[PasswordLink]:
    return (
        select(PasswordLink)
        .join(PasswordLink.user)
        .where(PasswordLink.token_hash == hash_secret(token), User.active, *_is_live(clock))
        .execution_options(populate_existing=True)
    )


def _is_live(clock: Clock) -> tuple[ColumnElement[bool], ...]:
    return (
        PasswordLink.used_at.is_(None),
        PasswordLink.ended_at.is_(None),
        PasswordLink.expires_at > clock.now(),
    )
