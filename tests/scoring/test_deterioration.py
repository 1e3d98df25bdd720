"""Times to deterioration equal to those of independent software, for every definition."""

from __future__ import annotations

import csv
from itertools import groupby
from typing import Any

import pytest

from scoring.deterioration import time_to_deterioration
from tests.scoring.published import DATA
from tests.scoring.test_frames import KINDS, rows_from

Row = dict[str, Any]


def read(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float | None:
    return float(text) if text else None


@pytest.fixture(scope="module")
def visits() -> list[Row]:
    return [
        {
            "id": int(row["id"]),
            "date": int(row["date"]),
            "death": number(row["death"]),
            "QL2": number(row["QL2"]),
            "FA": number(row["FA"]),
        }
        for row in read("deterioration_input.csv")
    ]


def definition_of(row: dict[str, str]) -> tuple[str, ...]:
    return row["definition"], row["mcid"], row["reference"], row["death_is_event"], row["scale"]


DEFINITIONS = {
    definition: {int(row["id"]): (int(row["event"]), float(row["months"])) for row in rows}
    for definition, rows in groupby(
        sorted(read("deterioration_expected.csv"), key=definition_of), key=definition_of
    )
}


def test_every_definition_of_the_published_results_is_there() -> None:
    assert len(DEFINITIONS) == 36
    assert sum(len(expected) for expected in DEFINITIONS.values()) == 1800


@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("kind", KINDS)
def test_each_patient_ends_as_in_the_independent_results(kind: str, visits: list[Row]) -> None:
    frame = KINDS[kind](visits)
    for definition, expected in DEFINITIONS.items():
        name, threshold, reference, death, scale = definition
        options: Any = (reference, death == "1", None if name == "TTD" else int(name[-1]))
        result = time_to_deterioration(frame, scale, float(threshold), *options)
        assert type(result) is type(frame)
        rows = rows_from(result)
        assert [row["id"] for row in rows] == sorted(expected), definition
        found = {row["id"]: (row["event"], row["months"]) for row in rows}
        assert {id_: event for id_, (event, _) in found.items()} == {
            id_: event for id_, (event, _) in expected.items()
        }, definition
        apart = max(abs(found[id_][1] - months) for id_, (_, months) in expected.items())
        assert apart <= 1e-9, definition
