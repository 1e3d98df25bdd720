"""Bad answers are refused with their place named, by both functions."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import scoring
from tests.scoring.published import ITEMS, Answers

MAKERS: list[Callable[[dict[str, list[Any]]], Any]] = [pd.DataFrame, pl.DataFrame, pa.table]


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("value", [0, 5, -1, True, False, 2.5, 2.0, "2", float("nan"), [2]])
def test_a_value_that_is_no_code_is_refused(value: object, qlq_c30: scoring.Instrument) -> None:
    with pytest.raises(scoring.AnswerError) as caught:
        scoring.score_answers(qlq_c30, {"q01": 1, "q07": cast("int", value)})
    error = caught.value
    assert (error.item, error.expected, error.row) == ("q07", (1, 2, 3, 4), None)
    assert error.value is value
    assert str(error) == f"q07: {value!r} is not one of 1, 2, 3, 4"


def test_seven_is_a_code_of_the_last_two_items_only(qlq_c30: scoring.Instrument) -> None:
    scoring.score_answers(qlq_c30, {"q29": 7, "q30": 7})
    with pytest.raises(scoring.AnswerError, match="q28: 7"):
        scoring.score_answers(qlq_c30, {"q28": 7})
    with pytest.raises(scoring.AnswerError, match="q30: 8 is not one of 1, 2, 3, 4, 5, 6, 7"):
        scoring.score_answers(qlq_c30, {"q30": 8})


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("value", [1, None])
def test_an_unknown_item_is_refused_even_when_empty(value: int | None, qlq_c30: scoring.Instrument) -> None:
    with pytest.raises(scoring.AnswerError) as caught:
        scoring.score_answers(qlq_c30, {"q31": value})
    assert (caught.value.item, caught.value.value, caught.value.expected) == ("q31", value, ())
    assert str(caught.value) == "q31: the instrument has no such item"


def table_with(complete: Answers, item: str, column: list[Any]) -> dict[str, list[Any]]:
    return {name: [value] * len(column) for name, value in complete.items()} | {item: column}


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("column", "row", "value"),
    [
        ([1, 5, 0], 2, 5),
        ([None, 1, 0], 3, 0),
        ([1.0, 2.5, None], 2, 2.5),
        ([1.0, float("nan"), float("inf")], 3, float("inf")),
        (["1", "2", None], 1, "1"),
        ([None, "x", None], 2, "x"),
        ([None, True, False], 2, True),
    ],
)
def test_a_bad_value_in_a_frame_is_refused_with_row_and_column(
    make: Callable[[dict[str, list[Any]]], Any],
    column: list[Any],
    row: int,
    value: object,
    complete: Answers,
) -> None:
    with pytest.raises(scoring.AnswerError) as caught:
        scoring.score_frame(make(table_with(complete, "q12", column)))
    error = caught.value
    assert (error.item, error.row, error.value, error.expected) == ("q12", row, value, (1, 2, 3, 4))
    assert str(error).startswith(f"row {row}, column q12: ")


@pytest.mark.requirement("SCO-04")
def test_the_row_is_the_place_in_the_frame_whatever_the_index(complete: Answers) -> None:
    frame = pd.DataFrame(table_with(complete, "q12", [1, 2, 9]), index=[2, 2, 0])
    with pytest.raises(scoring.AnswerError, match="row 3, column q12: 9 is not one of 1, 2, 3, 4"):
        scoring.score_frame(frame)


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("values", [["1", "2"], [True, False]])
def test_categories_and_truth_values_are_no_answers(values: list[Any], complete: Answers) -> None:
    frame = pd.DataFrame(table_with(complete, "q02", values)).astype({"q02": "category"})
    with pytest.raises(scoring.AnswerError, match="row 1, column q02"):
        scoring.score_frame(frame)


@pytest.mark.requirement("SCO-04")
def test_a_mixed_column_is_read_value_by_value(complete: Answers) -> None:
    frame = pd.DataFrame(table_with(complete, "q02", [1, np.int64(2), None, pd.NA, 3.0]), dtype=object)
    assert scoring.score_frame(frame)["PF2_n"].tolist() == [5, 5, 4, 4, 5]
    frame.loc[4, "q02"] = "3"
    with pytest.raises(scoring.AnswerError, match="row 5, column q02: '3'"):
        scoring.score_frame(frame)


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("make", MAKERS)
def test_missing_columns_are_named(make: Callable[[dict[str, list[Any]]], Any], complete: Answers) -> None:
    columns = {name: [value] for name, value in complete.items() if name not in ("q03", "q30")}
    with pytest.raises(scoring.MissingColumnError) as caught:
        scoring.score_frame(make(columns))
    assert caught.value.columns == ("q03", "q30")
    assert str(caught.value) == "missing column: q03, q30"


def test_columns_are_found_by_name_not_by_case_or_place(complete: Answers) -> None:
    frame = pd.DataFrame([complete])
    with pytest.raises(scoring.MissingColumnError):
        scoring.score_frame(frame.rename(columns=str.upper))
    backwards = scoring.score_frame(frame[ITEMS[::-1]])
    assert backwards["SUMMARY"].tolist() == scoring.score_frame(frame)["SUMMARY"].tolist()


@pytest.mark.parametrize("name", ["QL2", "SUMMARY", "FA_n", "SUMMARY_n", "items_answered"])
def test_a_column_of_the_caller_is_never_overwritten(name: str, complete: Answers) -> None:
    with pytest.raises(scoring.TakenColumnError) as caught:
        scoring.score_frame(pd.DataFrame([complete]).assign(**{name: 1}))
    assert caught.value.columns == (name,)
    assert str(caught.value) == f"column already there: {name}"


def test_errors_keep_their_data_on_the_way_between_processes() -> None:
    errors = [
        scoring.AnswerError("q01", 9, (1, 2, 3, 4), 3),
        scoring.InstrumentError("x.toml", 4, "what"),
        scoring.UnknownInstrumentError("x"),
        scoring.MissingColumnError(("q01",)),
        scoring.TakenColumnError(("FA",)),
        scoring.ColumnTypeError("q01", "String"),
    ]
    for error in errors:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
        assert isinstance(error, scoring.ScoringError)
