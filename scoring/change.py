"""Change of scores since baseline, responders, clinical importance.

Frames hold one questionnaire a row, with a patient, a date and the scores that score_frame() gives.
Sources: Giesinger JM et al. J Clin Epidemiol 2020;118:1-8 (clinical importance); Cocks K et al. Eur J Cancer
2012;48:1713 (minimal important differences of the QLQ-C30, of groups). The figures are the instrument's data.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

import narwhals.stable.v2 as nw
from narwhals.stable.v2.typing import IntoFrameT

from scoring.errors import OptionError, TakenColumnError
from scoring.instrument import Instrument, MinimalChange, Scale, Threshold, load_instrument
from scoring.visits import TOLERANCE, Table, Visits, bad_scores, read_scores, read_visits, refuse_rows

Sizes = float | Mapping[str, float]

LEAST = math.nextafter(0, 1)
GIVEN = "threshold as given"


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

    -100 to 100 score points, not rounded. A rise is good where `better` of the scale is "higher" (global
    health, functioning, summary) and bad for symptoms. 0 at the baseline itself; null before it, for a row
    without date, and where the score or that of the baseline is missing.

    frame: one questionnaire a row, in any order; the same kind comes back with its columns and rows (lazy
        engines may order them anew). Null and NaN are missing.
    scales: codes of scales or of the summary, each a column; without them all that the frame has.
    date_column: dates (the time of day does not count) or numbers; a row without scores may lack it.
    baseline_column: true or 1 in the row that is the patient's baseline; without it the first visit is, even
        when its scores are missing (as in Anota et al. Qual Life Res 2015;24:5).

    MissingColumnError, TakenColumnError; OptionError for an unknown scale; VisitError for a missing id, one
    date twice for a patient, a second baseline, a score without date or outside of 0-100, and what is no
    number or date. Lazy frames are run for these checks.
    """
    structure = load_instrument(instrument) if isinstance(instrument, str) else instrument
    table: Table = nw.from_native(cast("Any", frame))
    codes = chosen(scales, structure.ends, table)
    visits = _with_changes(read_visits(table, codes, id_column, date_column, baseline_column), codes)
    return cast("IntoFrameT", _add(table, visits, {f"{code}_change": visits.col(code) for code in codes}))


def responders(
    frame: IntoFrameT,
    instrument: str | Instrument = "qlq-c30",
    *,
    threshold: Sizes | None = None,
    scales: Iterable[str] | None = None,
    id_column: str = "id",
    date_column: str = "date",
    baseline_column: str | None = None,
) -> IntoFrameT:
    """Who got better: `<SCALE>_response` at each visit is "improved", "stable" or "deteriorated".

    With g = change() towards the good end of the scale: improved when g >= threshold, deteriorated when
    g <= -threshold, both with a tolerance of 1e-9, else stable. Null where the change is.

    threshold: points, above 0 and at most 100, by scale or one for all. Without it each scale has its own for
        the better and for the worse: the minimal important difference of the instrument. Those of the QLQ-C30
        come from means of groups; they are not meant to judge single patients by, and the result says so.
    `<SCALE>_response_by` holds the definition used, its source and that reservation.

    Other parameters and errors as in change(); OptionError also for a bad threshold, a scale without one.
    """
    structure = load_instrument(instrument) if isinstance(instrument, str) else instrument
    table: Table = nw.from_native(cast("Any", frame))
    limits = _limits(structure, threshold)
    codes = chosen(scales, limits, table)
    visits = _with_changes(read_visits(table, codes, id_column, date_column, baseline_column), codes)
    results: dict[str, nw.Expr] = {}
    for code in codes:
        gain = visits.col(code) if structure.ends[code] == "higher" else 0 - visits.col(code)
        results[f"{code}_response"] = _response(gain, limits[code])
        results[f"{code}_response_by"] = nw.lit(_definition(limits[code]))
    return cast("IntoFrameT", _add(table, visits, results))


