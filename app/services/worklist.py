"""What site staff look at: patients with their visits, the state of each.

Every list costs a constant number of queries, whatever the number of patients.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, defer, joinedload

from app.clock import Clock
from app.models import MAIN, VISIT_LINK, Link, MissingReason, Patient, Response, Visit
from app.services.access import Actor, Permission, patients_within
from app.services.codes import Lock, lock_of
from app.services.schedule import local_date
from app.services.visits import UNSCHEDULED, VisitState, telling_response, visit_state

PAGE_LENGTH = 25


class LinkHealth(StrEnum):
    """What became of the latest link of a visit."""

    NONE = "none"
    ISSUED = "issued"
    OPENED = "opened"
    REVOKED = "revoked"


@dataclass(frozen=True)
class VisitLine:
    """One visit as staff see it: dates are local dates of the site, instants are UTC; no answer."""

    code: str
    due_on: date
    opens_on: date
    closes_on: date
    closes_at: datetime
    state: VisitState
    link: LinkHealth
    link_at: datetime | None
    link_reason: str | None
    received_at: datetime | None
    # The questionnaires of another visit serve this one.
    is_served: bool = False
    ends_on: date | None = None
    # Transcriptions of a sheet that wait for a second one, or for a third look: they are no response yet.
    transcriptions: int = 0
    id: int = 0
    served_by_id: int | None = None
    # Why a form did not come, by its code, or in words where no code fits.
    reason: str | None = None
    reason_text: str | None = None
    lock: Lock | None = None

    @property
    def is_current(self) -> bool:
        """Whether the patient can fill it in now."""
        return not self.is_served and self.state in {VisitState.OPEN, VisitState.IN_PROGRESS}

    @property
    def is_coming(self) -> bool:
        """Whether its time is still to come."""
        return not self.is_served and self.state is VisitState.NOT_YET_EXPECTED

    @property
    def has_live_link(self) -> bool:
        """Whether a link to it was given out and not revoked."""
        return self.link in {LinkHealth.ISSUED, LinkHealth.OPENED}


class StoredVisit(NamedTuple):
    """A visit with its latest link and its responses, as one query finds them."""

    visit: Visit
    link: Link | None
    reason: MissingReason | None
    responses: list[Response]
    transcriptions: list[Response]


@dataclass(frozen=True)
class PatientLine:
    """One patient with the visit that matters now and the latest receipt."""

    patient: Patient
    visit: VisitLine | None
    received_at: datetime | None


@dataclass(frozen=True)
class Worklist:
    """A page of the patients of an actor, by study and code; `next_after` asks for the page after it."""

    total: int
    patients: tuple[PatientLine, ...]
    next_after: str | None


def worklist(session: Session, clock: Clock, actor: Actor, search: str = "", after: str = "") -> Worklist:
    """A page of the patients whom the actor may see, by study and code.

    search keeps the codes that contain it; after is the key of the last patient of the page before,
    as `next_after` gave it. Two queries, three beyond the last page.
    """
    mine = patients_within(actor, Permission.SEE_PATIENTS)
    found = and_(mine, Patient.code.contains(search, autoescape=True)) if search else mine
    total, page = _page(session, found, after)
    has_more, page = len(page) > PAGE_LENGTH, page[:PAGE_LENGTH]
    lines = patient_lines(session, clock, page)
    return Worklist(
        total=total,
        patients=tuple(lines[each.id] for each in page),
        next_after=_key(page[-1]) if has_more else None,
    )


def patient_lines(session: Session, clock: Clock, patients: Iterable[Patient]) -> dict[int, PatientLine]:
    """The line of each patient by id, in one query."""
    known = {each.id: each for each in patients}
    visits = visit_lines(session, clock, known)
    return {key: _patient_line(patient, visits[key]) for key, patient in known.items()}


def visit_lines(session: Session, clock: Clock, patient_ids: Iterable[int]) -> dict[int, list[VisitLine]]:
    """The planned visits of each patient in the order they are due, in one query."""
    ids, now = list(patient_ids), clock.now()
    newest = (
        select(func.max(Link.id))
        .where(Link.study_id == Visit.study_id, Link.visit_id == Visit.id, Link.kind == VISIT_LINK)
        .correlate(Visit)
        .scalar_subquery()
    )
    query = (
        select(Visit, Response, Link, MissingReason)
        # The study leads the index by which a patient's visits are found.
        .join(Patient, and_(Patient.id == Visit.patient_id, Patient.study_id == Visit.study_id))
        .outerjoin(Response, and_(serves(Visit), Response.voided_at.is_(None)))
        .outerjoin(Link, Link.id == newest)
        .outerjoin(MissingReason, MissingReason.visit_id == Visit.id)
        .where(Patient.id.in_(ids), Visit.anchor != UNSCHEDULED)
        .options(defer(Response.answers))
        .order_by(Visit.patient_id, Visit.due_on, Visit.id)
    )
    stored: dict[int, dict[int, StoredVisit]] = {each: {} for each in ids}
    for visit, response, link, reason in session.execute(query):
        found = stored[visit.patient_id].setdefault(visit.id, StoredVisit(visit, link, reason, [], []))
        if response is not None:
            (found.responses if response.entry == MAIN else found.transcriptions).append(response)
    return {key: [_visit_line(each, now) for each in found.values()] for key, found in stored.items()}


def serves(visit: type[Visit]) -> ColumnElement[bool]:
    """The condition that a response belongs to a visit, or to the one whose questionnaires serve it."""
    return Response.visit_id == func.coalesce(visit.served_by_id, visit.id)


def today_at(clock: Clock, zone: str) -> date:
    """The date on the wall of a site."""
    return local_date(clock.now(), ZoneInfo(zone))


def _visit_line(stored: StoredVisit, now: datetime) -> VisitLine:
    visit, link, reason, responses, transcriptions = stored
    response = telling_response(responses)
    is_received = response is not None and response.is_submitted
    health, at = _link_health(link)
    return VisitLine(
        code=visit.code,
        due_on=visit.due_on,
        opens_on=visit.opens_on,
        closes_on=visit.closes_on,
        closes_at=visit.closes_at,
        state=visit_state(visit, response, now),
        link=health,
        link_at=at,
        link_reason=link.revoked_reason if link else None,
        received_at=max((each.submitted_at for each in responses if each.submitted_at), default=None)
        if is_received
        else None,
        is_served=visit.served_by_id is not None,
        ends_on=visit.ends_on,
        transcriptions=0 if is_received else len({each.entry for each in transcriptions}),
        id=visit.id,
        served_by_id=visit.served_by_id,
        reason=reason.reason if reason else None,
        reason_text=reason.text if reason else None,
        lock=None if link is None or link.revoked_at or is_received else lock_of(link, now),
    )


def _link_health(link: Link | None) -> tuple[LinkHealth, datetime | None]:
    if link is None:
        return LinkHealth.NONE, None
    if link.revoked_at is not None:
        return LinkHealth.REVOKED, link.revoked_at
    if link.opened_at is not None:
        return LinkHealth.OPENED, link.opened_at
    return LinkHealth.ISSUED, link.issued_at


def _patient_line(patient: Patient, visits: Sequence[VisitLine]) -> PatientLine:
    current = next((each for each in visits if each.is_current), None)
    coming = next((each for each in visits if each.is_coming), None)
    receipts = [each.received_at for each in visits if each.received_at is not None]
    return PatientLine(patient=patient, visit=current or coming, received_at=max(receipts, default=None))


def _page(session: Session, found: ColumnElement[bool], after: str) -> tuple[int, list[Patient]]:
    """How many there are in all, and those of one page with one more where there is another page."""
    counted = select(func.count(Patient.id)).where(found).correlate(None).scalar_subquery()
    query = (
        select(Patient, counted)
        .where(found, _beyond(after))
        .options(joinedload(Patient.site), joinedload(Patient.study))
        .order_by(Patient.study_id, Patient.code)
        .limit(PAGE_LENGTH + 1)
    )
    rows = session.execute(query).all()
    total = rows[0][1] if rows else session.scalar(select(func.count(Patient.id)).where(found))
    return total or 0, [patient for patient, _ in rows]


def _beyond(after: str) -> ColumnElement[bool]:
    study, _, code = after.partition("~")
    if not study.isdecimal() or len(study) > 9:
        return Patient.code > ""
    return or_(Patient.study_id > int(study), and_(Patient.study_id == int(study), Patient.code > code))


def _key(patient: Patient) -> str:
    return f"{patient.study_id}~{patient.code}"
