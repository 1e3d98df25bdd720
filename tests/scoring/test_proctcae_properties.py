"""What must hold for any reports at all."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from scoring.proctcae_frame import score_proctcae_frame
from scoring.proctcae_summary import symptom_summary
from scoring.proctcae_table import load_proctcae
from tests.scoring.proctcae_cases import EXAMPLES
from tests.scoring.published import differing
from tests.scoring.test_frames import rows_from
from tests.scoring.test_proctcae_frame import plain_grade
from tests.scoring.test_proctcae_summary import ITEM, index_by_definition, visits

GRADED = [load_proctcae().symptoms[number] for number in EXAMPLES.values()]
NAMES = [name for symptom in GRADED for name in symptom.columns]
REPORTS = st.lists(
    st.fixed_dictionaries({name: st.none() | st.integers(0, 4) for name in NAMES}), min_size=1, max_size=8
)
HISTORIES = st.lists(st.lists(st.none() | st.integers(0, 4), min_size=1, max_size=18), min_size=1, max_size=6)


@pytest.mark.requirement("AE-04")
@settings(deadline=None, max_examples=20)
@given(REPORTS)
def test_frames_and_single_symptoms_are_graded_alike_from_0_to_3(rows: list[dict[str, Any]]) -> None:
    for frame in (pd.DataFrame(rows), pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.Int8))):
        scored = score_proctcae_frame(frame)
        for symptom in GRADED:
            expected = [plain_grade(symptom.attributes, tuple(map(row.get, symptom.columns))) for row in rows]
            assert differing(scored[symptom.composite].to_list(), expected) == [], symptom
            assert set(expected) <= {None, 0, 1, 2, 3}


@settings(deadline=None, max_examples=30)
@given(HISTORIES)
def test_grading_twice_changes_nothing(histories: list[list[int | None]]) -> None:
    columns = {name: [one for scores in histories for one in scores] for name in GRADED[0].columns}
    once = score_proctcae_frame(pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Int8)))
    again = score_proctcae_frame(once.select(list(columns)))
    assert again.equals(once)


@settings(deadline=None, max_examples=50)
@given(HISTORIES)
def test_summaries_are_those_of_their_definitions(histories: list[list[int | None]]) -> None:
    rows = visits(
        *((n, cycle, one) for n, scores in enumerate(histories) for cycle, one in enumerate(scores))
    )
    frame = pl.DataFrame(rows, schema={"id": pl.Int64, "cycle": pl.Int64, ITEM: pl.Int64})
    index = {row["id"]: row[ITEM] for row in rows_from(symptom_summary(frame, "toxicity_index"))}
    highest = {row["id"]: row[ITEM] for row in rows_from(symptom_summary(frame, "max_post_baseline"))}
    adjusted = {row["id"]: row[ITEM] for row in rows_from(symptom_summary(frame, "baseline_adjusted"))}
    for n, scores in enumerate(histories):
        there = [one for one in scores if one is not None]
        later = max((one for one in scores[1:] if one is not None), default=None)
        assert differing([index[n]], [index_by_definition(there) if there else None]) == []
        assert highest.get(n) == later
        risen = None if later is None or scores[0] is None else later if later > scores[0] else 0
        assert adjusted[n] == risen


@settings(deadline=None, max_examples=30)
@given(HISTORIES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(histories: list[list[int | None]], random: Any) -> None:
    rows = visits(
        *((n, cycle, one) for n, scores in enumerate(histories) for cycle, one in enumerate(scores))
    )
    schema = {"id": pl.Int64, "cycle": pl.Int64, ITEM: pl.Int64}
    before = symptom_summary(pl.DataFrame(rows, schema=schema), "toxicity_index")
    random.shuffle(rows)
    after = symptom_summary(pl.DataFrame(rows, schema=schema), "toxicity_index")
    # Sums of logarithms: the order may move the last bit of a float, which is no other result.
    assert_frame_equal(after, before, check_exact=False, rel_tol=0, abs_tol=1e-12)
