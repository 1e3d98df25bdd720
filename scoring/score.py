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
Lazy = nw.LazyFrame[Any]
Table = nw.DataFrame[Any] | Lazy


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
    columns = _Columns(structure, schema, nw.generate_temporary_column_name(8, schema.names()))
    counted = columns.with_counts(table.lazy())
    if isinstance(table, nw.LazyFrame):
        return cast("IntoFrameT", columns.scored(columns.without_bad_counts(counted)).to_native())
    rows = counted.collect()
    columns.refuse_bad_answers(rows)
    return cast("IntoFrameT", columns.with_wide_counts(columns.scored(rows.lazy())).collect().to_native())


def _points(scale: Scale, total: Number, count: Number) -> Number:
    """The score for codes that add up to `total` in `count` answers; one division keeps 0 and 100 exact."""
    distance = count * scale.highest - total if scale.reversed else total - count * scale.lowest
    return distance * 100 / (count * (scale.highest - scale.lowest))


def _mean_of(summary: Summary, instrument: Instrument, scores: Mapping[str, Number]) -> Number:
    """The mean of the summary's scales, those with the other direction turned round: 100 - score."""
    total: Any = 0.0
    turned = 0
    for code in summary.scales:
        if instrument.scales_by_code[code].better == summary.better:
            total = total + scores[code]
        else:
            total = total - scores[code]
            turned += 1
    return cast("Number", (total + 100 * turned) / len(summary.scales))


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


def _result_names(instrument: Instrument) -> list[str]:
    codes = [scale.code for scale in instrument.scales]
    if instrument.summary:
        codes.append(instrument.summary.code)
    return [*codes, *(f"{code}_n" for code in codes), "items_answered"]


