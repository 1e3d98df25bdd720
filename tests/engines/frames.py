"""The engines, each with the way from an Arrow table to its frame and from its frame to plain rows."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dask.dataframe as dd
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
from pyspark.sql import SparkSession

from tests.engines.java import java_home

Rows = list[dict[str, Any]]
# The tables are small: each partition costs more than its rows.
SPARK: dict[str, bool | float | int | str | None] = {
    "spark.default.parallelism": 2,
    "spark.sql.shuffle.partitions": 2,
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": False,
}


def start_spark() -> SparkSession:
    """A Spark of this machine alone. Raises NoJavaError without Java."""
    os.environ["JAVA_HOME"] = str(java_home())
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    return SparkSession.builder.master("local[2]").appName("scoring").config(map=SPARK).getOrCreate()


def to_dask(table: pa.Table) -> Any:
    """Three partitions, to spread patients and errors; empty columns are of floats, as Dask reads them."""
    for at, field in enumerate(table.schema):
        if pa.types.is_null(field.type):
            table = table.set_column(at, field.name, table[at].cast(pa.float64()))
    from_pandas: Any = dd.from_pandas  # it has no types
    return from_pandas(table.to_pandas(date_as_object=False), npartitions=3)


FROM_ARROW: dict[str, Callable[[pa.Table], Any]] = {
    "pandas": pa.Table.to_pandas,
    "polars": pl.from_arrow,
    "pyarrow": lambda table: table,
    "polars lazy": lambda table: pl.DataFrame(table).lazy(),
    "duckdb": duckdb.from_arrow,
    "dask": to_dask,
}
TO_ROWS: dict[str, Callable[[Any], Rows]] = {
    "pandas": lambda frame: frame.to_dict("records"),
    "polars": pl.DataFrame.to_dicts,
    "pyarrow": pa.Table.to_pylist,
    "polars lazy": lambda frame: frame.collect().to_dicts(),
    "duckdb": lambda frame: frame.to_arrow_table().to_pylist(),
    "dask": lambda frame: frame.compute().to_dict("records"),
    "pyspark": lambda frame: frame.toArrow().to_pylist(),
}


@dataclass(frozen=True, slots=True)
class Engine:
    """One of the engines; `spark` is there for PySpark alone."""

    name: str
    spark: SparkSession | None = None

    def frame(self, rows: Rows, **types: pa.DataType) -> Any:
        """A frame of this engine; columns that are not named in `types` get the type of their values."""
        table = pa.Table.from_pylist(rows)
        for name, dtype in types.items():
            at = table.schema.get_field_index(name)
            table = table.set_column(at, name, pa.array([row[name] for row in rows], dtype))
        return self.spark.createDataFrame(table) if self.spark else FROM_ARROW[self.name](table)

    def rows(self, frame: Any) -> Rows:
        """What the engine computes, with NaN and NA as None."""
        return [
            {name: None if pd.isna(cell) else cell for name, cell in row.items()}
            for row in TO_ROWS[self.name](frame)
        ]
