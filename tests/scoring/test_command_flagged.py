"""--on-error flag: every row stays, bad cells are blank and listed."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from scoring.command import reading
from scoring.command.writing import open_target
from tests.scoring.command_runs import (
    RESULTS,
    Row,
    left_in,
    plain_rows,
    read_csv,
    rows_of,
    score,
    write_csv,
)
from tests.scoring.published import ITEMS, Case

FOUR, SEVEN = "one of 1, 2, 3, 4", "one of 1, 2, 3, 4, 5, 6, 7"
HEADER = ["row", "id", "column", "value", "expected"]


@pytest.fixture
def bad_rows() -> list[Row]:
    rows = plain_rows(5)
    rows[1] |= {"id": "é œ ’", "q30": 8, "q12": "two"}
    rows[3] |= {"q12": "2.50"}
    rows[4] |= {"q01": "nan"}
    return rows


FOUND = [
    ["2", "é œ ’", "q12", "two", FOUR],
    ["2", "é œ ’", "q30", "8", SEVEN],
    ["4", "P4", "q12", "2.50", FOUR],
    ["5", "P5", "q01", "nan", FOUR],
]


def listed(path: Path) -> list[list[str]]:
    rows = read_csv(path)
    assert all(list(row) == HEADER for row in rows)
    return [list(row.values()) for row in rows]


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("size", [1, 2, 100])
def test_rows_stay_and_bad_cells_are_blank_and_listed(
    size: int,
    bad_rows: list[Row],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "ROWS", size)
    source, target = write_csv(tmp_path / "in.csv", bad_rows), tmp_path / "o.csv"
    said = score(capsys, source, "-o", target, "--on-error", "flag", "--id", "id")
    assert said == (0, "", f"scoring: 4 faults, listed in {target}.errors.csv\n")
    assert listed(tmp_path / "o.csv.errors.csv") == FOUND
    found = read_csv(target)
    assert [row["id"] for row in found] == [row["id"] for row in bad_rows]
    blank = {(number, item) for number, row in enumerate(found, 1) for item in ITEMS if row[item] == ""}
    assert blank == {(int(row), column) for row, _, column, _, _ in FOUND}
    assert [row["items_answered"] for row in found] == ["30", "28", "30", "29", "29"]
    assert [(row["FA"], row["FA_n"]) for row in found][:2] == [("0.0", "3"), ("0.0", "2")]
    assert left_in(tmp_path) == ["in.csv", "o.csv", "o.csv.errors.csv"]


@pytest.mark.requirement("SCO-04")
def test_a_bad_cell_scores_like_an_empty_one(
    cases: list[Case], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = rows_of(cases[:100])
    empty = write_csv(tmp_path / "empty.csv", rows)
    bad = write_csv(
        tmp_path / "bad.csv",
        [{name: "?" if value is None else value for name, value in row.items()} for row in rows],
    )
    score(capsys, empty, "-o", tmp_path / "a.csv")
    score(capsys, bad, "-o", tmp_path / "b.csv", "--on-error", "flag")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    missing = sum(row[item] is None for row in rows for item in ITEMS)
    assert len(listed(tmp_path / "b.csv.errors.csv")) == missing > 0


@pytest.mark.parametrize("suffix", [".parquet", ".sav", ".dta", ".xlsx"])
def test_typed_files_keep_their_rows_too(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = plain_rows(3)
    rows[1]["q12"] = 2.5
    rows[0]["q12"] = 1.0
    source = tmp_path / f"in{suffix}"
    frame = pl.DataFrame(rows, strict=False)
    with open_target(source, source.name, suffix, None) as write:
        write(frame)
    target = tmp_path / f"o{suffix}"
    assert score(capsys, source, "-o", target, "--on-error", "flag").code == 0
    assert listed(Path(f"{target}.errors.csv")) == [["2", "", "q12", "2.5", FOUR]]
    taken = score(capsys, target, "-o", tmp_path / "again.csv")
    assert (taken.code, taken.err.startswith(f"scoring: {target}: column already there: QL2, ")) == (2, True)


@pytest.mark.requirement("SCO-04")
def test_identities_that_are_there_twice_or_not_at_all_are_listed_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS", 2)
    rows = plain_rows(6)
    for place, identity in [(2, "P1"), (3, ""), (4, " "), (5, "P1")]:
        rows[place]["id"] = identity
    source, target = write_csv(tmp_path / "in.csv", rows), tmp_path / "o.csv"
    assert score(capsys, source, "-o", target, "--on-error", "flag", "--id", "id").code == 0
    assert listed(tmp_path / "o.csv.errors.csv") == [
        ["4", "", "id", "", "an id of its own"],
        ["5", "", "id", "", "an id of its own"],
        ["3", "P1", "id", "P1", "an id of its own: row 1 has it"],
        ["6", "P1", "id", "P1", "an id of its own: row 1 has it"],
    ]
    assert [row["id"] for row in read_csv(target)] == [row["id"] for row in rows]
    assert {row["SUMMARY"] for row in read_csv(target)} == {"100.0"}


def test_without_faults_the_table_has_its_header_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, table = write_csv(tmp_path / "in.csv", plain_rows(2)), tmp_path / "faults é.csv"
    table.write_text("of an earlier run")
    said = score(capsys, source, "-o", tmp_path / "o.csv", "--on-error", "flag", "--errors", table)
    assert said == (0, "", "")
    assert table.read_text() == ",".join(HEADER) + "\n"
    assert left_in(tmp_path) == sorted(["in.csv", "o.csv", table.name])


def test_the_table_needs_a_name_when_the_scores_go_to_standard_output(
    bad_rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "in.csv", bad_rows)
    said = score(capsys, source, "--on-error", "flag")
    assert said == (2, "", "scoring: --on-error flag with -o - needs --errors FILE\n")


def test_what_is_no_cell_still_stops_the_run_and_leaves_neither_file(
    bad_rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "in.csv", bad_rows)
    source.write_text(source.read_text() + "P6,1\n")
    said = score(capsys, source, "-o", tmp_path / "o.csv", "--on-error", "flag")
    assert said.err == f"scoring: {source}: line 7 has 2 cells, the header has 31\n"
    assert left_in(tmp_path) == ["in.csv"]


def test_mapped_columns_are_listed_under_their_own_names(
    bad_rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    renamed: list[Row] = [
        {name.replace("q12", "fatigué’"): cell for name, cell in row.items()} for row in bad_rows
    ]
    source = write_csv(tmp_path / "in.csv", renamed)
    score(capsys, source, "-o", tmp_path / "o.csv", "--on-error", "flag", "--map", "q12=fatigué’")
    assert [row[2] for row in listed(tmp_path / "o.csv.errors.csv")] == ["fatigué’", "q30", "fatigué’", "q01"]
    assert list(read_csv(tmp_path / "o.csv")[0]) == [*renamed[0], *RESULTS]
