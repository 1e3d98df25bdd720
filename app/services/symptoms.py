"""Symptoms as rows of their own: derived from the answers at sending, with the composite grade."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import groupby
from typing import Any

import scoring
from app.models import Response, SymptomReport
from app.services.questionnaires import NOT_ASKED, REPORT, SYMPTOMS, Question, Questionnaire

ATTRIBUTES = ("frequency", "severity", "interference", "amount", "presence")
# The symptoms that have a published composite grade; the study's own and free text have none.
PUBLISHED = "pt"
SKIPPED = "skipped"


def symptom_reports(response: Response, asked: Questionnaire) -> list[SymptomReport]:
    """The symptoms of a response whose answers are complete: see symptom_values."""
    return [
        SymptomReport(
            response_id=response.id, study_id=response.study_id, patient_id=response.patient_id, **values
        )
        for values in symptom_values(asked, response.answers)
    ]


def symptom_values(asked: Questionnaire, answers: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What is derived of each symptom from complete answers, by column, in the order of the list.

    Of a listed symptom there is a row whether the patient has it or not; of another symptom, and of those
    that a report between visits chooses from, only if it was reported.
    """
    if asked.code not in {SYMPTOMS, REPORT}:
        return []
    questions = groupby((each for each in asked.questions if each.symptom), key=lambda each: each.symptom)
    rows = (_values(answers, str(symptom), tuple(each)) for symptom, each in questions)
    return [row for row in rows if row is not None]


def composite_grade(symptom: str, entries: Mapping[str, Mapping[str, Any]]) -> int | None:
    """The composite grade, 0-3, from the answers by attribute; None where there is none.

    A skipped attribute gives no grade. Source: scoring.composite_grade.
    """
    if not symptom.startswith(PUBLISHED) or "presence" in entries:
        return None
    return scoring.composite_grade(**{name: _code(entry) for name, entry in entries.items()})


def _values(
    answers: Mapping[str, Mapping[str, Any]], symptom: str, questions: tuple[Question, ...]
) -> dict[str, Any] | None:
    entries = {each.attribute: answers[each.id] for each in questions if each.attribute}
    text = next((answers[each.id]["value"] for each in questions if each.kind == "text"), None)
    if _was_not_reported(entries) or (symptom == "other" and _is_absent(entries)):
        return None
    values = {name: entries[name]["value"] if name in entries else None for name in ATTRIBUTES}
    return values | {
        "symptom": symptom,
        "words": text,
        "not_asked": list(_in_state(entries, NOT_ASKED)),
        "skipped": list(_in_state(entries, SKIPPED)),
        "grade": composite_grade(symptom, entries),
        "onset_on": _day(answers.get("onset")),
        "is_ongoing": _truth(answers.get("ongoing")),
        "scorer_version": scoring.__version__,
    }


def _was_not_reported(entries: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether nothing was asked about it: another symptom was chosen."""
    return all(entry["state"] == NOT_ASKED for entry in entries.values())


def _is_absent(entries: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the patient said that there was no other symptom; a report between visits does not ask."""
    return "presence" in entries and entries["presence"]["value"] == 0


def _in_state(entries: Mapping[str, Mapping[str, Any]], state: str) -> Iterator[str]:
    return (name for name, entry in entries.items() if entry["state"] == state)


def _code(entry: Mapping[str, Any]) -> Any:
    if entry["state"] == NOT_ASKED:
        # Nothing is known below a question that was skipped.
        return scoring.MISSING if entry["value"] is None else scoring.NOT_ASKED
    return scoring.MISSING if entry["value"] is None else entry["value"]


def _day(entry: Mapping[str, Any] | None) -> date | None:
    return date.fromisoformat(entry["value"]) if entry and entry["value"] else None


def _truth(entry: Mapping[str, Any] | None) -> bool | None:
    return bool(entry["value"]) if entry and entry["value"] is not None else None
