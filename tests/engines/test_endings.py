"""Times to deterioration on all engines, equal to those of independent software."""

from __future__ import annotations

from typing import Any

import pytest

import scoring
from tests.engines.conftest import LAZY
from tests.engines.frames import Engine, Rows
from tests.scoring.deterioration_cases import read_endings, read_visits
from tests.scoring.published import differing

DEFINITION = ["scale", "better", "threshold", "reference", "definitive", "death_as_event"]


@pytest.mark.requirement("SCO-03")
def test_every_engine_ends_each_patient_as_in_the_independent_results(engine: Engine) -> None:
    frame, endings = engine.frame(read_visits()), read_endings()
    assert len(endings) == 36
    for definition, expected in endings.items():
        options: Any = (definition.reference, definition.death_as_event, definition.definitive)
        result = scoring.time_to_deterioration(frame, definition.scale, definition.threshold, *options)
        assert type(result) is type(frame)
        rows = engine.rows(result)
        assert [(row["id"], row["event"]) for row in rows] == [
            (id_, event) for id_, (event, _) in sorted(expected.items())
        ], definition
        assert max(abs(row["months"] - expected[row["id"]][1]) for row in rows) <= 1e-9, definition


@pytest.mark.requirement("SCO-03")
def test_the_excluded_have_neither_event_nor_months_and_all_the_definition(engine: Engine) -> None:
    rows: Rows = [
        {"id": "late", "date": 10, "QL2": None, "death": None},
        {"id": "late", "date": 40, "QL2": 50.0, "death": None},
        {"id": "dead", "date": 10, "QL2": 50.0, "death": 71},
        {"id": "bare", "date": 10, "QL2": None, "death": None},
    ]
    options: Any = {"death_as_event": True, "missing_baseline": "excluded"}
    found = engine.rows(scoring.time_to_deterioration(engine.frame(rows), "QL2", 10, "best", **options))
    assert [(row["id"], row["event"], row["ending"]) for row in found] == [
        ("bare", None, "no score"),
        ("dead", 1, "death"),
        ("late", 0, "last score"),
    ]
    assert differing([row["months"] for row in found], [None, 61 / 30.4375, 30 / 30.4375]) == []
    assert [[row[name] for name in DEFINITION] for row in found] == [
        ["QL2", "higher", 10, "best", 0, True]
    ] * 3


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize(
    ("last", "column", "problem"),
    [
        ({"id": "p0", "date": 3, "QL2": 50.0, "death": 9}, "death", "is another date of death"),
        ({"id": "p0", "date": 8, "QL2": 50.0, "death": None}, "date", "is after the death"),
    ],
)
def test_what_is_wrong_about_a_death_in_the_last_row_is_seen_too(
    engine: Engine, last: dict[str, Any], column: str, problem: str
) -> None:
    rows: Rows = [{"id": f"p{n}", "date": 1, "QL2": 50.0, "death": 7} for n in range(9)]
    with pytest.raises(scoring.VisitError) as caught:
        scoring.time_to_deterioration(engine.frame([*rows, last]), "QL2", 10, death_as_event=True)
    row = None if engine.name in LAZY else 10
    assert (caught.value.column, caught.value.problem, caught.value.row) == (column, problem, row)
