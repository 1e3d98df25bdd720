"""The morning list of site staff: all that asks for something at their sites, the most pressing first.

Each source costs one query, whatever the number of patients.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from app.clock import Clock
from app.models import (
    DRAFT,
    LINK_MESSAGE,
    SENDING,
    SUBMITTED,
    WAITING,
    Link,
    Message,
    Milestone,
    Patient,
    Response,
    Visit,
)
from app.services.access import Actor, Permission, patients_within
from app.services.alerts import AlertLine, open_alerts
from app.services.declarations import DeclarationDue, EventWaiting, pending_events
from app.services.definition import BASELINE
from app.services.leaving import NOTHING_EXPECTED
from app.services.message_list import MessageLine, unsent_messages
from app.services.missing import UnexplainedForm, unexplained_forms
from app.services.schedule import local_date
from app.services.visits import GRACE, UNSCHEDULED

CLOSING_SOON = timedelta(hours=48)


class Matter(StrEnum):
    """What a row is about, in the order of the list."""

    ALERT = "alert"
    UNSENT = "unsent"
    DECLARATION = "declaration"
    EVENT = "event"
    CLOSING = "closing"
    TODAY = "today"
    REASON = "reason"


class Task(StrEnum):
    """What an open visit asks for, the most pressing first."""

    IN_GRACE = "in_grace"
    CLOSING_SOON = "closing_soon"
    ISSUE_LINK = "issue_link"
    IN_PROGRESS = "in_progress"
    DUE_TODAY = "due_today"
    RANDOMISE = "randomise"


@dataclass(frozen=True)
class OpenForm:
    """A visit that can be filled in, or a received initial one after which the randomisation is due."""

    patient: Patient
    visit: Visit
    task: Task
    has_link: bool

    @property
    def matter(self) -> Matter:
        """Whether it closes within 48 hours or is for today."""
        is_closing = self.task in {Task.IN_GRACE, Task.CLOSING_SOON}
        return Matter.CLOSING if is_closing else Matter.TODAY


@dataclass(frozen=True)
class MorningRow:
    """One row of the list: of whom, and what it asks for."""

    matter: Matter
    patient: Patient
    subject: AlertLine | MessageLine | DeclarationDue | EventWaiting | OpenForm | UnexplainedForm


def morning_list(session: Session, clock: Clock, actor: Actor) -> list[MorningRow]:
    """All that asks for something of the actor's patients, by matter and within each the most urgent first.

    Five queries.
    """
    alerts = open_alerts(session, actor)
    unsent = unsent_messages(session, clock, actor)
    events = pending_events(session, clock, actor)
    unexplained = unexplained_forms(session, clock, actor)
    rows = [
        *(MorningRow(Matter.ALERT, each.owner, each) for each in alerts),
        *(MorningRow(Matter.UNSENT, each.owner, each) for each in unsent),
        *(MorningRow(_matter_of(each), each.patient, each) for each in events),
        *(MorningRow(each.matter, each.patient, each) for each in open_forms(session, clock, actor)),
        *(MorningRow(Matter.REASON, each.patient, each) for each in unexplained),
    ]
    order = list(Matter)
    return sorted(rows, key=lambda row: order.index(row.matter))


def _matter_of(event: DeclarationDue | EventWaiting) -> Matter:
    return Matter.DECLARATION if isinstance(event, DeclarationDue) else Matter.EVENT


def open_forms(session: Session, clock: Clock, actor: Actor) -> list[OpenForm]:
    """The open visits of the actor's patients that ask for something now, and the randomisations due.

    The most pressing first, of one kind the soonest to close. One query.
    """
    now, mine = clock.now(), patients_within(actor, Permission.SEE_PATIENTS)
    is_open = and_(Visit.opens_at <= now, Visit.closes_at > now - GRACE, ~_has_form(SUBMITTED))
    may_be_randomised = and_(
        Visit.code == BASELINE, Patient.arm.is_(None), _has_form(SUBMITTED), ~_has_left()
    )
    query = (
        select(Visit, _has_form(SUBMITTED), _has_form(DRAFT), _has_link())
        .join(Visit.patient)
        .where(
            mine,
            # So that the visits are found by patient, whatever the number of other sites' visits.
            Visit.study_id == Patient.study_id,
            Visit.patient_id.in_(select(Patient.id).where(mine).correlate(None)),
            Visit.anchor != UNSCHEDULED,
            Visit.ends_on.is_(None),
            Visit.served_by_id.is_(None),
            or_(is_open, may_be_randomised),
        )
        .options(contains_eager(Visit.patient).options(joinedload(Patient.site), joinedload(Patient.study)))
    )
    found = []
    for visit, is_sent, is_begun, has_link in session.execute(query):
        task = _task(visit, now, is_sent=is_sent, is_begun=is_begun, has_link=has_link)
        if task is not None:
            found.append(OpenForm(visit.patient, visit, task, has_link))
    return sorted(found, key=_urgency)


def _task(visit: Visit, now: datetime, *, is_sent: bool, is_begun: bool, has_link: bool) -> Task | None:
    today = local_date(now, ZoneInfo(visit.patient.site.timezone))
    if is_sent:
        return Task.RANDOMISE
    if visit.closes_at <= now:
        return Task.IN_GRACE if is_begun else None
    if visit.closes_at - now <= CLOSING_SOON:
        return Task.CLOSING_SOON
    if not has_link:
        return Task.ISSUE_LINK
    if is_begun:
        return Task.IN_PROGRESS
    return Task.DUE_TODAY if visit.due_on == today else None


def _urgency(form: OpenForm) -> tuple[int, datetime, str]:
    return list(Task).index(form.task), form.visit.closes_at, form.patient.code


def _has_form(status: str) -> ColumnElement[bool]:
    return exists().where(
        Response.visit_id == Visit.id, Response.status == status, Response.voided_at.is_(None)
    )


def _has_link() -> ColumnElement[bool]:
    """Whether the visit has a link that was not revoked, or one on its way."""
    live = exists().where(
        Link.study_id == Visit.study_id, Link.visit_id == Visit.id, Link.revoked_at.is_(None)
    )
    on_its_way = exists().where(
        Message.visit_id == Visit.id, Message.kind == LINK_MESSAGE, Message.state.in_((WAITING, SENDING))
    )
    return or_(live, on_its_way)


def _has_left() -> ColumnElement[bool]:
    return exists().where(
        Milestone.study_id == Patient.study_id,
        Milestone.patient_id == Patient.id,
        Milestone.undone_at.is_(None),
        Milestone.ends.in_(NOTHING_EXPECTED),
    )
