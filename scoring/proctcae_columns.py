"""The PRO-CTCAE columns of a frame, known by their exact names, and their values checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from numbers import Real
from operator import and_
from typing import Any

import narwhals.stable.v2 as nw

from scoring.errors import AnswerError, ColumnTypeError, MissingColumnError
from scoring.proctcae_errors import UnknownColumnError
from scoring.proctcae_table import HIGHEST_GRADE, ProCtcae

Schema = Mapping[str, nw.dtypes.DType]
Frame = nw.DataFrame[Any] | nw.LazyFrame[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of codes or grades, 0 to `highest`. `earlier`: columns asked before it about the symptom."""

    name: str
    highest: int
    earlier: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[int, ...]:
        """The values it may have, ascending."""
        return tuple(range(self.highest + 1))


def find_columns(table: ProCtcae, names: Iterable[str]) -> dict[str, Column]:
    """The PRO-CTCAE columns among `names`, in their order.

    UnknownColumnError for names that begin like them, in any case, and are none; MissingColumnError without
    any of them.
    """
    known = _known(table)
    alike = [name for name in names if name.upper().startswith("PROCTCAE_")]
    if unknown := tuple(name for name in alike if name not in known):
        raise UnknownColumnError(unknown)
    if not alike:
        raise MissingColumnError(("PROCTCAE_<number><A|B|C>_SCL",))
    return {name: known[name] for name in alike}


def _known(table: ProCtcae) -> dict[str, Column]:
    known = {}
    for symptom in table.symptoms.values():
        for number, (letter, name) in enumerate(zip(symptom.attributes, symptom.columns, strict=True)):
            known[name] = Column(name, table.attributes[letter].highest, symptom.columns[:number])
        if symptom.attributes in table.grades:
            known[symptom.composite] = Column(symptom.composite, HIGHEST_GRADE)
    return known


def answer(name: str, schema: Schema) -> nw.Expr:
    """The column as floats, NaN made null: engines disagree on what NaN does in comparisons."""
    column = nw.col(name)
    if schema[name] == nw.Object:
        column = column.fill_null(float("nan"))  # pandas has no float for its NA among objects
    return column.cast(nw.Float64).fill_nan(None)


def is_fine(column: Column, value: nw.Expr) -> nw.Expr:
    """Whether `value` is missing or one of the column's codes."""
    return value.is_null() | value.is_in([float(code) for code in column.codes])


def check_types(frame: Frame, columns: Iterable[Column], schema: Schema) -> None:
    """A column not of numbers is looked through if eager, else must be empty (of unknown type)."""
    for column in columns:
        dtype = schema[column.name]
        if dtype.is_numeric():
            continue
        if isinstance(frame, nw.DataFrame):
            _check_values(column, frame[column.name])
        elif dtype != nw.Unknown:
            raise ColumnTypeError(column.name, str(dtype))


def _check_values(column: Column, series: nw.Series[Any]) -> None:
    """Refuse the first text or truth value: a cast would take "2" and True."""
    for row, (value, missing) in enumerate(zip(series.to_list(), series.is_null().to_list(), strict=True), 1):
        if not missing and (isinstance(value, bool) or not isinstance(value, Real)):
            raise AnswerError(column.name, value, column.codes, row)


def check_codes(frame: Frame, columns: Iterable[Column], schema: Schema) -> None:
    """Refuse the first row with a value that is no code. A lazy frame is read once and names no row."""
    fine = {column: is_fine(column, answer(column.name, schema)) for column in columns}
    mark = nw.generate_temporary_column_name(8, list(schema))
    marked = frame.with_columns(reduce(and_, fine.values()).alias(mark))
    if isinstance(marked, nw.DataFrame):
        rows = (~marked[mark]).arg_true().to_list()[:1]
        line = marked[rows]
    else:
        rows = []
        line = marked.filter(~nw.col(mark)).head(1).collect()
    for column, expression in fine.items():
        if len(line) and not line.select(expression.alias(mark))[mark].to_list()[0]:
            value = line[column.name].to_list()[0]
            raise AnswerError(column.name, value, column.codes, rows[0] + 1 if rows else None)
