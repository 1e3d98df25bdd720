"""The 600 questionnaires that independent programs scored, against both functions."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pytest

import scoring
from tests.scoring.published import RULES, SUMMED, Case, differing

SCORES = (*RULES, "SUMMARY")


@pytest.mark.requirement("SCO-01")
def test_score_answers_equals_the_published_scores(qlq_c30: scoring.Instrument, cases: list[Case]) -> None:
    assert len(cases) == 600
    for case in cases:
        scores = scoring.score_answers(qlq_c30, case.answers)
        assert differing(scores.values.values(), case.scores.values()) == [], case.id


@pytest.mark.requirement("SCO-01")
@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_score_frame_equals_the_published_scores(make: type[pd.DataFrame], cases: list[Case]) -> None:
    scored = scoring.score_frame(make([case.answers for case in cases]))
    for code in SCORES:
        assert differing(scored[code].to_list(), [case.scores[code] for case in cases]) == [], code


@pytest.mark.requirement("SCO-02")
def test_every_score_carries_the_number_of_items_answered(
    qlq_c30: scoring.Instrument, cases: list[Case]
) -> None:
    scored = scoring.score_frame(pl.DataFrame([case.answers for case in cases]))
    for case, row in zip(cases, scored.iter_rows(named=True), strict=True):
        scores = scoring.score_answers(qlq_c30, case.answers)
        expected = {
            code: sum(case.answers[f"q{number:02}"] is not None for number in rule.items)
            for code, rule in RULES.items()
        }
        expected["SUMMARY"] = sum(expected[code] for code in SUMMED)
        assert scores.answered == expected
        assert {code: row[f"{code}_n"] for code in SCORES} == expected
        assert scores.items_answered == row["items_answered"] == sum(map(expected.__getitem__, RULES))


@pytest.mark.requirement("SCO-02")
def test_the_scorer_has_a_version() -> None:
    assert scoring.__version__ == "0.2.0"


def test_scores_come_in_the_order_of_the_instrument_with_the_summary_last(
    qlq_c30: scoring.Instrument, cases: list[Case]
) -> None:
    scores = scoring.score_answers(qlq_c30, cases[0].answers)
    assert tuple(scores.values) == tuple(scores.answered) == SCORES
