"""Scores of 0-100 from answers: of one questionnaire in plain Python, of whole frames through Narwhals.

Both take the arithmetic from the same two functions, `_points` and `_mean_of`, for numbers and for columns.
Source: EORTC QLQ-C30 Scoring Manual (raw score = mean of the items answered; linear transformation to 0-100;
a scale is scored when at least half of its items are answered). Summary score: Giesinger et al.,
J Clin Epidemiol 2016;69:79-88.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from numbers import Real
from operator import add
from typing import Any, TypeVar, cast

import narwhals.stable.v2 as nw
from narwhals.stable.v2.typing import IntoFrameT

from scoring.errors import AnswerError, ColumnTypeError, MissingColumnError, TakenColumnError
from scoring.instrument import Instrument, Item, Scale, Summary, load_instrument

Number = TypeVar("Number", float, nw.Expr)
Schema = Mapping[str, nw.dtypes.DType]
Table = nw.DataFrame[Any] | nw.LazyFrame[Any]


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one questionnaire.

    values: score of each scale in the instrument's order, the summary last; 0-100, not rounded, None where
        too little was answered. The good end is `better` of the scale: for the QLQ-C30 the higher one for
        global health, functioning and the summary, the lower one for symptoms.
    answered: number of items answered, under the same keys; for the summary those of all the scales it uses.
    items_answered: number of items answered in the whole instrument.
    """

    values: Mapping[str, float | None]
    answered: Mapping[str, int]
    items_answered: int


def score_answers(instrument: Instrument, answers: Mapping[str, int | None]) -> Scores:
    """Score one questionnaire; an item that is None or not there was not answered.

    AnswerError for an item that the instrument lacks and for a value that is no code of its item (True, 2.0
    and "2" are none). Direction and range as in Scores; source as in the head of this module.
    """
    given = _given(instrument.items_by_id, answers)
    values: dict[str, float | None] = {}
    answered: dict[str, int] = {}
    for scale in instrument.scales:
        codes = [given[item] for item in scale.items if item in given]
        count = answered[scale.code] = len(codes)
        values[scale.code] = _points(scale, sum(codes), count) if count >= scale.fewest else None
    if summary := instrument.summary:
        present = {code: value for code in summary.scales if (value := values[code]) is not None}
        complete = len(present) == len(summary.scales)
        values[summary.code] = _mean_of(summary, instrument, present) if complete else None
        answered[summary.code] = sum(answered[code] for code in summary.scales)
    return Scores(values, answered, len(given))


def score_frame(frame: IntoFrameT, instrument: str | Instrument = "qlq-c30") -> IntoFrameT:
    """Score a frame: one questionnaire a row, one column an item (q01..q30); the same kind comes back.

    Takes what Narwhals takes: pandas, Polars (eager and lazy), PyArrow, DuckDB and others. Null and NaN are
    missing. The columns stay as they are. After them come one for each scale and the summary (0-100,
    direction as in Scores, not rounded, null where too little was answered), `<scale>_n` with the number of
    items answered of each (for the summary those of all the scales it uses), and `items_answered`.

    MissingColumnError without a column for every item, TakenColumnError when the name of a result is taken.
    A value that is no code of its item is an AnswerError with its row. Lazy frames have no rows before they
    run: there a column without numbers is a ColumnTypeError, and a bad value leaves null the scores and
    counts that it touches. Source as in the head of this module.
    """
    structure = load_instrument(instrument) if isinstance(instrument, str) else instrument
    table: Table = nw.from_native(cast("Any", frame))
    schema = table.collect_schema()
    _check_columns(structure, schema.names())
    _check_types(structure, table, schema)
    scored = _with_scores(structure, table)
    if isinstance(scored, nw.DataFrame) and scored["items_answered"].is_null().any():
        raise _first_bad_answer(structure, scored)
    return cast("IntoFrameT", scored.to_native())


def _points(scale: Scale, total: Number, count: Number) -> Number:
    """The score for codes that add up to `total` in `count` answers; one division keeps 0 and 100 exact."""
    distance = count * scale.highest - total if scale.reversed else total - count * scale.lowest
    return distance * 100 / (count * (scale.highest - scale.lowest))


def _mean_of(summary: Summary, instrument: Instrument, scores: Mapping[str, Number]) -> Number:
    """The mean of the summary's scales, those with the other direction turned round."""
    turned = [
        scores[code] if instrument.scale(code).better == summary.better else 100 - scores[code]
        for code in summary.scales
    ]
    return reduce(add, turned) / len(turned)


def _given(items: Mapping[str, Item], answers: Mapping[str, int | None]) -> dict[str, int]:
    """The answers that were given, each checked against its item."""
    given = {}
    for item_id, value in answers.items():
        item = items.get(item_id)
        if item is None:
            raise AnswerError(item_id, value, ())
        if value is None:
            continue
        if type(value) is not int or not item.lowest <= value <= item.highest:
            raise AnswerError(item_id, value, item.codes)
        given[item_id] = value
    return given


