"""The cells of the items: numbers where they hold codes, nothing where missing, and the bad ones found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scoring.command.problems import library
from scoring.instrument import Instrument, Item

NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")


@dataclass(frozen=True, slots=True)
class Missing:
    """What stands for a missing answer besides an empty cell: `numbers` by value, `texts` as written."""

    numbers: frozenset[float] = frozenset()
    texts: frozenset[str] = frozenset()


def read_missing(text: str) -> Missing:
    """The signs in a list such as "9,99,NA". "nan" is a text here: as a number it would equal nothing."""
    signs = [sign.strip() for sign in text.split(",")]
    numbers = {sign: float(sign) for sign in signs if NUMBER.fullmatch(sign)}
    return Missing(frozenset(numbers.values()), frozenset(signs) - frozenset(numbers))


def read_answers(frame: Any, instrument: Instrument, columns: Mapping[str, str], missing: Missing) -> Any:
    """The answers as columns of numbers under the items' ids: null where missing, no code where bad.

    Missing are: null, NaN in a column of numbers, a text of nothing or spaces, and the signs of `missing`. A
    text that spells a number is that number; any other is bad, "NA" and "nan" too, and becomes NaN.
    """
    return frame.select(
        _answers(frame[columns[item.id]], missing).alias(item.id) for item in instrument.items
    )


def bad_rows(answers: Any, instrument: Instrument) -> dict[str, Any]:
    """The rows, from 0 and ascending, where the answers are no codes: by item, only items with any."""
    polars = library("polars")
    marks = answers.select(~_is_code(answers, item) for item in instrument.items)
    found = marks.select(polars.all().any()).row(0, named=True)
    return {item: marks[item].arg_true() for item, is_bad in found.items() if is_bad}


def without_bad(answers: Any, instrument: Instrument) -> Any:
    """The answers, those that are no codes made null."""
    polars = library("polars")
    return answers.select(
        polars.when(_is_code(answers, item)).then(polars.col(item.id)) for item in instrument.items
    )


def put_back(frame: Any, answers: Any, columns: Mapping[str, str]) -> Any:
    """The frame with the answers in their columns; what was text holds whole numbers now."""
    polars = library("polars")
    changed = [
        answers[item].alias(column)
        if frame[column].dtype.is_numeric()
        else answers[item].cast(polars.Int8).alias(column)
        for item, column in columns.items()
    ]
    return frame.with_columns(changed)


def _is_code(answers: Any, item: Item) -> Any:
    """A condition on a column that holds whole numbers or floats; null where there is no answer."""
    kind = int if answers[item.id].dtype.is_integer() else float
    return library("polars").col(item.id).is_in([kind(code) for code in item.codes])


def _answers(column: Any, missing: Missing) -> Any:
    polars = library("polars")
    if column.dtype.is_integer():
        return _without(column, missing)
    if column.dtype.is_numeric():
        return _without(column.cast(polars.Float64).fill_nan(None), missing)
    texts = column.cast(polars.String)
    plain = texts.cast(polars.Int8, strict=False)
    if plain.null_count() > texts.null_count():
        plain = _numbers(texts.str.strip_chars(), missing)
    return _without(plain, missing)


def _numbers(texts: Any, missing: Missing) -> Any:
    """Numbers from texts that are not all plain: null for those that stand for missing, NaN for any other."""
    polars = library("polars")
    is_missing = texts.is_in(["", *missing.texts]) | texts.is_null()
    return texts.cast(polars.Float64, strict=False).fill_null(float("nan")).set(is_missing, None)


def _without(numbers: Any, missing: Missing) -> Any:
    if not missing.numbers:
        return numbers
    polars = library("polars")
    is_missing = numbers.cast(polars.Float64).is_in(list(missing.numbers))
    return numbers.set(is_missing.fill_null(False), None)
