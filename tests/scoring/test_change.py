"""Change since baseline, for each patient and scale."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.change import change
from scoring.errors import MissingColumnError, TakenColumnError
from tests.scoring.published import differing
from tests.scoring.test_frames import KINDS, rows_from

# Patient 2 has no QL2 at the first visit; the baseline of 1 and 2 is marked, 3 has none marked.
ROWS: list[dict[str, Any]] = [
    {"id": 1, "date": 40, "QL2": 50.0, "FA": None, "base": False, "note": "a"},
    {"id": 2, "date": 10, "QL2": None, "FA": 100 / 3, "base": False, "note": "b"},
    {"id": 1, "date": 10, "QL2": 75.0, "FA": 200 / 3, "base": False, "note": "c"},
    {"id": 2, "date": 20, "QL2": 25.0, "FA": 0.0, "base": True, "note": "d"},
    {"id": 1, "date": 20, "QL2": 100.0, "FA": 0.0, "base": True, "note": "e"},
    {"id": 3, "date": 5, "QL2": 0.0, "FA": 100.0, "base": None, "note": "f"},
    {"id": 2, "date": None, "QL2": None, "FA": None, "base": False, "note": "g"},
]
SINCE_FIRST = {
    "QL2_change": [-25.0, None, 0.0, None, 25.0, 0.0, None],
    "FA_change": [None, 0.0, 0.0, -100 / 3, -200 / 3, 0.0, None],
}
SINCE_MARKED = {
    "QL2_change": [-50.0, None, None, 0.0, 0.0, None, None],
    "FA_change": [None, None, None, 0.0, 0.0, None, None],
}


@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("baseline", "expected"), [(None, SINCE_FIRST), ("base", SINCE_MARKED)])
def test_later_minus_earlier_in_every_kind_of_frame(
    kind: str, baseline: str | None, expected: dict[str, list[float | None]]
) -> None:
    frame = KINDS[kind](ROWS)
    changed = change(frame, baseline_column=baseline)
    assert type(changed) is type(frame)
    rows = sorted(rows_from(changed), key=lambda row: str(row["note"]))
    assert list(rows[0]) == [*ROWS[0], "QL2_change", "FA_change"]
    assert [row["note"] for row in rows] == [row["note"] for row in ROWS]
    for name, values in expected.items():
        assert differing([row[name] for row in rows], values) == [], name


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("duckdb", "polars lazy")])
def test_rows_and_columns_stay_as_they_were(kind: str) -> None:
    rows = rows_from(change(KINDS[kind](ROWS), scales=["FA"]))
    assert [{name: row[name] for name in ROWS[0]} for row in rows] == ROWS
    assert differing([row["FA_change"] for row in rows], SINCE_FIRST["FA_change"]) == []


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_long_frames_keep_their_order_too(make: Callable[[Any], Any]) -> None:
    size = 60_000
    ids = [n * 7919 % (size // 2) for n in range(size)]
    dates = [0] * (size // 2) + [1] * (size // 2)
    columns: dict[str, list[Any]] = {
        "id": ids,
        "date": dates,
        "QL2": [50.0 + date * (id_ % 50) for id_, date in zip(ids, dates, strict=True)],
    }
    changed = rows_from(change(make(columns)))
    assert [row["id"] for row in changed] == ids
    assert [row["QL2_change"] for row in changed] == [score - 50 for score in columns["QL2"]]


def test_the_index_of_a_pandas_frame_is_kept() -> None:
    frame = pd.DataFrame(ROWS, index=[17, 3, 3, 8, 1, 0, 99])
    before = frame.copy(deep=True)
    changed = change(frame)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(changed[list(frame.columns)], before)
    assert differing(changed["QL2_change"].tolist(), SINCE_FIRST["QL2_change"]) == []


def test_scales_are_taken_as_asked_and_other_columns_let_alone() -> None:
    frame = pl.DataFrame(ROWS)
    assert change(frame, scales=["FA"]).columns == [*ROWS[0], "FA_change"]
    assert change(frame.rename({"QL2": "SUMMARY"})).columns[-2:] == ["FA_change", "SUMMARY_change"]
    renamed = frame.rename({"id": "patient", "date": "day"})
    changed = change(renamed, id_column="patient", date_column="day")
    assert differing(changed["QL2_change"].to_list(), SINCE_FIRST["QL2_change"]) == []


def test_null_and_nan_are_both_missing() -> None:
    frame = pl.DataFrame(
        {"id": [1, 1, 1], "date": [1.0, 2.0, float("nan")], "QL2": [50.0, float("nan"), None]}
    )
    assert change(frame)["QL2_change"].to_list() == [0.0, None, None]


@pytest.mark.parametrize(
    "days",
    [
        [dt.date(2023, 12, 31), dt.date(2024, 1, 1)],
        [dt.date(2024, 2, 29), dt.date(2024, 3, 1)],
        [dt.datetime.fromisoformat("2024-02-29T23:59"), dt.datetime.fromisoformat("2024-03-01T00:01")],
        [-1, 0],
        [0.25, 0.5],
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_dates_and_numbers_are_put_in_order(kind: str, days: list[Any]) -> None:
    rows = [{"id": "p", "date": day, "EF": score} for day, score in zip(days, [25.0, 50.0], strict=True)]
    changed = rows_from(change(KINDS[kind](rows[::-1])))
    assert sorted(row["EF_change"] for row in changed) == [0.0, 25.0]


@pytest.mark.parametrize("marks", [[True, None], [True, False], [1, 0], [1.0, None]])
@pytest.mark.parametrize("kind", KINDS)
def test_a_baseline_is_marked_by_truth_or_by_one(kind: str, marks: list[Any]) -> None:
    rows = [
        {"id": 1, "date": day, "EF": score, "base": mark}
        for day, score, mark in zip([1, 2], [25.0, 50.0], marks, strict=True)
    ]
    changed = rows_from(change(KINDS[kind](rows), baseline_column="base"))
    assert sorted(row["EF_change"] for row in changed) == [0.0, 25.0]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pl.LazyFrame])
def test_a_scale_that_nobody_answered_changes_by_a_missing_number(make: Callable[[Any], Any]) -> None:
    changed = change(make({"id": [1, 1], "date": [1, 2], "QL2": [None, None]}))
    changed = changed.collect() if isinstance(changed, pl.LazyFrame) else changed
    assert str(changed["QL2_change"].dtype).lower() == "float64"
    assert differing(changed["QL2_change"].to_list(), [None, None]) == []


def test_a_frame_without_rows_gets_its_columns() -> None:
    empty = pl.DataFrame({"id": [], "date": [], "QL2": []})
    assert change(empty).columns == ["id", "date", "QL2", "QL2_change"]
    assert change(empty).height == 0


def test_nothing_of_the_callers_is_overwritten_and_columns_must_be_there() -> None:
    frame = pl.DataFrame(ROWS)
    with pytest.raises(TakenColumnError) as taken:
        change(frame.with_columns(FA_change=1))
    assert taken.value.columns == ("FA_change",)
    with pytest.raises(MissingColumnError) as missing:
        change(frame.drop("id", "date"), scales=["QL2", "EF"], baseline_column="first")
    assert missing.value.columns == ("id", "date", "first", "EF")


SCORES = st.none() | st.integers(0, 12).map(lambda step: step * 100 / 12)
VISITS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 9), SCORES),
    min_size=1,
    max_size=15,
    unique_by=lambda visit: visit[:2],
)


@settings(deadline=None, max_examples=40)
@given(VISITS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(
    visits: list[tuple[int, int, float | None]], random: Any
) -> None:
    shuffled = random.sample(visits, len(visits))
    one, other = (
        change(pl.DataFrame(rows, schema={"id": pl.Int64, "date": pl.Int64, "QL2": pl.Float64}, orient="row"))
        for rows in (visits, shuffled)
    )
    assert one.sort("id", "date").equals(other.sort("id", "date"))
    first = {id_: min(visits, key=lambda each: (each[0] != id_, each[1]))[2] for id_, _, _ in visits}
    for id_, _, score, difference in one.rows():
        base = first[id_]
        assert difference == (None if base is None or score is None else score - base)
