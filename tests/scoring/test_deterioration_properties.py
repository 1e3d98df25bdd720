"""What must hold for any histories and any definition."""

from __future__ import annotations

from typing import Any, NamedTuple

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.deterioration import time_to_deterioration

SCHEMA = {"id": pl.Int64, "date": pl.Int64, "QL2": pl.Float64, "death": pl.Int64}
Visit = tuple[int, int, float | None, int | None]


class Found(NamedTuple):
    event: int | None
    months: float | None
    ending: str


@st.composite
def histories(draw: st.DrawFn) -> list[Visit]:
    """Up to four patients with up to six visits each, some scores missing, some patients dead."""
    rows: list[Visit] = []
    for patient in range(draw(st.integers(1, 4))):
        days = draw(st.lists(st.integers(0, 300), min_size=1, max_size=6, unique=True))
        death = draw(st.none() | st.integers(300, 400))
        for day in days:
            step = draw(st.none() | st.integers(0, 12))
            rows.append((patient, day, None if step is None else step * 100 / 12, death))
    return rows


DEFINITIONS = st.fixed_dictionaries(
    {
        "threshold": st.sampled_from([5, 10, 100 / 12, 100 / 6, 25]),
        "reference": st.sampled_from(["baseline", "best", "previous"]),
        "missing_baseline": st.sampled_from(["censored", "event", "excluded"]),
        "no_follow_up": st.sampled_from(["censored", "event"]),
    }
)
DEFINITIVE = st.sampled_from([1, 2, 3])


def run(rows: list[Visit], definition: dict[str, Any], **options: Any) -> dict[int, Found]:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    result = time_to_deterioration(frame, "QL2", **definition, **options)
    return {row[0]: Found(*row[1:]) for row in result.select("id", *Found._fields).rows()}


@settings(deadline=None, max_examples=60)
@given(histories(), DEFINITIONS, st.none() | DEFINITIVE, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(
    rows: list[Visit], definition: dict[str, Any], definitive: int | None, death: bool, random: Any
) -> None:
    options = {"definitive": definitive, "death_as_event": death}
    shuffled = random.sample(rows, len(rows))
    assert run(shuffled, definition, **options) == run(rows, definition, **options)


@settings(deadline=None, max_examples=60)
@given(histories(), DEFINITIONS, DEFINITIVE)
def test_a_definitive_deterioration_is_never_before_the_first(
    rows: list[Visit], definition: dict[str, Any], definitive: int
) -> None:
    first = run(rows, definition)
    for patient, found in run(rows, definition, definitive=definitive).items():
        if found.ending == "deterioration":
            assert first[patient].ending == "deterioration"
            assert (found.months or 0) >= (first[patient].months or 0)
        elif first[patient].ending != "deterioration":
            assert found == first[patient]


@settings(deadline=None, max_examples=60)
@given(histories(), DEFINITIONS, st.none() | DEFINITIVE)
def test_death_as_event_only_adds_events(
    rows: list[Visit], definition: dict[str, Any], definitive: int | None
) -> None:
    without = run(rows, definition, definitive=definitive)
    for patient, found in run(rows, definition, definitive=definitive, death_as_event=True).items():
        before = without[patient]
        if found != before:
            assert (found.event, found.ending) == (1, "death")
            assert before.ending in ("last score", "no follow-up")
            assert (found.months or 0) >= (before.months or 0) or before.ending == "no follow-up"


@settings(deadline=None, max_examples=60)
@given(histories(), DEFINITIONS, st.none() | DEFINITIVE, st.booleans())
def test_results_equal_the_rules_read_patient_by_patient(
    rows: list[Visit], definition: dict[str, Any], definitive: int | None, death: bool
) -> None:
    found = run(rows, definition, definitive=definitive, death_as_event=death)
    for patient in {row[0] for row in rows}:
        mine = sorted(row for row in rows if row[0] == patient)
        event, days = by_the_rules(mine, definition, definitive, death)
        assert found[patient].event == event
        months = found[patient].months
        assert (months is None) == (days is None)
        assert abs((months or 0) - (days or 0) / 30.4375) <= 1e-9


def by_the_rules(
    rows: list[Visit], definition: dict[str, Any], definitive: int | None, death: bool
) -> tuple[int | None, float | None]:
    """Event and days of one patient, whose visits come by date: the rules once more, without a frame."""
    start, died = rows[0][1], rows[0][3]
    scores = [(day, score) for _, day, score, _ in rows if score is not None]
    if not scores:
        return None, None
    if rows[0][2] is None and definition["reference"] == "baseline":
        missing = definition["missing_baseline"]
        return (None, None) if missing == "excluded" else (int(missing == "event"), 0)
    size = definition["threshold"] - 1e-9
    for n, (day, score) in enumerate(scores[1:], 1):
        seen, later = [each for _, each in scores[:n]], [each for _, each in scores[n + 1 :]]
        reference = {"baseline": seen[0], "best": max(seen), "previous": seen[-1]}[definition["reference"]]
        lasting = {
            None: True,
            1: all(each - reference < size for each in later),
            2: all(reference - each >= size for each in later),
            3: all(each - score < size for each in later),
        }
        if reference - score >= size and lasting[definitive]:
            return 1, day - start
    if death and died is not None:
        return 1, died - start
    if scores[-1][0] > start:
        return 0, scores[-1][0] - start
    return int(definition["no_follow_up"] == "event"), 1
