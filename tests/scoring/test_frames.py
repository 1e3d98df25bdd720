"""Any frame in, the same kind of frame out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import scoring
from tests.scoring.published import ITEMS, RULES, Answers, Case, differing

CODES = [*RULES, "SUMMARY"]
RESULTS = [*CODES, *(f"{code}_n" for code in CODES), "items_answered"]


def rows_of(cases: list[Case]) -> list[dict[str, Any]]:
    return [{"id": case.id, **case.answers, "note": f"of {case.id}"} for case in cases]


def duckdb_relation(rows: list[dict[str, Any]]) -> duckdb.DuckDBPyRelation:
    answers = pa.Table.from_pylist(rows)
    return duckdb.from_arrow(answers)


KINDS: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "pandas": pd.DataFrame,
    "pandas nullable": lambda rows: pd.DataFrame(rows).convert_dtypes(),
    "pandas arrow": lambda rows: pd.DataFrame(rows).convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.DataFrame,
    "polars lazy": pl.LazyFrame,
    "pyarrow": pa.Table.from_pylist,
    "duckdb": duckdb_relation,
}


def rows_from(frame: Any) -> list[dict[str, Any]]:
    """The rows of any of these frames, NaN and NA as None."""
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, duckdb.DuckDBPyRelation):
        frame = frame.to_arrow_table()
    if isinstance(frame, pd.DataFrame):
        return [
            {str(name): None if pd.isna(value) else value for name, value in row.items()}
            for row in frame.to_dict("records")
        ]
    return list(frame.to_pylist() if isinstance(frame, pa.Table) else frame.to_dicts())


@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_is_scored_and_comes_back(
    kind: str, cases: list[Case], qlq_c30: scoring.Instrument
) -> None:
    frame = KINDS[kind](rows_of(cases))
    scored = scoring.score_frame(frame)
    assert type(scored) is type(frame)
    by_id = {row["id"]: row for row in rows_from(scored)}
    assert len(by_id) == 600
    for case in cases:
        row, single = by_id[case.id], scoring.score_answers(qlq_c30, case.answers)
        assert list(row) == ["id", *ITEMS, "note", *RESULTS]
        assert {item: row[item] for item in ITEMS} == case.answers
        assert differing([row[code] for code in CODES], single.values.values()) == [], case.id
        assert {code: row[f"{code}_n"] for code in CODES} == single.answered
        assert row["items_answered"] == single.items_answered
        assert row["note"] == f"of {case.id}"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "duckdb"])
def test_rows_stay_in_their_order(kind: str, cases: list[Case]) -> None:
    rows = rows_from(scoring.score_frame(KINDS[kind](rows_of(cases))))
    assert [row["id"] for row in rows] == [case.id for case in cases]


def test_the_given_frame_is_left_as_it_was(cases: list[Case]) -> None:
    frame = pd.DataFrame(rows_of(cases), index=range(1000, 1600))
    before = frame.copy(deep=True)
    scored = scoring.score_frame(frame)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(scored[list(frame.columns)], before)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_null_and_nan_are_both_missing(make: Callable[[Any], Any], complete: Answers) -> None:
    columns: dict[str, Any] = {item: np.array([float(value or 0)] * 2) for item, value in complete.items()}
    columns["q09"] = np.array([np.nan, 2.0])
    columns["q19"] = [None, 2.0]
    first, second = rows_from(scoring.score_frame(make(columns)))
    assert (first["PA"], first["PA_n"], first["SUMMARY"], first["items_answered"]) == (None, 0, None, 28)
    assert (second["PA_n"], second["items_answered"]) == (2, 30)
    assert second["PA"] == pytest.approx(100 / 3, abs=1e-9, rel=0)


@pytest.mark.parametrize("dtype", [pl.UInt8, pl.Int8, pl.Int64, pl.Float32, pl.Decimal(3, 0)])
def test_small_and_unsigned_numbers_do_not_overflow(dtype: Any, qlq_c30: scoring.Instrument) -> None:
    for answers in ({item.id: item.highest for item in qlq_c30.items}, dict.fromkeys(ITEMS, 1)):
        frame = pl.DataFrame([answers]).cast(dtype)
        single = scoring.score_answers(qlq_c30, answers)
        assert scoring.score_frame(frame).select(CODES).row(0, named=True) == single.values


@pytest.mark.parametrize("kind", KINDS)
def test_columns_without_any_answer_are_scored_as_missing(kind: str, complete: Answers) -> None:
    rows = [complete | {"q08": None, "q27": None}] * 2
    for row in rows_from(scoring.score_frame(KINDS[kind](rows))):
        assert (row["DY"], row["DY_n"], row["SF_n"], row["SUMMARY"]) == (None, 0, 1, None)
        assert row["SF"] is not None


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_frame_without_rows_gets_its_columns(make: Callable[[Any], Any]) -> None:
    scored = scoring.score_frame(make({item: [] for item in ITEMS}))
    assert rows_from(scored) == []
    assert list(getattr(scored, "column_names", scored.columns)) == [*ITEMS, *RESULTS]


def test_counts_are_whole_numbers_and_scores_floats(cases: list[Case]) -> None:
    schema = scoring.score_frame(pl.DataFrame(rows_of(cases))).schema
    assert {schema[f"{code}_n"] for code in CODES} | {schema["items_answered"]} == {pl.Int64()}
    assert {schema[code] for code in CODES} == {pl.Float64()}
    dtypes = scoring.score_frame(pd.DataFrame(rows_of(cases))).dtypes
    assert {str(dtypes[f"{code}_n"]) for code in CODES} == {"int64"}


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("kind", ["polars lazy", "duckdb"])
@pytest.mark.parametrize("value", [5, 0, 2.5])
def test_a_lazy_frame_gives_no_score_for_a_bad_value(kind: str, value: float, complete: Answers) -> None:
    rows: list[dict[str, Any]] = [{"id": "good", **complete}, {"id": "bad", **complete, "q12": value}]
    for row in rows:
        row["q12"] = float(row["q12"])
    scored = {row["id"]: row for row in rows_from(scoring.score_frame(KINDS[kind](rows)))}
    assert None not in scored["good"].values()
    empty = {name for name, cell in scored["bad"].items() if cell is None}
    assert empty == {"FA", "FA_n", "SUMMARY", "SUMMARY_n", "items_answered"}


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("kind", ["polars lazy", "duckdb"])
def test_a_lazy_column_of_text_is_refused_before_it_runs(kind: str, complete: Answers) -> None:
    with pytest.raises(scoring.ColumnTypeError) as caught:
        scoring.score_frame(KINDS[kind]([complete | {"q05": "2"}]))
    assert (caught.value.column, caught.value.dtype) == ("q05", "String")
    assert str(caught.value) == "column q05: String are no answer codes"


def test_an_instrument_may_be_given_by_code_or_as_read(
    cases: list[Case], qlq_c30: scoring.Instrument
) -> None:
    frame = pd.DataFrame(rows_of(cases))
    pd.testing.assert_frame_equal(scoring.score_frame(frame, "qlq-c30"), scoring.score_frame(frame, qlq_c30))
    with pytest.raises(scoring.UnknownInstrumentError):
        scoring.score_frame(frame, "qlq-c99")


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(TypeError):
        scoring.score_frame(cast("pd.DataFrame", [1, 2, 3]))
