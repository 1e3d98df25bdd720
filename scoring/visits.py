"""Frames of visits, checked: scores, days and marks as numbers that the functions over time reckon with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from numbers import Real
from operator import or_
from typing import Any

import narwhals.stable.v2 as nw

from scoring.errors import MissingColumnError, VisitError

Table = Any  # nw.DataFrame or nw.LazyFrame: a join takes two of the same, which a union cannot say
Columns = dict[str, tuple[str, str]]

# Sixths and thirds are not exact in floating point: numbers no further apart than this count as equal.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Visits:
    """A checked frame: `table` has the given columns, and beside them numbers whose names begin with `mark`.

    Those are "score <SCALE>", "day", "death", "marked" (1 in the row of the baseline); missing ones are null.
    Eager frames have "row" too.
    """

    table: Table
    mark: str
    id_column: str
    has_marks: bool

    def name(self, what: str) -> str:
        """The name of one of these columns."""
        return f"{self.mark}{what}"

    def col(self, what: str) -> nw.Expr:
        """One of these columns."""
        return nw.col(self.name(what))

    def starts(self) -> Table:
        """Each patient with a baseline: id and "start", the day marked or that of the first visit."""
        start = self.name("start")
        if self.has_marks:
            marked = self.table.filter(self.col("marked") == 1)
            return marked.select(self.id_column, self.col("day").alias(start))
        return self.table.group_by(self.id_column).agg(self.col("day").min().alias(start))


def read_visits(
    table: Table,
    codes: Collection[str],
    id_column: str,
    date_column: str,
    baseline_column: str | None,
    death_column: str | None = None,
) -> Visits:
    """The frame with the numbers to reckon with, after the checks that change() names."""
    columns: Columns = {"day": (date_column, "date")}
    columns |= {"marked": (baseline_column, "mark")} if baseline_column else {}
    columns |= {"death": (death_column, "date")} if death_column else {}
    visits = read_scores(table, codes, id_column, columns)
    dated, marked = ~visits.col("day").is_null(), visits.col("marked")
    bad = {(id_column, "is no patient"): nw.col(id_column).is_null()} | bad_scores(visits, codes)
    scored = [~visits.col(f"score {code}").is_null() for code in codes]
    bad[date_column, "is missing where there is a score"] = ~dated & reduce(or_, scored)
    if baseline_column:
        bad[baseline_column, "is neither true nor false"] = ~(marked.is_null() | marked.is_in([0.0, 1.0]))
        bad[date_column, "is missing in the baseline"] = ~dated & marked.is_in([1.0])
    refuse_rows(visits, bad)
    _refuse_twice(visits, dated, date_column, (id_column, visits.name("day")), "is there twice")
    if baseline_column:
        _refuse_twice(visits, marked == 1, baseline_column, (id_column,), "marks a second baseline")
    return visits


def read_scores(table: Table, codes: Iterable[str], patient: str = "", more: Columns | None = None) -> Visits:
    """The scores and `more` (column and kind by name) as floats; eager frames get their rows numbered."""
    names = table.collect_schema().names()
    mark = nw.generate_temporary_column_name(8, names)
    columns = (more or {}) | {f"score {code}": (code, "score") for code in codes}
    needed = ([patient] if patient else []) + [column for column, _ in columns.values()]
    if missing := tuple(column for column in needed if column not in names):
        raise MissingColumnError(missing)
    numbers: Any = {f"{mark}{what}": _numbers(table, *given) for what, given in columns.items()}
    numbered = table.with_row_index(f"{mark}row") if isinstance(table, nw.DataFrame) else table
    return Visits(numbered.with_columns(**numbers), mark, patient, "marked" in columns)


def _numbers(table: Table, column: str, kind: str) -> nw.Expr | nw.Series[Any]:
    """A column as floats, NaN made null: scores, days, or marks (true is 1)."""
    dtype = table.collect_schema()[column]
    if dtype.is_numeric():
        return nw.col(column).cast(nw.Float64).fill_nan(None)
    if kind == "date" and dtype in (nw.Date, nw.Datetime):
        return _ordinal(nw.col(column))
    if kind == "mark" and dtype == nw.Boolean:
        return nw.when(nw.col(column)).then(nw.lit(1.0))
    if isinstance(table, nw.DataFrame):
        return _from_objects(table[column], column, kind)
    if dtype == nw.Unknown:
        return nw.lit(None, dtype=nw.Float64)
    raise VisitError(column, dtype, f"is no type of a {kind}", None, None)


def _ordinal(column: nw.Expr) -> nw.Expr:
    """The day as date.toordinal() counts it; of a time of day nothing is left."""
    years = column.dt.year().cast(nw.Float64) - 1
    leap_days = (years / 4).floor() - (years / 100).floor() + (years / 400).floor()
    return years * 365 + leap_days + column.dt.ordinal_day().cast(nw.Float64)


def _from_objects(series: nw.Series[Any], column: str, kind: str) -> nw.Series[Any]:
    """Floats from a column of any Python values; VisitError for the first that does not fit."""
    numbers: list[float | None] = []
    for row, (value, missing) in enumerate(zip(series.to_list(), series.is_null().to_list(), strict=True), 1):
        if missing:
            numbers.append(None)
        elif kind == "date" and isinstance(value, date):
            numbers.append(float(value.toordinal()))
        elif kind != "date" and isinstance(value, Real) and (kind == "mark" or not isinstance(value, bool)):
            numbers.append(float(value))
        else:
            raise VisitError(column, value, f"is no {kind}", None, row)
    return nw.new_series(column, numbers, nw.Float64, backend=series.implementation)


def bad_scores(visits: Visits, codes: Iterable[str]) -> dict[tuple[str, str], nw.Expr]:
    """What is wrong with a score, as refuse_rows() takes it."""
    scores = {code: visits.col(f"score {code}") for code in codes}
    fine = {code: score.is_between(-TOLERANCE, 100 + TOLERANCE) for code, score in scores.items()}
    return {(code, "is not from 0 to 100"): ~(scores[code].is_null() | fine[code]) for code in scores}


def refuse_rows(visits: Visits, bad: Mapping[tuple[str, str], nw.Expr]) -> None:
    """VisitError for the first row of which one of these is true, by column and problem."""
    _refuse_first(visits, visits.table.filter(reduce(or_, bad.values())), bad)


def _refuse_twice(visits: Visits, among: nw.Expr, column: str, keys: tuple[str, ...], problem: str) -> None:
    """VisitError for the first of these rows that has the keys of a row before it."""
    rows, count = visits.table.filter(among), visits.name("count")
    first = {visits.name("first"): visits.col("row").min()} if isinstance(rows, nw.DataFrame) else {}
    groups = rows.group_by(*keys).agg(**{count: nw.len()}, **first).filter(nw.col(count) > 1)
    repeated = rows.join(groups, on=list(keys), how="inner")
    if first:
        repeated = repeated.filter(visits.col("row") > visits.col("first"))
    _refuse_first(visits, repeated, {(column, problem): nw.col(count) > 1})


def _refuse_first(visits: Visits, rows: Table, bad: Mapping[tuple[str, str], nw.Expr]) -> None:
    """VisitError for the first of these rows, if there is one."""
    number = visits.name("row")
    row = rows.head(1).collect() if isinstance(rows, nw.LazyFrame) else rows.sort(number).head(1)
    if row.is_empty():
        return
    which = row.select(**{str(n): each for n, each in enumerate(bad.values())}).row(0).index(True)
    column, problem = list(bad)[which]
    patient = row[visits.id_column].to_list()[0] if visits.id_column else None
    place = int(row[number].to_list()[0]) + 1 if number in row.columns else None
    raise VisitError(column, row[column].to_list()[0], problem, patient, place)
