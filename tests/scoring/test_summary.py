"""The summary score: the mean of thirteen, all of them or nothing."""

from __future__ import annotations

from statistics import fmean

import pandas as pd
import pytest

import scoring
from tests.scoring.published import RULES, SUMMED, Answers


def without(answers: Answers, code: str) -> Answers:
    return answers | {f"q{number:02}": None for number in RULES[code].items}


@pytest.mark.requirement("SCO-02")
def test_the_summary_is_the_mean_of_thirteen_with_symptoms_turned(
    qlq_c30: scoring.Instrument, complete: Answers
) -> None:
    values = scoring.score_answers(qlq_c30, complete).values
    turned = [
        value if RULES[code].direction == "higher" else 100 - value
        for code in SUMMED
        if (value := values[code]) is not None
    ]
    assert len(turned) == 13
    assert values["SUMMARY"] == pytest.approx(fmean(turned), abs=1e-9, rel=0)


@pytest.mark.requirement("SCO-02")
@pytest.mark.parametrize("code", SUMMED)
def test_without_one_of_the_thirteen_there_is_no_summary(
    code: str, qlq_c30: scoring.Instrument, complete: Answers
) -> None:
    answers = without(complete, code)
    scores = scoring.score_answers(qlq_c30, answers)
    assert scores.values["SUMMARY"] is None
    assert scores.answered["SUMMARY"] == 27 - len(RULES[code].items)
    assert scoring.score_frame(pd.DataFrame([answers]))["SUMMARY"].isna().all()


@pytest.mark.requirement("SCO-02")
@pytest.mark.parametrize("code", ["QL2", "FI"])
def test_global_health_and_finances_do_not_touch_the_summary(
    code: str, qlq_c30: scoring.Instrument, complete: Answers
) -> None:
    full = scoring.score_answers(qlq_c30, complete)
    partial = scoring.score_answers(qlq_c30, without(complete, code))
    assert partial.values[code] is None
    assert partial.values["SUMMARY"] == full.values["SUMMARY"]
    assert partial.answered["SUMMARY"] == full.answered["SUMMARY"] == 27


@pytest.mark.requirement("SCO-02")
def test_the_summary_takes_scales_scored_by_the_half_rule(
    qlq_c30: scoring.Instrument, complete: Answers
) -> None:
    scores = scoring.score_answers(qlq_c30, complete | {"q01": None, "q02": None, "q06": None, "q21": None})
    assert scores.values["SUMMARY"] is not None
    assert scores.answered["SUMMARY"] == 23


@pytest.mark.requirement("SCO-01")
def test_the_best_and_the_worst_state_are_100_and_0(qlq_c30: scoring.Instrument) -> None:
    best: Answers = {item.id: item.lowest for item in qlq_c30.items}
    worst: Answers = {item.id: item.highest for item in qlq_c30.items}
    assert scoring.score_answers(qlq_c30, best).values["SUMMARY"] == 100.0
    assert scoring.score_answers(qlq_c30, worst).values["SUMMARY"] == 0.0


@pytest.mark.requirement("SCO-01")
def test_global_health_is_not_reversed(qlq_c30: scoring.Instrument) -> None:
    assert scoring.score_answers(qlq_c30, {"q29": 1, "q30": 1}).values["QL2"] == 0.0
    assert scoring.score_answers(qlq_c30, {"q29": 7, "q30": 7}).values["QL2"] == 100.0
