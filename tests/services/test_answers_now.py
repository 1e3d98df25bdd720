"""Answers after corrections: the last one of an item stands, and what follows from it follows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.answers_now import UNKNOWN, answers_now, changes, content
from app.services.questionnaires import REPORT, SYMPTOMS, Questionnaire, questionnaire
from app.services.responses import complete_answers
from tests import factories
from tests.conftest import NOW

pytestmark = [pytest.mark.requirement("AUD-02"), pytest.mark.threat("E7")]
ASKED = questionnaire(factories.definition(), SYMPTOMS)
REPORTED = questionnaire(factories.definition(), REPORT)
NOT_ASKED, SKIPPED = {"state": "not_asked", "value": 0}, {"state": "skipped", "value": None}
Values = dict[str, int | str | None]


def entry(value: int | str | None) -> dict[str, Any]:
    return dict(SKIPPED) if value is None else {"state": "answered", "value": value}


def sent(values: Values, asked: Questionnaire = ASKED) -> dict[str, Any]:
    """Complete answers: what is asked and not in `values` is skipped."""
    answers: dict[str, Any] = {}
    for question in asked.questions:
        if question.id not in asked.not_asked(answers):
            answers[question.id] = entry(values.get(question.id))
    return complete_answers(asked, answers, NOW)


def after(values: Values, *corrections: tuple[str, int | str | None]) -> dict[str, dict[str, Any]]:
    return answers_now(ASKED, sent(values), [(item, entry(value)) for item, value in corrections])


def test_without_a_correction_stands_what_was_sent() -> None:
    original = sent({"pt009a": 3, "pt009b": 2, "other": 0})
    assert answers_now(ASKED, original, []) == {item: content(each) for item, each in original.items()}


def test_the_last_correction_of_an_item_stands() -> None:
    now = after({"pt009a": 3, "pt009b": 2}, ("pt009a", 4), ("pt009b", 1), ("pt009a", 2))
    assert (now["pt009a"]["value"], now["pt009b"]["value"]) == (2, 1)


def test_what_a_correction_rules_out_is_not_asked_and_comes_back_with_its_own_answer() -> None:
    values: Values = {"pt009a": 3, "pt009b": 2}
    assert after(values, ("pt009a", 0))["pt009b"] == NOT_ASKED
    assert after(values, ("pt009a", 0), ("pt009a", 3)) == after(values)
    assert after(values, ("pt009b", 4), ("pt009a", 0), ("pt009a", 1))["pt009b"]["value"] == 4


def test_what_is_ruled_in_is_unknown_until_it_is_corrected_itself() -> None:
    now = after({"pt009a": 0}, ("pt009a", 2))
    assert now["pt009b"] == UNKNOWN == SKIPPED
    assert after({"pt009a": 0}, ("pt009a", 2), ("pt009b", 1))["pt009b"]["value"] == 1


def test_below_what_is_unknown_nothing_is_known() -> None:
    three = next(
        each.symptom for each in ASKED.questions if each.id.endswith("c") and each.symptom != "other"
    )
    now = after({f"{three}a": 0}, (f"{three}a", 2))
    assert now[f"{three}b"] == SKIPPED
    assert now[f"{three}c"] == {"state": "not_asked", "value": None}


def test_another_symptom_of_a_report_asks_other_questions() -> None:
    original = sent({"symptom": "pt009", "pt009a": 3, "pt009b": 1, "onset": "2026-11-20"}, REPORTED)
    now = answers_now(REPORTED, original, [("symptom", entry("other"))])
    assert (now["pt009a"]["state"], now["pt009b"]["state"]) == ("not_asked", "not_asked")
    assert (now["othertext"], now["othera"]) == (SKIPPED, SKIPPED)
    assert now["onset"]["value"] == "2026-11-20"


def test_changes_are_the_items_that_differ() -> None:
    values: Values = {"pt009a": 3, "pt009b": 2}
    assert changes(after(values), after(values, ("pt009a", 0))) == {
        "pt009a": (entry(3), entry(0)),
        "pt009b": (entry(2), NOT_ASKED),
    }


CODED = [each for each in ASKED.questions if each.codes]
VALUES = st.fixed_dictionaries({each.id: st.sampled_from([None, *each.codes]) for each in CODED})
CORRECTIONS = st.lists(
    st.sampled_from(CODED).flatmap(
        lambda each: st.tuples(st.just(each.id), st.sampled_from([None, *each.codes]))
    ),
    max_size=8,
)


@given(values=VALUES, corrections=CORRECTIONS)
def test_any_corrections_leave_complete_answers_that_follow_from_the_last_of_each_item(
    values: Values, corrections: list[tuple[str, int | None]]
) -> None:
    now = after(values, *corrections)
    assert list(now) == [each.id for each in ASKED.questions]
    ruled_out = ASKED.not_asked(now)
    assert {item for item, each in now.items() if each["state"] == "not_asked"} == set(ruled_out)
    for item, value in dict(corrections).items():
        assert item in ruled_out or now[item] == entry(value)
    # Whatever was corrected to and fro: what was sent is reached again by correcting back to it.
    original = after(values)
    asked_first = [(item, each["value"]) for item, each in original.items() if each["state"] != "not_asked"]
    assert after(values, *corrections, *asked_first) == original
