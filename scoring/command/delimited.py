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
    """FileError for the first row with more or fewer cells than `width`: the reader would fill it up in silence.

    Where separators and lines add up no row is short (the reader refuses long ones); else each row is counted.
    """
    with path.open("rb") as file:
        if _adds_up(file, separator.encode(), width):
            return
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        reader = csv.reader(text, delimiter=separator)
        try:
            for cells in reader:
                if len(cells) != width:
                    where = f"line {reader.line_num} has {len(cells)} cells"
                    raise FileError(str(path), f"{where}, the header has {width}")
        except csv.Error as error:
            raise FileError(str(path), f"line {reader.line_num}: {error}") from error


def check_encoding(path: Path, separator: str) -> None:
    """CellError for the first cell that is not UTF-8, FileError where it is in the header."""
    names: list[str] = []
    with path.open("rb") as file:
        for number, line in enumerate(file):
            cells = next(csv.reader([line.decode("latin-1")], delimiter=separator), [])
            for place, cell in enumerate(cells):
                if _is_utf8(cell):
                    continue
                if not number:
                    raise FileError(str(path), f"not UTF-8: {cell!r} in the header")
                raise CellError(number, names[place] if place < len(names) else "", cell, "UTF-8")
            names = names or [cell.encode("latin-1").decode("utf-8-sig") for cell in cells]


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
