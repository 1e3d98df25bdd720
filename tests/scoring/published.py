"""The published scoring rules, written down apart from the package, and the independent cases."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).parent / "data"


class Rule(NamedTuple):
    items: tuple[int, ...]
    steps: int
    direction: str
    fewest: int


# Numbers of the items, highest minus lowest code, good end of the score, fewest answers needed.
RULES = {
    "QL2": Rule((29, 30), 6, "higher", 1),
    "PF2": Rule((1, 2, 3, 4, 5), 3, "higher", 3),
    "RF2": Rule((6, 7), 3, "higher", 1),
    "EF": Rule((21, 22, 23, 24), 3, "higher", 2),
    "CF": Rule((20, 25), 3, "higher", 1),
    "SF": Rule((26, 27), 3, "higher", 1),
    "FA": Rule((10, 12, 18), 3, "lower", 2),
    "NV": Rule((14, 15), 3, "lower", 1),
    "PA": Rule((9, 19), 3, "lower", 1),
    "DY": Rule((8,), 3, "lower", 1),
    "SL": Rule((11,), 3, "lower", 1),
    "AP": Rule((13,), 3, "lower", 1),
    "CO": Rule((16,), 3, "lower", 1),
    "DI": Rule((17,), 3, "lower", 1),
    "FI": Rule((28,), 3, "lower", 1),
}
SUMMED = [code for code in RULES if code not in ("QL2", "FI")]
ITEMS = [f"q{number:02}" for number in range(1, 31)]

Answers = dict[str, int | None]


class Case(NamedTuple):
    id: str
    answers: Answers
    scores: dict[str, float | None]


def published_score(code: str, codes: tuple[int | None, ...]) -> float | None:
    """The score as the manual words it: raw score, half rule, transformation; in exact fractions."""
    given = [value for value in codes if value is not None]
    if len(given) * 2 < len(codes):
        return None
    steps = Fraction(sum(given), len(given)) - 1
    share = steps / RULES[code].steps
    functional = code in ("PF2", "RF2", "EF", "CF", "SF")
    return float((1 - share if functional else share) * 100)


def differing(found: Iterable[float | None], expected: Iterable[float | None]) -> list[object]:
    """The pairs that are more than 1e-9 apart, or of which one only is missing."""
    return [pair for pair in zip(found, expected, strict=True) if not are_equal(*pair)]


def are_equal(one: float | None, other: float | None) -> bool:
    """Missing is None, and NaN in pandas."""
    if one is None or other is None or math.isnan(one) or math.isnan(other):
        return all(value is None or math.isnan(value) for value in (one, other))
    return abs(one - other) <= 1e-9


def read_cases() -> list[Case]:
    with (DATA / "qlq_c30_cases.csv").open(encoding="utf-8", newline="") as file:
        return [
            Case(
                row["id"],
                {item: int(row[item]) if row[item] else None for item in ITEMS},
                {code: float(row[code]) if row[code] else None for code in (*RULES, "SUMMARY")},
            )
            for row in csv.DictReader(file)
        ]