def important(
    frame: IntoFrameT,
    instrument: str | Instrument = "qlq-c30",
    *,
    threshold: Sizes | None = None,
    scales: Iterable[str] | None = None,
) -> IntoFrameT:
    """Clinical importance: `<SCALE>_important` is true where a score is worse than its threshold.

    score < threshold where a high score is good (functioning), score > threshold for symptoms. Strict, and
    against the whole number as published: 83.33 of PF2 is not flagged by 83. A score within 1e-9 of the
    threshold equals it. Null where the score is. `<SCALE>_important_by` holds the rule used and its source.

    threshold: 0-100, by scale or one for all; without it that of the instrument (the QLQ-C30 has none for QL2
        and the summary). scales: without them all with a threshold and a column. The frame needs no dates.

    MissingColumnError, TakenColumnError, OptionError; VisitError for a score outside of 0-100 or text.
    """
    structure = load_instrument(instrument) if isinstance(instrument, str) else instrument
    table: Table = nw.from_native(cast("Any", frame))
    cuts = _cuts(structure, threshold)
    codes = chosen(scales, cuts, table)
    visits = read_scores(table, codes)
    refuse_rows(visits, bad_scores(visits, codes))
    results: dict[str, nw.Expr] = {}
    for code in codes:
        value = cuts[code].value
        score, is_low_bad = visits.col(f"score {code}"), structure.ends[code] == "higher"
        worse = _is_worse(score, value, is_low_bad=is_low_bad)
        results[f"{code}_important"] = nw.when(~score.is_null()).then(worse)
        side = "below" if is_low_bad else "above"
        results[f"{code}_important_by"] = nw.lit(f"{side} {value:g}; {_cited(cuts[code])}")
    return cast("IntoFrameT", _add(table, visits, results))


def is_important(scale: Scale, score: float | None) -> bool | None:
    """Whether one score, 0-100, is worse than its scale's threshold: the rule of important().

    None without a score, and for a scale without a threshold.
    """
    if score is None or scale.threshold is None:
        return None
    return bool(_is_worse(score, scale.threshold.value, is_low_bad=scale.better == "higher"))


def _is_worse(score: float | nw.Expr, threshold: float, *, is_low_bad: bool) -> bool | nw.Expr:
    return score < threshold - TOLERANCE if is_low_bad else score > threshold + TOLERANCE


def _with_changes(visits: Visits, codes: Iterable[str]) -> Visits:
    """The visits with the change of each scale under its code, by a join with the baseline of the patient."""
    base = {code: visits.name(f"base {code}") for code in codes}
    id_column, day, start = visits.id_column, visits.name("day"), visits.name("start")
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


def _response(gain: nw.Expr, limit: MinimalChange) -> nw.Expr:
    improved, deteriorated = gain >= limit.better[0] - TOLERANCE, gain <= TOLERANCE - limit.worse[0]
    other = nw.when(deteriorated).then(nw.lit("deteriorated")).otherwise(nw.lit("stable"))
    return nw.when(~gain.is_null()).then(nw.when(improved).then(nw.lit("improved")).otherwise(other))


def _definition(limit: MinimalChange) -> str:
    rule = (
        f"improved by {limit.better[0]:g}, deteriorated by {limit.worse[0]:g} points or more since baseline"
    )
    whose = "; of groups, not meant for single patients" if limit.level == "group" else ""
    return f"{rule} (tolerance {TOLERANCE:g}); {_cited(limit)}{whose}"


def _limits(instrument: Instrument, threshold: Sizes | None) -> dict[str, MinimalChange]:
    if threshold is None:
        return {each.code: each.minimal_change for each in instrument.scales if each.minimal_change}
    sizes = _by_scale(instrument, threshold, LEAST)
    return {code: MinimalChange((size,), (size,), "individual", True, GIVEN) for code, size in sizes.items()}


def _cuts(instrument: Instrument, threshold: Sizes | None) -> dict[str, Threshold]:
    if threshold is None:
        return {each.code: each.threshold for each in instrument.scales if each.threshold}
    cuts = _by_scale(instrument, threshold, 0)
    return {code: Threshold(value, True, GIVEN) for code, value in cuts.items()}


def _cited(figure: Threshold | MinimalChange) -> str:
    return figure.source if figure.confirmed else f"{figure.source} (not yet checked against it)"


def _by_scale(instrument: Instrument, threshold: Sizes, lowest: float) -> dict[str, float]:
    """The threshold of each scale, checked."""
    known = instrument.ends
    given = dict(threshold) if isinstance(threshold, Mapping) else dict.fromkeys(known, threshold)
    for code, value in given.items():
        if code not in known:
            raise OptionError("threshold", code, f"one of {', '.join(known)}")
        if not is_size(value, lowest):
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


def chosen(scales: Iterable[str] | None, known: Collection[str], table: Table) -> tuple[str, ...]:
    """The scales asked for, else those of `known` that have a column; OptionError, MissingColumnError."""
    there = table.collect_schema().names()
    codes = tuple(code for code in known if code in there) if scales is None else tuple(scales)
    for code in codes:
        if code not in known:
            raise OptionError("scales", code, f"one of {', '.join(known)}")
    if not codes or len(set(codes)) < len(codes):
        raise OptionError("scales", scales, f"a list, none twice, of {', '.join(known)}")
    return codes


def is_size(value: object, lowest: float) -> bool:
    """Whether this is a number from `lowest` to 100, neither a truth value nor NaN."""
    return isinstance(value, int | float) and not isinstance(value, bool) and lowest <= value <= 100
