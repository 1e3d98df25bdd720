"""Wording from the first sheet of an Excel workbook: the columns id and text, then one row for each text."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

from app.services.wording.csv_file import COLUMNS, MOST_ROWS
from app.services.wording.faults import Content, Entry, Fault, RefusedFileError, Unit, shown

# A small file can hold gigabytes of zeros.
MOST_BYTES = 50 * 1024 * 1024
MOST_COLUMNS = 20
BROKEN = (
    zipfile.BadZipFile,
    InvalidFileException,
    ParseError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
)
TEXT_TYPES = frozenset({"s", "str", "inlineStr"})


def read_xlsx(source: bytes) -> Content:
    """The texts of the first sheet; RefusedFileError where it is no workbook or has other columns."""
    try:
        _require_sane(source)
        rows = list(_rows(source))
    except RefusedFileError:
        raise
    except BROKEN:
        raise RefusedFileError([Fault(Unit.FILE, "", "broken_workbook")]) from None
    number, header = rows[0] if rows else (1, [])
    names = [str(cell.value).strip().casefold() for cell in header]
    if names != COLUMNS:
        found = shown(", ".join(str(cell.value) for cell in header)) or "–"
        raise RefusedFileError([Fault(Unit.ROW, str(number), "header", {"found": found})])
    content = Content()
    for number, cells in rows[1:]:
        _take(content, str(number), cells)
    return content


def _require_sane(source: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        if sum(each.file_size for each in archive.infolist()) > MOST_BYTES:
            raise RefusedFileError([Fault(Unit.FILE, "", "broken_workbook")])


def _rows(source: bytes) -> Iterator[tuple[int, list[Any]]]:
    """The number of each row that holds something, and its cells up to the last one filled."""
    book = openpyxl.load_workbook(io.BytesIO(source), read_only=True)
    try:
        sheet = book.worksheets[0]
        # Some programs write a wrong size of the sheet.
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1):
            if number > MOST_ROWS:
                facts = {"most": MOST_ROWS}
                raise RefusedFileError([Fault(Unit.ROW, str(number), "too_long_file", facts)])
            cells = list(row)
            while cells and cells[-1].value in {None, ""}:
                cells.pop()
            if cells:
                yield number, cells
    finally:
        book.close()


def _take(content: Content, number: str, cells: list[Any]) -> None:
    item = shown(str(cells[0].value or "").strip())
    entry = Entry(Unit.ROW, number, item, None)
    if len(cells) > len(COLUMNS):
        content.faults.append(entry.fault("cells", count=len(cells)))
    elif len(cells) == 1:
        entry = Entry(Unit.ROW, number, item, "")
    elif cells[1].data_type == "f":
        content.faults.append(entry.fault("formula"))
    elif cells[1].data_type not in TEXT_TYPES:
        content.faults.append(entry.fault("no_text_cell"))
    else:
        entry = Entry(Unit.ROW, number, item, str(cells[1].value))
    content.entries.append(entry)
