"""Every scale with every possible set of answers, missing ones included: nothing is left to chance."""

from __future__ import annotations

from itertools import product

import polars as pl
import pytest

import scoring
from tests.scoring.published import ITEMS, RULES, differing, published_score

Pattern = tuple[int | None, ...]


def patterns(code: str) -> list[Pattern]:
    rule = RULES[code]
    return list(product([None, *range(1, rule.steps + 2)], repeat=len(rule.items)))


def answers_of(code: str, pattern: Pattern) -> dict[str, int | None]:
    return {f"q{number:02}": value for number, value in zip(RULES[code].items, pattern, strict=True)}


@pytest.mark.requirement("SCO-01")
@pytest.mark.requirement("SCO-02")
@pytest.mark.parametrize("code", RULES)
def test_every_combination_of_answers_is_scored_as_published(code: str, qlq_c30: scoring.Instrument) -> None:
    for pattern in patterns(code):
        scores = scoring.score_answers(qlq_c30, answers_of(code, pattern))
        assert differing([scores.values[code]], [published_score(code, pattern)]) == [], pattern
        assert scores.answered[code] == len(pattern) - pattern.count(None)


@pytest.mark.requirement("SCO-01")
@pytest.mark.parametrize("code", RULES)
def test_a_frame_of_every_combination_is_scored_as_published(code: str) -> None:
    rows = [dict.fromkeys(ITEMS) | answers_of(code, pattern) for pattern in patterns(code)]
    scored = scoring.score_frame(pl.DataFrame(rows, schema=dict.fromkeys(ITEMS, pl.Int8)))
    expected = [published_score(code, pattern) for pattern in patterns(code)]
    assert differing(scored[code], expected) == []


@pytest.mark.requirement("SCO-02")
@pytest.mark.parametrize("code", RULES)
def test_a_scale_is_scored_from_half_of_its_items_on(code: str, qlq_c30: scoring.Instrument) -> None:
    for given in product([False, True], repeat=len(RULES[code].items)):
        pattern = tuple(2 if one else None for one in given)
        value = scoring.score_answers(qlq_c30, answers_of(code, pattern)).values[code]
        assert (value is not None) == (2 * sum(given) >= len(given)) == (sum(given) >= RULES[code].fewest)


@pytest.mark.requirement("SCO-02")
@pytest.mark.parametrize("code", RULES)
def test_extreme_answers_give_exactly_0_and_100(code: str, qlq_c30: scoring.Instrument) -> None:
    rule = RULES[code]
    ends = {
        scoring.score_answers(qlq_c30, answers_of(code, (extreme,) * len(rule.items))).values[code]
        for extreme in (1, 1 + rule.steps)
    }
    assert ends == {0.0, 100.0}


def test_nothing_answered_gives_no_score_and_no_count(qlq_c30: scoring.Instrument) -> None:
    scores = scoring.score_answers(qlq_c30, {})
    assert set(scores.values.values()) == {None}
    assert set(scores.answered.values()) == {0}
    assert scores.items_answered == 0
    assert scoring.score_answers(qlq_c30, dict.fromkeys(ITEMS)) == scores
