"""Serious events are declared to the sponsor at once; they stay listed until the sending is recorded.

The application is not the declaration: what is kept here is that it was sent, when, how and by whom.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from app.clock import Clock
from app.models import AdverseEvent, AdverseEventVersion, EventDeclaration, Patient
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


def declarations_due(
    session: Session, clock: Clock, actor: Actor, patient: Patient | None = None
) -> list[DeclarationDue]:
    """The serious events to be declared, of the actor's patients or of one of them, the most urgent first.

    An event is listed from the decision on, signed or not, also while a later change waits to be decided.
    One query.
    """
    query = (
        select(AdverseEvent, AdverseEventVersion)
        .join(AdverseEvent.patient)
        .join(AdverseEventVersion, latest_version())
        .where(
            patients_within(actor, Permission.SEE_PATIENTS),
            AdverseEventVersion.is_serious.is_(True),
            ~AdverseEvent.declarations.any(),
        )
        .options(
            contains_eager(AdverseEvent.patient).options(joinedload(Patient.site), joinedload(Patient.study))
        )
        .order_by(AdverseEventVersion.aware_at, AdverseEvent.id)
    )
    if patient is not None:
        query = query.where(AdverseEvent.patient_id == patient.id)
    return [_due(clock.now(), event, version) for event, version in session.execute(query).all()]


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
