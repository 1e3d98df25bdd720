"""Times to deterioration equal to those of independent software, for every definition."""

from __future__ import annotations

from typing import Any

import pytest

from scoring.deterioration import time_to_deterioration
from tests.scoring.deterioration_cases import read_endings, read_visits
from tests.scoring.test_frames import KINDS, rows_from


def test_every_definition_of_the_published_results_is_there() -> None:
    endings = read_endings()
    assert len(endings) == 36
    assert sum(len(expected) for expected in endings.values()) == 1800


@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("kind", KINDS)
def test_each_patient_ends_as_in_the_independent_results(kind: str) -> None:
    frame = KINDS[kind](read_visits())
    for definition, expected in read_endings().items():
        options: Any = (definition.reference, definition.death_as_event, definition.definitive)
        result = time_to_deterioration(frame, definition.scale, definition.threshold, *options)
        assert type(result) is type(frame)
        rows = rows_from(result)
        assert [row["id"] for row in rows] == sorted(expected), definition
        found = {row["id"]: (row["event"], row["months"]) for row in rows}
        assert {id_: event for id_, (event, _) in found.items()} == {
            id_: event for id_, (event, _) in expected.items()
        }, definition
        apart = max(abs(found[id_][1] - months) for id_, (_, months) in expected.items())
        assert apart <= 1e-9, definition
