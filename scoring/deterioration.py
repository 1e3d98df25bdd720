"""How long patients go without a deterioration of a score, by each of the published definitions.

What is worse comes from the instrument: a fall where a high score is good, a rise for symptoms. Let w(r, s)
be how much worse score s is than score r. A history ends by the first of these that holds:

- "deterioration": event at the first follow-up visit with w(reference, score) >= threshold and, where
  `definitive` is 1, no later score s with w(s, reference) >= threshold; 2, every later score s with
  w(reference, s) >= threshold; 3, no later score s with w(s, score) >= threshold; all with a tolerance of
  1e-9. Visits without the score are passed over. `reference`: the score at baseline, the best one before the
  visit (baseline included), the one right before it ("previous").
- "death": `death_as_event` and a date of death: event then, however late.
- "last score": censored at the last follow-up score.
- "no follow-up": a baseline score alone: one day, 1 / 30.4375, by `no_follow_up` censored or event.
- "no baseline": follow-up scores alone: time 0, by `missing_baseline` censored (also when dead), event or
  excluded. With "best" and "previous" the first score stands in for that of the baseline visit, from which
  time still runs: there this ending is left to patients without such a visit.
- "no score": neither baseline nor follow-up: excluded.

Sources: Bonnetain et al. 2010; Anota et al. Qual Life Res 2015;24:5; results as those of the R package QoLR.
Definitions differ widely between trials, so every result carries the one it was made by.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

import narwhals.stable.v2 as nw
from narwhals.stable.v2.typing import IntoFrameT

from scoring.change import LEAST, chosen, is_size
from scoring.errors import OptionError, TakenColumnError
from scoring.instrument import Better, Instrument, load_instrument
from scoring.visits import TOLERANCE, Table, Visits, read_visits, refuse_rows

Reference = Literal["baseline", "best", "previous"]
MissingBaseline = Literal["censored", "event", "excluded"]
NoFollowUp = Literal["censored", "event"]

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
        parts = {name: getattr(self, name) for name in self.__slots__}
        return {name: nw.lit(part) for name, part in (parts | {"threshold": float(self.threshold)}).items()}


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
    """Time from baseline to the first or the definitive deterioration: one row a patient, sorted by id.

    Columns: id, event (1 or 0), months = (date - date of baseline) / 30.4375, not rounded, both null when
    excluded, ending (see the head of this module, for the options and the sources too); then the definition:
    scale, better (its good end), threshold, reference, definitive (0 for the first deterioration) and the
    other options. The same kind of frame comes back; in pandas event is a float where some are null.

    threshold: score points, above 0, at most 100. frame and other columns: as in change(); without
    baseline_column the first visit is the baseline, with its score or without; visits before it do not count.
    death_column: dates of death, of the kind of those of the visits, in one or more rows of the patient; read
    only with death_as_event. Errors as in change(); OptionError for an unknown scale or option, a bad
    threshold; VisitError for a score after the death, for two dates of death.
    """
    structure = load_instrument(instrument) if isinstance(instrument, str) else instrument
    table: Table = nw.from_native(cast("Any", frame))
    (code,), kind = chosen([scale], structure.ends, table), definitive or 0
    options = (threshold, reference, kind, death_as_event, missing_baseline, no_follow_up)
    rule = Deterioration(code, structure.ends[code], *options)
    _check(rule, definitive, id_column)
    deaths = death_column if death_as_event else None
    visits = read_visits(table, [code], id_column, date_column, baseline_column, deaths)
    if deaths is not None:
        _check_deaths(visits, code, date_column, deaths)
    ended = _with_endings(rule, _histories(rule, visits)).with_columns(**rule.columns())
    results = ended.select("id", *RESULTS, *rule.__slots__).rename({"id": id_column})
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
    if not is_size(rule.threshold, LEAST):
        raise OptionError("threshold", rule.threshold, "a number above 0, at most 100")
    if id_column in (*RESULTS, *rule.__slots__):
        raise TakenColumnError((id_column,))


def _check_deaths(visits: Visits, code: str, date_column: str, death_column: str) -> None:
    """VisitError for a death told differently in two rows, and for a score after it."""
    died, death = visits.name("died"), visits.col("death")
    known = visits.table.filter(~death.is_null())
    deaths = known.group_by(visits.id_column).agg(death.min().alias(died))
    told = replace(visits, table=known.join(deaths, on=visits.id_column, how="inner"))
    schema = visits.table.collect_schema()
    if schema[date_column].is_numeric() != schema[death_column].is_numeric():
        refuse_rows(told, {(death_column, f"is not of the kind of {date_column}"): ~death.is_null()})
    refuse_rows(told, {(death_column, "is another date of death"): death != nw.col(died)})
    scored = visits.table.filter(~visits.col(f"score {code}").is_null())
    dated = replace(visits, table=scored.join(deaths, on=visits.id_column, how="inner"))
    refuse_rows(dated, {(date_column, "is after the death"): visits.col("day") > nw.col(died)})


def _histories(rule: Deterioration, visits: Visits) -> Table:
    """One row a patient: id, scores (number), start, base (score then), worse (day of event), last, death.

    Scores are turned so that more is better. Baselines, references and later scores come by joins, the one
    form that all engines take.
    """
    score, patient = visits.col(f"score {rule.scale}"), nw.col(visits.id_column).alias("id")
    every = visits.table.select(
        patient,
        visits.col("day").alias("day"),
        (score if rule.better == "higher" else 0 - score).alias("health"),
        (visits.col("death") if rule.death_as_event else nw.lit(None, dtype=nw.Float64)).alias("death"),
    )
    starts = visits.starts().select(patient, visits.col("start").alias("start"))
    scored = every.filter(~nw.col("health").is_null()).select("id", "day", "health")
    counted = scored.join(starts, on="id", how="inner").filter(nw.col("day") >= nw.col("start"))
    base = counted.filter(nw.col("day") == nw.col("start")).select("id", nw.col("health").alias("base"))
    follow = counted.filter(nw.col("day") > nw.col("start")).select("id", "day", "health")
    worse = _worsenings(rule, _with_references(rule, follow, counted, base), follow)
    history = every.group_by("id").agg(nw.col("health").count().alias("scores"), nw.col("death").max())
    for part in (
        starts,
        base,
        worse.group_by("id").agg(nw.col("day").min().alias("worse")),
        follow.group_by("id").agg(nw.col("day").max().alias("last")),
    ):
        history = history.join(part, on="id", how="left")
    return history


def _with_references(rule: Deterioration, follow: Table, counted: Table, base: Table) -> Table:
    """The follow-up scores that have a reference, with it: id, day, health, reference."""
    if rule.reference == "baseline":
        return follow.join(base.select("id", nw.col("base").alias("reference")), on="id", how="inner")
    earlier = counted.select("id", nw.col("day").alias("before"), nw.col("health").alias("reference"))
    pairs = follow.join(earlier, on="id", how="inner").filter(nw.col("before") < nw.col("day"))
    keys = ["id", "day", "health"]
    if rule.reference == "best":
        return pairs.group_by(*keys).agg(nw.col("reference").max())
    latest = pairs.group_by(*keys).agg(nw.col("before").max())
    return latest.join(earlier, on=["id", "before"], how="inner").select(*keys, "reference")


def _worsenings(rule: Deterioration, scores: Table, follow: Table) -> Table:
    """The scores that are worse than their reference, as definitively as the rule wants it."""
    size = rule.threshold - TOLERANCE
    health, reference, later = nw.col("health"), nw.col("reference"), nw.col("later")
    worse = scores.filter(reference - health >= size)
    if rule.definitive == 0:
        return worse
    undone = {1: later - reference >= size, 2: reference - later < size, 3: later - health >= size}
    pairs = worse.join(
        follow.select("id", nw.col("day").alias("later_day"), nw.col("health").alias("later")),
        on="id",
        how="inner",
    )
    spoilt = pairs.filter((nw.col("later_day") > nw.col("day")) & undone[rule.definitive])
    return worse.join(spoilt.select("id", "day"), on=["id", "day"], how="anti")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a history ends where `holds` (the first that does), with `event` None for the excluded."""

    name: str
    holds: nw.Expr
    event: int | None
    days: nw.Expr


