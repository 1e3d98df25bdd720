"""Any frame in, the same kind of frame out."""

from __future__ import annotations

import dataclasses
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
    assert {str(dtypes[f"{code}_n"]) for code in CODES} | {str(dtypes["items_answered"])} == {"int64"}
    dtypes = scoring.score_frame(pd.DataFrame(rows_of(cases)).convert_dtypes()).dtypes
    assert {str(dtypes[f"{code}_n"]) for code in CODES} | {str(dtypes["items_answered"])} == {"Int64"}
    assert {str(dtypes[code]) for code in CODES} == {"Float64"}


@pytest.mark.parametrize("kind", ["polars lazy", "duckdb"])
def test_counts_of_lazy_frames_are_as_wide(kind: str, complete: Answers) -> None:
    scored = scoring.score_frame(KINDS[kind]([complete]))
    counts = [f"{code}_n" for code in CODES] + ["items_answered"]
    if isinstance(scored, pl.LazyFrame):
        assert {scored.collect_schema()[name] for name in counts} == {pl.Int64()}
    else:
        types = dict(zip(scored.columns, scored.types, strict=True))
        assert {str(types[name]) for name in counts} == {"BIGINT"}


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


@pytest.mark.requirement("SCO-02")
@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb"])
@pytest.mark.parametrize("change", ["none", "items in two scales", "items in no scale", "no summary"])
def test_items_in_no_scale_or_in_two_are_counted_once(
    kind: str, change: str, cases: list[Case], qlq_c30: scoring.Instrument
) -> None:
    scales = {
        "none": qlq_c30.scales,
        "items in two scales": (*qlq_c30.scales, dataclasses.replace(qlq_c30.scale("FA"), code="FA2")),
        "items in no scale": qlq_c30.scales[1:],
        "no summary": (qlq_c30.scale("PA"),),
    }[change]
    summary = None if change == "no summary" else qlq_c30.summary
    instrument = dataclasses.replace(qlq_c30, scales=scales, summary=summary)
    found = {
        row["id"]: row for row in rows_from(scoring.score_frame(KINDS[kind](rows_of(cases)), instrument))
    }
    for case in cases:
        single, row = scoring.score_answers(instrument, case.answers), found[case.id]
        assert row["items_answered"] == single.items_answered
        assert {code: row[f"{code}_n"] for code in single.answered} == single.answered
        assert differing([row[code] for code in single.values], single.values.values()) == []


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("kind", ["polars lazy", "duckdb"])
def test_a_bad_value_outside_all_scales_spoils_the_count_of_all_alone(
    kind: str, complete: Answers, qlq_c30: scoring.Instrument
) -> None:
    instrument = dataclasses.replace(qlq_c30, scales=qlq_c30.scales[1:])
    rows: list[dict[str, Any]] = [{"id": "good", **complete}, {"id": "bad", **complete, "q29": 8}]
    found = {row["id"]: row for row in rows_from(scoring.score_frame(KINDS[kind](rows), instrument))}
    assert None not in found["good"].values()
    assert {name for name, cell in found["bad"].items() if cell is None} == {"items_answered"}


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("polars lazy", "duckdb")])
def test_the_first_bad_row_is_named_and_in_it_the_first_item(kind: str, complete: Answers) -> None:
    rows: list[dict[str, Any]] = [dict(complete) for _ in range(4)]
    rows[3]["q01"] = rows[2]["q30"] = rows[2]["q05"] = 9
    with pytest.raises(scoring.AnswerError) as caught:
        scoring.score_frame(KINDS[kind](rows))
    assert (caught.value.row, caught.value.item, caught.value.value) == (3, "q05", 9)


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("kind", KINDS)
def test_the_highest_and_the_lowest_codes_of_each_item_are_answers(
    kind: str, qlq_c30: scoring.Instrument
) -> None:
    rows: list[dict[str, Any]] = [
        {item.id: item.lowest for item in qlq_c30.items},
        {item.id: item.highest for item in qlq_c30.items},
    ]
    found = rows_from(scoring.score_frame(KINDS[kind](rows)))
    assert [row["items_answered"] for row in found] == [30, 30]
    assert sorted((row["QL2"], row["SUMMARY"]) for row in found) == [(0.0, 100.0), (100.0, 0.0)]


@pytest.mark.parametrize("dtype", [pl.Int64, pl.UInt64, pl.Float64])
@pytest.mark.parametrize("value", [2**31, 2**62])
def test_a_number_of_any_size_is_refused_and_overflows_nowhere(
    dtype: Any, value: int, complete: Answers
) -> None:
    frame = pl.DataFrame([complete | {"q21": value, "q22": value}], schema=dict.fromkeys(ITEMS, dtype))
    with pytest.raises(scoring.AnswerError) as caught:
        scoring.score_frame(frame)
    assert (caught.value.item, caught.value.value) == ("q21", value)
    (row,) = rows_from(scoring.score_frame(duckdb.from_arrow(frame.to_arrow())))
    assert {name for name, cell in row.items() if cell is None} == {
        "EF",
        "EF_n",
        "SUMMARY",
        "SUMMARY_n",
        "items_answered",
    }


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