@dataclass(frozen=True, slots=True)
class _Columns:
    """The expressions over the columns of one table, in stages of which each reads the one before.

    Every engine takes that form. Columns under way bear a mark that no column of the caller begins with:
    whether an item holds a code, under its id; the number of answers of a scale and of all items, under the
    name of the result. Few of them, narrow ones, and one expression for many columns: that is what makes it
    fast (docs/performance/0002).
    """

    instrument: Instrument
    schema: Schema
    mark: str

    def with_counts(self, table: Lazy) -> Lazy:
        """Adds whether each item holds a code, then the numbers of answers."""
        codes = (self._is_code(item) for item in self.instrument.items)
        zero = nw.lit(0.0).alias(self.mark)
        counts = {f"{self.mark}{name}": self._count(items) for name, items in self._counted.items()}
        return table.with_columns(zero, *codes).with_columns(**counts)

    def without_bad_counts(self, counted: Lazy) -> Lazy:
        """Makes null the counts that a bad value touches, one that is neither a code nor missing."""
        counts = {}
        for name, items in self._counted.items():
            count = self._marked(name)
            missing = _sum(one.cast(nw.Int32) for item in items for one in self._are_missing((item,)))
            counts[f"{self.mark}{name}"] = nw.when(count + missing == len(items)).then(count.cast(nw.Int64))
        return counted.with_columns(**counts)

    def refuse_bad_answers(self, counted: nw.DataFrame[Any]) -> None:
        """AnswerError for the first row with a value that is neither a code nor missing, in item order."""
        codes = counted.select(self._marked(*self._items).sum()).row(0)
        missing = counted.select(one.sum() for one in self._are_missing(self._items)).rows(named=True)[0]
        bad = [
            item
            for item, code in zip(self.instrument.items, codes, strict=True)
            if (code or 0) + (missing[item.id] or 0) < len(counted)
        ]
        if bad:
            raise min((self._first_bad(item, counted) for item in bad), key=lambda error: error.row or 0)

    def _first_bad(self, item: Item, counted: nw.DataFrame[Any]) -> AnswerError:
        (missing,) = self._are_missing((item.id,))
        is_bad = ~(self._marked(item.id) | missing)
        row = int(counted.select(is_bad.alias(item.id))[item.id].arg_true()[0])
        return AnswerError(item.id, counted[item.id][row : row + 1].to_list()[0], item.codes, row + 1)

    def scored(self, counted: Lazy) -> Lazy:
        """The caller's columns and the results; a score is null where the count is null or too low."""
        counts = {scale.code: self._marked(f"{scale.code}_n") for scale in self.instrument.scales}
        scores = {
            scale.code: nw.when(counts[scale.code] >= scale.fewest).then(
                _points(scale, _sum(map(self._code_or_zero, scale.items)), counts[scale.code])
            )
            for scale in self.instrument.scales
        }
        results = {code: nw.col(code) for code in scores}
        if summary := self.instrument.summary:
            results[summary.code] = _mean_of(summary, self.instrument, results)
            counts[summary.code] = _sum(counts[code] for code in summary.scales)
        results |= {f"{code}_n": count for code, count in counts.items()}
        parts = ["items_answered"] if self._apart == self._items else self._counted
        results["items_answered"] = _sum(self._marked(name) for name in parts)
        return counted.with_columns(**scores).select(*self.schema, **results)

    def with_wide_counts(self, scored: Lazy) -> Lazy:
        """Counts of a table without bad values, narrow until here, as wide as those of any other."""
        summary = self.instrument.summary
        codes = [*self.instrument.scales_by_code, *([summary.code] if summary else [])]
        counts = nw.col(*(f"{code}_n" for code in codes), "items_answered")
        return scored.with_columns(counts.cast(nw.Int64))

    @property
    def _items(self) -> tuple[str, ...]:
        return tuple(item.id for item in self.instrument.items)

    @property
    def _apart(self) -> tuple[str, ...]:
        """The items to count apart from the scales: those in none, or all of them if scales share some."""
        shared = [item for scale in self.instrument.scales for item in scale.items]
        return tuple(item for item in self._items if len(shared) > len(set(shared)) or item not in shared)

    @property
    def _counted(self) -> dict[str, tuple[str, ...]]:
        """The items whose answers are counted, by the name of the result."""
        scales = {f"{scale.code}_n": scale.items for scale in self.instrument.scales}
        return scales | ({"items_answered": self._apart} if self._apart else {})

    def _marked(self, *names: str) -> nw.Expr:
        return nw.col(*(f"{self.mark}{name}" for name in names))

    def _alike(self, items: Iterable[str]) -> list[list[str]]:
        """The items by type of column: what one expression can be about."""
        groups: dict[nw.dtypes.DType, list[str]] = {}
        for item in items:
            groups.setdefault(self.schema[item], []).append(item)
        return list(groups.values())

    def _is_code(self, item: Item) -> nw.Expr:
        """True for a code, False for anything else, null and NaN too; under the marked id."""
        if self.schema[item.id].is_integer():
            is_code = nw.col(item.id).is_between(item.lowest, item.highest)
        else:
            answer = self._floats(item.id)
            is_code = answer.is_between(item.lowest, item.highest) & (answer == answer.round(0))
        return is_code.fill_null(False).alias(f"{self.mark}{item.id}")

    def _are_missing(self, items: Iterable[str]) -> list[nw.Expr]:
        """True for null and NaN, else False."""
        return [
            nw.col(*alike).is_null()
            if self.schema[alike[0]].is_integer()
            else self._floats(*alike).is_nan().fill_null(True)
            for alike in self._alike(items)
        ]

    def _floats(self, *items: str) -> nw.Expr:
        columns = nw.col(*items)
        if self.schema[items[0]] == nw.Object:
            columns = columns.fill_null(float("nan"))  # pandas has no float for its NA among objects
        return columns.cast(nw.Float64)

    def _count(self, items: tuple[str, ...]) -> nw.Expr:
        return nw.sum_horizontal(self._marked(*items).cast(nw.Int16)).cast(nw.Int32)

    def _code_or_zero(self, item: str) -> nw.Expr:
        """What an item adds to the sum. A bad whole number is not left out: it spoils the count anyway."""
        answer = self._floats(item)
        if self.schema[item].is_integer():
            return answer.fill_null(0.0)
        return nw.when(self._marked(item)).then(answer).otherwise(nw.col(self.mark))


def _sum(columns: Iterable[nw.Expr]) -> nw.Expr:
    """Added one by one: null as soon as one is null, and a form that Dask takes inside other expressions."""
    return reduce(add, columns)
