"""Visits of a trial, and the times to deterioration that independent software gives for them."""

from __future__ import annotations

import csv
from itertools import groupby
from typing import Any, NamedTuple

from tests.scoring.published import DATA

Row = dict[str, Any]


class Definition(NamedTuple):
    name: str
    threshold: float
    reference: str
    death_as_event: bool
    scale: str

    @property
    def definitive(self) -> int | None:
        return None if self.name == "TTD" else int(self.name[-1])


def read_rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"deterioration_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number_of(text: str) -> float | None:
    return float(text) if text else None


def read_visits() -> list[Row]:
    return [
        {"id": int(row["id"]), "date": int(row["date"])}
        | {name: number_of(row[name]) for name in ("death", "QL2", "FA")}
        for row in read_rows("input")
    ]


def definition_of(row: dict[str, str]) -> Definition:
    death = row["death_is_event"] == "1"
    return Definition(row["definition"], float(row["mcid"]), row["reference"], death, row["scale"])


def read_endings() -> dict[Definition, dict[int, tuple[int, float]]]:
    """Event and months of each patient, by definition."""
    rows = sorted(read_rows("expected"), key=definition_of)
    return {
        definition: {int(row["id"]): (int(row["event"]), float(row["months"])) for row in group}
        for definition, group in groupby(rows, key=definition_of)
    }
