"""One value for each patient and PRO-CTCAE symptom over the time of a study.

Source: ProAE 1.0.4, toxSummary (max_post_bl, bl_adjusted, toxicity_index). Toxicity index: the scores in
falling order, x1 + sum of x(i+1) / ((1 + x1) ... (1 + xi)), at most x1 + 0.9999.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast, get_args

import narwhals.stable.v2 as nw
from narwhals.stable.v2.typing import IntoFrameT

from scoring.errors import MissingColumnError
from scoring.proctcae_columns import Column, Frame, Schema, answer, check_codes, check_types, find_columns
from scoring.proctcae_errors import DuplicateCycleError, KeyColumnError, UnknownKindError
from scoring.proctcae_table import load_proctcae

SummaryKind = Literal["max_post_baseline", "baseline_adjusted", "toxicity_index"]
HIGHEST = 4
CEILING = 0.9999


def symptom_summary(
    frame: IntoFrameT,
    kind: SummaryKind,
    *,
    id: str = "id",  # noqa: A002
    cycle: str = "cycle",
    baseline: float = 0,
) -> IntoFrameT:
    """Summarise a frame of one row for each patient and cycle into one row a patient, ordered by `id`.

    `id` and `cycle` name their columns, `baseline` is the number of the baseline cycle; later ones are
    higher. Every PROCTCAE_<number><A|B|C>_SCL (0-4) and PROCTCAE_<number>_COMP (0-3) is summarised, as
    floats, high = worse; null and NaN are missing and left out, and a summary of nothing is null. Presence
    (_IND) and other columns are dropped. Give what score_proctcae_frame() returns: it has the zeros of branching.

    kind: "max_post_baseline", the highest score after baseline, of patients with a row after it;
        "baseline_adjusted", that highest score where it is above baseline, else 0, of patients with a
        baseline row; null when either is missing;
        "toxicity_index", over all cycles, from x1 to x1 + 0.9999 with x1 the highest score.

    UnknownKindError, MissingColumnError, UnknownColumnError; AnswerError for a value that is no score;
    KeyColumnError for a patient or cycle without value and cycles that are no numbers; DuplicateCycleError
    for two rows of a patient in a cycle. To see these a lazy frame is read at once. Source: head of this
    module.
    """
    if kind not in get_args(SummaryKind):
        raise UnknownKindError(kind, get_args(SummaryKind))
    given: Frame = nw.from_native(cast("Any", frame))
    schema = given.collect_schema()
    if missing := tuple(name for name in (id, cycle) if name not in schema):
        raise MissingColumnError(missing)
    found = find_columns(load_proctcae(), schema.names())
    columns = [column for name, column in found.items() if not name.endswith("_IND")]
    if not columns:
        raise MissingColumnError(("PROCTCAE_<number><A|B|C>_SCL",))
    _check(given, columns, schema, id, cycle)
    scores = given.select(id, cycle, *(answer(column.name, schema).alias(column.name) for column in columns))
    later = scores.filter(nw.col(cycle) > baseline)
    first = scores.filter(nw.col(cycle) == baseline)
    names = [column.name for column in columns]
    summaries = {
        "max_post_baseline": lambda: _highest(later, names, id),
        "baseline_adjusted": lambda: _baseline_adjusted(first, later, names, id),
        "toxicity_index": lambda: _toxicity_index(scores, names, id),
    }
    return cast("IntoFrameT", summaries[kind]().sort(id).to_native())


def _check(given: Frame, columns: list[Column], schema: Schema, patient: str, cycle: str) -> None:
    if not schema[cycle].is_numeric():
        raise KeyColumnError(cycle, f"{schema[cycle]} are no numbers of cycles")
    keys = {patient: nw.col(patient).is_null(), cycle: answer(cycle, schema).is_null()}
    for name, empty in keys.items():
        if _collected(given.filter(empty).select(name).head(1)):
            raise KeyColumnError(name, "a row has no value")
    count = nw.generate_temporary_column_name(8, [patient, cycle])
    counted = given.group_by(patient, cycle).agg(nw.len().alias(count)).filter(nw.col(count) > 1)
    for first in _collected(counted.sort(patient, cycle).head(1)):
        raise DuplicateCycleError(patient, first[patient], cycle, first[cycle])
    check_types(given, columns, schema)
    check_codes(given, columns, schema)


def _collected(few: Frame) -> list[dict[str, Any]]:
    frame = few.collect() if isinstance(few, nw.LazyFrame) else few
    return list(frame.rows(named=True))


def _highest(rows: Frame, names: list[str], patient: str) -> Frame:
    return rows.group_by(patient).agg(*(nw.col(name).max() for name in names))


def _baseline_adjusted(first: Frame, later: Frame, names: list[str], patient: str) -> Frame:
    mark = nw.generate_temporary_column_name(8, [patient, *names])
    before = first.select(patient, *(nw.col(name).alias(f"{mark}{name}") for name in names))
    after = _highest(later, names, patient)
    joined = before.join(cast("Any", after), on=patient, how="left")
    return joined.select(
        patient, **{name: _adjusted(nw.col(f"{mark}{name}"), nw.col(name)) for name in names}
    )


def _adjusted(before: nw.Expr, after: nw.Expr) -> nw.Expr:
    risen = nw.when(after.fill_null(0.0) > before.fill_null(0.0)).then(after).otherwise(0.0)
    return nw.when(~(before.is_null() | after.is_null())).then(risen)


def _toxicity_index(scores: Frame, names: list[str], patient: str) -> Frame:
    """From the numbers of scores of each height, which need no order of rows: scores of 0 add nothing."""
    mark = nw.generate_temporary_column_name(8, [patient, *names])
    heights = range(1, HIGHEST + 1)
    hits = {f"{mark}{name}{height}": _is_score(name, height) for name in names for height in heights}
    totals = (
        scores.with_columns(**hits)
        .group_by(patient)
        .agg(*(nw.col(name).max() for name in names), *(nw.col(hit).sum() for hit in hits))
    )
    counts = {name: {height: nw.col(f"{mark}{name}{height}") for height in heights} for name in names}
    return totals.select(patient, **{name: _index(nw.col(name), counts[name]) for name in names})


def _is_score(name: str, score: int) -> nw.Expr:
    return nw.when(nw.col(name).fill_null(-1.0) == score).then(nw.lit(1.0)).otherwise(nw.lit(0.0))


def _index(highest: nw.Expr, counts: Mapping[int, nw.Expr]) -> nw.Expr:
    """n scores of g add (1 + g) (1 - (1 + g) ** -n) of what the higher ones leave: a geometric series."""
    left: nw.Expr = nw.lit(1.0)
    index: nw.Expr = nw.lit(0.0)
    for score in sorted(counts, reverse=True):
        still = left * (1 / (1 + score)) ** counts[score]
        index, left = index + (1 + score) * (left - still), still
    ceiling = highest + CEILING
    return nw.when(~highest.is_null()).then(nw.when(index < ceiling).then(index).otherwise(ceiling))
