"""What must hold for any answers at all."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scoring
from tests.scoring.published import ITEMS, RULES, Answers, differing

INSTRUMENT = scoring.load_instrument("qlq-c30")
QUESTIONNAIRES = st.fixed_dictionaries(
    {item.id: st.none() | st.integers(item.lowest, item.highest) for item in INSTRUMENT.items}
)
COMPLETE = st.fixed_dictionaries(
    {item.id: st.integers(item.lowest, item.highest) for item in INSTRUMENT.items}
)


def values_of(answers: Answers) -> dict[str, float | None]:
    return dict(scoring.score_answers(INSTRUMENT, answers).values)


@given(QUESTIONNAIRES)
def test_every_score_lies_between_0_and_100(answers: Answers) -> None:
    assert all(value is None or 0 <= value <= 100 for value in values_of(answers).values())


@given(QUESTIONNAIRES, st.data())
def test_the_order_of_the_answers_within_a_scale_does_not_matter(
    answers: Answers, data: st.DataObject
) -> None:
    scale = INSTRUMENT.scale(data.draw(st.sampled_from(list(RULES))))
    shuffled = data.draw(st.permutations(scale.items))
    moved = answers | {old: answers[new] for old, new in zip(scale.items, shuffled, strict=True)}
    assert values_of(moved) == values_of(answers)


@given(QUESTIONNAIRES, st.sampled_from(ITEMS))
def test_a_higher_code_moves_the_score_of_its_scale_the_right_way(answers: Answers, item_id: str) -> None:
    item = INSTRUMENT.item(item_id)
    scale = next(scale for scale in INSTRUMENT.scales if item_id in scale.items)
    series = [values_of(answers | {item_id: code})[scale.code] for code in item.codes]
    rising = [value for value in series if value is not None]
    if RULES[scale.code].direction == "higher" and scale.code != "QL2":
        rising.reverse()
    assert len(rising) in (0, len(series))
    assert all(low < high for low, high in pairwise(rising))


@given(COMPLETE, st.sampled_from(ITEMS))
def test_a_worse_answer_never_raises_the_summary(answers: Answers, item_id: str) -> None:
    item = INSTRUMENT.item(item_id)
    series = [values_of(answers | {item_id: code})["SUMMARY"] or 0.0 for code in item.codes]
    in_summary = item_id not in ("q28", "q29", "q30")
    steps = [high < low for low, high in pairwise(series)]
    assert steps == [in_summary] * len(steps)


@pytest.mark.requirement("SCO-01")
@settings(deadline=None, max_examples=25)
@given(st.lists(QUESTIONNAIRES, min_size=1, max_size=20))
def test_frames_and_single_questionnaires_are_scored_alike(rows: list[Answers]) -> None:
    singles = [scoring.score_answers(INSTRUMENT, row) for row in rows]
    for frame in (pd.DataFrame(rows), pl.DataFrame(rows)):
        scored = scoring.score_frame(frame)
        for code in (*RULES, "SUMMARY"):
            expected = [single.values[code] for single in singles]
            assert differing(scored[code].to_list(), expected) == [], code
            assert scored[f"{code}_n"].to_list() == [single.answered[code] for single in singles]
        assert scored["items_answered"].to_list() == [single.items_answered for single in singles]
