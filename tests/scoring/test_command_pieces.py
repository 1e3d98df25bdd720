"""A file read as numbers until a cell is none: from there on as text, each row once and in its place."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from scoring.command.reading import ROWS, open_source
from tests.scoring.command_runs import read_csv, score
from tests.scoring.published import ITEMS

PLAIN = 3 * ROWS // 2
ROW = ",".join(["1"] * len(ITEMS))


def write_long(path: Path, first: str, last: str) -> Path:
    """Plain rows, one whose q01 is `first`, and one whose q01 is `last`; their ids count from 1."""
    rows = [f"{number},{ROW}" for number in range(1, PLAIN + 1)]
    rows += [f"{PLAIN + 1},{first}{ROW[1:]}", f"{PLAIN + 2},{last}{ROW[1:]}"]
    path.write_text("\n".join([",".join(["id", *ITEMS]), *rows, ""]), encoding="utf-8")
    return path


def test_each_row_comes_once_and_in_its_place(tmp_path: Path) -> None:
    source = open_source(write_long(tmp_path / "in.csv", "2.0", "3"), ".csv", None, set(ITEMS))
    pieces = list(source.pieces(source.columns))
    kinds = [piece["q01"].dtype for piece in pieces]
    assert kinds[0] == pl.Int16, "the plain part is read as numbers"
    assert kinds[-1] == pl.String, "the rest as text"
    assert [number for piece in pieces for number in piece["id"]] == [
        str(number) for number in range(1, PLAIN + 3)
    ]
    assert pieces[-1]["q01"].to_list()[-2:] == ["2.0", "3"]


@pytest.mark.requirement("SCO-04")
def test_bad_cells_far_into_a_file_bear_its_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = write_long(tmp_path / "in.csv", "two", "7"), tmp_path / "o.csv"
    refused = score(capsys, source, "-o", target, "--id", "id")
    assert (refused.code, target.exists()) == (2, False)
    assert f"row {PLAIN + 1}, column q01: 'two' is not one of 1, 2, 3, 4" in refused.err
    flagged = score(capsys, source, "-o", target, "--id", "id", "--on-error", "flag")
    assert flagged.code == 0
    faults = read_csv(tmp_path / "o.csv.errors.csv")
    assert [(row["row"], row["id"], row["value"]) for row in faults] == [
        (str(PLAIN + 1), str(PLAIN + 1), "two"),
        (str(PLAIN + 2), str(PLAIN + 2), "7"),
    ]
    scored = pl.read_csv(target, columns=["id", "PF2", "PF2_n"])
    assert scored["id"].to_list() == list(range(1, PLAIN + 3))
    assert scored["PF2_n"].to_list() == [5] * PLAIN + [4, 4]
    assert scored["PF2"].unique().to_list() == [100.0]
