"""Composite grades of whole frames, from the table that composite_grade() looks up. Sources as there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any, cast

import narwhals.stable.v2 as nw
from narwhals.stable.v2.typing import IntoFrameT

from scoring.errors import TakenColumnError
from scoring.proctcae_columns import (
    Column,
    Frame,
    Schema,
    answer,
    check_codes,
    check_types,
    find_columns,
)
from scoring.proctcae_table import HIGHEST_GRADE, ProCtcae, Symptom, load_proctcae, place


def score_proctcae_frame(frame: IntoFrameT, *, write_zeros: bool = True) -> IntoFrameT:
    """Grade a frame: one report a row, one column an attribute; the same kind comes back.

    Takes what Narwhals takes. Columns are PROCTCAE_<number><A|B|C>_SCL, codes 0 (none) to 4 (most), their
    letters in the order frequency, severity, interference, and PROCTCAE_<number>A_IND, 0 or 1. Null and NaN
    are missing, except after an earlier attribute of 0: there branching did not ask, and they count as 0.
    With `write_zeros` these zeros also stand in the columns given, which are else left as they are.

    After them comes PROCTCAE_<number>_COMP for each symptom that has a composite and all of its columns, in
    the order of the numbers: 0 (none) to 3 (worst), as floats, null where an attribute is missing.

    UnknownColumnError for PROCTCAE_ columns that no symptom has, MissingColumnError without any of them,
    TakenColumnError when the name of a result is taken. A value that is no code is an AnswerError with its
    row. Lazy frames have no rows before they run: there a column without numbers is a ColumnTypeError, and a
    bad value leaves its grade null.
    """
    table = load_proctcae()
    given: Frame = nw.from_native(cast("Any", frame))
    schema = given.collect_schema()
    columns = find_columns(table, schema.names())
    if taken := tuple(name for name in columns if name.endswith("_COMP")):
        raise TakenColumnError(taken)
    check_types(given, columns.values(), schema)
    if isinstance(given, nw.DataFrame):
        check_codes(given, columns.values(), schema)
    return cast("IntoFrameT", _graded(table, given, columns, schema, write_zeros=write_zeros).to_native())


def _graded(
    table: ProCtcae, given: Frame, columns: Mapping[str, Column], schema: Schema, *, write_zeros: bool
) -> Frame:
    """Answers, zeros, places and grades as columns, stage by stage: the form that every engine takes."""
    mark = nw.generate_temporary_column_name(8, list(schema))
    symptoms = [
        symptom
        for symptom in table.symptoms.values()
        if symptom.attributes in table.grades and set(symptom.columns) <= columns.keys()
    ]
    answers = {name: nw.col(f"{mark}{name}") for name in columns}
    unasked = {name: _is_unasked(column, answers) for name, column in columns.items()}
    graded = (
        given.with_columns(**{f"{mark}{name}": answer(name, schema) for name in columns})
        .with_columns(
            **{f"{mark}{name}_0": _code(columns[name], answers[name], unasked[name]) for name in columns},
            **(_with_zeros(unasked, schema) if write_zeros else {}),
        )
        .with_columns(**{symptom.composite: _place(symptom, mark) for symptom in symptoms})
        .with_columns(**{symptom.composite: _grade(table, symptom) for symptom in symptoms})
    )
    return graded.select(*schema, *(symptom.composite for symptom in symptoms))


def _is_unasked(column: Column, answers: Mapping[str, nw.Expr]) -> nw.Expr:
    """Whether branching left the question out: no answer, and an earlier one of 0."""
    earlier = (answers[name].fill_null(1.0) == 0 for name in column.earlier if name in answers)
    return answers[column.name].is_null() & reduce(or_, earlier, nw.lit(value=False))


def _code(column: Column, value: nw.Expr, unasked: nw.Expr) -> nw.Expr:
    """0 where not asked, null for what is missing or no code."""
    code = nw.when(value.is_in([float(code) for code in column.codes])).then(value)
    return nw.when(unasked).then(0.0).otherwise(code)


def _with_zeros(unasked: Mapping[str, nw.Expr], schema: Schema) -> dict[str, nw.Expr]:
    """The columns given, in their own types, with the zeros of branching."""
    written = {}
    for name, where in unasked.items():
        dtype = schema[name] if schema[name].is_numeric() else nw.Float64
        column = answer(name, schema) if dtype is nw.Float64 else nw.col(name)
        written[name] = nw.when(where).then(nw.lit(0, dtype)).otherwise(column)
    return written


def _place(symptom: Symptom, mark: str) -> nw.Expr:
    """The place of the grade among those of the symptom's attributes, -1 when an attribute is missing."""
    return place(nw.col(f"{mark}{name}_0") for name in symptom.columns).fill_null(-1.0)


def _grade(table: ProCtcae, symptom: Symptom) -> nw.Expr:
    """The grade at the place that stands under the composite's name; null when there is no place."""
    grades = table.grades[symptom.attributes]
    return _first_true(
        (
            nw.col(symptom.composite).is_in([float(at) for at, found in enumerate(grades) if found == grade]),
            grade,
        )
        for grade in range(HIGHEST_GRADE + 1)
    )


def _first_true(cases: Iterable[tuple[nw.Expr, int]]) -> nw.Expr:
    """The number beside the condition that holds; null when none does."""
    chosen: nw.Expr = nw.lit(None, nw.Float64)
    for condition, number in cases:
        chosen = nw.when(condition).then(nw.lit(float(number))).otherwise(chosen)
    return chosen
