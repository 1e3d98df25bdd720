"""Single patients, worked by hand: how each history ends, and by which rule."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import polars as pl
import pytest

import scoring
from scoring.deterioration import time_to_deterioration
from scoring.errors import MissingColumnError, OptionError, TakenColumnError, VisitError
from tests.scoring.test_frames import KINDS, rows_from

MONTH = 30.4375
Ending = tuple[int | None, float | None, str]


def frame_of(scores: list[float | None], **columns: list[Any]) -> pl.DataFrame:
    """One patient with a visit every ten days."""
    dates = list(range(0, 10 * len(scores), 10))
    return pl.DataFrame({"id": ["p"] * len(scores), "date": dates, "QL2": scores} | columns, strict=False)


def ending(frame: pl.DataFrame, threshold: float = 10, **options: Any) -> Ending:
    """event, days, ending of the only patient."""
    row = time_to_deterioration(frame, options.pop("scale", "QL2"), threshold, **options).row(0, named=True)
    days = None if row["months"] is None else round(row["months"] * MONTH, 9)
    return row["event"], days, row["ending"]


HISTORIES: list[tuple[list[float | None], dict[str, Any], Ending]] = [
    ([50, 40], {}, (1, 10, "deterioration")),
    ([50, 40.1, 60], {}, (0, 20, "last score")),
    ([50, None, 39, 20], {}, (1, 20, "deterioration")),
    ([50, 60, None], {}, (0, 10, "last score")),
    ([50, 60, 50], {}, (0, 20, "last score")),
    ([50, 60, 50], {"reference": "best"}, (1, 20, "deterioration")),
    ([50, 60, None, 50], {"reference": "previous"}, (1, 30, "deterioration")),
    ([50, 45, 40], {"reference": "previous"}, (0, 20, "last score")),
    ([50, 60, 55, 50], {"reference": "previous"}, (0, 30, "last score")),
    ([50, 60, 55, 50], {"reference": "best"}, (1, 30, "deterioration")),
    # Definitive 1: undone by a later score that is better than the reference by the threshold.
    ([50, 40, 60, 60], {"definitive": 1}, (0, 30, "last score")),
    ([50, 40, 59.9], {"definitive": 1}, (1, 10, "deterioration")),
    ([50, 40, 60, 30], {"definitive": 1}, (1, 30, "deterioration")),
    # Definitive 2: every later score is worse than the reference by the threshold.
    ([50, 40, 40.1], {"definitive": 2}, (0, 20, "last score")),
    ([50, 40, None, 40], {"definitive": 2}, (1, 10, "deterioration")),
    ([50, 40, 45, 40], {"definitive": 2}, (1, 30, "deterioration")),
    # Definitive 3: undone by a later score that is better than the qualifying one by the threshold.
    ([50, 40, 50], {"definitive": 3}, (0, 20, "last score")),
    ([50, 40, 49.9], {"definitive": 3}, (1, 10, "deterioration")),
    # The reference stays that of the visit in question.
    ([50, 70, 60, 69], {"definitive": 2, "reference": "best"}, (0, 30, "last score")),
    ([50, 70, 60, 79], {"definitive": 1, "reference": "best"}, (1, 20, "deterioration")),
    ([50, 70, 60, 80], {"definitive": 1, "reference": "best"}, (0, 30, "last score")),
    # Without baseline or follow-up.
    ([None, 50, 20], {}, (0, 0, "no baseline")),
    ([None, 50, 20], {"missing_baseline": "event"}, (1, 0, "no baseline")),
    ([None, 50, 20], {"missing_baseline": "excluded"}, (None, None, "no baseline")),
    ([None, 50, 20], {"reference": "best"}, (1, 20, "deterioration")),
    ([None, 50, 20], {"reference": "previous", "missing_baseline": "excluded"}, (1, 20, "deterioration")),
    ([None, 50], {"reference": "best"}, (0, 10, "last score")),
    ([50, None], {}, (0, 1, "no follow-up")),
    ([50], {"no_follow_up": "event"}, (1, 1, "no follow-up")),
    ([None, None], {"missing_baseline": "event", "no_follow_up": "event"}, (None, None, "no score")),
]


@pytest.mark.parametrize(("scores", "options", "expected"), HISTORIES)
def test_a_history_ends_by_its_rule(
    scores: list[float | None], options: dict[str, Any], expected: Ending
) -> None:
    assert ending(frame_of(scores), **options) == expected
    turned = [None if score is None else 100 - score for score in scores]
    assert ending(frame_of(turned).rename({"QL2": "FA"}), scale="FA", **options) == expected


@pytest.mark.parametrize(
    ("scores", "options", "expected"),
    [
        ([50, 50], {}, (1, 500, "death")),
        ([50, 40], {}, (1, 10, "deterioration")),
        ([50, 40, 50], {"definitive": 2}, (1, 500, "death")),
        ([50], {}, (1, 500, "death")),
        ([50], {"no_follow_up": "event"}, (1, 500, "death")),
        ([None, 50], {}, (0, 0, "no baseline")),
        ([None, 50], {"reference": "previous"}, (1, 500, "death")),
        ([None], {}, (None, None, "no score")),
    ],
)
def test_death_is_an_event_where_asked_for(
    scores: list[float | None], options: dict[str, Any], expected: Ending
) -> None:
    frame = frame_of(scores, death=[500.0] + [None] * (len(scores) - 1))
    assert ending(frame, death_as_event=True, **options) == expected
    assert ending(frame, **options)[2] != "death"
    assert (
        ending(frame.rename({"death": "died"}), death_as_event=True, death_column="died", **options)
        == expected
    )
    alive = frame.with_columns(death=None)
    assert ending(alive, death_as_event=True, **options) == ending(alive, **options)


def test_the_threshold_is_reached_within_the_tolerance() -> None:
    assert ending(frame_of([50, 40 + 0.9e-9]))[0] == 1
    assert ending(frame_of([50, 40 + 1.1e-9]))[0] == 0
    assert ending(frame_of([50, 40, 40 + 0.9e-9]), definitive=2)[0] == 1
    assert ending(frame_of([50, 40, 60 - 0.9e-9]), definitive=1)[0] == 0
    assert ending(frame_of([50, 40, 50 - 0.9e-9]), definitive=3)[0] == 0


@pytest.mark.parametrize("reference", ["baseline", "best", "previous"])
def test_visits_before_the_marked_baseline_do_not_count(reference: Any) -> None:
    marked = frame_of([90, 50, 45, 40], base=[False, True, None, False])
    assert ending(marked, reference=reference, threshold=20, baseline_column="base") == (0, 20, "last score")
    assert ending(marked, reference="baseline", baseline_column="base") == (1, 20, "deterioration")
    before_alone = frame_of([90, None], base=[False, True])
    assert ending(before_alone, reference=reference, baseline_column="base") == (None, None, "no score")


@pytest.mark.parametrize("reference", ["baseline", "best", "previous"])
@pytest.mark.parametrize(
    ("missing", "expected"), [("censored", (0, 0)), ("event", (1, 0)), ("excluded", (None, None))]
)
def test_a_patient_without_a_marked_baseline_has_none(
    reference: Any, missing: Any, expected: tuple[int | None, ...]
) -> None:
    frame = frame_of([90, 10], base=[False, None])
    options = {"reference": reference, "missing_baseline": missing, "baseline_column": "base"}
    assert ending(frame, **options) == (*expected, "no baseline")


@pytest.mark.parametrize("kind", KINDS)
def test_months_are_days_by_their_mean_length_for_dates_too(kind: str) -> None:
    days = [dt.date(2023, 12, 31), dt.date(2024, 3, 1)]
    death = dt.date(2025, 1, 1)
    rows = [
        {"id": 2, "date": days[1], "QL2": 0.0, "death": None},
        {"id": 2, "date": days[0], "QL2": 50.0, "death": None},
        {"id": 1, "date": days[0], "QL2": 50.0, "death": death},
    ]
    found = rows_from(time_to_deterioration(KINDS[kind](rows), "QL2", 10, death_as_event=True))
    assert [(row["id"], row["event"]) for row in found] == [(1, 1), (2, 1)]
    assert [row["months"] for row in found] == pytest.approx([367 / MONTH, 61 / MONTH], abs=1e-12, rel=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("start", ["1900-12-31", "1900-02-28", "2000-12-31", "2000-02-28", "2023-12-31"])
def test_days_are_counted_over_leap_years_and_centuries(kind: str, start: str) -> None:
    first = dt.date.fromisoformat(start)
    rows = [{"id": 1, "date": first + dt.timedelta(days), "QL2": 50.0 - days} for days in (0, 1, 2, 10)]
    (found,) = rows_from(time_to_deterioration(KINDS[kind](rows), "QL2", 2))
    assert found["months"] == pytest.approx(2 / MONTH, abs=1e-12, rel=0)


def test_the_definition_is_stored_with_the_result() -> None:
    result = time_to_deterioration(
        frame_of([50], death=[None]),
        "QL2",
        5,
        "best",
        death_as_event=True,
        definitive=2,
        missing_baseline="event",
        no_follow_up="event",
    )
    assert result.row(0, named=True) == {
        "id": "p",
        "event": 1,
        "months": 1 / MONTH,
        "ending": "no follow-up",
        "scale": "QL2",
        "better": "higher",
        "threshold": 5.0,
        "reference": "best",
        "definitive": 2,
        "death_as_event": True,
        "missing_baseline": "event",
        "no_follow_up": "event",
    }
    assert (result.schema["event"], result.schema["threshold"]) == (pl.Int64(), pl.Float64())
    plain = time_to_deterioration(frame_of([50]).rename({"id": "patient"}), "QL2", 5, id_column="patient")
    assert plain.columns[:2] == ["patient", "event"]
    assert plain.row(0)[6:] == (5.0, "baseline", 0, False, "censored", "censored")


def test_an_instrument_may_be_given_as_read(qlq_c30: scoring.Instrument) -> None:
    frame = frame_of([50, 40])
    assert time_to_deterioration(frame, "QL2", 5, instrument=qlq_c30).equals(
        time_to_deterioration(frame, "QL2", 5)
    )


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize(
    ("options", "option", "text"),
    [
        ({"scale": "XX"}, "scales", "scales: 'XX' is not one of QL2, PF2"),
        ({"threshold": -5}, "threshold", "threshold: -5 is not a number above 0, at most 100"),
        ({"threshold": 0}, "threshold", "threshold: 0 is not"),
        ({"threshold": 100.5}, "threshold", "threshold: 100.5 is not"),
        ({"threshold": float("nan")}, "threshold", "threshold: nan is not"),
        ({"threshold": "5"}, "threshold", "threshold: '5' is not"),
        ({"reference": "worst"}, "reference", "reference: 'worst' is not one of baseline, best, previous"),
        ({"definitive": 4}, "definitive", "definitive: 4 is not None, 1, 2 or 3"),
        ({"definitive": 0}, "definitive", "definitive: 0 is not"),
        ({"definitive": True}, "definitive", "definitive: True is not"),
        ({"death_as_event": "yes"}, "death_as_event", "death_as_event: 'yes' is not True or False"),
        ({"missing_baseline": "no"}, "missing_baseline", "'no' is not one of censored, event, excluded"),
        ({"no_follow_up": "excluded"}, "no_follow_up", "'excluded' is not one of censored, event"),
    ],
)
def test_an_unknown_option_is_refused(options: dict[str, Any], option: str, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        ending(frame_of([50, 40]), **options)
    assert caught.value.option == option
    assert text in str(caught.value)


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize(
    ("scores", "deaths", "text"),
    [
        ([50, 40], [None, 9], "row 2, patient p, column date: 10 is after the death"),
        ([50, 40], [30, 31], "row 2, patient p, column death: 31 is another date of death"),
    ],
)
def test_impossible_deaths_are_refused(scores: list[float], deaths: list[Any], text: str) -> None:
    frame = frame_of(list(scores), death=deaths)
    assert ending(frame)[0] == 1
    for native in (frame, frame.to_arrow()):
        with pytest.raises(VisitError) as caught:
            time_to_deterioration(native, "QL2", 10, death_as_event=True)
        assert str(caught.value) == text


def test_a_visit_on_the_day_of_death_or_not_filled_after_it_is_possible() -> None:
    assert ending(frame_of([50, 50], death=[10, None]), death_as_event=True) == (1, 10, "death")
    assert ending(frame_of([50, 50, None], death=[10, None, None]), death_as_event=True) == (1, 10, "death")


SHORT = 10 - 1e-9  # the least that counts as the threshold of 10


@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize(
    ("scale", "scores", "definitive", "expected"),
    [
        ("QL2", [SHORT, 0], None, (1, 10, "deterioration")),
        ("FA", [SHORT, 20, 0], 1, (0, 20, "last score")),
        ("QL2", [SHORT, 0, 0], 2, (1, 10, "deterioration")),
        ("QL2", [20, 0, SHORT], 3, (1, 20, "deterioration")),
    ],
)
def test_a_difference_at_the_end_of_the_tolerance_counts_as_the_threshold(
    scale: str, scores: list[float | None], definitive: int | None, expected: Ending
) -> None:
    frame = frame_of(scores).rename({"QL2": scale} if scale != "QL2" else {})
    assert ending(frame, scale=scale, definitive=definitive) == expected


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([None, None], (None, None, "no score")),
        ([50.0], (0, 0, "no baseline")),
        ([50.0, None], (0, 0, "no baseline")),
    ],
)
def test_without_a_marked_baseline_one_score_tells_no_baseline_from_no_score(
    scores: list[float | None], expected: Ending
) -> None:
    frame = frame_of(scores, base=[0] * len(scores)).with_columns(pl.col("QL2").cast(pl.Float64))
    assert ending(frame, baseline_column="base") == expected


def test_dates_and_numbers_are_not_mixed() -> None:
    frame = frame_of([50, 40], death=[dt.date(2024, 1, 1), None])
    for native in (frame, pd.DataFrame(frame.to_dicts())):
        with pytest.raises(VisitError, match="is not of the kind of date") as caught:
            time_to_deterioration(native, "QL2", 10, death_as_event=True)
        assert (caught.value.row, caught.value.column) == (1, "death")


def test_columns_must_be_there_and_free() -> None:
    with pytest.raises(MissingColumnError) as missing:
        ending(frame_of([50]), death_as_event=True)
    assert missing.value.columns == ("death",)
    with pytest.raises(MissingColumnError) as missing:
        ending(frame_of([50]), scale="FA")
    assert missing.value.columns == ("FA",)
    with pytest.raises(TakenColumnError) as taken:
        ending(frame_of([50]).rename({"id": "event"}), id_column="event")
    assert taken.value.columns == ("event",)
