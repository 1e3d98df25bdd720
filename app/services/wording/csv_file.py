"""Wording from a CSV: a line that names the columns id and text, then one line for each text."""

import csv
import io
from collections.abc import Iterator

from app.services.wording.faults import Content, Entry, Fault, RefusedFileError, Unit, shown

MOST_ROWS = 2000
COLUMNS = ["id", "text"]
SEPARATORS = (",", ";")
Row = tuple[int, list[str]]


def read_csv(source: bytes) -> Content:
    """The texts of a CSV in UTF-8, with commas or semicolons; RefusedFileError where it is none at all."""
    text = _decoded(source)
    rows = _rows(text)
    line, header = next(rows, (1, []))
    names = [cell.strip().casefold() for cell in header]
    if names != COLUMNS:
        raise RefusedFileError([_fault(line, "header", found=shown(", ".join(header)) or "–")])
    content = Content()
    for line, cells in rows:
        if len(cells) == len(COLUMNS):
            content.entries.append(Entry(Unit.LINE, str(line), shown(cells[0].strip()), cells[1]))
        else:
            content.faults.append(_fault(line, "cells", count=len(cells)))
            content.entries.append(Entry(Unit.LINE, str(line), shown(cells[0].strip()), None))
    return content


def _decoded(source: bytes) -> str:
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedFileError([_fault(1 + source.count(b"\n", 0, error.start), "no_utf8")]) from None


def _rows(text: str) -> Iterator[Row]:
    """The line where each row begins, and its cells; empty lines are passed over."""
    first = text.split("\n", 1)[0]
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    try:
        for count, cells in enumerate(reader):
            if count > MOST_ROWS:
                raise RefusedFileError([_fault(begins, "too_long_file", most=MOST_ROWS)])
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:
        raise RefusedFileError([_fault(begins, "quotes")]) from None


def _fault(line: int, rule: str, **facts: object) -> Fault:
    return Fault(Unit.LINE, str(line), rule, facts)
