"""The outbox: messages planned, taken by one process each, sent outside of any transaction, and settled.

waiting -> sending is committed before anything leaves; what dies while sending is never sent again by itself.
Whoever writes messages takes locks in this order: patient, visit, message.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session, selectinload

from app.channels import Outcome, Receipt
from app.clock import Clock
from app.models import (
    BOUNCED,
    CANCELLED,
    FAILED,
    LINK_MESSAGE,
    SENDING,
    SENT,
    UNCERTAIN,
    WAITING,
    Message,
    Patient,
    Visit,
)
from app.services.codes import asks_code
from app.services.contact import flag_bounce
from app.services.errors import RuleError
from app.services.links import begin_issue
from app.services.rows import hold

# Longer than any attempt takes; a process that is gone for so long is dead.
LEASE = timedelta(minutes=5)
AT_ONCE = 20
# A message that is due for longer waits for a gateway that is not there, or for a tick that nobody runs.
OVERDUE = timedelta(minutes=30)
# How long after each failed attempt the next one is made; after the last one it has failed, the same day.
PAUSES = tuple(timedelta(minutes=each) for each in (1, 5, 15, 30, 60))
INTERRUPTED = "interrupted"
# As rows.hold does, and read as they stand by then.
HELD: dict[str, Any] = {"populate_existing": True, "with_for_update": {"key_share": True}}


@dataclass(frozen=True)
class HeldMessage:
    """A message with whom it goes to, milestones included, and the visit that it is about; staff: neither."""

    message: Message
    patient: Patient | None
    visit: Visit | None


def plan_links(
    session: Session, clock: Clock, visit: Visit, patient: Patient, channels: Sequence[str]
) -> list[Message]:
    """Plans the sending of links to a visit by these channels: a new issue, which ends the former one.

    Raises RuleError as links.issue_link does, and where the study asks for a code and there is no card.
    """
    if asks_code(session, visit.study_id) and patient.card_sealed is None:
        raise RuleError("patient", "no_card", code=patient.code)
    ordinal = begin_issue(session, clock, visit, patient)
    messages = [
        Message(
            study_id=visit.study_id,
            patient_id=patient.id,
            visit_id=visit.id,
            kind=LINK_MESSAGE,
            ordinal=ordinal,
            channel=channel,
            language=patient.language,
            idempotency_key=f"{LINK_MESSAGE}:{patient.id}:{visit.id}:{ordinal}:{channel}",
            planned_at=clock.now(),
            due_at=clock.now(),
        )
        for channel in channels
    ]
    session.add_all(messages)
    session.flush()
    return messages


def claim(
    session: Session,
    clock: Clock,
    channels: Collection[str],
    at_most: int = AT_ONCE,
    *,
    to_patients: bool = True,
) -> Sequence[Message]:
    """Takes messages that are due, for a while, the one due first in front; or of those to staff alone.

    Commit at once: then no other process takes them, and those of a process that dies are free again later.
    """
    now = clock.now()
    query = (
        select(Message)
        .where(_is_due(now), Message.channel.in_(channels), true() if to_patients else _is_to_staff())
        .order_by(Message.due_at, Message.id)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    messages = session.scalars(query).all()
    for message in messages:
        message.leased_until = now + LEASE
    session.flush()
    return messages


def waiting_counts(session: Session, clock: Clock) -> dict[tuple[str, bool], int]:
    """How many messages are due that no process has taken, by channel and whether they go to staff."""
    query = (
        select(Message.channel, _is_to_staff(), func.count())
        .where(_is_due(clock.now()))
        .group_by(Message.channel, _is_to_staff())
    )
    return {(channel, bool(is_to_staff)): count for channel, is_to_staff, count in session.execute(query)}


def held_message(session: Session, message_id: int) -> HeldMessage:
    """A message as it stands now, held with its patient and its visit until the transaction ends."""
    message = session.get_one(Message, message_id)
    patient, visit = None, None
    if message.patient_id is not None:
        milestones = selectinload(Patient.milestones)
        patient = session.get_one(Patient, message.patient_id, options=[milestones], **HELD)
    if message.visit_id is not None:
        visit = session.get_one(Visit, message.visit_id, **HELD)
    return HeldMessage(session.get_one(Message, message_id, **HELD), patient, visit)


def settle(
    session: Session, clock: Clock, message_id: int, receipt: Receipt, *, is_idempotent: bool = False
) -> str:
    """Writes down what came of an attempt; returns the state that the message is in."""
    if receipt.outcome is Outcome.BOUNCED:
        message = held_message(session, message_id).message
    else:
        # Nothing else is written: neither patient nor visit is waited for.
        message = session.get_one(Message, message_id, **HELD)
    if message.state not in {SENDING, UNCERTAIN}:
        # Another process took it over meanwhile, as the other side tells doubles by the key.
        return message.state
    message.leased_until, message.error = None, receipt.detail
    match receipt.outcome:
        case Outcome.SENT:
            message.state, message.sent_at = SENT, clock.now()
            message.provider_id = receipt.provider_id
        case Outcome.NOT_NOW:
            _again(message, clock)
        case Outcome.REFUSED:
            message.state = FAILED
        case Outcome.BOUNCED:
            message.state = BOUNCED
            if message.patient_id is not None:
                flag_bounce(session, clock, session.get_one(Patient, message.patient_id), message.channel)
        case Outcome.UNKNOWN:
            _unknown(message, clock, is_idempotent=is_idempotent)
    session.flush()
    return message.state


def give_up_lost(session: Session, clock: Clock, idempotent: Collection[str] = ()) -> int:
    """Marks the messages whose sending was begun by a process that is gone: nobody knows whether they went.

    Those of an idempotent channel are tried again. Returns how many there were.
    """
    query = (
        select(Message)
        .where(Message.state == SENDING, Message.leased_until <= clock.now())
        .with_for_update(skip_locked=True)
    )
    lost = session.scalars(query).all()
    for message in lost:
        message.leased_until, message.error = None, INTERRUPTED
        _unknown(message, clock, is_idempotent=message.channel in idempotent)
    session.flush()
    return len(lost)


def end_messages(session: Session, patient: Patient, reason: str) -> int:
    """Cancels all that waits to be sent to a patient, as after a death; returns how many there were."""
    hold(session, patient)
    query = (
        select(Message)
        .where(
            Message.study_id == patient.study_id,
            Message.patient_id == patient.id,
            Message.state == WAITING,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    waiting = session.scalars(query).all()
    for message in waiting:
        message.state, message.error = CANCELLED, reason
    session.flush()
    return len(waiting)


def _is_due(now: datetime) -> ColumnElement[bool]:
    is_free = or_(Message.leased_until.is_(None), Message.leased_until <= now)
    return and_(Message.state == WAITING, Message.due_at <= now, is_free)


def _is_to_staff() -> ColumnElement[bool]:
    return Message.patient_id.is_(None)


def _again(message: Message, clock: Clock) -> None:
    if message.tries > len(PAUSES):
        message.state = FAILED
    else:
        message.state, message.due_at = WAITING, clock.now() + PAUSES[message.tries - 1]


def _unknown(message: Message, clock: Clock, *, is_idempotent: bool) -> None:
    if not is_idempotent:
        message.state = UNCERTAIN
        return
    # The link of the first text stays good, since that text may be the one that arrived.
    message.link_id = None
    _again(message, clock)
    if message.state == FAILED:
        message.state = UNCERTAIN
