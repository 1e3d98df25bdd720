"""Change of scores since baseline: its size, what it means for a patient, clinical importance of a score.

Frames hold one questionnaire a row, with a patient, a date and the scores of score_frame().
Sources: Giesinger JM et al. J Clin Epidemiol 2020;118:1-8 (clinical importance), Cocks K et al. Eur J Cancer
2012;48:1713 (minimal important differences of the QLQ-C30, of groups); the figures are the instrument's data.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from numbers import Real
from operator import or_
from typing import Any, cast

import narwhals.stable.v2 as nw
from narwhals.stable.v2.typing import IntoFrameT

from scoring.errors import ColumnTypeError, MissingColumnError, ScoringError, TakenColumnError
from scoring.instrument import Better, Instrument, MinimalChange, Threshold, load_instrument

Table = nw.DataFrame[Any] | nw.LazyFrame[Any]

# Differences of thirds and sixths are not exact in floating point: a change is as large as a threshold when it
# is short of it by no more than this, and beyond a threshold only when it is so by more.
TOLERANCE = 1e-9


class OptionError(ScoringError):
    """`value` was given for `option`, which must be `expected`."""

    def __init__(self, option: str, value: object, expected: str) -> None:
        super().__init__(option, value, expected)
        self.option = option
        self.value = value
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.option}: {self.value!r} is not {self.expected}"


class VisitError(ScoringError):
    """`value` in `column` cannot be: `problem`. `row` counts from 1; lazy frames know no rows (None)."""

    def __init__(self, column: str, value: object, problem: str, patient: object, row: int | None) -> None:
        super().__init__(column, value, problem, patient, row)
        self.column = column
        self.value = value
        self.problem = problem
        self.patient = patient
        self.row = row

    def __str__(self) -> str:
        row = "" if self.row is None else f"row {self.row}, "
        patient = "" if self.patient is None else f"patient {self.patient}, "
        return f"{row}{patient}column {self.column}: {self.value!r} {self.problem}"


class UnusableColumnError(ColumnTypeError):
    """A `column` of a lazy frame, of type `dtype`, cannot hold an `expected` each row."""

    def __init__(self, column: str, dtype: str, expected: str) -> None:
        super().__init__(column, dtype)
        self.args = (column, dtype, expected)
        self.expected = expected

    def __str__(self) -> str:
        return f"column {self.column}: {self.dtype} are no {self.expected}s"


@dataclass(frozen=True, slots=True)
class Visits:
    """A checked frame: `table` has the given columns, and beside them numbers whose names begin with `mark`.

    Those are "score <SCALE>", "day", "death", "marked" (1 in the baseline's row); missing ones are null. Eager
    frames have "row" too, from 1.
    """

    table: Table
    mark: str
    id_column: str | None = None
    has_marks: bool = False

    def name(self, what: str) -> str:
        """The name of one of these columns."""
        return f"{self.mark}{what}"

    def col(self, what: str) -> nw.Expr:
        """One of these columns."""
        return nw.col(self.name(what))

    def starts(self) -> Table:
        """The baseline of each patient that has one: id and "start", the day marked or that of the first visit."""
        start = self.name("start")
        if self.has_marks:
            marked = self.table.filter(self.col("marked") == 1)
            return marked.select(cast("str", self.id_column), self.col("day").alias(start))
        first = self.table.group_by(cast("str", self.id_column)).agg(self.col("day").min().alias(start))
        return first.filter(~nw.col(start).is_null())


@dataclass(frozen=True, slots=True)
class Limit:
    """From which size on a change for the better, or for the worse, is one; `source` says whence."""

    better: float
    worse: float
    source: str

    @property
    def definition(self) -> str:
        """The rule in words, for the result."""
        sizes = f"improved by {self.better:g}, deteriorated by {self.worse:g} points or more since baseline"
        return f"{sizes} (tolerance {TOLERANCE:g}); {self.source}"


def change(
    frame: IntoFrameT,
    instrument: str | Instrument = "qlq-c30",
    *,
    scales: Iterable[str] | None = None,
    id_column: str = "id",
    date_column: str = "date",
    baseline_column: str | None = None,
) -> IntoFrameT:
    """Change of scores since baseline: `<SCALE>_change` = score - score at baseline, later minus earlier.

    -100 to 100 score points, not rounded. A rise is good where `better` of the scale is "higher" (global health,
    functioning, summary) and bad for symptoms. 0 at the baseline itself; null before it, for a row without date,
    and where the score or that of the baseline is missing.

    frame: one questionnaire a row, in any order; the same kind comes back with its columns and rows (lazy
        engines may order them anew). Null and NaN are missing.
    scales: codes of scales or of the summary, each a column; without them all that the frame has.
    date_column: dates (the time of day does not count) or numbers; a row without scores may lack it.
    baseline_column: true or 1 in the row that is the patient's baseline; without it the first visit is, even
        when its scores are missing (as in Anota et al. Qual Life Res 2015;24:5).

    MissingColumnError, TakenColumnError; OptionError for an unknown scale; VisitError for a missing id, one date
    twice for a patient, a second baseline, a score without date or outside of 0-100, text. Lazy frames are run
    for these checks; a column of theirs that cannot hold numbers is an UnusableColumnError.
    """
    structure = load_instrument(instrument) if isinstance(instrument, str) else instrument
    table: Table = nw.from_native(cast("Any", frame))
    codes = chosen(scales, ends(structure), table)
    visits = _with_changes(read_visits(table, codes, id_column, date_column, baseline_column), codes)
    return cast("IntoFrameT", _add(table, visits, {f"{code}_change": visits.col(code) for code in codes}))


def responders(
    frame: IntoFrameT,
    instrument: str | Instrument = "qlq-c30",
    *,
    threshold: float | Mapping[str, float] | None = None,
    scales: Iterable[str] | None = None,
    id_column: str = "id",
    date_column: str = "date",
    baseline_column: str | None = None,
) -> IntoFrameT:
    """Who got better: `<SCALE>_response` is "improved", "stable" or "deteriorated" since baseline, a visit each.

    With g = change() towards the good end of the scale: improved when g >= threshold, deteriorated when
    g <= -threshold, both with a tolerance of 1e-9, else stable. Null where the change is.

    threshold: points, above 0 and at most 100, by scale or one for all. Without it each scale has its own for
        the better and for the worse: the minimal important difference of the instrument. Those of the QLQ-C30
        come from means of groups; they are not meant to judge single patients by, and the result says so.
    `<SCALE>_response_by` holds the definition used, its source and that reservation.

    Other parameters and errors as in change(); OptionError for a bad threshold too, and for a scale without one.
    """
    structure = load_instrument(instrument) if isinstance(instrument, str) else instrument
    table: Table = nw.from_native(cast("Any", frame))
    limits = _limits(structure, threshold)
    codes = chosen(scales, limits, table)
    visits = _with_changes(read_visits(table, codes, id_column, date_column, baseline_column), codes)
    results = {}
    for code in codes:
        gain = visits.col(code) if ends(structure)[code] == "higher" else 0 - visits.col(code)
        results[f"{code}_response"] = _response(gain, limits[code])
        results[f"{code}_response_by"] = nw.lit(limits[code].definition)
    return cast("IntoFrameT", _add(table, visits, results))


def important(
    frame: IntoFrameT,
    instrument: str | Instrument = "qlq-c30",
    *,
    threshold: float | Mapping[str, float] | None = None,
    scales: Iterable[str] | None = None,
) -> IntoFrameT:
    """Clinical importance: `<SCALE>_important` is true where a score is worse than its threshold.

    score < threshold where a high score is good (functioning), score > threshold for symptoms. Strict, against
    the whole number as published: 83.33 of PF2 is not flagged by 83. A score within 1e-9 of the threshold equals
    it. Null where the score is missing. `<SCALE>_important_by` holds the rule used and its source.

    threshold: 0-100, by scale or one for all; without it that of the instrument (the QLQ-C30 has none for QL2
        and the summary). scales: without them all that have a threshold and a column. The frame needs no dates.

    MissingColumnError, TakenColumnError, OptionError; VisitError for a score outside of 0-100 or text.
    Source: Giesinger JM et al. J Clin Epidemiol 2020;118:1-8.
    """
    structure = load_instrument(instrument) if isinstance(instrument, str) else instrument
    table: Table = nw.from_native(cast("Any", frame))
    cuts = _cuts(structure, threshold)
    codes = chosen(scales, cuts, table)
    visits = _read_scores(table, codes)
    _refuse_rows(visits, _bad_scores(visits, codes))
    results = {}
    for code in codes:
        value, source = cuts[code]
        score, is_low_bad = visits.col(f"score {code}"), ends(structure)[code] == "higher"
        worse = score < value - TOLERANCE if is_low_bad else score > value + TOLERANCE
        results[f"{code}_important"] = nw.when(~score.is_null()).then(worse)
        results[f"{code}_important_by"] = nw.lit(f"{'below' if is_low_bad else 'above'} {value:g}; {source}")
    return cast("IntoFrameT", _add(table, visits, results))


def ends(instrument: Instrument) -> dict[str, Better]:
    """The good end of each score of the instrument, the summary last."""
    found = {scale.code: scale.better for scale in instrument.scales}
    return found | ({instrument.summary.code: instrument.summary.better} if instrument.summary else {})


def chosen(scales: Iterable[str] | None, known: Collection[str], table: Table) -> tuple[str, ...]:
    """The scales asked for, else those of `known` that have a column; OptionError, MissingColumnError."""
    columns = table.collect_schema().names()
    codes = tuple(code for code in known if code in columns) if scales is None else tuple(scales)
    for code in codes:
        if code not in known:
            raise OptionError("scales", code, f"one of {', '.join(known)}")
    if not codes or isinstance(scales, str) or len(set(codes)) < len(codes):
        raise OptionError("scales", scales, f"a list, none twice, of {', '.join(known)}")
    require_columns(table, *codes)
    return codes


def require_columns(table: Table, *columns: str | None) -> None:
    """MissingColumnError for those that the table lacks; None asks for nothing."""
    there = table.collect_schema().names()
    if missing := tuple(column for column in columns if column is not None and column not in there):
        raise MissingColumnError(missing)


def is_number(value: object, lowest: float, highest: float) -> bool:
    """Whether this is a number, neither a truth value nor NaN, within both bounds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and lowest <= value <= highest


def read_visits(
    table: Table,
    codes: Collection[str],
    id_column: str,
    date_column: str,
    baseline_column: str | None,
    death_column: str | None = None,
) -> Visits:
    """The frame with the numbers to reckon with, after the checks that change() names."""
    require_columns(table, id_column, date_column, baseline_column, death_column)
    given = {
        "day": (date_column, "date"),
        "marked": (baseline_column, "mark"),
        "death": (death_column, "date"),
    }
    columns = {what: (column, kind) for what, (column, kind) in given.items() if column is not None}
    visits = replace(_read_scores(table, codes, columns), id_column=id_column, has_marks="marked" in columns)
    day, dated = visits.col("day"), ~visits.col("day").is_null()
    scored = reduce(or_, [~visits.col(f"score {code}").is_null() for code in codes])
    bad = {(id_column, "is no patient"): nw.col(id_column).is_null()} | _bad_scores(visits, codes)
    bad[date_column, "is missing where there is a score"] = ~dated & scored
    if baseline_column:
        marked = visits.col("marked")
        bad[baseline_column, "is neither true nor false"] = ~(marked.is_null() | marked.is_in([0.0, 1.0]))
        bad[date_column, "is missing in the baseline"] = ~dated & marked.is_in([1.0])
    if death_column:
        bad[death_column, "is before a visit"] = _or_false(visits.col("death") < day)
    _refuse_rows(visits, bad)
    _refuse_twice(visits, dated, date_column, (id_column, visits.name("day")), "is there twice")
    if baseline_column:
        is_marked = visits.col("marked") == 1
        _refuse_twice(visits, is_marked, baseline_column, (id_column,), "marks a second baseline")
    return visits


def _with_changes(visits: Visits, codes: Iterable[str]) -> Visits:
    """The visits with the change of each scale under its code, by a join with the baseline of the patient."""
    base = {code: visits.name(f"base {code}") for code in codes}
    id_column, day, start = cast("str", visits.id_column), visits.name("day"), visits.name("start")
    scores = visits.table.filter(~nw.col(day).is_null()).select(
        id_column, day, *(visits.col(f"score {code}").alias(name) for code, name in base.items())
    )
    lookup = visits.starts().join(scores, left_on=[id_column, start], right_on=[id_column, day], how="inner")
    joined = visits.table.join(lookup.select(id_column, start, *base.values()), on=id_column, how="left")
    since = nw.col(day) >= nw.col(start)
    changes = {
        visits.name(code): nw.when(since).then(visits.col(f"score {code}") - nw.col(name))
        for code, name in base.items()
    }
    return replace(visits, table=joined.with_columns(**changes))


def _response(gain: nw.Expr, limit: Limit) -> nw.Expr:
    improved, deteriorated = gain >= limit.better - TOLERANCE, gain <= TOLERANCE - limit.worse
    other = nw.when(deteriorated).then(nw.lit("deteriorated")).otherwise(nw.lit("stable"))
    return nw.when(~gain.is_null()).then(nw.when(improved).then(nw.lit("improved")).otherwise(other))


def _limits(instrument: Instrument, threshold: float | Mapping[str, float] | None) -> dict[str, Limit]:
    """The limits of each scale that has some."""
    if threshold is None:
        changes = {scale.code: scale.minimal_change for scale in instrument.scales}
        return {code: _published(found) for code, found in changes.items() if found}
    given = _by_scale(instrument, threshold, math.nextafter(0, 1))
    return {code: Limit(size, size, "threshold as given") for code, size in given.items()}


def _published(sizes: MinimalChange) -> Limit:
    of = "groups, not meant for single patients" if sizes.level == "group" else "single patients"
    source = f"minimal important difference of {of}: {_cited(sizes)}"
    return Limit(sizes.better[0], sizes.worse[0], source)


def _cuts(
    instrument: Instrument, threshold: float | Mapping[str, float] | None
) -> dict[str, tuple[float, str]]:
    """Value and source of the threshold of importance of each scale that has one."""
    if threshold is None:
        found = {scale.code: scale.threshold for scale in instrument.scales}
        return {code: (cut.value, _cited(cut)) for code, cut in found.items() if cut}
    return {
        code: (value, "threshold as given") for code, value in _by_scale(instrument, threshold, 0).items()
    }


def _cited(figure: Threshold | MinimalChange) -> str:
    return figure.source if figure.confirmed else f"{figure.source} (not yet checked against it)"


def _by_scale(
    instrument: Instrument, threshold: float | Mapping[str, float], lowest: float
) -> dict[str, float]:
    """The threshold of each scale, checked."""
    known = ends(instrument)
    given = dict(threshold) if isinstance(threshold, Mapping) else dict.fromkeys(known, threshold)
    for code, value in given.items():
        if code not in known:
            raise OptionError("threshold", code, f"one of {', '.join(known)}")
        if not is_number(value, lowest, 100):
            raise OptionError("threshold", value, f"a number {'above' if lowest else 'from'} 0, at most 100")
    return given


def _add(table: Table, visits: Visits, results: Mapping[str, nw.Expr]) -> Any:
    """The native frame as it was given, with the results as further columns."""
    names = table.collect_schema().names()
    if taken := tuple(name for name in results if name in names):
        raise TakenColumnError(taken)
    reckoned = visits.table.with_columns(**results)
    if isinstance(table, nw.DataFrame) and isinstance(reckoned, nw.DataFrame):
        ordered = reckoned.sort(visits.name("row"))
        return table.with_columns(*(ordered[name] for name in results)).to_native()
    return reckoned.select(*names, *results).to_native()


def _read_scores(
    table: Table, codes: Iterable[str], others: Mapping[str, tuple[str, str]] | None = None
) -> Visits:
    """The scores, and `others` (column and kind by name), as floats; eager frames get their rows numbered."""
    mark = nw.generate_temporary_column_name(8, table.collect_schema().names())
    columns = {f"score {code}": (code, "score") for code in codes} | dict(others or {})
    numbers: dict[str, Any] = {
        f"{mark}{what}": _numbers(table, column, kind) for what, (column, kind) in columns.items()
    }
    if isinstance(table, nw.DataFrame):
        return Visits(table.with_row_index(f"{mark}row").with_columns(**numbers), mark)
    return Visits(table.with_columns(**numbers), mark)


def _numbers(table: Table, column: str, kind: str) -> nw.Expr | nw.Series[Any]:
    """A column as floats, NaN made null: scores, days, or marks (true is 1)."""
    dtype = table.collect_schema()[column]
    if dtype.is_numeric():
        return nw.col(column).cast(nw.Float64).fill_nan(None)
    if kind == "date" and dtype in (nw.Date, nw.Datetime):
        return _ordinal(nw.col(column))
    if kind == "mark" and dtype == nw.Boolean:
        return nw.when(_or_false(nw.col(column))).then(nw.lit(1.0)).otherwise(nw.lit(0.0))
    if isinstance(table, nw.DataFrame):
        return _from_objects(table[column], column, kind)
    if dtype == nw.Unknown:
        return nw.lit(None, dtype=nw.Float64)
    raise UnusableColumnError(column, str(dtype), kind)


def _ordinal(column: nw.Expr) -> nw.Expr:
    """The day as date.toordinal() counts it; of a time of day nothing is left."""
    years = column.dt.year().cast(nw.Float64) - 1
    leap_days = (years / 4).floor() - (years / 100).floor() + (years / 400).floor()
    return years * 365 + leap_days + column.dt.ordinal_day().cast(nw.Float64)


def _from_objects(series: nw.Series[Any], column: str, kind: str) -> nw.Series[Any]:
    """Floats from a column of any Python values, as pandas has them; VisitError for the first that does not fit."""
    numbers: list[float | None] = []
    for row, (value, missing) in enumerate(zip(series.to_list(), series.is_null().to_list(), strict=True), 1):
        if missing:
            numbers.append(None)
        elif kind == "date" and isinstance(value, date):
            numbers.append(float(value.toordinal()))
        elif kind != "date" and isinstance(value, Real) and isinstance(value, bool) <= (kind == "mark"):
            numbers.append(float(value))
        else:
            raise VisitError(column, value, f"is no {kind}", None, row)
    return nw.new_series(column, numbers, nw.Float64, backend=series.implementation)


def _bad_scores(visits: Visits, codes: Iterable[str]) -> dict[tuple[str, str], nw.Expr]:
    bad = {}
    for code in codes:
        score = visits.col(f"score {code}")
        bad[code, "is not from 0 to 100"] = _or_false((score < -TOLERANCE) | (score > 100 + TOLERANCE))
    return bad


def _or_false(condition: nw.Expr) -> nw.Expr:
    return condition.fill_null(value=False)


def _refuse_rows(visits: Visits, bad: Mapping[tuple[str, str], nw.Expr]) -> None:
    """VisitError for the first row of which one of these is true, by column and problem."""
    row = _first(visits.table.filter(reduce(or_, bad.values())))
    if len(row):
        problem = row.select(**{str(n): each for n, each in enumerate(bad.values())}).row(0).index(True)
        raise _visit_error(visits, row, *list(bad)[problem])


def _refuse_twice(visits: Visits, among: nw.Expr, column: str, keys: tuple[str, ...], problem: str) -> None:
    """VisitError for the first of these rows that has the keys of a row before it."""
    table, count = visits.table.filter(among), visits.name("count")
    aggregates = {count: nw.len()}
    if is_eager := isinstance(table, nw.DataFrame):
        aggregates[visits.name("first")] = visits.col("row").min()
    repeated = table.group_by(*keys).agg(**aggregates).filter(nw.col(count) > 1)
    bad = table.join(cast("Any", repeated), on=list(keys), how="inner")
    if is_eager:
        bad = bad.filter(visits.col("row") > visits.col("first")).sort(visits.name("row"))
    row = _first(bad)
    if len(row):
        raise _visit_error(visits, row, column, problem)


def _first(table: Table) -> nw.DataFrame[Any]:
    """The first row, or none, as an eager frame."""
    row = table.head(1)
    return row.collect() if isinstance(row, nw.LazyFrame) else row


def _visit_error(visits: Visits, line: nw.DataFrame[Any], column: str, problem: str) -> VisitError:
    patient = line[visits.id_column].to_list()[0] if visits.id_column else None
    number = visits.name("row")
    row = int(line[number].to_list()[0]) + 1 if number in line.columns else None
    return VisitError(column, line[column].to_list()[0], problem, patient, row)
