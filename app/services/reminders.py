"""Reminders: what the study sends by itself while a visit is open and nothing was sent back."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, and_, case, column, exists, or_, select, table
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import (
    CANCELLED,
    LINK_MESSAGE,
    REMINDER,
    SENDING,
    SENT,
    SUBMITTED,
    UNCERTAIN,
    WAITING,
    Message,
    Patient,
    Response,
    Site,
    Study,
    Visit,
)
from app.services.contact import FOR_SENDING, ContactDetails, read_contacts
from app.services.definition import Reminders
from app.services.rows import held_rows
from app.services.schedule import Window, local_midnight
from app.services.sealing import Keys
from app.services.visits import UNSCHEDULED

CHUNK = 500
NO_CHANNEL = "none"
# What stands in the place of an error where a reminder was not sent, and why.
OVERTAKEN, NOT_WANTED = "overtaken", "no_channel"
ON_OPENING = 0
# Of contact details nothing but whether there are any: the rest is read one by one, and recorded.
CONTACT = table("contact", column("patient_id"))


@dataclass(frozen=True)
class Step:
    """One message of a visit: ordinal 0 on opening, 3 on the third day after, -2 two days before the last."""

    ordinal: int
    on: date


@dataclass(frozen=True)
class DueReminder:
    """A visit with steps that are due and were not planned, in the order of their days."""

    visit_id: int
    patient_id: int
    steps: tuple[Step, ...]


def steps(reminders: Reminders, window: Window) -> tuple[Step, ...]:
    """The messages of a visit by local date; those that fall outside of its window are left out.

    The number of each stays the same when an amendment adds others.
    """
    found = [Step(ON_OPENING, window.opens_on)] if reminders.on_opening else []
    found += [Step(days, window.opens_on + timedelta(days)) for days in reminders.after_opening_days]
    found += [Step(-days, window.closes_on - timedelta(days)) for days in reminders.before_closing_days]
    inside = [
        each for each in found if each.ordinal == ON_OPENING or window.opens_on < each.on <= window.closes_on
    ]
    return tuple(sorted(inside, key=lambda each: each.on))


def leaves_at(reminders: Reminders, instant: datetime, zone: ZoneInfo) -> datetime:
    """The instant itself, or the end of the quiet hours that it falls into, by the site's clocks."""
    local = instant.astimezone(zone)
    start, end = time.fromisoformat(reminders.quiet_from), time.fromisoformat(reminders.quiet_to)
    now = local.time()
    is_quiet = start <= now < end if start < end else now >= start or now < end
    if not is_quiet:
        return instant
    ends_on = local.date() + timedelta(days=int(now >= end))
    return datetime.combine(ends_on, end, zone).astimezone(instant.tzinfo)


def due_reminders(
    session: Session, clock: Clock, study: Study, reminders: Reminders
) -> Iterator[DueReminder]:
    """The open visits with a step that is due, some hundred read at a time; changes nothing.

    Only of patients of whom there are contact details: a step goes once there are, if it is still the latest.
    """
    last_id = 0
    while rows := session.execute(_open_visits(clock, study, last_id)).all():
        last_id = rows[-1].id
        planned = _planned(session, [row.id for row in rows])
        for row in rows:
            due = _due(clock, reminders, row, planned.get(row.id, set()))
            if due:
                yield DueReminder(row.id, row.patient_id, due)


def plan_reminders(
    session: Session, clock: Clock, keys: Keys, study: Study, reminders: Reminders, due: Sequence[DueReminder]
) -> int:
    """Plans the latest step of some visits of a study; those before it are kept as overtaken.

    Returns how many messages will go. Nothing is planned for a patient whose contact details were erased
    meanwhile. The same queries, whatever the number of visits.
    """
    patients = {each.id: each for each in held_rows(session, Patient, {each.patient_id for each in due})}
    visits = {each.id: each for each in held_rows(session, Visit, {each.visit_id for each in due})}
    planned = _planned(session, list(visits))
    fresh = {each: _fresh(each, planned.get(each.visit_id, set())) for each in due}
    read = {each.patient_id for each, steps in fresh.items() if steps}
    contacts = read_contacts(session, keys, study.id, read, FOR_SENDING)
    zones = _zones(session, patients.values())
    count = 0
    for each, steps in fresh.items():
        if not steps or each.patient_id not in contacts:
            continue
        patient, channel = patients[each.patient_id], _channel(contacts[each.patient_id])
        due_at = leaves_at(reminders, clock.now(), zones[patient.site_id])
        session.add_all(_messages(clock, visits[each.visit_id], patient, steps, channel, due_at))
        count += channel != NO_CHANNEL
    session.flush()
    return count


