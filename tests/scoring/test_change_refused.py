"""Frames of visits that cannot be right are refused, with column, row, patient and value."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, cast

import pandas as pd
import polars as pl
import pytest

from scoring.change import change, important, responders
from scoring.deterioration import time_to_deterioration
from scoring.errors import OptionError, VisitError
from tests.scoring.test_frames import KINDS

GOOD: list[dict[str, Any]] = [
    {"id": 1, "date": 10, "QL2": 50.0, "base": 1},
    {"id": 2, "date": 10, "QL2": 75.0, "base": 1},
    {"id": 1, "date": 20, "QL2": 25.0, "base": 0},
    {"id": 2, "date": 20, "QL2": None, "base": 0},
]
# Row (from 0), what is changed in it, column at fault, value there, problem, patient.
FAULTS: list[tuple[int, dict[str, Any], str, Any, str, Any]] = [
    (2, {"id": None}, "id", None, "is no patient", None),
    (2, {"QL2": 100.1}, "QL2", 100.1, "is not from 0 to 100", 1),
    (1, {"QL2": -0.1}, "QL2", -0.1, "is not from 0 to 100", 2),
    (2, {"date": None}, "date", None, "is missing where there is a score", 1),
    (2, {"date": 10}, "date", 10, "is there twice", 1),
    (3, {"date": 10}, "date", 10, "is there twice", 2),
    (2, {"base": 1}, "base", 1, "marks a second baseline", 1),
    (2, {"base": 2}, "base", 2, "is neither true nor false", 1),
    (3, {"base": 1, "date": None}, "date", None, "is missing in the baseline", 2),
]
EAGER = ["pandas", "pandas nullable", "pandas arrow", "polars", "pyarrow"]
CALLS: list[Callable[[Any], Any]] = [
    lambda frame: change(frame, baseline_column="base"),
    lambda frame: responders(frame, baseline_column="base"),
    lambda frame: time_to_deterioration(frame, "QL2", 10, baseline_column="base"),
]


def bad_rows(row: int, changes: dict[str, Any]) -> list[dict[str, Any]]:
    return [good | (changes if n == row else {}) for n, good in enumerate(GOOD)]


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("row", "changes", "column", "value", "problem", "patient"), FAULTS)
def test_a_fault_is_refused_with_its_place(
    kind: str, row: int, changes: dict[str, Any], column: str, value: Any, problem: str, patient: Any
) -> None:
    with pytest.raises(VisitError) as caught:
        change(KINDS[kind](bad_rows(row, changes)), baseline_column="base")
    error = caught.value
    assert (error.column, error.problem) == (column, problem)
    assert error.row == (row + 1 if kind in EAGER else None)
    if patient is not None:
        assert error.patient == patient
    assert pd.isna(cast("float", error.value)) if value is None else error.value == value


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_all_functions_refuse_the_same(call: Callable[[Any], Any], fault: tuple[Any, ...]) -> None:
    call(pl.DataFrame(GOOD))
    with pytest.raises(VisitError) as caught:
        call(pl.DataFrame(bad_rows(fault[0], fault[1])))
    assert (caught.value.column, caught.value.problem) == (fault[2], fault[4])


@pytest.mark.parametrize("score", [0.0, 100.0, -0.9e-9, 100 + 0.9e-9])
def test_the_ends_of_the_range_are_scores(score: float) -> None:
    assert change(pl.DataFrame(GOOD).with_columns(QL2=pl.lit(score)))["QL2_change"].to_list() == [0.0] * 4


def test_of_several_faults_the_first_row_is_shown() -> None:
    rows = [*bad_rows(3, {"QL2": 101.0}), {"id": 3, "date": 1, "QL2": -1.0, "base": 0}]
    with pytest.raises(VisitError) as caught:
        change(pl.DataFrame(rows))
    assert str(caught.value) == "row 4, patient 2, column QL2: 101.0 is not from 0 to 100"
    twice = [GOOD[0], GOOD[1], GOOD[1], GOOD[0]]
    with pytest.raises(VisitError) as caught:
        change(pl.DataFrame(twice))
    assert str(caught.value) == "row 3, patient 2, column date: 10 is there twice"
    with pytest.raises(VisitError) as caught:
        change(pl.LazyFrame(twice))
    assert str(caught.value).endswith("column date: 10 is there twice")


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("QL2", "50", "row 3, column QL2: '50' is no score"),
        ("QL2", True, "row 3, column QL2: True is no score"),
        ("date", "2024-01-01", "row 3, column date: '2024-01-01' is no date"),
        ("base", "yes", "row 3, column base: 'yes' is no mark"),
    ],
)
def test_text_is_refused_with_its_row(column: str, value: Any, text: str) -> None:
    rows = bad_rows(2, {column: value})
    for row in (rows[0], rows[1], rows[3]):
        row[column] = None
    for frame in (pd.DataFrame(rows), pl.DataFrame(rows, infer_schema_length=None)):
        with pytest.raises(VisitError) as caught:
            change(frame, scales=["QL2"], baseline_column="base")
        assert str(caught.value) == text
    with pytest.raises(VisitError, match=f"column {column}: .* is no type of a ") as caught:
        change(pl.LazyFrame(rows), scales=["QL2"], baseline_column="base")
    assert caught.value.row is None


def test_a_number_among_dates_is_refused_with_its_row() -> None:
    frame = pd.DataFrame({"id": [1, 1], "date": [date(2024, 1, 1), 20], "QL2": [50.0, 25.0]})
    with pytest.raises(VisitError) as caught:
        change(frame)
    assert str(caught.value) == "row 2, column date: 20 is no date"


def test_importance_refuses_what_is_no_score() -> None:
    with pytest.raises(VisitError) as caught:
        important(pl.DataFrame({"PA": [20.0, 999.0]}))
    assert str(caught.value) == "row 2, column PA: 999.0 is not from 0 to 100"
    assert (caught.value.patient, caught.value.value) == (None, 999.0)


@pytest.mark.parametrize("scales", [["QL2", "XX"], ["QL2", "QL2"], [], "XX", "QL2"])
def test_scales_that_are_none_are_refused(scales: Any) -> None:
    with pytest.raises(OptionError) as caught:
        change(pl.DataFrame(GOOD), scales=scales)
    assert caught.value.option == "scales"
    assert "QL2, PF2, RF2" in caught.value.expected


def test_a_frame_without_any_score_is_refused() -> None:
    with pytest.raises(OptionError, match="scales: None is not a list, none twice, of QL2"):
        change(pl.DataFrame({"id": [1], "date": [1]}))
