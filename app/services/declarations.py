"""Serious events are declared to the sponsor at once; they stay listed until the sending is recorded.

The application is not the declaration: what is kept here is that it was sent, when, how and by whom.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from app.clock import Clock
from app.models import (
    DECIDED_EVENT,
    DRAFT_EVENT,
    AdverseEvent,
    AdverseEventVersion,
    EventDeclaration,
    Patient,
)
from app.services.access import Actor, Permission, patients_within, require
from app.services.errors import RuleError
from app.services.rows import hold

LONGEST_WAIT = timedelta(hours=24)
CHANNELS = ("portal", "email", "fax", "phone")


@dataclass(frozen=True)
class DeclarationDue:
    """A serious event whose sending is not recorded: since when the site knows, by when it is to be sent."""

    patient: Patient
    event: AdverseEvent
    version: AdverseEventVersion
    aware_at: datetime
    due_at: datetime
    is_late: bool


@dataclass(frozen=True)
class EventWaiting:
    """An event that waits for the investigator: to be decided, or once it is decided, to be signed."""

    patient: Patient
    event: AdverseEvent
    version: AdverseEventVersion

    @property
    def is_decided(self) -> bool:
        """Whether only the signature is missing."""
        return self.event.status == DECIDED_EVENT


def declarations_due(
    session: Session, clock: Clock, actor: Actor, patient: Patient | None = None
) -> list[DeclarationDue]:
    """The serious events to be declared, of the actor's patients or of one of them, the most urgent first.

    An event is listed from the decision on, signed or not, also while a later change waits to be decided.
    One query.
    """
    query = _events(actor, _is_undeclared())
    if patient is not None:
        query = query.where(AdverseEvent.patient_id == patient.id)
    return [_due(clock.now(), event, version) for event, version in session.execute(query).all()]


def pending_events(session: Session, clock: Clock, actor: Actor) -> list[DeclarationDue | EventWaiting]:
    """The declarations due, and after them what waits for the actor's own decision or signature. One query.

    A serious event is there once: to be declared first, to be signed afterwards.
    """
    waits = and_(
        AdverseEvent.status.in_((DRAFT_EVENT, DECIDED_EVENT)), patients_within(actor, Permission.DECIDE_EVENT)
    )
    due: list[DeclarationDue | EventWaiting] = []
    waiting: list[DeclarationDue | EventWaiting] = []
    query = _events(actor, or_(_is_undeclared(), waits)).add_columns(_is_undeclared())
    for event, version, is_undeclared in session.execute(query).all():
        if is_undeclared:
            due.append(_due(clock.now(), event, version))
        else:
            waiting.append(EventWaiting(event.patient, event, version))
    return due + waiting


def _is_undeclared() -> ColumnElement[bool]:
    return and_(AdverseEventVersion.is_serious.is_(True), ~AdverseEvent.declarations.any())


def _events(actor: Actor, condition: ColumnElement[bool]) -> Select[AdverseEvent, AdverseEventVersion]:
    return (
        select(AdverseEvent, AdverseEventVersion)
        .join(AdverseEvent.patient)
        .join(AdverseEventVersion, latest_version())
        .where(patients_within(actor, Permission.SEE_PATIENTS), condition)
        .options(
            contains_eager(AdverseEvent.patient).options(joinedload(Patient.site), joinedload(Patient.study))
        )
        .order_by(AdverseEventVersion.aware_at, AdverseEvent.id)
    )


def record_declaration(
    session: Session, clock: Clock, actor: Actor, event: AdverseEvent, sent_at: datetime, channel: str
) -> EventDeclaration:
    """Records that a serious event was sent to the sponsor; the actor is who sent it. A later one adds to it.

    Raises RuleError: not serious, an unknown channel, a time to come or before the site knew;
    AccessDeniedError for who may not draft events at the site.
    """
    require(actor, Permission.DRAFT_EVENT, event.study_id, event.patient.site_id)
    hold(session, event)
    session.refresh(event, ["latest_number", "versions", "declarations"])
    if not event.latest.is_serious or event.latest.aware_at is None:
        raise RuleError("event", "not_serious")
    if channel not in CHANNELS:
        raise RuleError("channel", "unknown_channel")
    if sent_at > clock.now():
        raise RuleError("sent_at", "instant_in_future")
    # The minute is all that a form asks for.
    if sent_at < event.latest.aware_at.replace(second=0, microsecond=0):
        raise RuleError("sent_at", "sent_before_aware")
    declaration = EventDeclaration(
        study_id=event.study_id,
        patient_id=event.patient_id,
        version_number=event.latest_number,
        channel=channel,
        sent_at=sent_at,
        sent_by=actor.email,
        recorded_by_id=actor.user_id,
        recorded_at=clock.now(),
    )
    event.declarations.append(declaration)
    session.flush()
    return declaration


def was_late(event: AdverseEvent) -> bool:
    """Whether the first sending came more than 24 hours after the site knew, as it says now."""
    if not event.declarations or event.latest.aware_at is None:
        return False
    return event.declarations[0].sent_at > event.latest.aware_at + LONGEST_WAIT


def latest_version() -> ColumnElement[bool]:
    """The condition that joins an event to the version that holds now."""
    return and_(
        AdverseEventVersion.event_id == AdverseEvent.id,
        AdverseEventVersion.number == AdverseEvent.latest_number,
    )


def _due(now: datetime, event: AdverseEvent, version: AdverseEventVersion) -> DeclarationDue:
    # A version that is serious says since when: the rules of the decision see to it.
    aware_at = version.aware_at or version.recorded_at
    due_at = aware_at + LONGEST_WAIT
    return DeclarationDue(event.patient, event, version, aware_at, due_at, is_late=now > due_at)
