"""Invitations by e-mail: planned with the account, sent by the tick with a link that is made at that moment.

So nobody but the mailbox ever holds the link. A link that an administrator makes by hand takes its place.
"""

from datetime import UTC

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.channels import Outgoing
from app.clock import Clock
from app.models import (
    CANCELLED,
    EMAIL,
    INVITATION_MESSAGE,
    SENDING,
    UNSENT,
    WAITING,
    Message,
    Study,
    User,
)
from app.services.alert_messages import StaffWords
from app.services.outbox import LEASE, OVERDUE
from app.services.password_links import make_password_link
from app.services.studies import definition_in_force

BY_HAND, NOT_NEEDED = "by_hand", "not_needed"


def plan_invitation(session: Session, clock: Clock, user: User, study: Study) -> Message:
    """Plans the e-mail by which a person of a study is invited; nobody waits for it."""
    message = Message(
        study_id=study.id,
        user_id=user.id,
        kind=INVITATION_MESSAGE,
        ordinal=1,
        channel=EMAIL,
        language=user.language,
        idempotency_key=f"{INVITATION_MESSAGE}:{user.id}",
        planned_at=clock.now(),
        due_at=clock.now(),
    )
    session.add(message)
    session.flush()
    return message


def begin_invitation(
    session: Session, clock: Clock, message: Message, public_url: str, words: StaffWords
) -> Outgoing | None:
    """What is to be sent of a message that is held, its link made; None when it is not to go any more.

    Looked at again now: whether the account is open and has no password yet.
    """
    user = session.get_one(User, message.user_id, populate_existing=True)
    if not user.active or user.password is not None:
        message.state, message.leased_until, message.error = CANCELLED, None, NOT_NEEDED
        session.flush()
        return None
    message.state, message.language, message.error = SENDING, user.language, None
    message.tries, message.leased_until = message.tries + 1, clock.now() + LEASE
    issued = make_password_link(session, clock, user)
    names = definition_in_force(session, session.get_one(Study, message.study_id)).public_name
    study = names.get(user.language) or next(iter(names.values()))
    values = {
        "study": study,
        "until": f"{issued.expires_at.astimezone(UTC):%d/%m/%Y %H:%M} UTC",
        "link": f"{public_url}/password/{issued.token}",
    }
    subject, text = words(message.kind, user.language, values)
    return Outgoing(message.idempotency_key, user.email, study, subject, text)


def end_invitations(session: Session, clock: Clock, user: User, reason: str) -> None:
    """Cancels what waits to be sent to a person, and takes note of what did not go."""
    query = select(Message).where(Message.user_id == user.id, Message.kind == INVITATION_MESSAGE)
    held = query.with_for_update().execution_options(populate_existing=True)
    for message in session.scalars(held):
        if message.state == WAITING:
            message.state, message.error = CANCELLED, reason
        elif message.state in UNSENT and message.resolved_at is None:
            message.resolved_at = clock.now()
    session.flush()


def unsent_invitation(clock: Clock) -> ColumnElement[bool]:
    """The condition that a message is the invitation of a person and did not go, or waits although it is due.

    Nobody is planned a second one.
    """
    unsettled = and_(Message.state.in_(UNSENT), Message.resolved_at.is_(None))
    late = and_(
        Message.state == WAITING,
        or_(Message.due_at <= clock.now() - OVERDUE, Message.error.is_not(None)),
    )
    is_asked = and_(Message.kind == INVITATION_MESSAGE, User.active, User.password.is_(None))
    return and_(Message.user_id == User.id, is_asked, or_(unsettled, late))
