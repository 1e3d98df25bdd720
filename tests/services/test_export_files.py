"""The files of an export: read back value by value, the same for the same data cut, all of them or none."""

import csv
import hashlib
import io
import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

import scoring
from app.clock import SteppedClock
from app.models import AuditEntry, Study
from app.services import studies
from app.services.audit import AuditContext, MissingActorError, act_as, verify
from app.services.exports.csv_format import csv_bytes
from app.services.exports.files import (
    ExportFiles,
    ExportFolderError,
    build_export,
    export_archive,
    export_study,
    write_export,
)
from app.services.exports.scored import scored_table
from app.settings import ROOT
from app.version import SOFTWARE_VERSION
from tests import factories

NAMES = ["GIST-IMA_scored.csv", "GIST-IMA_codebook.csv", "manifest.json"]


@pytest.fixture
def study(session: Session, clock: SteppedClock) -> Study:
    """The first study with two patients: one sent the initial form and is randomised, one began it."""
    study = factories.make_study(session, clock)
    sender = factories.make_patient(session, clock, study, "04-001")
    chance = random.Random(7)
    given = {f"q{number:02}": chance.choice([None, 1, 2, 3, 4]) for number in range(1, 31)}
    factories.submit(session, clock, factories.get_visit(session, sender), given)
    clock.advance(hours=1, microseconds=123_456)
    factories.randomise(session, clock, sender, remark=None)
    beginner = factories.make_patient(session, clock, study, "03-001", language="en")
    factories.answer(session, clock, factories.get_visit(session, beginner), {"q01": 1})
    return study


def build(session: Session, clock: SteppedClock, study: Study, *, with_arm: bool = True) -> ExportFiles:
    """The files as of now."""
    definition = studies.definition_in_force(session, study)
    return build_export(session, clock, definition, study, with_arm=with_arm)


def release(
    reader: Session, writer: Session, clock: SteppedClock, study: Study, *, with_arm: bool = True
) -> ExportFiles:
    """The files as of now, recorded in the trail."""
    definition = studies.definition_in_force(reader, study)
    return export_study(reader, writer, clock, definition, study, with_arm=with_arm)


def table_of(session: Session, clock: SteppedClock, study: Study) -> pd.DataFrame:
    """The table that the first file holds."""
    return scored_table(session, clock, studies.definition_in_force(session, study), study)


def written(value: Any, dtype: Any) -> str:
    """A value of the table as the text of its cell."""
    if pd.isna(value):
        return ""
    if isinstance(dtype, pd.DatetimeTZDtype):
        return f"{value:%Y-%m-%dT%H:%M:%S.%fZ}"
    if str(dtype).startswith("datetime"):
        return f"{value:%Y-%m-%d}"
    return repr(float(value)) if str(dtype) == "Float64" else str(value)


@pytest.mark.requirement("EXP-01")
@pytest.mark.requirement("EXP-06")
def test_the_csv_module_reads_every_value_back(session: Session, clock: SteppedClock, study: Study) -> None:
    content = build(session, clock, study).contents[NAMES[0]].decode("utf-8")
    rows = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    table = table_of(session, clock, study)
    assert rows[0] == list(table.columns)
    assert len(rows) == 1 + len(table) == 1 + 15 + 1
    types = list(table.dtypes)
    for cells, values in zip(rows[1:], table.itertuples(index=False), strict=True):
        assert cells == [written(value, dtype) for value, dtype in zip(values, types, strict=True)]