def _fresh(due: DueReminder, planned: Collection[int]) -> tuple[Step, ...]:
    return tuple(step for step in due.steps if step.ordinal not in planned)


def _zones(session: Session, patients: Collection[Patient]) -> dict[int, ZoneInfo]:
    query = select(Site.id, Site.timezone).where(Site.id.in_({each.site_id for each in patients}))
    return {site_id: ZoneInfo(zone) for site_id, zone in session.execute(query)}


def _channel(contact: ContactDetails | None) -> str:
    """By which channel a patient wishes to hear from us: "none" for by none, and for what does not open.

    To plan by what nobody can read is no use.
    """
    return NO_CHANNEL if contact is None or contact.do_not_contact else contact.channel


def _open_visits(clock: Clock, study: Study, last_id: int) -> Select[int, int, date, date, str]:
    now = clock.now()
    sent = exists().where(
        Response.visit_id == Visit.id, Response.status == SUBMITTED, Response.voided_at.is_(None)
    )
    is_known = exists().where(CONTACT.c.patient_id == Visit.patient_id)
    return (
        select(Visit.id, Visit.patient_id, Visit.opens_on, Visit.closes_on, Site.timezone)
        .join(Patient, Patient.id == Visit.patient_id)
        .join(Site, Site.id == Patient.site_id)
        .where(
            Visit.study_id == study.id,
            Visit.id > last_id,
            Visit.opens_at <= now,
            Visit.closes_at > now,
            Visit.anchor != UNSCHEDULED,
            # What another visit serves or nobody expects has no link of its own.
            Visit.served_by_id.is_(None),
            Visit.ends_on.is_(None),
            is_known,
            ~sent,
        )
        .order_by(Visit.id)
        .limit(CHUNK)
    )


def _planned(session: Session, visit_ids: Collection[int]) -> dict[int, set[int]]:
    """The steps of each visit that were planned; what staff sent since it opened is the one on opening."""
    is_of_staff = Message.kind == LINK_MESSAGE
    is_link = and_(
        is_of_staff,
        Message.planned_at >= Visit.opens_at,
        Message.state.in_((WAITING, SENDING, SENT, UNCERTAIN)),
    )
    query = (
        select(Message.visit_id, case((is_of_staff, ON_OPENING), else_=Message.ordinal))
        .join(Visit, Visit.id == Message.visit_id)
        .where(Message.visit_id.in_(visit_ids), or_(Message.kind == REMINDER, is_link))
    )
    found: dict[int, set[int]] = {}
    for visit_id, ordinal in session.execute(query):
        if visit_id is not None:
            found.setdefault(visit_id, set()).add(ordinal)
    return found


def _due(
    clock: Clock, reminders: Reminders, row: Row[int, int, date, date, str], planned: set[int]
) -> tuple[Step, ...]:
    zone = ZoneInfo(row.timezone)
    due = [
        step
        for step in steps(reminders, row)
        if step.ordinal not in planned and local_midnight(step.on, zone) <= clock.now()
    ]
    return () if len(planned) >= reminders.at_most else tuple(due)


def _messages(
    clock: Clock, visit: Visit, patient: Patient, steps: Sequence[Step], channel: str, due_at: datetime
) -> Iterator[Message]:
    """The messages of these steps, of which the last one alone may go."""
    for step in steps:
        message = Message(
            study_id=visit.study_id,
            patient_id=patient.id,
            visit_id=visit.id,
            kind=REMINDER,
            ordinal=step.ordinal,
            channel=channel,
            language=patient.language,
            idempotency_key=f"{REMINDER}:{patient.id}:{visit.id}:{step.ordinal}",
            state=WAITING,
            planned_at=clock.now(),
            due_at=due_at,
        )
        if step is not steps[-1]:
            message.state, message.error = CANCELLED, OVERTAKEN
        elif channel == NO_CHANNEL:
            message.state, message.error = CANCELLED, NOT_WANTED
        yield message
