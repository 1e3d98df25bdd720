"""How much of a study has come in."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import SUBMITTED, Patient, Response, Visit
from app.services.questionnaires import REPORT
from app.services.visits import UNSCHEDULED


@dataclass(frozen=True)
class StudyCounts:
    """Patients registered, visits expected by now (their window has opened), visits received.

    A report between visits is no visit that anybody expects: it is in none of them.
    """

    patients: int = 0
    expected: int = 0
    received: int = 0


def study_counts(session: Session, clock: Clock, study_ids: Iterable[int]) -> dict[int, StudyCounts]:
    """The counts of each study by id, in three queries."""
    ids = list(study_ids)
    patients = select(Patient.study_id, func.count(Patient.id)).where(Patient.study_id.in_(ids))
    expected = select(Visit.study_id, func.count(Visit.id)).where(
        Visit.study_id.in_(ids), Visit.opens_at <= clock.now(), Visit.anchor != UNSCHEDULED
    )
    received = select(Response.study_id, func.count(Response.visit_id.distinct())).where(
        Response.study_id.in_(ids), Response.status == SUBMITTED, Response.instrument != REPORT
    )
    numbers = [
        dict(session.execute(query.group_by(column)).all())
        for query, column in (
            (patients, Patient.study_id),
            (expected, Visit.study_id),
            (received, Response.study_id),
        )
    ]
    return {each: StudyCounts(*(number.get(each, 0) for number in numbers)) for each in ids}
