"""What is refused: one line with the place, exit code 2, nothing written."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pandas as pd
import polars as pl
import pyreadstat
import pytest

from scoring.command import reading
from tests.scoring.command_runs import (
    ROOT,
    Row,
    left_in,
    plain_rows,
    read_csv,
    score,
    score_apart,
    start,
    write_csv,
)

FOUR = "one of 1, 2, 3, 4"
SEVEN = "one of 1, 2, 3, 4, 5, 6, 7"


@pytest.fixture
def rows() -> list[Row]:
    return plain_rows(5)


def expect_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], source: Path, message: str, *options: str
) -> None:
    """The message is the one line; an older output stays, and nothing else is there."""
    target = folder / "out.csv"
    target.write_text("older")
    before = left_in(folder)
    said = score(capsys, source, "-o", target, *options)
    assert said == (2, "", f"scoring: {message}\n")
    assert target.read_text() == "older"
    assert left_in(folder) == before


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize(
    ("item", "cell", "shown", "expected"),
    [
        ("q12", "0", "0", FOUR),
        ("q12", "5", "5", FOUR),
        ("q28", "7", "7", FOUR),
        ("q29", "8", "8", SEVEN),
        ("q12", "-1", "-1", FOUR),
        ("q12", "2.5", "2.5", FOUR),
        ("q12", "300", "300", FOUR),
        ("q12", "1e9", "'1e9'", FOUR),
        ("q12", "two", "'two'", FOUR),
        ("q12", "2,0", "'2,0'", FOUR),
        ("q12", "1_0", "'1_0'", FOUR),
        ("q12", "nan", "'nan'", FOUR),
        ("q12", "NaN", "'NaN'", FOUR),
        ("q12", "NA", "'NA'", FOUR),
        ("q12", "inf", "'inf'", FOUR),
        ("q12", ".", "'.'", FOUR),
        ("q12", "é œ ’", "'é œ ’'", FOUR),
    ],
)
def test_a_cell_that_is_no_code(
    item: str,
    cell: str,
    shown: str,
    expected: str,
    rows: list[Row],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows[2][item] = cell
    rows[3]["q01"] = "9"
    source = write_csv(tmp_path / "in.csv", rows)
    message = f"{source}: row 3, column {item}: {shown} is not {expected}"
    expect_refused(tmp_path, capsys, source, message)


@pytest.mark.requirement("SCO-04")
def test_of_two_bad_cells_in_a_row_the_first_item_is_named(
    rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows[1]["q20"] = rows[1]["q08"] = 9
    source = write_csv(tmp_path / "in.csv", rows)
    expect_refused(tmp_path, capsys, source, f"{source}: row 2, column q08: 9 is not {FOUR}")


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize(("bad", "shown"), [(True, "'true'"), (2.5, "2.5"), (float("inf"), "'inf'")])
def test_a_bad_cell_of_a_typed_file(
    bad: object, shown: str, rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    column = pl.Series("q12", [None, bad, None, None, None])
    pl.DataFrame(rows).with_columns(column).write_parquet(tmp_path / "in.parquet")
    source = tmp_path / "in.parquet"
    expect_refused(tmp_path, capsys, source, f"{source}: row 2, column q12: {shown} is not {FOUR}")


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("place", [1, 2, 3, 4, 5])
def test_the_row_is_that_of_the_file_in_whatever_piece_it_is_read(
    place: int,
    rows: list[Row],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "ROWS", 2)
    rows[place - 1]["q30"] = 8
    source = write_csv(tmp_path / "in.csv", rows)
    expect_refused(tmp_path, capsys, source, f"{source}: row {place}, column q30: 8 is not {SEVEN}")


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("size", [2, 100])
def test_an_identity_that_is_there_twice(
    size: int,
    rows: list[Row],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "ROWS", size)
    rows[1]["id"] = rows[4]["id"] = "é’1"
    source = write_csv(tmp_path / "in.csv", rows)
    message = f"{source}: row 5, column id: 'é’1' is not an id of its own: row 2 has it"
    expect_refused(tmp_path, capsys, source, message, "--id", "id")
    assert score(capsys, source, "-o", tmp_path / "free.csv").code == 0


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("empty", ["", "  "])
def test_a_row_without_identity(
    empty: str, rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows[3]["id"] = empty
    source = write_csv(tmp_path / "in.csv", rows)
    message = f"{source}: row 4, column id: '' is not an id of its own"
    expect_refused(tmp_path, capsys, source, message, "--id", "id")


def test_two_columns_together_name_a_row(
    rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for row, visit in zip(rows, ["1", "2", "3", "2", "1"], strict=True):
        row |= {"id": f"P{visit}" if visit == "3" else "P", "visit": visit}
    source = write_csv(tmp_path / "in.csv", rows)
    message = f"{source}: row 4, column id / visit: 'P / 2' is not an id of its own: row 2 has it"
    expect_refused(tmp_path, capsys, source, message, "--id", "id", "--id", "visit")


@pytest.mark.requirement("SCO-04")
def test_missing_columns(rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for row in rows:
        del row["q03"], row["q30"]
    source = write_csv(tmp_path / "in.csv", rows)
    expect_refused(tmp_path, capsys, source, f"{source}: missing column: q03, q30, visite", "--id", "visite")


@pytest.mark.parametrize("name", ["QL2", "SUMMARY", "items_answered", "FA_n"])
def test_columns_named_as_results(
    name: str, rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "in.csv", [{**row, name: 1} for row in rows])
    expect_refused(tmp_path, capsys, source, f"{source}: column already there: {name}")


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id,", "", "line 2 has 31 cells, the header has 30"),
        ("q05", "q04", "column q04 is there twice"),
        ("P3,1,", "P3,", "line 4 has 30 cells, the header has 31"),
        ("P3,1,", "P3,1,1,", "line 4 has 32 cells, the header has 31"),
        ("P3,", "\nP3,", "line 4 has 0 cells, the header has 31"),
        ("P3,", '"P,\n""3",', "row 3, column q30: 'x' is not one of 1, 2, 3, 4, 5, 6, 7"),
        ("P3,1,", '"P,\n3",', "line 5 has 30 cells, the header has 31"),
    ],
)
def test_rows_and_headers_that_do_not_fit(
    old: str,
    new: str,
    message: str,
    rows: list[Row],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows[2]["q30"] = "x"
    source = write_csv(tmp_path / "in.csv", rows)
    source.write_text(source.read_text().replace(old, new, 1))
    expect_refused(tmp_path, capsys, source, f"{source}: {message}")


def test_one_row_too_short_and_one_too_long_do_not_make_up_for_each_other(
    rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "in.csv", rows)
    source.write_text(source.read_text().replace("P3,1,", "P3,").replace("P4,1,", "P4,1,1,"))
    said = score(capsys, source, "-o", tmp_path / "out.csv")
    assert (said.code, left_in(tmp_path)) == (2, ["in.csv"])
    assert said.err == f"scoring: {source}: line 4 has 30 cells, the header has 31\n"


def test_a_file_cut_off_in_its_last_row(
    rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "in.csv", rows)
    whole = source.read_bytes().rstrip()
    source.write_bytes(whole)
    assert score(capsys, source, "-o", tmp_path / "whole.csv").code == 0
    source.write_bytes(whole[:-2])
    expect_refused(tmp_path, capsys, source, f"{source}: line 6 has 30 cells, the header has 31")


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_a_cell_that_is_not_utf_8(
    encoding: str, rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows[2]["note"] = "été"
    for row in rows:
        row.setdefault("note", "b")
    source = write_csv(tmp_path / "in.csv", rows, encoding=encoding)
    expect_refused(tmp_path, capsys, source, f"{source}: row 3, column note: 'été' is not UTF-8")


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_header_that_is_not_utf_8(
    encoding: str, rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "in.csv", [{"identité": 1, **row} for row in rows], encoding=encoding)
    shown = source.read_bytes().partition(b",")[0].decode("latin-1")
    expect_refused(tmp_path, capsys, source, f"{source}: not UTF-8: {shown!r} in the header")


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".sav", ".dta", ".xlsx"])
def test_empty_unreadable_and_absent_files(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / f"in{suffix}"
    expect_refused(tmp_path, capsys, source, f"{source}: there is no such file")
    source.touch()
    expect_refused(tmp_path, capsys, source, f"{source}: the file is empty")
    source.write_bytes(b"\x00\xff no such thing" * 9)
    said = score(capsys, source, "-o", tmp_path / "new.csv")
    assert said.code == 2
    assert said.err.startswith(f"scoring: {source}: ")
    assert said.err.count("\n") == 1
    assert left_in(tmp_path) == [source.name, "out.csv"]


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".sav", ".xlsx"])
def test_a_header_without_rows(
    suffix: str, rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, frame = tmp_path / f"in{suffix}", pd.DataFrame(rows).iloc[:0]
    if suffix == ".csv":
        frame.to_csv(source, index=False)
    elif suffix == ".parquet":
        pl.from_pandas(frame).write_parquet(source)
    elif suffix == ".sav":
        pyreadstat.write_sav(frame, source)
    else:
        frame.to_excel(source, index=False)
    expect_refused(tmp_path, capsys, source, f"{source}: there is no row below the header")


def test_one_column_hints_at_the_separator(
    rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "in.csv", rows, ";")
    message = f"{source}: there is one column only; is the --separator right?"
    expect_refused(tmp_path, capsys, source, message)


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("name", ["in", "in.xls", "in.csv.gz", "in.csv "])
def test_unknown_suffixes(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(tmp_path / name, plain_rows(1))
    message = f"scoring: {tmp_path / name}: the suffix is none of .csv .tsv .parquet .sav .dta .xlsx\n"
    assert score(capsys, tmp_path / name, "-o", tmp_path / "o.csv") == (2, "", message)
    write_csv(tmp_path / "in.csv", plain_rows(1))
    assert score(capsys, tmp_path / "in.csv", "-o", tmp_path / name) == (2, "", message)
    assert left_in(tmp_path) == sorted({name, "in.csv"})


@pytest.mark.requirement("SCO-04")
def test_an_unknown_instrument_and_the_names_of_the_known(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", plain_rows(1))
    command = start("qlq-c99", source, "-o", tmp_path / "o.csv")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("scoring: there is no instrument 'qlq-c99'; there are: ")
    assert "qlq-c30" in done.stderr.rstrip("\n").split(": ")[-1].split(", ")
    assert left_in(tmp_path) == ["in.csv"]


def test_outputs_that_are_no_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_csv(tmp_path / "in.csv", plain_rows(1))
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for target in (folder, tmp_path / "pipe.csv"):
        assert (
            score(capsys, source, "-o", target).err
            == f"scoring: {target}: is there and is no ordinary file\n"
        )
    nowhere = tmp_path / "nowhere" / "o.csv"
    said = score(capsys, source, "-o", nowhere)
    assert said == (2, "", f"scoring: {nowhere}: its folder does not exist\n")
    assert left_in(tmp_path) == ["folder.csv", "in.csv", "pipe.csv"]


@pytest.mark.parametrize("suffix", [".sav", ".dta"])
def test_names_that_the_format_cannot_hold(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "in.csv", [{**row, "two words": 1} for row in plain_rows(1)])
    target = tmp_path / f"o{suffix}"
    said = score(capsys, source, "-o", target)
    assert said.code == 2
    assert said.err.startswith(f"scoring: {target}: cannot be written: ")
    assert "two words" in said.err
    assert left_in(tmp_path) == ["in.csv"]


@pytest.mark.requirement("SCO-04")
def test_standard_output_stays_empty_when_the_last_row_is_bad(tmp_path: Path) -> None:
    rows = plain_rows(3)
    rows[2]["q12"] = 5
    source = write_csv(tmp_path / "in.csv", rows)
    done = score_apart("-", stdin=source.read_bytes())
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == f"scoring: standard input: row 3, column q12: 5 is not {FOUR}\n"
    empty = score_apart("-", stdin=b"")
    assert (empty.returncode, empty.stderr) == (2, b"scoring: standard input: the file is empty\n")


def test_a_run_that_is_ended_leaves_nothing_behind(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", plain_rows(300_000))
    target = tmp_path / "out" / "o.csv"
    target.parent.mkdir()
    with subprocess.Popen(
        start("qlq-c30", source, "-o", target, "--progress"), cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        first = process.stderr.readline()
        parts = left_in(target.parent)
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
    assert "rows" in first
    assert len(parts) == 1
    assert parts[0].startswith(".o.csv.")
    assert process.returncode == 128 + signal.SIGTERM
    assert left_in(target.parent) == []


def test_who_stops_reading_our_output_gets_no_complaint(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", plain_rows(2000))
    with subprocess.Popen(
        start("qlq-c30", source), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_an_output_has_the_rights_that_new_files_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plain").touch()
    score(capsys, write_csv(tmp_path / "in.csv", plain_rows(1)), "-o", tmp_path / "o.csv")
    assert (tmp_path / "o.csv").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert len(read_csv(tmp_path / "o.csv")) == 1
