"""CSV and TSV: what the fast reader would pass over in silence is looked for here."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from scoring.command.columns import first_repeated
from scoring.command.problems import CellError, FileError

BLOCK = 1 << 22
LONGEST = 16 * BLOCK
QUOTED = re.compile(rb'"[^"]*"')


def read_header(path: Path, separator: str) -> list[str]:
    """The names of the columns. FileError when the file is empty, not UTF-8 or has a name twice."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file, delimiter=separator), [])
    except (UnicodeDecodeError, csv.Error) as error:
        check_encoding(path, separator)
        raise FileError(str(path), f"the header cannot be read: {error}") from error
    if not header:
        raise FileError(str(path), "the file is empty")
    if repeated := first_repeated(header):
        raise FileError(str(path), f"column {repeated} is there twice")
    return header


def check_shape(path: Path, separator: str, width: int) -> None:
    """FileError for the first row that has not `width` cells: the reader fills a short one up in silence.

    Where separators and lines add up, either none is short or one is too long, at which the reader stops.
    """
    with path.open("rb") as file:
        if not _adds_up(file, separator.encode(), width):
            check_rows(path, separator, width)


def check_rows(path: Path, separator: str, width: int) -> None:
    """FileError for the first row that has not `width` cells, each row counted."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        try:
            for cells in reader:
                if len(cells) != width:
                    where = f"line {reader.line_num} has {len(cells)} cells"
                    raise FileError(str(path), f"{where}, the header has {width}")
        except csv.Error as error:
            raise FileError(str(path), f"line {reader.line_num}: {error}") from error


def check_encoding(path: Path, separator: str) -> None:
    """CellError for the first cell that is not UTF-8, FileError where it is in the header."""
    with path.open(encoding="latin-1", newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        header = next(reader, [])
        for cell in header:
            if not _is_utf8(cell):
                raise FileError(str(path), f"not UTF-8: {cell!r} in the header")
        for row, cells in enumerate(reader, 1):
            for name, cell in zip(header, cells, strict=False):
                if not _is_utf8(cell):
                    raise CellError(row, name.encode("latin-1").decode("utf-8-sig"), cell, "UTF-8")


def _is_utf8(cell: str) -> bool:
    try:
        cell.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _adds_up(file: BinaryIO, separator: bytes, width: int) -> bool:
    separators = lines = 0
    last = b"\n"
    for block in _blocks(file):
        if len(block) > LONGEST:
            return False
        bare = QUOTED.sub(b"", block) if b'"' in block else block
        separators += bare.count(separator)
        lines += bare.count(b"\n")
        last = block[-1:]
    lines += last != b"\n"
    return separators == lines * (width - 1)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """The file in pieces that end outside of quotes, unless one gets too long."""
    while block := file.read(BLOCK):
        while block.count(b'"') % 2 and len(block) <= LONGEST and (more := file.read(BLOCK)):
            block += more
        yield block