@pytest.mark.requirement("EXP-01")
@pytest.mark.requirement("SCO-01")
def test_pandas_reads_the_same_table_back_to_the_last_digit(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    table = table_of(session, clock, study)
    dates = {str(name): dtype for name, dtype in table.dtypes.items() if str(dtype).startswith("datetime")}
    found = pd.read_csv(
        io.BytesIO(build(session, clock, study).contents[NAMES[0]]),
        dtype={name: dtype for name, dtype in table.dtypes.items() if name not in dates},
        parse_dates=list(dates),
    )
    pd.testing.assert_frame_equal(found.astype(dates), table, check_exact=True)


@pytest.mark.requirement("EXP-01")
def test_polars_reads_every_value_back(session: Session, clock: SteppedClock, study: Study) -> None:
    table = table_of(session, clock, study)
    kinds: dict[str, type[pl.DataType]] = {"string": pl.String, "Int64": pl.Int64, "Float64": pl.Float64}
    types = {str(name): kinds.get(str(dtype), pl.String) for name, dtype in table.dtypes.items()}
    found = pl.read_csv(build(session, clock, study).contents[NAMES[0]], schema=types)
    expected = {
        name: [
            None
            if pd.isna(value)
            else written(value, table[name].dtype)
            if types[name] == pl.String
            else value
            for value in table[name]
        ]
        for name in table.columns
    }
    assert found.to_dict(as_series=False) == expected


@pytest.mark.requirement("EXP-01")
@pytest.mark.requirement("EXP-02")
def test_the_codebook_reads_back_with_its_accents(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    content = build(session, clock, study).contents[NAMES[1]]
    assert not content.startswith(b"\xef\xbb\xbf")
    by_csv = {
        row["variable"]: row for row in csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True)
    }
    assert by_csv["visit"]["label_fr"] == "Visite prévue par l’étude"
    by_pandas = pd.read_csv(io.BytesIO(content), dtype="string", keep_default_na=False)
    by_polars = pl.read_csv(content, infer_schema=False).fill_null("")
    assert by_pandas.to_dict("records") == list(by_csv.values()) == by_polars.to_dicts()
    assert not [text for row in by_csv.values() for text in row.values() if text[:1] in set("=+-@\t\r")]


@pytest.mark.requirement("EXP-03")
@pytest.mark.threat("C14")
def test_plain_csv_keeps_texts_and_numbers_exactly_as_they_are() -> None:
    texts = ["é, œ et ’", 'a "b"', "two\nlines", "-1", "=1+1", None, " edge "]
    numbers = [1 / 3, -0.5, 1e-300, 100.0, 66.66666666666667, None, 0.1 + 0.2]
    frame = pd.DataFrame(
        {"text": pd.array(texts, dtype="string"), "number": pd.array(numbers, dtype="Float64")}
    )
    content = csv_bytes(frame).decode("utf-8")
    rows = list(csv.reader(io.StringIO(content, newline=""), strict=True))[1:]
    assert [row[0] for row in rows] == [text or "" for text in texts]
    assert [float(row[1]) if row[1] else None for row in rows] == numbers
    assert content.startswith("text,number\r\n")


@pytest.mark.requirement("EXP-02")
def test_the_manifest_says_what_is_there_and_proves_it(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    files = build(session, clock, study)
    manifest = json.loads(files.contents[NAMES[2]])
    hashes = {name: hashlib.sha256(files.contents[name]).hexdigest() for name in NAMES[:2]}
    assert manifest == {
        "study": "GIST-IMA",
        "data_cut": "2026-11-23T10:00:00.123456Z",
        "rows": 16,
        "filters": {"visits": "all", "arm_included": True},
        "instrument": {"code": "qlq-c30", "version": "3.0"},
        "definition": {"version": "1.0", "sha256": study.definition_sha256},
        "software_version": SOFTWARE_VERSION,
        "scorer_version": scoring.__version__,
        "sha256": hashes,
    }
    withheld = json.loads(build(session, clock, study, with_arm=False).contents[NAMES[2]])
    assert withheld["filters"]["arm_included"] is False
    assert "those planned for every arm" in withheld["filters"]["visits"]


@pytest.mark.requirement("EXP-02")
def test_the_same_data_cut_gives_the_same_bytes(session: Session, clock: SteppedClock, study: Study) -> None:
    first, again = build(session, clock, study), build(session, clock, study)
    assert first == again
    assert export_archive(first) == export_archive(again)
    clock.advance(seconds=1)
    later = build(session, clock, study)
    assert later.contents != first.contents
    assert later.contents[NAMES[1]] == first.contents[NAMES[1]]


@pytest.mark.requirement("EXP-02")
def test_the_archive_holds_the_same_files_without_a_date(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    files = build(session, clock, study)
    with zipfile.ZipFile(io.BytesIO(export_archive(files))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == NAMES
        assert {name: archive.read(name) for name in NAMES} == files.contents
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_folder_is_written_whole_and_nothing_stays_beside_it(
    session: Session, clock: SteppedClock, study: Study, tmp_path: Path
) -> None:
    files = build(session, clock, study)
    folder = tmp_path / "données d’étude"
    assert write_export(files, folder) == [folder / name for name in NAMES]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files.contents
    assert list(tmp_path.iterdir()) == [folder]


def test_an_earlier_export_is_replaced_and_other_files_stay(
    session: Session, clock: SteppedClock, study: Study, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("kept")
    write_export(build(session, clock, study), tmp_path)
    clock.advance(days=1)
    later = build(session, clock, study)
    write_export(later, tmp_path)
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {**later.contents, "notes.txt": b"kept"}


@pytest.mark.parametrize("problem", ["no parent", "parent is a file", "is a file"])
def test_a_folder_that_cannot_be_made_is_named_and_nothing_is_left(
    session: Session, clock: SteppedClock, study: Study, tmp_path: Path, problem: str
) -> None:
    folder = tmp_path / "parent" / "export"
    if problem == "parent is a file":
        folder.parent.write_text("kept")
    elif problem == "is a file":
        folder.parent.mkdir()
        folder.write_text("kept")
    before = {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")}
    with pytest.raises(ExportFolderError, match="cannot write the export to") as refused:
        write_export(build(session, clock, study), folder)
    assert (refused.value.folder, str(folder) in str(refused.value)) == (folder, True)
    assert {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")} == before


@pytest.mark.requirement("EXP-04")
@pytest.mark.requirement("AUD-01")
@pytest.mark.parametrize("with_arm", [True, False])
def test_each_release_is_in_the_trail_with_what_left(
    session: Session, clock: SteppedClock, study: Study, with_arm: bool
) -> None:
    act_as(session, clock, AuditContext("analyst@staff.example", "analyst"))
    files = release(session, session, clock, study, with_arm=with_arm)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).one()
    assert (entry.entity, entry.entity_id, entry.chain) == ("study", str(study.id), f"study:{study.id}")
    assert (entry.actor, entry.role) == ("analyst@staff.example", "analyst")
    assert entry.changes == {
        "data_cut": "2026-11-23T10:00:00.123456+00:00",
        "rows": files.rows,
        "with_arm": with_arm,
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.contents.items()},
    }
    assert verify(session) == []


@pytest.mark.requirement("EXP-04")
def test_nobody_exports_without_a_name(session: Session, clock: SteppedClock, study: Study) -> None:
    session.flush()
    del session.info["audit"]
    with pytest.raises(MissingActorError):
        release(session, session, clock, study)


def test_the_release_is_recorded_by_the_writer_while_the_reader_only_reads(
    session: Session, clock: SteppedClock, study: Study, connection: Connection
) -> None:
    session.commit()
    # Without an actor, this session could write nothing audited.
    with Session(connection, join_transaction_mode="create_savepoint") as reader:
        files = release(reader, session, clock, reader.get_one(Study, study.id))
        assert files.rows == 16
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).one()
        assert entry.actor == "test"
        session.commit()


def test_starting_the_application_does_not_load_pandas() -> None:
    program = "import sys, app, app.services.exports; sys.exit('pandas' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
