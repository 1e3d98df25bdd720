"""How long patients go without a deterioration of a score, by each of the published definitions.

Sources: Bonnetain et al. 2010; Anota et al. Qual Life Res 2015;24:5; results as those of the R package QoLR.
Definitions differ widely between trials, so every result carries the one it was made by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import narwhals.stable.v2 as nw
from narwhals.stable.v2.typing import IntoFrameT

from scoring.change import TOLERANCE, OptionError, Visits, chosen, ends, is_number, read_visits
from scoring.errors import TakenColumnError
from scoring.instrument import Better, Instrument, load_instrument

Reference = Literal["baseline", "best", "previous"]
MissingBaseline = Literal["censored", "event", "excluded"]
NoFollowUp = Literal["censored", "event"]
Table = nw.DataFrame[Any] | nw.LazyFrame[Any]

DAYS_PER_MONTH = 30.4375
RESULTS = ("event", "months", "ending")


@dataclass(frozen=True, slots=True)
class Deterioration:
    """A definition of deterioration. It is stored with the result: each of these is a column of it."""

    scale: str
    better: Better
    threshold: float
    reference: Reference
    definitive: int
    death_as_event: bool
    missing_baseline: MissingBaseline
    no_follow_up: NoFollowUp

    def columns(self) -> dict[str, nw.Expr]:
        """One column for each part, the same in all rows."""
        return {name: nw.lit(getattr(self, name)) for name in self.__slots__}


def time_to_deterioration(
    frame: IntoFrameT,
    scale: str,
    threshold: float,
    reference: Reference = "baseline",
    death_as_event: bool = False,
    definitive: Literal[1, 2, 3] | None = None,
    *,
    instrument: str | Instrument = "qlq-c30",
    missing_baseline: MissingBaseline = "censored",
    no_follow_up: NoFollowUp = "censored",
    id_column: str = "id",
    date_column: str = "date",
    baseline_column: str | None = None,
    death_column: str = "death",
) -> IntoFrameT:
    """Time from baseline to the first, or the definitive, deterioration of a score: one row a patient.

    Returns id, event (1, 0, or null when excluded), months = (date - date of baseline) / 30.4375, not rounded,
    null when excluded, and ending; then the definition used, a column each: scale, better (its good end),
    threshold, reference, definitive (0 for the first deterioration), death_as_event, missing_baseline,
    no_follow_up. Sorted by id, of the same kind as `frame`. What is worse comes from the instrument: a fall
    where a high score is good, a rise for symptoms. With w(r, s) = how much worse score s is than score r:

    - "deterioration": event at the first follow-up visit with w(reference, score) >= threshold (tolerance 1e-9)
      and, where `definitive` is 1, no later score s with w(s, reference) >= threshold; 2, every later score s
      with w(reference, s) >= threshold; 3, no later score s with w(s, score) >= threshold. Visits without the
      score are passed over. `reference`: the score at baseline, the best one so far, the one before.
    - "death": no deterioration, `death_as_event`, and a death: event at its date, however late.
    - "last score": censored at the last follow-up score.
    - "no follow-up": a baseline score alone: one day, 1 / 30.4375 months; censored, or by `no_follow_up` event.
    - "no baseline": follow-up scores alone: time 0, by `missing_baseline` censored (even by death), event, or
      excluded. With the references "best" and "previous" the first score serves as baseline score, so this ending
      is left to patients without a baseline visit; time runs from the baseline visit all the same.
    - "no score": neither: excluded.

    frame, id_column, date_column and baseline_column as in change(): without baseline_column the first visit is
        the baseline, its score missing or not. With it, visits before the baseline do not count.
    death_column: date of death, of the same kind as date_column, in one row of the patient or in several; read
        only with death_as_event.
    threshold: score points, above 0, at most 100.

    Errors as in change(); OptionError for an unknown scale or option or a bad threshold; VisitError for a death
    before a visit and for two dates of death. Sources as in the head of this module.
    """
    structure = load_instrument(instrument) if isinstance(instrument, str) else instrument
    table: Table = nw.from_native(cast("Any", frame))
    (code,) = chosen([scale], ends(structure), table)
    rule = Deterioration(
        scale=code,
        better=ends(structure)[code],
        threshold=threshold,
        reference=reference,
        definitive=0 if definitive is None else definitive,
        death_as_event=death_as_event,
        missing_baseline=missing_baseline,
        no_follow_up=no_follow_up,
    )
    _check(rule, definitive, id_column)
    deaths = death_column if death_as_event else None
    visits = read_visits(table, [code], id_column, date_column, baseline_column, deaths)
    ended = _with_endings(rule, _histories(rule, visits))
    results = ended.select(
        nw.col("id").alias(id_column), *(nw.col(name) for name in RESULTS), **rule.columns()
    )
    return cast("IntoFrameT", results.sort(id_column).to_native())


def _check(rule: Deterioration, definitive: object, id_column: str) -> None:
    choices: dict[str, tuple[object, ...]] = {
        "reference": get_args(Reference),
        "missing_baseline": get_args(MissingBaseline),
        "no_follow_up": get_args(NoFollowUp),
    }
    for option, allowed in choices.items():
        if (value := getattr(rule, option)) not in allowed:
            raise OptionError(option, value, f"one of {', '.join(map(str, allowed))}")
    if definitive is not None and (type(definitive) is not int or definitive not in (1, 2, 3)):
        raise OptionError("definitive", definitive, "None, 1, 2 or 3")
    if not isinstance(rule.death_as_event, bool):
        raise OptionError("death_as_event", rule.death_as_event, "True or False")
    if not is_number(rule.threshold, math.nextafter(0, 1), 100):
        raise OptionError("threshold", rule.threshold, "a number above 0, at most 100")
    if id_column in (*RESULTS, *rule.__slots__):
        raise TakenColumnError((id_column,))


def _histories(rule: Deterioration, visits: Visits) -> Table:
    """One row a patient: id, start, base (score there), worse (day of the event), last, scores, death.

    Scores are turned so that more is better. Baselines, references and later scores come by joins: the one form
    that all engines take.
    """
    score = visits.col(f"score {rule.scale}")
    every = visits.table.select(
        nw.col(cast("str", visits.id_column)).alias("id"),
        visits.col("day").alias("day"),
        (score if rule.better == "higher" else 0 - score).alias("health"),
        *([visits.col("death").alias("death")] if rule.death_as_event else []),
    )
    starts = visits.starts()
    starts = starts.select(
        nw.col(cast("str", visits.id_column)).alias("id"), visits.col("start").alias("start")
    )
    scored = every.filter(~nw.col("health").is_null()).select("id", "day", "health")
    counted = scored.join(cast("Any", starts), on="id", how="inner").filter(nw.col("day") >= nw.col("start"))
    base = counted.filter(nw.col("day") == nw.col("start")).select("id", nw.col("health").alias("base"))
    follow = counted.filter(nw.col("day") > nw.col("start"))
    ...
