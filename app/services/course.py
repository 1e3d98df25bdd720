"""What a patient's questionnaires said over time: scores and composite grades, form by form.

Only what counts: the main entry, sent or kept as partial, not void; corrected answers as they stand now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session, contains_eager, defer, load_only, selectinload

import scoring
from app.models import MAIN, PARTIAL, SUBMITTED, Correction, Patient, Response, Visit
from app.services.errors import NotFoundError
from app.services.questionnaires import REPORT, SYMPTOMS
from app.services.schedule import local_date
from app.services.sheets import MODES
from scoring import is_important, load_instrument

__all__ = ["Course", "CourseForm", "Derivation", "course_of", "derivation", "is_important", "load_instrument"]


@dataclass(frozen=True)
class CourseForm:
    """One questionnaire as it came in: of which visit, on which local date, and how.

    is_partial: it was never sent, and its time is over. is_late: it was sent after the window, within the
    grace. mode: "web", or how a sheet was filled in. values: by scale the score, 0-100 or None, and the
    number of items answered. grades: by symptom the composite grade, 0-3 or None.
    """

    id: UUID
    visit_id: int
    visit: str
    instrument: str
    on: date
    mode: str
    is_partial: bool
    is_late: bool
    is_corrected: bool
    values: Mapping[str, tuple[float | None, int]]
    grades: Mapping[str, int | None]

    @property
    def is_report(self) -> bool:
        """Whether it tells of one symptom between visits."""
        return self.instrument == REPORT


@dataclass(frozen=True)
class Course:
    """The questionnaires of a patient by date: those with scores, and those that ask for symptoms."""

    scored: tuple[CourseForm, ...]
    graded: tuple[CourseForm, ...]


def course_of(session: Session, patient: Patient) -> Course:
    """All that a patient whose site is loaded has sent. Four queries, six where answers were corrected."""
    query = _forms(patient).options(
        defer(Response.answers), selectinload(Response.scores), selectinload(Response.symptoms)
    )
    responses, corrections = session.scalars(query).all(), _latest_corrections(session, patient)
    forms = [_form(each, corrections.get(each.id), patient) for each in responses]
    forms.sort(key=lambda each: each.on)
    asks_symptoms = {SYMPTOMS, REPORT}
    return Course(
        scored=tuple(each for each in forms if each.instrument not in asks_symptoms),
        graded=tuple(each for each in forms if each.instrument in asks_symptoms),
    )


@dataclass(frozen=True)
class Derivation:
    """How one score of a questionnaire follows from its answers; `stored` is the score on record."""

    on: date
    instrument: scoring.Instrument
    steps: scoring.ScaleArithmetic | scoring.SummaryArithmetic
    stored: float | None
    scorer_version: str
    is_corrected: bool

    @property
    def is_summary(self) -> bool:
        """Whether it is made of other scores."""
        return isinstance(self.steps, scoring.SummaryArithmetic)

    @property
    def is_as_stored(self) -> bool:
        """Whether the score on record is the one that the answers give now."""
        return self.stored == self.steps.value


def derivation(session: Session, patient: Patient, visit: str, instrument: str, scale: str) -> Derivation:
    """The steps of one score by the scorer itself, from the answers as they stand.

    Raises NotFoundError where there is no such score.
    """
    query = _forms(patient).where(Visit.code == visit, Response.instrument == instrument)
    response = session.scalars(query.options(selectinload(Response.scores))).one_or_none()
    correction = _latest_corrections(session, patient).get(response.id) if response else None
    source = correction or response
    stored = next((each for each in source.scores if each.scale == scale), None) if source else None
    if response is None or source is None or stored is None:
        raise NotFoundError("score", f"{visit} {instrument} {scale}")
    structure = load_instrument(instrument)
    codes = {item: entry["value"] for item, entry in source.answers.items()}
    return Derivation(
        on=_filled_in_on(response, patient),
        instrument=structure,
        steps=scoring.arithmetic(structure, codes, scale),
        stored=stored.value,
        scorer_version=stored.scorer_version,
        is_corrected=correction is not None,
    )


def _forms(patient: Patient) -> Select[Any]:
    return (
        select(Response)
        .join(Response.visit)
        .where(
            Response.study_id == patient.study_id,
            Response.patient_id == patient.id,
            Response.entry == MAIN,
            Response.status.in_({SUBMITTED, PARTIAL}),
            Response.voided_at.is_(None),
        )
        .options(contains_eager(Response.visit))
    )


def _latest_corrections(session: Session, patient: Patient) -> dict[UUID, Correction]:
    """What stands of each response that was corrected."""
    query = (
        select(Correction)
        .where(and_(Correction.study_id == patient.study_id, Correction.patient_id == patient.id))
        .options(
            load_only(Correction.response_id, Correction.answers),
            selectinload(Correction.scores),
            selectinload(Correction.symptoms),
        )
        .order_by(Correction.ordinal)
    )
    return {each.response_id: each for each in session.scalars(query)}


def _form(response: Response, correction: Correction | None, patient: Patient) -> CourseForm:
    visit, source = response.visit, correction or response
    # A sheet is taken only with a date in the window, whenever it is typed.
    is_after = response.submitted_at is not None and response.submitted_at >= visit.closes_at
    return CourseForm(
        id=response.id,
        visit_id=visit.id,
        visit=visit.code,
        instrument=response.instrument,
        on=_filled_in_on(response, patient),
        mode=response.mode,
        is_partial=response.status == PARTIAL,
        is_late=is_after and response.mode not in MODES,
        is_corrected=correction is not None,
        values={each.scale: (each.value, each.n_answered) for each in source.scores},
        grades={each.symptom: each.grade for each in source.symptoms},
    )


def _filled_in_on(response: Response, patient: Patient) -> date:
    at = response.submitted_at or response.saved_at or response.started_at
    return response.completed_on or local_date(at, ZoneInfo(patient.site.timezone))
