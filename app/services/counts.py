"""How much of a study has come in: the denominators, in one place for dashboard, export and report."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import MAIN, SUBMITTED, Patient, Response, Visit
from app.services.visits import UNSCHEDULED
from app.services.worklist import serves


@dataclass(frozen=True)
class VisitCounts:
    """One visit in one arm: patients randomised, forms expected, received, and not received but expected.

    expected: the window has opened, and the patient had not left by the day it is due; or it was received.
    received: sent, at this visit or at the one whose questionnaires serve it. arm: None before randomisation.
    """

    visit: str
    arm: str | None
    randomised: int
    expected: int
    received: int

    @property
    def completion(self) -> float | None:
        """Completion rate, 0-1: received of expected; None where none is expected."""
        return self.received / self.expected if self.expected else None

    @property
    def available(self) -> float | None:
        """Available-data rate, 0-1: received of randomised; None where nobody is."""
        return self.received / self.randomised if self.randomised else None


@dataclass(frozen=True)
class StudyCounts:
    """Patients registered, and forms expected and received of all visits, as VisitCounts has them.

    A report between visits is no visit that anybody expects: it is in none of them.
    """

    patients: int = 0
    expected: int = 0
    received: int = 0


def visit_counts(session: Session, clock: Clock, study_id: int) -> list[VisitCounts]:
    """The counts of a study by visit and arm, visits by the first day on which one is due. Two queries.

    Every arm that somebody was randomised to has a line at each visit that one of its patients has.
    """
    randomised = dict(
        session.execute(
            select(Patient.arm, func.count(Patient.id))
            .where(Patient.study_id == study_id, Patient.arm.is_not(None))
            .group_by(Patient.arm)
        ).all()
    )
    forms = _forms(clock, [study_id])
    query = (
        select(forms.c.visit, forms.c.arm, func.sum(forms.c.expected), func.sum(forms.c.received))
        .group_by(forms.c.visit, forms.c.arm)
        .order_by(func.min(forms.c.due_on), forms.c.visit, forms.c.arm)
    )
    return [
        VisitCounts(visit, arm, randomised.get(arm, 0), expected, received)
        for visit, arm, expected, received in session.execute(query)
    ]


def study_counts(session: Session, clock: Clock, study_ids: Iterable[int]) -> dict[int, StudyCounts]:
    """The counts of each study by id, in two queries."""
    ids = list(study_ids)
    patients: dict[int, int] = dict(
        session.execute(
            select(Patient.study_id, func.count(Patient.id))
            .where(Patient.study_id.in_(ids))
            .group_by(Patient.study_id)
        ).all()
    )
    forms = _forms(clock, ids)
    query = select(forms.c.study_id, func.sum(forms.c.expected), func.sum(forms.c.received))
    sums = {row[0]: row[1:] for row in session.execute(query.group_by(forms.c.study_id))}
    return {each: StudyCounts(patients.get(each, 0), *sums.get(each, (0, 0))) for each in ids}


def _forms(clock: Clock, study_ids: list[int]) -> Subquery:
    """Each form that somebody may expect, with 1 or 0 for expected and for received."""
    received = exists().where(
        serves(Visit),
        Response.entry == MAIN,
        Response.status == SUBMITTED,
        Response.voided_at.is_(None),
    )
    not_left = or_(Visit.ends_on.is_(None), Visit.due_on < Visit.ends_on)
    expected = or_(received, and_(Visit.opens_at <= clock.now(), not_left))
    return (
        select(
            Visit.study_id,
            Visit.code.label("visit"),
            Patient.arm,
            Visit.due_on,
            _one(expected).label("expected"),
            _one(received).label("received"),
        )
        .join(Patient, Patient.id == Visit.patient_id)
        .where(Visit.study_id.in_(study_ids), Visit.anchor != UNSCHEDULED)
        .subquery()
    )


def _one(condition: ColumnElement[bool]) -> Any:
    return case((condition, 1), else_=0)
