"""The published cases on all six engines: one definition of the arithmetic, the same scores to 1e-9."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import dask.dataframe as dd
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame as SparkFrame
from pyspark.sql import SparkSession

import scoring
from tests.engines.java import java_home
from tests.scoring.published import ITEMS, RULES, Answers, Case, differing, read_cases

Rows = list[dict[str, Any]]
CODES = [*RULES, "SUMMARY"]
RESULTS = [*CODES, *(f"{code}_n" for code in CODES), "items_answered"]
ENGINES = ["pandas", "polars", "pyarrow", "polars lazy", "duckdb", "dask", "pyspark"]
LAZY = ["polars lazy", "duckdb", "dask", "pyspark"]
NUMBERS = ["int", "double"]
COMPLETE: Answers = dict.fromkeys(ITEMS, 2)


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    os.environ["JAVA_HOME"] = str(java_home())
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    builder = SparkSession.builder.master("local[2]").appName("scoring")
    session = builder.config("spark.ui.enabled", False).config("spark.log.level", "ERROR").getOrCreate()
    yield session
    session.stop()


@pytest.fixture
def make(spark: SparkSession) -> Callable[[str, Rows, str], Any]:
    """Makes a frame of an engine from columns id, of text, and q01..q30, of the given type."""

    def make_frame(engine: str, rows: Rows, number: str) -> Any:
        if engine == "pyspark":
            schema = ", ".join(["id string", *(f"{item} {number}" for item in ITEMS)])
            return spark.createDataFrame([tuple(row.values()) for row in rows], schema)
        numbers = {"int": pa.int64(), "double": pa.float64(), "string": pa.string()}[number]
        fields = [pa.field("id", pa.string()), *(pa.field(item, numbers) for item in ITEMS)]
        table = pa.Table.from_pylist(rows, schema=pa.schema(fields))
        return FROM_ARROW[engine](table)

    return make_frame


FROM_ARROW: dict[str, Callable[[pa.Table], Any]] = {
    "pandas": pa.Table.to_pandas,
    "polars": pl.from_arrow,
    "pyarrow": lambda table: table,
    "polars lazy": lambda table: pl.DataFrame(table).lazy(),
    "duckdb": duckdb.from_arrow,
    "dask": lambda table: dd.from_pandas(table.to_pandas(), npartitions=3),
}


def rows_by_id(frame: Any) -> dict[str, dict[str, Any]]:
    """What an engine computed, NaN as None."""
    if isinstance(frame, SparkFrame):
        rows = [row.asDict() for row in frame.collect()]
    elif isinstance(frame, pl.DataFrame | pl.LazyFrame):
        rows = frame.lazy().collect().to_dicts()
    elif isinstance(frame, duckdb.DuckDBPyRelation):
        rows = frame.to_arrow_table().to_pylist()
    elif isinstance(frame, pa.Table):
        rows = frame.to_pylist()
    else:
        rows = (frame.compute() if isinstance(frame, dd.DataFrame) else frame).to_dict("records")
    return {row["id"]: {name: None if pd.isna(cell) else cell for name, cell in row.items()} for row in rows}


def rows_of(cases: list[Case], number: str) -> Rows:
    kind = {"int": int, "double": float}[number]
    return [
        {"id": case.id} | {item: None if code is None else kind(code) for item, code in case.answers.items()}
        for case in cases
    ]


@pytest.mark.requirement("SCO-01")
@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_published_scores(
    engine: str, number: str, make: Callable[[str, Rows, str], Any]
) -> None:
    cases = read_cases()
    frame = make(engine, rows_of(cases, number), number)
    scored = scoring.score_frame(frame)
    assert type(scored) is type(frame)
    found = rows_by_id(scored)
    assert len(found) == len(cases) == 600
    for case in cases:
        row = found[case.id]
        assert list(row) == ["id", *ITEMS, *RESULTS]
        assert {item: row[item] for item in ITEMS} == case.answers
        assert differing([row[code] for code in CODES], [case.scores[code] for code in CODES]) == [], case.id


@pytest.mark.requirement("SCO-02")
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_counts_the_answers_as_the_plain_function_does(
    engine: str, make: Callable[[str, Rows, str], Any]
) -> None:
    instrument = scoring.load_instrument("qlq-c30")
    cases = read_cases()
    found = rows_by_id(scoring.score_frame(make(engine, rows_of(cases, "int"), "int")))
    for case in cases:
        single, row = scoring.score_answers(instrument, case.answers), found[case.id]
        assert {code: row[f"{code}_n"] for code in CODES} == single.answered
        assert row["items_answered"] == single.items_answered


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("value", [5.0, 0.0, 2.5, -1.0, 1e300, float("inf")])
@pytest.mark.parametrize("engine", LAZY)
def test_a_lazy_engine_gives_no_score_for_a_bad_value(
    engine: str, value: float, make: Callable[[str, Rows, str], Any]
) -> None:
    answers = {item: float(code or 0) for item, code in COMPLETE.items()}
    rows: Rows = [{"id": "good", **answers}, {"id": "bad", **answers, "q12": value}]
    found = rows_by_id(scoring.score_frame(make(engine, rows, "double")))
    assert None not in found["good"].values()
    empty = {name for name, cell in found["bad"].items() if cell is None}
    assert empty == {"FA", "FA_n", "SUMMARY", "SUMMARY_n", "items_answered"}


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("value", [5, 0, -1, 2**31 - 1])
@pytest.mark.parametrize("engine", LAZY)
def test_a_whole_number_that_is_no_code_spoils_its_scale_alone(
    engine: str, value: int, make: Callable[[str, Rows, str], Any]
) -> None:
    rows: Rows = [{"id": "good", **COMPLETE}, {"id": "bad", **COMPLETE, "q12": value, "q18": value}]
    found = rows_by_id(scoring.score_frame(make(engine, rows, "int")))
    assert None not in found["good"].values()
    empty = {name for name, cell in found["bad"].items() if cell is None}
    assert empty == {"FA", "FA_n", "SUMMARY", "SUMMARY_n", "items_answered"}


@pytest.mark.requirement("SCO-02")
@pytest.mark.parametrize("engine", ENGINES)
def test_nan_is_missing_as_null_is(engine: str, make: Callable[[str, Rows, str], Any]) -> None:
    answers: dict[str, Any] = {item: float(code or 0) for item, code in COMPLETE.items()}
    rows: Rows = [{"id": "it", **answers, "q09": float("nan"), "q19": None, "q06": float("nan")}]
    row = rows_by_id(scoring.score_frame(make(engine, rows, "double")))["it"]
    assert (row["PA"], row["PA_n"], row["SUMMARY"], row["SUMMARY_n"]) == (None, 0, None, 24)
    assert (row["RF2_n"], row["items_answered"]) == (1, 27)
    assert differing([row["RF2"]], [200 / 3]) == []


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("engine", LAZY)
def test_a_lazy_column_of_text_is_refused_before_it_runs(
    engine: str, make: Callable[[str, Rows, str], Any]
) -> None:
    rows: Rows = [{"id": "it", **dict.fromkeys(ITEMS, "2")}]
    with pytest.raises(scoring.ColumnTypeError) as caught:
        scoring.score_frame(make(engine, rows, "string"))
    assert (caught.value.column, caught.value.dtype) == ("q01", "String")
