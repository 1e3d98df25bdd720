"""How the tests call the command, and the files that they give it."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

import scoring
from scoring.command.main import main
from tests.scoring.published import ITEMS, RULES, Case, differing

ROOT = Path(scoring.__file__).parent.parent
CODES = [*RULES, "SUMMARY"]
RESULTS = [*CODES, *(f"{code}_n" for code in CODES), "items_answered"]
# What a French hospital has in its identifiers and headings.
ID, NOTE = "identité", "cœur_l’été"

Row = dict[str, object]


class Said(NamedTuple):
    code: int
    out: str
    err: str


def score(capsys: pytest.CaptureFixture[str], *arguments: object) -> Said:
    """Runs the command here."""
    capsys.readouterr()
    try:
        code = main(["qlq-c30", *map(str, arguments)])
    except SystemExit as stop:
        code = int(stop.code or 0)
    return Said(code, *capsys.readouterr())


def start(*arguments: object) -> list[str]:
    """The command line for a process of its own."""
    return [sys.executable, "-W", "error", "-m", "scoring", *map(str, arguments)]


def score_apart(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Runs the command in a process of its own."""
    return subprocess.run(
        start("qlq-c30", *arguments), cwd=ROOT, input=stdin, capture_output=True, check=False
    )


def rows_of(cases: Sequence[Case]) -> list[Row]:
    return [{ID: f"é œ ’ {case.id}", **case.answers, NOTE: f"=né {case.id}"} for case in cases]


def plain_rows(count: int) -> list[Row]:
    """Rows with every item answered by 1."""
    return [{"id": f"P{number}", **dict.fromkeys(ITEMS, 1)} for number in range(1, count + 1)]


def write_csv(path: Path, rows: Sequence[Row], separator: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_csv(path: Path, separator: str = ",") -> list[dict[str, str]]:
    """Read by the standard library, which wrote none of these files."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def number(cell: object) -> float | None:
    return None if cell is None or cell == "" else float(str(cell))


def expect_scores(found: Sequence[Row], cases: Sequence[Case]) -> None:
    """All columns in their order, the given ones as they were, the scores as published."""
    assert len(found) == len(cases)
    for row, case, given in zip(found, cases, rows_of(cases), strict=True):
        assert list(row) == [ID, *ITEMS, NOTE, *RESULTS]
        assert (row[ID], row[NOTE]) == (given[ID], given[NOTE])
        assert [number(row[item]) for item in ITEMS] == list(case.answers.values())
        assert differing([number(row[code]) for code in CODES], case.scores.values()) == [], case.id
        answered = sum(value is not None for value in case.answers.values())
        assert number(row["items_answered"]) == answered


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
