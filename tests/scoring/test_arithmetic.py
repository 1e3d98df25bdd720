"""How a score came about: what is shown leads to the very score, and the two rules have one form each."""

from __future__ import annotations

from statistics import fmean

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scoring
from scoring import ScaleArithmetic, SummaryArithmetic, arithmetic
from tests.scoring.published import RULES, Answers

INSTRUMENT = scoring.load_instrument("qlq-c30")
QUESTIONNAIRES = st.fixed_dictionaries(
    {item.id: st.none() | st.integers(item.lowest, item.highest) for item in INSTRUMENT.items}
)
# The patient of docs/scoring.md: items 4 and 23 were skipped.
BY_HAND = (2, 3, 1, None, 1, 2, 2, 1, 2, 3, 2, 3, 1, 1, 1, 2, 1, 3, 2, 1, 2, 2, None, 1, 1, 2, 1, 1, 5, 6)


def of_scale(answers: Answers, code: str) -> ScaleArithmetic:
    shown = arithmetic(INSTRUMENT, answers, code)
    assert isinstance(shown, ScaleArithmetic)
    return shown


def of_summary(answers: Answers) -> SummaryArithmetic:
    shown = arithmetic(INSTRUMENT, answers, "SUMMARY")
    assert isinstance(shown, SummaryArithmetic)
    return shown


@pytest.fixture
def by_hand() -> Answers:
    return {f"q{number:02}": code for number, code in enumerate(BY_HAND, start=1)}


@pytest.mark.requirement("SCO-02")
def test_a_scale_shows_what_was_answered_and_what_was_not(by_hand: Answers) -> None:
    shown = of_scale(by_hand, "PF2")
    assert shown.codes == {"q01": 2, "q02": 3, "q03": 1, "q04": None, "q05": 1}
    assert (shown.total, shown.count, shown.raw, shown.range, shown.value) == (7, 4, 1.75, 3, 75)


@pytest.mark.requirement("SCO-02")
def test_a_scale_of_seven_steps_has_a_range_of_six(by_hand: Answers) -> None:
    shown = of_scale(by_hand, "QL2")
    assert (shown.total, shown.count, shown.raw, shown.range, shown.value) == (11, 2, 5.5, 6, 75)


@pytest.mark.requirement("SCO-02")
def test_too_few_answers_have_a_raw_score_and_no_score(by_hand: Answers) -> None:
    shown = of_scale(by_hand | {"q01": None, "q02": None}, "PF2")
    assert (shown.count, shown.raw, shown.value) == (2, 1, None)
    nothing = of_scale({}, "PF2")
    assert (nothing.count, nothing.raw, nothing.value) == (0, None, None)


@given(QUESTIONNAIRES, st.sampled_from([scale.code for scale in INSTRUMENT.scales]))
@pytest.mark.requirement("SCO-02")
def test_the_steps_lead_to_the_score(answers: Answers, code: str) -> None:
    shown = of_scale(answers, code)
    assert shown.value == scoring.score_answers(INSTRUMENT, answers).values[code]
    if shown.value is not None and shown.raw is not None:
        share = (shown.raw - shown.scale.lowest) / shown.range
        by_words = 100 * (1 - share) if shown.scale.reversed else 100 * share
        assert shown.value == pytest.approx(by_words, abs=1e-9, rel=0)


@given(QUESTIONNAIRES)
@pytest.mark.requirement("SCO-02")
def test_the_terms_lead_to_the_summary(answers: Answers) -> None:
    shown = of_summary(answers)
    counted = [term.counted for term in shown.terms if term.counted is not None]
    assert len(shown.terms) == 13
    assert shown.value == scoring.score_answers(INSTRUMENT, answers).values["SUMMARY"]
    assert (shown.value is None) == (len(counted) < 13)
    if shown.value is not None:
        assert shown.value == pytest.approx(fmean(counted), abs=1e-9, rel=0)


@pytest.mark.requirement("SCO-02")
def test_the_summary_turns_the_symptoms_and_nothing_else(by_hand: Answers) -> None:
    terms = {term.scale.code: term for term in of_summary(by_hand).terms}
    assert {code for code, term in terms.items() if term.is_turned} == {
        code for code in terms if RULES[code].direction == "lower"
    }
    assert terms["FA"].counted == pytest.approx(100 / 3)
    assert terms["PF2"].counted == terms["PF2"].value == 75


def test_a_code_of_no_scale_is_refused() -> None:
    with pytest.raises(KeyError):
        arithmetic(INSTRUMENT, {}, "XX")


def test_an_answer_that_is_none_is_refused(by_hand: Answers) -> None:
    with pytest.raises(scoring.AnswerError):
        arithmetic(INSTRUMENT, by_hand | {"q01": 9}, "PF2")


@pytest.mark.parametrize(
    ("code", "score", "expected"),
    [
        ("PF2", 83.0, False),
        ("PF2", 250 / 3, False),
        ("PF2", 80.0, True),
        ("FA", 39.0, False),
        ("FA", 39.1, True),
        ("QL2", 0.0, None),
        ("FA", None, None),
    ],
)
@pytest.mark.requirement("CLI-03")
def test_a_score_is_important_strictly_on_the_worse_side(
    code: str, score: float | None, expected: bool | None
) -> None:
    assert scoring.is_important(INSTRUMENT.scale(code), score) is expected


@given(st.floats(0, 100))
def test_one_score_is_judged_as_a_frame_of_scores(score: float) -> None:
    codes = [scale.code for scale in INSTRUMENT.scales if scale.threshold]
    frame = scoring.important(pd.DataFrame({code: [score] for code in codes}))
    judged = {code: scoring.is_important(INSTRUMENT.scale(code), score) for code in codes}
    assert judged == {code: bool(frame[f"{code}_important"].iloc[0]) for code in codes}