def _with_endings(rule: Deterioration, histories: Table) -> Table:
    """The histories with how each ended, whether that is an event, and after how many months."""
    start, last, day = nw.col("start"), nw.col("last"), nw.lit(1.0)
    lacks_base = nw.col("base").is_null()
    begun = ~lacks_base if rule.reference == "baseline" else ~(lacks_base & last.is_null())
    followed = ~last.is_null() | (start.is_null() & (nw.col("scores") > 0))
    no_baseline = {"censored": 0, "event": 1, "excluded": None}[rule.missing_baseline]
    endings = [
        Ending("deterioration", ~nw.col("worse").is_null(), 1, nw.col("worse") - start),
        Ending("death", begun & ~nw.col("death").is_null(), 1, nw.col("death") - start),
        Ending("last score", begun & ~last.is_null(), 0, last - start),
        Ending("no follow-up", begun, int(rule.no_follow_up == "event"), day),
        Ending("no baseline", followed, no_baseline, day - 1),
        Ending("no score", nw.lit(value=True), None, day),
    ]
    events = [each for each in endings if each.event is not None]
    return histories.with_columns(
        ending=_first_of((each.holds, nw.lit(each.name)) for each in endings),
    ).with_columns(
        event=_first_of((nw.col("ending") == each.name, nw.lit(each.event, nw.Int64)) for each in events),
        months=_first_of((nw.col("ending") == each.name, each.days / DAYS_PER_MONTH) for each in events),
    )


def _first_of(choices: Iterable[tuple[nw.Expr, nw.Expr]]) -> nw.Expr:
    """The value of the first choice that holds, else null."""
    (holds, value), *others = reversed(list(choices))
    found: nw.Expr = nw.when(holds).then(value)
    for holds, value in others:
        found = nw.when(holds).then(value).otherwise(found)
    return found
