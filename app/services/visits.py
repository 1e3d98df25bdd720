"""Visits of a patient: how they are found, and the state that each form is in."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import DRAFT, Patient, Response, Visit

# A draft begun in its window can be finished and sent for this long after it.
GRACE = timedelta(hours=24)
# The anchor of a visit that no schedule knows: a report between visits hangs on it.
UNSCHEDULED = "unscheduled"
# Built once: each page after a sending asks it.
NEXT_VISIT = (
    select(Visit)
    .where(
        Visit.study_id == bindparam("of_study"),
        Visit.patient_id == bindparam("of_patient"),
        Visit.opens_at > bindparam("now"),
        Visit.ends_on.is_(None),
        Visit.served_by_id.is_(None),
    )
    .order_by(Visit.due_on)
    .limit(1)
)


class VisitState(StrEnum):
    """Where the form of a visit stands."""

    NOT_YET_EXPECTED = "not_yet_expected"
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    RECEIVED = "received"
    PARTIAL = "partial"
    MISSING = "missing"
    # After death, withdrawal of consent or the end of questionnaires.
    NOT_EXPECTED = "not_expected"


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
    if is_not_expected(visit):
        return VisitState.NOT_EXPECTED
    if visit.ends_on is not None:
        return VisitState.MISSING if response is None or response.saved_at is None else VisitState.PARTIAL
    if now < visit.opens_at:
        return VisitState.NOT_YET_EXPECTED
    if response is None:
        return VisitState.OPEN if now < visit.closes_at else VisitState.MISSING
    if response.status == DRAFT and now < visit.closes_at + GRACE:
        return VisitState.IN_PROGRESS
    # Opened without a single answer: there is nothing to keep of it.
    return VisitState.MISSING if response.saved_at is None else VisitState.PARTIAL


def is_not_expected(visit: Visit) -> bool:
    """Whether the patient had left by the day on which the visit is due."""
    return visit.ends_on is not None and visit.due_on >= visit.ends_on


def telling_response(responses: Iterable[Response]) -> Response | None:
    """The one that speaks for a visit, where all are sent together: one not sent, rather one with answers."""
    return min(responses, key=lambda each: (each.is_submitted, each.saved_at is None), default=None)


class Opening(Protocol):
    """Anything that says when a visit is open: the visit, or a row of it."""

    @property
    def opens_at(self) -> datetime:
        """The first instant."""
        ...

    @property
    def closes_at(self) -> datetime:
        """The first instant that is too late."""
        ...

    @property
    def ends_on(self) -> date | None:
        """The day from which nothing is expected of the patient any more."""
        ...


class Form(Protocol):
    """Anything that says where a questionnaire stands: the response, or a row of it."""

    @property
    def status(self) -> str:
        """DRAFT, PARTIAL or SUBMITTED."""
        ...

    @property
    def started_at(self) -> datetime:
        """When it was begun."""
        ...

    @property
    def is_submitted(self) -> bool:
        """Whether it was sent."""
        ...


def is_answerable(visit: Opening, response: Form | None, now: datetime) -> bool:
    """Whether answers are taken: in the window, for a draft begun in it 24 h more, never after leaving."""
    if visit.ends_on is not None:
        return False
    has_begun = response is not None and response.status == DRAFT and response.started_at < visit.closes_at
    return visit.opens_at <= now < visit.closes_at + (GRACE if has_begun else timedelta())


def next_visit(session: Session, clock: Clock, visit: Visit) -> Visit | None:
    """The next visit of the same patient that has not opened yet and asks for questionnaires of its own."""
    which = {"of_study": visit.study_id, "of_patient": visit.patient_id, "now": clock.now()}
    return session.scalars(NEXT_VISIT, which).one_or_none()


def follow_up_ends_at(session: Session, study_id: int, patient_id: int) -> datetime | None:
    """When a patient's follow-up is over: the close of the last visit planned by now and the grace.

    None where no visit is planned. Visits that a patient's leaving has ended are none.
    """
    query = select(func.max(Visit.closes_at)).where(
        Visit.study_id == study_id,
        Visit.patient_id == patient_id,
        Visit.anchor != UNSCHEDULED,
        Visit.ends_on.is_(None),
    )
    closes_at = session.scalar(query)
    return None if closes_at is None else closes_at + GRACE


def _planned_of(patient: Patient) -> Select[Visit]:
    return select(Visit).where(
        Visit.study_id == patient.study_id, Visit.patient_id == patient.id, Visit.anchor != UNSCHEDULED
    )
