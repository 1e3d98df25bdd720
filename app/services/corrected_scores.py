"""Scores and symptoms after corrections: stored beside the original ones, found in one query, verified."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Subquery, exists, func, select, union_all
from sqlalchemy.orm import Session, selectinload

import scoring
from app.models import CorrectedScore, CorrectedSymptom, Correction, Response, Score, SymptomReport
from app.services.answers_now import answers_now
from app.services.correction_seals import is_as_signed
from app.services.questionnaires import Questionnaire, questionnaire
from app.services.responses import score_values
from app.services.studies import definition_at
from app.services.symptoms import symptom_values


def derive(
    asked: Questionnaire, correction: Correction
) -> tuple[list[CorrectedScore], list[CorrectedSymptom]]:
    """Scores and symptoms of the answers that stand after a correction, by the rules of the sending."""
    answers, study_id = correction.answers, correction.study_id
    codes = {item: entry["value"] for item, entry in answers.items()}
    scores = score_values(asked.code, codes)
    symptoms = symptom_values(asked, answers)
    return (
        [CorrectedScore(study_id=study_id, **each) for each in scores],
        [CorrectedSymptom(study_id=study_id, **each) for each in symptoms],
    )


def latest_corrections() -> Subquery:
    """The latest correction of each response that has one: correction_id, response_id, answers after it."""
    ordinals = select(Correction.response_id, func.max(Correction.ordinal).label("ordinal"))
    last = ordinals.group_by(Correction.response_id).subquery()
    is_last = (Correction.response_id == last.c.response_id) & (Correction.ordinal == last.c.ordinal)
    columns = Correction.id.label("correction_id"), Correction.response_id, Correction.answers
    return select(*columns).join(last, is_last).subquery()


def original_scores(response_id: UUID) -> Select[str, float | None, int]:
    """The scores of a response as sent: scale, value, items answered."""
    return select(Score.scale, Score.value, Score.n_answered).where(Score.response_id == response_id)


def current_scores() -> Subquery:
    """All scores as they stand: response_id, study_id, scale, value, n_answered, scorer_version.

    Those after the latest correction where there is one, else those of the sending.
    """
    columns = ("study_id", "scale", "value", "n_answered", "scorer_version")
    latest = latest_corrections()
    corrected = select(latest.c.response_id, *(getattr(CorrectedScore, name) for name in columns)).join(
        latest, latest.c.correction_id == CorrectedScore.correction_id
    )
    original = select(Score.response_id, *(getattr(Score, name) for name in columns)).where(
        ~exists().where(Correction.response_id == Score.response_id)
    )
    return union_all(original, corrected).subquery()


def scores_of(session: Session, response: Response) -> dict[str, tuple[float | None, float | None]]:
    """The value of each scale of a response as sent and as it stands, in the order of the instrument."""
    original = {scale: value for scale, value, _ in session.execute(original_scores(response.id))}
    now = current_scores()
    query = select(now.c.scale, now.c.value).where(now.c.response_id == response.id)
    current: dict[str, float | None] = {row.scale: row.value for row in session.execute(query)}
    if not original:
        return {}
    instrument = scoring.load_instrument(response.instrument)
    summary = [instrument.summary.code] if instrument.summary else []
    order = [*(scale.code for scale in instrument.scales), *summary]
    return {scale: (original[scale], current[scale]) for scale in order}


def grades_of(session: Session, response: Response) -> dict[str, tuple[int | None, int | None]]:
    """The composite grade, 0-3, of each symptom of a response as sent and as it stands, by code."""
    of_original = select(SymptomReport.symptom, SymptomReport.grade)
    rows = session.execute(of_original.where(SymptomReport.response_id == response.id))
    original: dict[str, int | None] = {row.symptom: row.grade for row in rows}
    latest = latest_corrections()
    of_latest = (
        select(latest.c.correction_id, CorrectedSymptom.symptom, CorrectedSymptom.grade)
        .outerjoin(CorrectedSymptom, CorrectedSymptom.correction_id == latest.c.correction_id)
        .where(latest.c.response_id == response.id)
    )
    corrected = session.execute(of_latest).all()
    current = {row.symptom: row.grade for row in corrected if row.symptom} if corrected else original
    symptoms = dict.fromkeys([*sorted(original), *sorted(current)])
    return {symptom: (original.get(symptom), current.get(symptom)) for symptom in symptoms}


def verify_corrections(session: Session) -> tuple[int, list[str]]:
    """The number of corrections, and what differs when answers, scores and symptoms are computed again."""
    query = (
        select(Correction, Response)
        .join(Response, Response.id == Correction.response_id)
        .options(selectinload(Correction.scores), selectinload(Correction.symptoms))
        .order_by(Correction.response_id, Correction.ordinal)
    )
    checked, differences = 0, list[str]()
    rows = session.execute(query.execution_options(yield_per=500))
    for _, of_response in groupby(rows, key=lambda row: row[0].response_id):
        corrections = [(correction, response) for correction, response in of_response]
        checked += len(corrections)
        differences += _differences_of(session, [each for each, _ in corrections], corrections[0][1])
    return checked, differences


def _differences_of(session: Session, corrections: list[Correction], response: Response) -> Iterator[str]:
    assert response.submitted_at is not None, "what is corrected was sent"
    definition = definition_at(session, response.study_id, response.submitted_at)
    asked = questionnaire(definition, response.instrument)
    before, decided = answers_now(asked, response.answers, []), []
    for correction in corrections:
        decided.append((correction.item, correction.new))
        after = answers_now(asked, response.answers, decided)
        holds = {
            "it was altered after it was signed": is_as_signed(correction),
            "it does not follow from the one before": correction.old == before[correction.item],
            "its answers are not those that follow": correction.answers == after,
        }
        broken = [problem for problem, is_whole in holds.items() if not is_whole]
        for problem in [*broken, *_derived_differences(asked, correction)]:
            yield f"response {response.id}, correction {correction.ordinal}: {problem}"
        before = after


def _derived_differences(asked: Questionnaire, correction: Correction) -> Iterator[str]:
    try:
        scores, symptoms = derive(asked, correction)
    except scoring.ScoringError as error:
        yield str(error)
        return
    for stored, computed, key in (
        (_by(correction.scores, "scale"), _by(scores, "scale"), "scale"),
        (_by(correction.symptoms, "symptom"), _by(symptoms, "symptom"), "symptom"),
    ):
        for name in sorted(stored.keys() | computed.keys()):
            if stored.get(name) != computed.get(name):
                yield f"{key} {name}: stored {stored.get(name)}, computed {computed.get(name)}"


def _by(rows: list[Any], key: str) -> Mapping[str, dict[str, Any]]:
    """What the rows say by scale or symptom, but for which release of the rules said so."""
    others = {"correction_id", "study_id", "scorer_version", key}
    columns = [column.key for column in rows[0].__mapper__.column_attrs] if rows else []
    return {
        getattr(row, key): {name: getattr(row, name) for name in columns if name not in others}
        for row in rows
    }
