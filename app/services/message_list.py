"""What staff see of messages: those that did not go, those that wait, and all that a patient was sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import BOUNCED, FAILED, UNCERTAIN, WAITING, Message, Patient, Visit
from app.services.access import Actor, Permission, patients_within, require
from app.services.errors import NotFoundError
from app.services.outbox import held_message

# A message that is due for longer waits for a gateway that is not there, or for a tick that nobody runs.
OVERDUE = timedelta(minutes=30)
UNSENT = (FAILED, BOUNCED, UNCERTAIN)


@dataclass(frozen=True)
class MessageLine:
    """A message as staff see it. error: a word such as "timeout"; tries: attempts so far."""

    id: int
    patient: str
    visit: str | None
    kind: str
    ordinal: int
    channel: str
    state: str
    error: str | None
    tries: int
    due_at: datetime
    sent_at: datetime | None
    resolved_at: datetime | None


def unsent_messages(session: Session, clock: Clock, actor: Actor) -> list[MessageLine]:
    """What the actor's patients should have got and did not, or perhaps did not; the oldest first.

    Failed, bounced and uncertain ones until somebody takes note, and those that wait although they are due.
    """
    late = and_(
        Message.state == WAITING,
        or_(Message.due_at <= clock.now() - OVERDUE, Message.error.is_not(None)),
    )
    unsettled = and_(Message.state.in_(UNSENT), Message.resolved_at.is_(None))
    return _lines(session, actor, or_(late, unsettled))


def waiting_messages(session: Session, actor: Actor) -> list[MessageLine]:
    """The outbox: what waits to be sent to the actor's patients, the one due first in front."""
    return _lines(session, actor, Message.state == WAITING)


def messages_of(session: Session, actor: Actor, patient: Patient) -> list[MessageLine]:
    """All messages to a patient, with the right to see them."""
    return _lines(session, actor, Message.patient_id == patient.id)


def take_note(session: Session, clock: Clock, actor: Actor, message_id: int) -> None:
    """Takes a message that did not go off the list; NotFoundError where it is not on the actor's list.

    Raises AccessDeniedError for who may see patients but issue no links.
    """
    known = {line.id for line in unsent_messages(session, clock, actor)}
    if message_id not in known:
        raise NotFoundError("message", str(message_id))
    message = held_message(session, message_id)
    patient = session.get_one(Patient, message.patient_id)
    require(actor, Permission.ISSUE_LINKS, patient.study_id, patient.site_id)
    message.resolved_at = message.resolved_at or clock.now()
    session.flush()


def _lines(session: Session, actor: Actor, condition: ColumnElement[bool]) -> list[MessageLine]:
    query = (
        select(Message, Patient.code, Visit.code)
        .join(Patient, Patient.id == Message.patient_id)
        .outerjoin(Visit, Visit.id == Message.visit_id)
        .where(patients_within(actor, Permission.SEE_PATIENTS), condition)
        .order_by(Message.due_at, Message.id)
    )
    return [_line(message, patient, visit) for message, patient, visit in session.execute(query)]


def _line(message: Message, patient: str, visit: str | None) -> MessageLine:
    return MessageLine(
        id=message.id,
        patient=patient,
        visit=visit,
        kind=message.kind,
        ordinal=message.ordinal,
        channel=message.channel,
        state=message.state,
        error=message.error,
        tries=message.tries,
        due_at=message.due_at,
        sent_at=message.sent_at,
        resolved_at=message.resolved_at,
    )
