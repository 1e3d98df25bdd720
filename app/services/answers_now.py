"""Answers as they stand after corrections: a pure function of what was sent and what was decided since."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.services.questionnaires import NOT_ASKED, Questionnaire

# Answers by item, each {"state", "value"} and possibly more.
Entries = Mapping[str, Mapping[str, Any]]
# What stands at a question that an earlier answer had ruled out and no longer does: the patient was never
# asked, so nothing is known, as where a patient passes a question.
UNKNOWN = {"state": "skipped", "value": None}


def content(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What was said, without when and from where."""
    return {"state": entry["state"], "value": entry["value"]}


def answers_now(
    asked: Questionnaire, sent: Entries, corrections: Iterable[tuple[str, Mapping[str, Any]]]
) -> dict[str, dict[str, Any]]:
    """The complete answers after corrections (item and new answer, in their order), as at sending.

    The last correction of an item stands. What is ruled out now is not asked, with the code that it then
    has; what it held before, sent or corrected, comes back when it is asked again.
    """
    own = {item: content(entry) for item, entry in sent.items() if entry["state"] != NOT_ASKED}
    own |= {item: content(entry) for item, entry in corrections}
    answers = {each.id: own.get(each.id, UNKNOWN) for each in asked.questions}
    ruled_out = asked.not_asked(answers)
    return answers | {item: {"state": NOT_ASKED, "value": value} for item, value in ruled_out.items()}


def changes(before: Entries, after: Entries) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """The items that differ, each with what stood and what stands there."""
    pairs = {item: (content(before[item]), content(entry)) for item, entry in after.items()}
    return {item: pair for item, pair in pairs.items() if pair[0] != pair[1]}
