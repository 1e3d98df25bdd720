"""What staff see of messages: those that did not go, those that wait, and all that a patient was sent.

Those to staff about a patient's alert are among the ones that did not go, as long as nobody has answered it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.clock import Clock
from app.models import (
    OPEN_ALERT,
    SUBMITTED,
    UNSENT,
    WAITING,
    Alert,
    Message,
    Patient,
    Response,
    User,
    Visit,
)
from app.services.access import Actor, Permission, patients_within, require
from app.services.errors import NotFoundError
from app.services.outbox import OVERDUE, held_message


@dataclass(frozen=True)
class MessageLine:
    """A message as staff see it. error: a word such as "timeout"; tries: attempts so far.

    may_answer: whether the visit that it is about still takes answers, and has none that were sent.
    alert_id, to_staff: of a message to staff the alert that it is about, and the address of its reader.
    """

    id: int
    owner: Patient
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
    may_answer: bool
    alert_id: int | None = None
    to_staff: str | None = None

    @property
    def patient(self) -> str:
        """The code of the patient to whom it goes, or whom it is about."""
        return self.owner.code

    @property
    def is_unsent(self) -> bool:
        """Whether it did not go, or perhaps did not, and nobody took note."""
        return self.state in UNSENT and self.resolved_at is None


def unsent_messages(session: Session, clock: Clock, actor: Actor) -> list[MessageLine]:
    """What should have gone and did not, or perhaps did not, of the actor's patients; the oldest first.

    Failed, bounced and uncertain ones until somebody takes note, and those that wait although they are due;
    to staff until the alert is answered.
    """
    late = and_(
        Message.state == WAITING,
        or_(Message.due_at <= clock.now() - OVERDUE, Message.error.is_not(None)),
    )
    unsettled = and_(Message.state.in_(UNSENT), Message.resolved_at.is_(None))
    is_asked = or_(Message.alert_id.is_(None), Alert.state == OPEN_ALERT)
    return _lines(session, clock, actor, and_(or_(late, unsettled), is_asked))


def waiting_messages(session: Session, clock: Clock, actor: Actor) -> list[MessageLine]:
    """The outbox: what waits to be sent to the actor's patients, the one due first in front."""
    return _lines(session, clock, actor, and_(Message.state == WAITING, Message.patient_id.is_not(None)))


def messages_of(session: Session, clock: Clock, actor: Actor, patient: Patient) -> list[MessageLine]:
    """All messages to a patient, with the right to see them."""
    return _lines(
        session, clock, actor, and_(Message.study_id == patient.study_id, Message.patient_id == patient.id)
    )


def take_note(session: Session, clock: Clock, actor: Actor, message_id: int) -> None:
    """Takes a message that did not go off the list; NotFoundError where it is not on the actor's list.

    Raises AccessDeniedError for who may see patients but issue no links.
    """
    lines = {line.id: line for line in unsent_messages(session, clock, actor)}
    if message_id not in lines:
        raise NotFoundError("message", str(message_id))
    message, patient = held_message(session, message_id).message, lines[message_id].owner
    require(actor, Permission.ISSUE_LINKS, patient.study_id, patient.site_id)
    message.resolved_at = message.resolved_at or clock.now()
    session.flush()


def _lines(session: Session, clock: Clock, actor: Actor, condition: ColumnElement[bool]) -> list[MessageLine]:
    is_sent = exists().where(
        Response.visit_id == Visit.id, Response.status == SUBMITTED, Response.voided_at.is_(None)
    )
    may_answer = and_(Visit.closes_at > clock.now(), Visit.ends_on.is_(None), ~is_sent)
    query = (
        select(Message, Patient, Visit.code, may_answer, User.email)
        .outerjoin(Alert, Alert.id == Message.alert_id)
        .outerjoin(User, User.id == Message.user_id)
        .join(Patient, Patient.id == func.coalesce(Message.patient_id, Alert.patient_id))
        .outerjoin(Visit, Visit.id == Message.visit_id)
        .where(patients_within(actor, Permission.SEE_PATIENTS), condition)
        .options(joinedload(Patient.site), joinedload(Patient.study))
        .order_by(Message.due_at, Message.id)
    )
    return [_line(*row) for row in session.execute(query)]


def _line(
    message: Message, patient: Patient, visit: str | None, may_answer: bool | None, to_staff: str | None
) -> MessageLine:
    return MessageLine(
        id=message.id,
        owner=patient,
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
        may_answer=bool(may_answer),
        alert_id=message.alert_id,
        to_staff=to_staff,
    )
