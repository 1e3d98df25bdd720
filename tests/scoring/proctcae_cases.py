"""The published PRO-CTCAE facts as the independent programs have them, apart from the package."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parent / "data"
NAMES = {"F": "frequency", "S": "severity", "I": "interference", "A": "amount"}
# One symptom for each set of attributes that has a composite.
EXAMPLES = {"FSI": 48, "FS": 9, "FI": 18, "SI": 53, "F": 16, "S": 1, "I": 59, "A": 27}


class Combination(NamedTuple):
    attributes: str
    codes: tuple[int, ...]
    grade: int


def read_rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"proctcae_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_numbers(name: str) -> list[dict[str, Any]]:
    """The rows with numbers for everything but the arm, None for empty cells."""
    return [
        {key: text if key == "arm" else number_of(text) for key, text in row.items()}
        for row in read_rows(name)
    ]


def number_of(text: str) -> int | float | None:
    if not text:
        return None
    return float(text) if "." in text else int(text)


def combinations() -> list[Combination]:
    """The 179 published ones."""
    made = []
    for row in read_rows("composite"):
        given = {
            letter: row[key] for letter, key in zip("FSI", ("frq", "sev", "int"), strict=True) if row[key]
        }
        made.append(Combination("".join(given), tuple(map(int, given.values())), int(row["comp"])))
    return made


def columns_of(attributes: str) -> list[str]:
    number = EXAMPLES[attributes]
    return [f"PROCTCAE_{number}{letter}_SCL" for letter in "ABC"[: len(attributes)]]
