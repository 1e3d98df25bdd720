"""The options: columns by pattern and map, signs for missing, separators, the summary, progress, help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import fmean, stdev

import pytest

from scoring.command import progress, reading
from scoring.command.progress import Progress
from tests.scoring.command_runs import (
    CODES,
    ROOT,
    Row,
    expect_scores,
    left_in,
    plain_rows,
    read_csv,
    rows_of,
    score,
    score_apart,
    start,
    write_csv,
)
from tests.scoring.published import Case


def renamed(rows: list[Row], names: dict[str, str]) -> list[Row]:
    return [{names.get(name, name): cell for name, cell in row.items()} for row in rows]


@pytest.mark.parametrize("pattern", ["q{n}", "Réponse {n:03}", "{n}", "q{n:02}_œ’"])
def test_columns_by_pattern(
    pattern: str, cases: list[Case], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {f"q{n:02}": pattern.format(n=n) for n in range(1, 31)}
    source, target = write_csv(tmp_path / "in.csv", renamed(rows_of(cases), names)), tmp_path / "o.csv"
    assert score(capsys, source, "-o", target, "--items", pattern).code == 0
    back = {column: item for item, column in names.items()}
    expect_scores([{back.get(k, k): v for k, v in row.items()} for row in read_csv(target)], cases)


@pytest.mark.parametrize("in_file", [False, True])
def test_columns_by_map_and_the_others_by_pattern(
    in_file: bool, cases: list[Case], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"q01": "q02", "q02": "q01", "q30": "qualité’", "q29": "a=b"}
    source, target = write_csv(tmp_path / "in.csv", renamed(rows_of(cases), names)), tmp_path / "o.csv"
    pairs = [f"{item} = {column}" for item, column in names.items()]
    file = tmp_path / "columns"
    file.write_text("\n\n".join(pairs) + "\n", "utf-8-sig")
    assert score(capsys, source, "-o", target, "--map", file if in_file else ",".join(pairs)).code == 0
    back = {column: item for item, column in names.items()}
    expect_scores([{back.get(k, k): v for k, v in row.items()} for row in read_csv(target)], cases)


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("--map", "q01=a,q31=b", "--map: qlq-c30 has no item q31"),
        ("--map", "q01=a,q01=b", "--map: q01 is there twice"),
        ("--map", "q01=a,q02", "--map: 'q02' is not ITEM=COLUMN"),
        ("--map", "=a", "--map: '=a' is not ITEM=COLUMN"),
        ("--map", "q01=", "--map: 'q01=' is not ITEM=COLUMN"),
        ("--map", "q01=q02", "column q02 is given to two items; see --items and --map"),
        ("--map", "nowhere", "nowhere: No such file or directory"),
        ("--items", "q", "column q is given to two items; see --items and --map"),
        ("--items", "q{", "--items: 'q{' is no pattern such as q{n:02}"),
        ("--items", "q{m}", "--items: 'q{m}' is no pattern such as q{n:02}"),
        ("--items", "q{}", "--items: 'q{}' is no pattern such as q{n:02}"),
        ("--items", "{n.x}", "--items: '{n.x}' is no pattern such as q{n:02}"),
        ("--items", "{n[0]}", "--items: '{n[0]}' is no pattern such as q{n:02}"),
        ("--separator", ";;", "--separator: ';;' is not one ASCII character"),
        ("--separator", "", "--separator: '' is not one ASCII character"),
        ("--separator", "é", "--separator: 'é' is not one ASCII character"),
        ("--separator", '"', "--separator: '\"' is not one ASCII character"),
    ],
)
def test_options_that_cannot_be(
    option: str, text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "in.csv", plain_rows(1))
    said = score(capsys, source, "-o", tmp_path / "o.csv", option, text)
    assert said == (2, "", f"scoring: {message}\n")
    assert left_in(tmp_path) == ["in.csv"]


def test_a_map_that_is_not_utf_8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "columns"
    file.write_text("q01=é", "latin-1")
    said = score(capsys, write_csv(tmp_path / "in.csv", plain_rows(1)), "--map", file)
    assert said == (2, "", f"scoring: {file}: not UTF-8\n")


@pytest.mark.requirement("SCO-04")
def test_signs_for_missing_by_value_and_as_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = plain_rows(7)
    for row, cell in zip(rows, ["9", "99.0", "NA", " nan ", "", " ", "-8"], strict=True):
        row["q08"] = cell
    source, target = write_csv(tmp_path / "in.csv", rows), tmp_path / "o.csv"
    assert score(capsys, source, "-o", target, "--missing", "9, 99,NA,nan,-8").code == 0
    assert [(row["q08"], row["DY"], row["DY_n"]) for row in read_csv(target)] == [("", "", "0")] * 7
    assert score(capsys, source, "-o", target, "--missing", "9,99,NA,nan").err.endswith(
        "row 7, column q08: -8 is not one of 1, 2, 3, 4\n"
    )
    assert score(capsys, source, "-o", target, "--missing", "9,99,na,nan,-8").err.endswith(
        "row 3, column q08: 'NA' is not one of 1, 2, 3, 4\n"
    )


def test_a_sign_for_missing_hides_a_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = write_csv(tmp_path / "in.csv", plain_rows(1)), tmp_path / "o.csv"
    assert score(capsys, source, "-o", target, "--missing", "1").code == 0
    assert read_csv(target)[0]["items_answered"] == "0"


def test_another_separator(cases: list[Case], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = write_csv(tmp_path / "in.csv", rows_of(cases), ";"), tmp_path / "o.csv"
    assert score(capsys, source, "-o", target, "--separator", ";").code == 0
    expect_scores([dict(row) for row in read_csv(target, ";")], cases)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_summary_has_means_deviations_and_numbers(
    size: int,
    cases: list[Case],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "ROWS", size)
    source = write_csv(tmp_path / "in.csv", rows_of(cases))
    said = score(capsys, source, "-o", tmp_path / "o.csv", "--summary")
    assert (said.code, said.err) == (0, "")
    header, *lines = said.out.splitlines()
    assert header.split() == ["mean", "SD", "n", "missing"]
    assert [line.split()[0] for line in lines] == CODES
    assert "Physical functioning" in lines[1]
    for code, line in zip(CODES, lines, strict=True):
        values = [value for case in cases if (value := case.scores[code]) is not None]
        expected = [f"{fmean(values):.2f}", f"{stdev(values):.2f}", str(len(values)), str(600 - len(values))]
        assert line.split()[-4:] == expected


def test_a_summary_of_one_and_of_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_csv(tmp_path / "in.csv", [plain_rows(1)[0] | {"q08": ""}])
    lines = score(capsys, source, "-o", tmp_path / "o.csv", "--summary").out.splitlines()
    cells = {line.split()[0]: line.split()[-4:] for line in lines[1:]}
    assert cells["DY"] == ["-", "-", "0", "1"]
    assert cells["PF2"] == ["100.00", "-", "1", "0"]


def test_the_summary_goes_to_standard_error_when_the_scores_go_to_standard_output(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", plain_rows(2))
    done = score_apart(source, "--summary")
    assert done.returncode == 0
    assert done.stdout.startswith(b"id,q01,")
    assert done.stdout.count(b"\n") == 3
    assert done.stderr.decode().splitlines()[0].split() == ["mean", "SD", "n", "missing"]


def test_progress_is_told_when_wanted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_csv(tmp_path / "in.csv", plain_rows(1234))
    assert score(capsys, source, "-o", tmp_path / "o.csv").err == ""
    said = score(capsys, source, "-o", tmp_path / "o.csv", "--progress")
    assert said.err.startswith("1,234 rows, ")
    assert said.err.endswith(" a second\n")


def test_progress_takes_one_line_of_a_terminal_and_waits_at_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    patient = Progress(wanted=False)
    patient.show(1)
    patient.clear()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    eager = Progress(wanted=False)
    eager.show(1000)
    eager.show(2000)
    eager.clear()
    said = capsys.readouterr().err
    assert said.startswith("\r1,000 rows, ")
    assert "2,000" not in said
    assert said.endswith("\x1b[K\r\x1b[K")


def test_help_names_files_options_and_instruments() -> None:
    done = subprocess.run([*start("--help")], cwd=ROOT, capture_output=True, text=True, check=True)
    for word in ("qlq-c30", ".parquet", ".sav", "--on-error", "--missing", "--map", "exit code 2"):
        assert word in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_unknown_options_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = score(capsys, tmp_path / "in.csv", "--on-error", "guess")
    assert said.code == 2
    assert "--on-error" in said.err


MAIN = "from scoring.command.main import main"
BLOCKED = f"import sys; sys.modules[{{module!r}}] = None; {MAIN}; sys.exit(main())"
LIBRARIES = ("pandas", "pyarrow", "pyreadstat", "openpyxl", "xlsxwriter", "flask")


@pytest.mark.parametrize(
    ("module", "package", "suffix"),
    [
        ("polars", "polars", ".csv"),
        ("pyarrow.parquet", "pyarrow", ".parquet"),
        ("pyreadstat", "pyreadstat", ".sav"),
        ("pyreadstat", "pyreadstat", ".dta"),
        ("xlsxwriter", "xlsxwriter", ".xlsx"),
    ],
)
def test_a_library_that_is_not_there_is_named(module: str, package: str, suffix: str, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", plain_rows(1))
    code = BLOCKED.format(module=module)
    command = [sys.executable, "-c", code, "qlq-c30", str(source), "-o", str(tmp_path / f"o{suffix}")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    message = f"this needs the package {package}, which is not installed: pip install {package}"
    assert done.stderr == f"scoring: {message}\n"
    assert left_in(tmp_path) == ["in.csv"]


def test_only_the_libraries_that_a_file_needs_are_loaded(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", plain_rows(1))
    code = f"import sys; {MAIN}; main(); print({set(LIBRARIES)} & set(sys.modules))"
    arguments = ["qlq-c30", str(source), "-o", str(tmp_path / "o.csv"), "--id", "id"]
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
