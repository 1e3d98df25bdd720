"""The export as files: the table, its codebook and a manifest, in a folder or an archive."""

import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

import scoring
from app.clock import Clock, SteppedClock
from app.models import Study
from app.services.audit import record
from app.services.definition import StudyDefinition
from app.services.exports.codebook import codebook
from app.services.exports.csv_format import csv_bytes
from app.services.exports.scored import QLQ_C30, scored_table
from app.version import SOFTWARE_VERSION

MANIFEST = "manifest.json"
# The same in every archive: the earliest instant that a zip can hold.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
UNIX = 3
ALL_VISITS = "all"
SHARED_VISITS = (
    "those planned for every arm and not counted from re-introduction, and those of no schedule: "
    "the others tell the arm"
)


class ExportFolderError(OSError):
    """The folder of an export cannot be made; nothing was left behind."""

    def __init__(self, folder: Path, problem: str) -> None:
        super().__init__(f"cannot write the export to {folder}: {problem}")
        self.folder, self.problem = folder, problem


@dataclass(frozen=True)
class ExportFiles:
    """An export ready to be handed over: the content of each file by its name, the manifest last."""

    data_cut: datetime
    with_arm: bool
    rows: int
    contents: Mapping[str, bytes]

    @property
    def sha256(self) -> dict[str, str]:
        """The SHA-256 of each file, in hexadecimal."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in self.contents.items()}


def export_study(
    reader: Session,
    writer: Session,
    clock: Clock,
    definition: StudyDefinition,
    study: Study,
    *,
    with_arm: bool,
) -> ExportFiles:
    """Builds the export from one session and records its release through another, which may be the same.

    with_arm is for who holds that permission. The writer must know its actor (audit.act_as), else
    MissingActorError. To be committed before write_export or export_archive hands the files over, so that
    none leaves without its entry in the trail.
    """
    study_id = study.id
    files = build_export(reader, clock, definition, study, with_arm=with_arm)
    if reader is not writer:
        # What was read is at hand; nothing is held open while the release is written down.
        reader.rollback()
    changes = {
        "data_cut": files.data_cut,
        "rows": files.rows,
        "with_arm": with_arm,
        "sha256": files.sha256,
    }
    record(writer, "export", "study", str(study_id), f"study:{study_id}", changes)
    return files


def build_export(
    session: Session, clock: Clock, definition: StudyDefinition, study: Study, *, with_arm: bool
) -> ExportFiles:
    """The files of an export as of now; the same data at the same instant give the same bytes.

    Leaves no entry in the trail: whoever hands the files over takes export_study instead.
    """
    cut = SteppedClock(clock.now())
    table = scored_table(session, cut, definition, study, with_arm=with_arm)
    words = codebook(definition, scoring.load_instrument(QLQ_C30), with_arm=with_arm)
    contents = {
        f"{study.code}_scored.csv": csv_bytes(table),
        f"{study.code}_codebook.csv": csv_bytes(words),
    }
    files = ExportFiles(cut.now(), with_arm, len(table), contents)
    manifest = json.dumps(_manifest(files, definition, study), ensure_ascii=False, indent=2)
    return replace(files, contents=contents | {MANIFEST: f"{manifest}\n".encode()})


def export_archive(files: ExportFiles) -> bytes:
    """The files as a zip archive; the same files give the same bytes, whenever and wherever it is made."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.contents.items():
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.create_system, entry.external_attr = UNIX, 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return archive.getvalue()


def write_export(files: ExportFiles, folder: Path) -> list[Path]:
    """Writes the files to a folder, made where it is missing; gives their paths.

    Raises ExportFolderError where it cannot be made or written; then no file of it is half written.
    """
    folder = folder.absolute()
    try:
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as inside:
            for name, content in files.contents.items():
                (Path(inside) / name).write_bytes(content)
            # All are whole before the first takes its place; an earlier export of the study is replaced.
            for name in files.contents:
                (Path(inside) / name).replace(folder / name)
    except OSError as error:
        raise ExportFolderError(folder, error.strerror or str(error)) from error
    return [folder / name for name in files.contents]


def _manifest(files: ExportFiles, definition: StudyDefinition, study: Study) -> dict[str, Any]:
    instrument = scoring.load_instrument(QLQ_C30)
    return {
        "study": study.code,
        "data_cut": f"{files.data_cut:%Y-%m-%dT%H:%M:%S.%fZ}",
        "rows": files.rows,
        "filters": {
            "visits": ALL_VISITS if files.with_arm else SHARED_VISITS,
            "arm_included": files.with_arm,
        },
        "instrument": {"code": instrument.code, "version": instrument.version},
        "definition": {"version": definition.version, "sha256": study.definition_sha256},
        "software_version": SOFTWARE_VERSION,
        "scorer_version": scoring.__version__,
        "sha256": files.sha256,
    }