def _check_columns(instrument: Instrument, columns: list[str]) -> None:
    missing = tuple(item.id for item in instrument.items if item.id not in columns)
    if missing:
        raise MissingColumnError(missing)
    taken = tuple(name for name in _result_names(instrument) if name in columns)
    if taken:
        raise TakenColumnError(taken)


def _check_types(instrument: Instrument, table: Table, schema: Schema) -> None:
    """A column not of numbers is looked through if eager, else must be empty (of unknown type)."""
    for item in instrument.items:
        dtype = schema[item.id]
        if dtype.is_numeric():
            continue
        if isinstance(table, nw.DataFrame):
            _check_values(item, table[item.id])
        elif dtype != nw.Unknown:
            raise ColumnTypeError(item.id, str(dtype))


def _check_values(item: Item, column: nw.Series[Any]) -> None:
    """Refuse the first text or truth value of a column not of numbers: a cast would take "2" and True."""
    for row, (value, missing) in enumerate(zip(column.to_list(), column.is_null().to_list(), strict=True), 1):
        if not missing and (isinstance(value, bool) or not isinstance(value, Real)):
            raise AnswerError(item.id, value, item.codes, row)


def _first_bad_answer(instrument: Instrument, scored: nw.DataFrame[Any]) -> AnswerError:
    """The error about the first row that could not be counted."""
    row = int(scored["items_answered"].is_null().arg_true()[0])
    line = scored[row : row + 1]
    fine = line.select(_is_fine(item, _answer(item, line.schema)) for item in instrument.items).row(0)
    item = instrument.items[fine.index(False)]
    return AnswerError(item.id, line[item.id].to_list()[0], item.codes, row + 1)


def _answer(item: Item, schema: Schema) -> nw.Expr:
    """The answers to an item as floats, NaN made null: engines disagree on what NaN does in a sum."""
    column = nw.col(item.id)
    if schema[item.id] == nw.Object:
        column = column.fill_null(float("nan"))  # pandas has no float for its NA among objects
    return column.cast(nw.Float64).fill_nan(None)


def _is_fine(item: Item, answer: nw.Expr) -> nw.Expr:
    return answer.is_null() | answer.is_in([float(code) for code in item.codes])


def _count(item: Item, answer: nw.Expr) -> nw.Expr:
    """1 for an answer, 0 for none, null for a value that is no code, which makes the whole count null."""
    return nw.when(_is_fine(item, answer)).then((~answer.is_null()).cast(nw.Int64))


def _result_names(instrument: Instrument) -> list[str]:
    codes = [scale.code for scale in instrument.scales]
    if instrument.summary:
        codes.append(instrument.summary.code)
    return [*codes, *(f"{code}_n" for code in codes), "items_answered"]


def _with_scores(instrument: Instrument, table: Table) -> Table:
    """Answers, sums, scores and summary as columns, stage by stage: the form that every engine takes."""
    schema = table.collect_schema()
    mark = nw.generate_temporary_column_name(8, schema.names())
    answers = {item.id: nw.col(f"{mark}{item.id}") for item in instrument.items}
    scored = (
        table.with_columns(**{f"{mark}{item.id}": _answer(item, schema) for item in instrument.items})
        .with_columns(**_sums(instrument, answers))
        .with_columns(**{scale.code: _score_of(scale) for scale in instrument.scales})
    )
    if summary := instrument.summary:
        scores = {code: nw.col(code) for code in summary.scales}
        answered = _sum(nw.col(f"{code}_n") for code in summary.scales)
        mean = _mean_of(summary, instrument, scores)
        scored = scored.with_columns(**{summary.code: mean, f"{summary.code}_n": answered})
    return scored.select(*schema.names(), *_result_names(instrument))


def _sums(instrument: Instrument, answers: Mapping[str, nw.Expr]) -> dict[str, nw.Expr]:
    """Under the name of each scale the sum of its codes (its score later), and the numbers of answers."""
    counts = {item.id: _count(item, answers[item.id]) for item in instrument.items}
    sums = {"items_answered": _sum(counts.values())}
    for scale in instrument.scales:
        sums[scale.code] = _sum(answers[item].fill_null(0.0) for item in scale.items)
        sums[f"{scale.code}_n"] = _sum(counts[item] for item in scale.items)
    return sums


def _score_of(scale: Scale) -> nw.Expr:
    """The score from the sums; with too few answers the count is null, so nothing is divided by zero."""
    count = nw.col(f"{scale.code}_n")
    enough = nw.when(count >= scale.fewest).then(count.cast(nw.Float64))
    return _points(scale, nw.col(scale.code), enough)


def _sum(columns: Iterable[nw.Expr]) -> nw.Expr:
    """Added one by one: null as soon as one is null, where an aggregate would pass it over."""
    return reduce(add, columns)
