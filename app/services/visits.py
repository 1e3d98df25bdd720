"""Visits of a patient: the schedule's projection kept in step, and the state each form is in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import DRAFT, Link, Patient, Response, Visit
from app.services.definition import StudyDefinition
from app.services.schedule import PlannedVisit, plan_visits, window

# A draft begun in its window can be finished and sent for this long after it.
GRACE = timedelta(hours=24)
# The anchor of a visit that no schedule knows: a report between visits hangs on it.
UNSCHEDULED = "unscheduled"


class VisitState(StrEnum):
    """Where the form of a visit stands."""

    NOT_YET_EXPECTED = "not_yet_expected"
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    RECEIVED = "received"
    PARTIAL = "partial"
    MISSING = "missing"


class Opening(Protocol):
    """Anything with the two instants between which a visit is open: the visit, or a row of it."""

    @property
    def opens_at(self) -> datetime:
        """The first instant."""
        ...

    @property
    def closes_at(self) -> datetime:
        """The first instant that is too late."""
        ...


class Form(Protocol):
    """Anything that says where a questionnaire stands: the response, or a row of it."""

    @property
    def status(self) -> str:
        """DRAFT or SUBMITTED."""
        ...

    @property
    def started_at(self) -> datetime:
        """When it was begun."""
        ...

    @property
    def is_submitted(self) -> bool:
        """Whether it was sent."""
        ...


@dataclass(frozen=True)
class Projection:
    """What a milestone or an amendment did to visits: codes, prefixed by the patient's."""

    added: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __add__(self, other: "Projection") -> "Projection":
        return Projection(self.added + other.added, self.moved + other.moved, self.removed + other.removed)


def project_visits(
    session: Session, clock: Clock, definition: StudyDefinition, patient: Patient
) -> Projection:
    """Brings the stored visits in step with the schedule; what is past, opened or linked never moves.

    Unscheduled visits are none of the schedule's.
    """
    milestones = {each.kind: each.occurred_on for each in patient.milestones}
    planned = {each.code: each for each in plan_visits(definition, patient.arm, milestones)}
    stored = {visit.code: visit for visit in visits_of(session, patient)}
    movable = _movable_codes(session, clock, patient, stored.values())
    place = partial(_place, definition=definition, patient=patient)
    added = [code for code in planned if code not in stored]
    moved = [code for code in planned if code in movable and place(stored[code], planned[code])]
    removed = [code for code in stored if code in movable and code not in planned]
    for code in added:
        visit = Visit(study_id=patient.study_id, patient_id=patient.id, code=code)
        place(visit, planned[code])
        session.add(visit)
    for code in removed:
        session.delete(stored[code])
    session.flush()
    return Projection(*(_named(patient, codes) for codes in (added, moved, removed)))


def visits_of(session: Session, patient: Patient) -> Sequence[Visit]:
    """A patient's visits of the schedule in the order they are due."""
    return session.scalars(_planned_of(patient).order_by(Visit.due_on, Visit.id)).all()


def find_visit(session: Session, patient: Patient, code: str) -> Visit | None:
    """A patient's visit of the schedule by its code."""
    return session.scalar(_planned_of(patient).where(Visit.code == code))


def visit_state(visit: Visit, response: Response | None, now: datetime) -> VisitState:
    """The state of a visit's form at an instant, from its window and its response."""
    if response is not None and response.is_submitted:
        return VisitState.RECEIVED
    if now < visit.opens_at:
        return VisitState.NOT_YET_EXPECTED
    if response is None:
        return VisitState.OPEN if now < visit.closes_at else VisitState.MISSING
    if now < visit.closes_at + GRACE:
        return VisitState.IN_PROGRESS
    # Opened without a single answer: there is nothing to keep of it.
    return VisitState.MISSING if response.saved_at is None else VisitState.PARTIAL


def telling_response(responses: Iterable[Response]) -> Response | None:
    """The one that speaks for a visit, where all are sent together: one not sent, rather one with answers."""
    return min(responses, key=lambda each: (each.is_submitted, each.saved_at is None), default=None)


def is_answerable(visit: Opening, response: Form | None, now: datetime) -> bool:
    """Whether answers are taken: in the window, and for a draft begun in it 24 hours longer."""
    has_begun = response is not None and response.status == DRAFT and response.started_at < visit.closes_at
    return visit.opens_at <= now < visit.closes_at + (GRACE if has_begun else timedelta())


def next_visit(session: Session, clock: Clock, visit: Visit) -> Visit | None:
    """The next visit of the same patient that has not opened yet."""
    query = (
        select(Visit)
        .where(
            Visit.study_id == visit.study_id,
            Visit.patient_id == visit.patient_id,
            Visit.opens_at > clock.now(),
        )
        .order_by(Visit.due_on)
    )
    return session.scalars(query.limit(1)).one_or_none()


def follow_up_ends_at(session: Session, study_id: int, patient_id: int) -> datetime | None:
    """When a patient's follow-up is over: the close of the last visit planned by now and the grace.

    None where no visit is planned.
    """
    query = select(func.max(Visit.closes_at)).where(
        Visit.study_id == study_id, Visit.patient_id == patient_id, Visit.anchor != UNSCHEDULED
    )
    closes_at = session.scalar(query)
    return None if closes_at is None else closes_at + GRACE


def _planned_of(patient: Patient) -> Select[Visit]:
    return select(Visit).where(
        Visit.study_id == patient.study_id, Visit.patient_id == patient.id, Visit.anchor != UNSCHEDULED
    )


def _movable_codes(session: Session, clock: Clock, patient: Patient, visits: Iterable[Visit]) -> set[str]:
    touched = _touched_visit_ids(session, patient)
    return {visit.code for visit in visits if visit.opens_at > clock.now() and visit.id not in touched}


def _touched_visit_ids(session: Session, patient: Patient) -> set[int]:
    linked, answered = (
        select(model.visit_id).where(model.study_id == patient.study_id, model.patient_id == patient.id)
        for model in (Link, Response)
    )
    # The visit of a personal link is none of the schedule's, or not there yet.
    return {each for each in session.scalars(linked.union(answered)) if each is not None}


def _named(patient: Patient, codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{patient.code} {code}" for code in codes)


def _place(visit: Visit, planned: PlannedVisit, definition: StudyDefinition, patient: Patient) -> bool:
    """Writes the planned dates on the visit; says whether any of them differs."""
    opens_at, closes_at = window(planned, ZoneInfo(patient.site.timezone))
    facts = {
        "anchor": planned.anchor,
        "due_on": planned.due_on,
        "opens_on": planned.opens_on,
        "closes_on": planned.closes_on,
        "opens_at": opens_at,
        "closes_at": closes_at,
        "questionnaires": list(planned.questionnaires),
    }
    if all(getattr(visit, name) == value for name, value in facts.items()):
        return False
    for name, value in facts.items():
        setattr(visit, name, value)
    visit.definition_version = definition.version
    return True
