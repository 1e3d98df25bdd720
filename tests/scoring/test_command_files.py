"""Each kind of file in and out, read back by another program than the one that wrote it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import duckdb
import openpyxl  # type: ignore[import-untyped]
import pandas as pd
import polars as pl
import pyarrow.csv
import pyreadstat
import pytest

import scoring
from tests.scoring.command_runs import (
    CODES,
    ID,
    RESULTS,
    Row,
    expect_scores,
    left_in,
    plain_rows,
    read_csv,
    rows_of,
    score,
    score_apart,
    write_csv,
)
from tests.scoring.published import ITEMS, Case


def write_xlsx(path: Path, rows: list[Row]) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for line in [list(rows[0]), *(list(row.values()) for row in rows)]:
        sheet.append(line)
        for cell in sheet[sheet.max_row]:
            cell.data_type = "s" if isinstance(cell.value, str) else cell.data_type
    book.save(path)


def frame_of(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype(dict.fromkeys(ITEMS, "float64"))


WRITERS: dict[str, Callable[[Path, list[Row]], object]] = {
    ".csv": lambda path, rows: write_csv(path, rows),
    ".tsv": lambda path, rows: write_csv(path, rows, "\t"),
    ".parquet": lambda path, rows: duckdb.from_df(frame_of(rows)).write_parquet(str(path)),
    ".sav": lambda path, rows: pyreadstat.write_sav(frame_of(rows), path),
    ".dta": lambda path, rows: frame_of(rows).to_stata(path, version=118, write_index=False),
    ".xlsx": write_xlsx,
}


def from_xlsx(path: Path) -> list[Row]:
    book = openpyxl.load_workbook(path, read_only=True)
    names, *lines = book.worksheets[0].iter_rows(values_only=True)
    book.close()
    return [dict(zip(map(str, names), line, strict=True)) for line in lines]


def from_frame(frame: pd.DataFrame) -> list[Row]:
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def from_csv(path: Path) -> list[Row]:
    return [dict(row) for row in read_csv(path)]


READERS: dict[str, Callable[[Path], list[Row]]] = {
    ".csv": from_csv,
    ".tsv": lambda path: [dict(row) for row in read_csv(path, "\t")],
    ".parquet": lambda path: duckdb.read_parquet(str(path)).to_arrow_table().to_pylist(),
    ".sav": lambda path: from_frame(pd.read_spss(path)),
    ".dta": lambda path: from_frame(pd.read_stata(path)),
    ".xlsx": from_xlsx,
}


@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("suffix", WRITERS)
def test_every_kind_of_file_is_read(
    suffix: str, cases: list[Case], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / f"réponses d’été{suffix}", tmp_path / "scores.csv"
    WRITERS[suffix](source, rows_of(cases))
    said = score(capsys, source, "-o", target, "--id", ID)
    assert said == (0, "", "")
    expect_scores(from_csv(target), cases)
    assert left_in(tmp_path) == sorted([source.name, "scores.csv"])


@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("suffix", READERS)
def test_every_kind_of_file_is_written(
    suffix: str, cases: list[Case], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "in.csv", rows_of(cases))
    target = tmp_path / f"résultats d’été{suffix}"
    assert score(capsys, source, "-o", target) == (0, "", "")
    expect_scores(READERS[suffix](target), cases)


@pytest.mark.parametrize("name", ["IN.CSV", "in.Tsv"])
def test_the_case_of_a_suffix_does_not_matter(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / name, plain_rows(1), "\t" if "T" in name else ",")
    assert score(capsys, source, "-o", tmp_path / "out.csv").code == 0


def test_the_scores_are_those_of_the_library_to_the_last_digit(
    cases: list[Case], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = write_csv(tmp_path / "in.csv", rows_of(cases)), tmp_path / "out.csv"
    score(capsys, source, "-o", target)
    expected = scoring.score_frame(pl.DataFrame(rows_of(cases)))
    for code in CODES:
        assert [float(row[code]) if row[code] else None for row in read_csv(target)] == expected[
            code
        ].to_list()


def test_other_programs_read_the_numbers_as_numbers(
    cases: list[Case], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = write_csv(tmp_path / "in.csv", rows_of(cases)), tmp_path / "out.csv"
    score(capsys, source, "-o", target)
    schema = pyarrow.csv.read_csv(target).schema
    assert {str(schema.field(code).type) for code in CODES} == {"double"}
    assert {str(schema.field(name).type) for name in [*ITEMS, *RESULTS[len(CODES) :]]} == {"int64"}


def test_text_in_other_columns_stays_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = {"id": "007", "on": "2026-01-02", "dose": "1.50", "said": 'a "b",\nc;\td', "none": "NA"}
    source, target = (
        write_csv(tmp_path / "in.csv", [{**other, **plain_rows(1)[0], "id": "007"}]),
        tmp_path / "o.csv",
    )
    assert score(capsys, source, "-o", target).code == 0
    assert {name: read_csv(target)[0][name] for name in other} == other


def test_a_byte_order_mark_and_windows_line_ends_are_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = write_csv(tmp_path / "in.csv", plain_rows(2), encoding="utf-8-sig"), tmp_path / "o.csv"
    assert source.read_bytes().count(b"\r\n") == 3
    assert score(capsys, source, "-o", target, "--id", "id").code == 0
    assert [row["id"] for row in read_csv(target)] == ["P1", "P2"]


@pytest.mark.parametrize("given", ["2", "2.0", " 2 ", "02", "+2"])
def test_a_text_that_spells_a_code_is_that_code(
    given: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = plain_rows(2)
    rows[0]["q08"] = given
    target = tmp_path / "o.csv"
    assert score(capsys, write_csv(tmp_path / "in.csv", rows), "-o", target).code == 0
    assert [(row["q08"], row["DY"]) for row in read_csv(target)] == [
        ("2", "33.333333333333336"),
        ("1", "0.0"),
    ]


@pytest.mark.parametrize(
    "dtype", [pl.String, pl.Categorical, pl.UInt8, pl.Int64, pl.Float32, pl.Decimal(4, 1)]
)
def test_codes_in_any_type_of_a_parquet_file(
    dtype: pl.DataType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pl.DataFrame(plain_rows(3)).with_columns(q08=pl.Series([1, None, 4]))
    texts = pl.col(ITEMS).cast(pl.Int64)
    frame.with_columns(
        (texts.cast(pl.String) if dtype == pl.Categorical else texts).cast(dtype)
    ).write_parquet(tmp_path / "in.parquet")
    assert score(capsys, tmp_path / "in.parquet", "-o", tmp_path / "o.parquet").code == 0
    table = pd.read_parquet(tmp_path / "o.parquet")
    assert table["DY_n"].tolist() == [1, 0, 1]
    assert table["DY"].tolist()[::2] == [0.0, 100.0]
    assert math.isnan(table["DY"][1])


def test_missing_values_that_spss_declares_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.DataFrame(plain_rows(3)).assign(q08=[1.0, 9.0, float("nan")])
    pyreadstat.write_sav(frame, tmp_path / "in.sav", missing_ranges={"q08": [9]})
    assert score(capsys, tmp_path / "in.sav", "-o", tmp_path / "o.csv").code == 0
    assert [row["DY_n"] for row in read_csv(tmp_path / "o.csv")] == ["1", "0", "0"]


def test_a_sheet_keeps_its_dates_and_its_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day = pd.Timestamp("2026-01-02").to_pydatetime()
    rows = [
        {**row, "on": day, "mixed": mixed} for row, mixed in zip(plain_rows(3), [1, "b", None], strict=True)
    ]
    rows[0]["said"] = rows[1]["said"] = rows[2]["said"] = "=1+1"
    write_xlsx(tmp_path / "in.xlsx", rows)
    assert score(capsys, tmp_path / "in.xlsx", "-o", tmp_path / "o.xlsx").code == 0
    found = from_xlsx(tmp_path / "o.xlsx")
    assert [row["on"] for row in found] == [day] * 3
    assert [row["mixed"] for row in found] == ["1", "b", None]
    assert [row["said"] for row in found] == ["=1+1"] * 3


def test_standard_input_and_output_are_csv(cases: list[Case], tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", rows_of(cases))
    done = score_apart("-", "--id", ID, stdin=source.read_bytes())
    assert (done.returncode, done.stderr) == (0, b"")
    (tmp_path / "out.csv").write_bytes(done.stdout)
    expect_scores(from_csv(tmp_path / "out.csv"), cases)


def test_a_file_may_be_replaced_by_its_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_csv(tmp_path / "in.csv", plain_rows(2))
    (tmp_path / "link.csv").symlink_to(source)
    assert score(capsys, source, "-o", tmp_path / "link.csv").code == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert [row["SUMMARY"] for row in read_csv(source)] == ["100.0"] * 2
    assert left_in(tmp_path) == ["in.csv", "link.csv"]
