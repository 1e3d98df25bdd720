"""Change, responders and clinical importance on all engines, beside the same reckoned row by row."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

import scoring
from tests.engines.conftest import LAZY
from tests.engines.frames import Engine, Rows
from tests.scoring.deterioration_cases import read_visits
from tests.scoring.published import RULES, differing, read_cases
from tests.scoring.test_qlq_c30_structure import THRESHOLDS

SCALES = ("QL2", "FA")


def visits_of_the_trial() -> Rows:
    """The trial's visits with the second of each patient marked."""
    seen: set[int] = set()
    rows = []
    for row in read_visits():
        rows.append(row | {"base": row["id"] in seen and -row["id"] not in seen})
        seen.add(-row["id"] if row["id"] in seen else row["id"])
    return rows


def by_visit(engine: Engine, frame: Any, result: Any) -> dict[tuple[int, int], dict[str, Any]]:
    assert type(result) is type(frame)
    return {(row["id"], row["date"]): row for row in engine.rows(result)}


def changes(rows: Rows, code: str, starts: dict[int, dict[str, Any]]) -> dict[tuple[int, int], float | None]:
    """Score minus that of the patient's baseline, from then on."""
    found = {}
    for row in rows:
        start = starts.get(row["id"])
        known = start and row["date"] >= start["date"] and None not in (row[code], start[code])
        found[row["id"], row["date"]] = row[code] - start[code] if start and known else None
    return found


@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("marked", [False, True], ids=["first visit", "marked"])
def test_every_engine_gives_the_change_since_baseline(engine: Engine, marked: bool) -> None:
    rows = visits_of_the_trial()
    among = [row for row in rows if row["base"]] if marked else rows[::-1]
    starts = {row["id"]: row for row in sorted(among, key=lambda row: -row["date"])}
    frame = engine.frame(rows)
    found = by_visit(engine, frame, scoring.change(frame, baseline_column="base" if marked else None))
    assert len(found) == len(rows) == 193
    for code in SCALES:
        expected = changes(rows, code, starts)
        assert None in expected.values()
        assert differing([found[visit][f"{code}_change"] for visit in expected], expected.values()) == []
    assert [found[row["id"], row["date"]]["base"] for row in rows] == [row["base"] for row in rows]


def response(code: str, change: float | None, better: float, worse: float) -> str | None:
    if change is None:
        return None
    gain = change if RULES[code].direction == "higher" else -change
    if gain >= better - 1e-9:
        return "improved"
    return "deteriorated" if gain <= 1e-9 - worse else "stable"


@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize(
    "threshold", [None, 10, {"QL2": 25 / 3, "FA": 100 / 9}], ids=["own", "ten", "scales"]
)
def test_every_engine_tells_responders(engine: Engine, threshold: Any) -> None:
    rows, instrument = visits_of_the_trial(), scoring.load_instrument("qlq-c30")
    starts = {row["id"]: row for row in sorted(rows, key=lambda row: -row["date"])}
    frame = engine.frame(rows)
    found = by_visit(engine, frame, scoring.responders(frame, threshold=threshold))
    for code in SCALES:
        own = instrument.scale(code).minimal_change
        assert own is not None
        given = threshold[code] if isinstance(threshold, dict) else threshold
        better, worse = (given, given) if given else (own.better[0], own.worse[0])
        expected = {
            visit: response(code, size, better, worse) for visit, size in changes(rows, code, starts).items()
        }
        assert set(expected.values()) == {None, "improved", "stable", "deteriorated"}
        assert {visit: row[f"{code}_response"] for visit, row in found.items()} == expected
        (by,) = {row[f"{code}_response_by"] for row in found.values()}
        assert by.startswith(f"improved by {better:g}, deteriorated by {worse:g} points or more")


@pytest.mark.requirement("SCO-03")
def test_every_engine_tells_clinical_importance(engine: Engine) -> None:
    cases = read_cases()
    frame = engine.frame([{"id": case.id, **case.scores} for case in cases])
    result = scoring.important(frame)
    assert type(result) is type(frame)
    found = {row["id"]: row for row in engine.rows(result)}
    for case in cases:
        for code, cut in THRESHOLDS.items():
            score, is_low_bad = case.scores[code], RULES[code].direction == "higher"
            worse = score is not None and (score < cut - 1e-9 if is_low_bad else score > cut + 1e-9)
            assert found[case.id][f"{code}_important"] == (None if score is None else worse), (case.id, code)


@pytest.mark.parametrize(
    ("early", "late"),
    [
        (dt.date(2024, 2, 29), dt.date(2024, 3, 1)),
        (dt.datetime.fromisoformat("2023-12-31T23:59"), dt.datetime.fromisoformat("2024-01-01T00:01")),
        (0.25, 0.5),
    ],
    ids=["dates", "times", "numbers"],
)
def test_dates_and_numbers_are_put_in_order(engine: Engine, early: Any, late: Any) -> None:
    frame = engine.frame([{"id": "p", "date": late, "EF": 50.0}, {"id": "p", "date": early, "EF": 25.0}])
    assert sorted(row["EF_change"] for row in engine.rows(scoring.change(frame))) == [0, 25]


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize(
    ("last", "column", "problem"),
    [
        ({"id": "p8", "date": 2, "QL2": 100.5}, "QL2", "is not from 0 to 100"),
        ({"id": "p0", "date": 1, "QL2": 50.0}, "date", "is there twice"),
        ({"id": None, "date": 2, "QL2": 50.0}, "id", "is no patient"),
        ({"id": "p8", "date": None, "QL2": 50.0}, "date", "is missing where there is a score"),
    ],
)
def test_what_is_wrong_in_the_last_row_is_seen_too(
    engine: Engine, last: dict[str, Any], column: str, problem: str
) -> None:
    rows: Rows = [{"id": f"p{n}", "date": 1, "QL2": 50.0} for n in range(9)]
    with pytest.raises(scoring.VisitError) as caught:
        scoring.change(engine.frame([*rows, last]))
    row = None if engine.name in LAZY else 10
    assert (caught.value.column, caught.value.problem, caught.value.row) == (column, problem, row)
