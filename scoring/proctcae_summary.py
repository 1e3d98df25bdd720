"""One value for each patient and PRO-CTCAE symptom over the time of a study.

Source: ProAE 1.0.4, toxSummary (max_post_bl, bl_adjusted, toxicity_index). Toxicity index: the scores in
falling order, x1 + sum of x(i+1) / ((1 + x1) ... (1 + xi)), at most x1 + 0.9999.
"""

from __future__ import annotations

from functools import partial, reduce
from operator import add
from typing import Any, Literal, cast, get_args

import narwhals.stable.v2 as nw
from narwhals.stable.v2.typing import IntoFrameT

from scoring.errors import MissingColumnError
from scoring.proctcae_columns import Column, Frame, Schema, answer, check_codes, check_types, find_columns
from scoring.proctcae_errors import DuplicateCycleError, KeyColumnError, UnknownKindError
from scoring.proctcae_table import load_proctcae

SummaryKind = Literal["max_post_baseline", "baseline_adjusted", "toxicity_index"]
HEIGHTS = range(1, 5)
CEILING = 0.9999
BATCH = 16  # columns at a time: pandas warns of frames made of more than a hundred pieces


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
    (_IND) and other columns are dropped. Give what score_proctcae_frame() returns: it has the zeros of
    branching.

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
    names = [column.name for column in columns]
    batches = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]
    parts = [_summary(scores.select(id, cycle, *batch), kind, id, cycle, baseline) for batch in batches]
    return cast("IntoFrameT", reduce(partial(_beside, id), parts).sort(id).to_native())


def _beside(patient: str, left: Frame, right: Frame) -> Frame:
    return left.join(cast("Any", right), on=patient, how="left")


def _summary(scores: Frame, kind: SummaryKind, patient: str, cycle: str, baseline: float) -> Frame:
    """One row for each patient to whom this kind applies, the same ones whatever the columns."""
    names = scores.collect_schema().names()[2:]
    later = scores.filter(nw.col(cycle) > baseline)
    if kind == "max_post_baseline":
        return _highest(later, names, patient)
    if kind == "baseline_adjusted":
        return _baseline_adjusted(scores.filter(nw.col(cycle) == baseline), later, names, patient)
    return _toxicity_index(scores, names, patient)


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
    joined = _beside(patient, before, after)
    return joined.select(
        patient, **{name: _adjusted(nw.col(f"{mark}{name}"), nw.col(name)) for name in names}
    )


def _adjusted(before: nw.Expr, after: nw.Expr) -> nw.Expr:
    risen = nw.when(after.fill_null(0.0) > before.fill_null(0.0)).then(after).otherwise(0.0)
    return nw.when(~(before.is_null() | after.is_null())).then(risen)


def _toxicity_index(scores: Frame, names: list[str], patient: str) -> Frame:
    """From sums, which need no order of rows: the scores of one height make a geometric series.

    With r(h) = the product of 1 / (1 + x) over the scores x of h or more, those of h add
    (1 + h) (r(h + 1) - r(h)). Scores of 0 add nothing.
    """
    mark = nw.generate_temporary_column_name(8, [patient, *names])
    logs = {f"{mark}{name}{height}": _log(name, height) for name in names for height in HEIGHTS}
    totals = (
        scores.with_columns(**logs)
        .group_by(patient)
        .agg(*(nw.col(name).max() for name in names), *(nw.col(log).sum() for log in logs))
    )
    indices = {f"{mark}{name}": _index([nw.col(f"{mark}{name}{h}") for h in HEIGHTS]) for name in names}
    return totals.with_columns(**indices).select(
        patient, **{name: _capped(nw.col(f"{mark}{name}"), nw.col(name)) for name in names}
    )


def _log(name: str, height: int) -> nw.Expr:
    """The logarithm of 1 + score where the score is `height` or more, else 0."""
    score = nw.col(name).fill_null(0.0)
    return nw.when(score >= height).then((score + 1).log()).otherwise(0.0)


def _index(logs: list[nw.Expr]) -> nw.Expr:
    left = [*((-log).exp() for log in logs), nw.lit(1.0)]
    return reduce(add, ((1 + h) * (left[at + 1] - left[at]) for at, h in enumerate(HEIGHTS)))


def _capped(index: nw.Expr, highest: nw.Expr) -> nw.Expr:
    ceiling = highest.fill_null(0.0) + CEILING
    return nw.when(~highest.is_null()).then(nw.when(index < ceiling).then(index).otherwise(ceiling))
