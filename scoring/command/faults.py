"""What becomes of bad cells: the first one stops the run, or all of them go into a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scoring.command.cells import NUMBER
from scoring.command.identity import OWN
from scoring.command.problems import CellError, library
from scoring.command.writing import Write, delimited
from scoring.instrument import Instrument

HEADER = ("row", "id", "column", "value", "expected")


class Faults:
    """The faults found so far: counted and written to a table, or, without one, raised as a CellError."""

    def __init__(self, write: Write | None) -> None:
        self.count = 0
        self._write = write

    def add(self, faults: Any) -> None:
        """Takes a frame with the columns of HEADER, the first fault first."""
        if not faults.height:
            return
        if self._write is None:
            row, _, column, value, expected = faults.row(0)
            raise CellError(row, column, readable(value), expected)
        self.count += faults.height
        self._write(faults)


@contextmanager
def open_faults(path: Path | None, name: str) -> Iterator[Faults]:
    """Faults that go to a CSV at `path`, which has its header even if there are none."""
    if path is None:
        yield Faults(None)
        return
    with delimited(path, name, ",") as write:
        write(fault_frame([]))
        yield Faults(write)


def fault_frame(rows: list[tuple[int, str | None, str, str | None, str]]) -> Any:
    """Faults as a frame."""
    polars = library("polars")
    types = [polars.Int64, *[polars.String] * 4]
    return polars.DataFrame(rows, schema=dict(zip(HEADER, types, strict=True)), orient="row")


def bad_cells(
    frame: Any,
    identities: Any,
    rows: Mapping[str, Any],
    instrument: Instrument,
    columns: Mapping[str, str],
    start: int,
) -> Any:
    """The cells of the items at `rows` as faults, by row and then in the order of the items.

    `start` is the number of the frame's first row in its file; `identities` may be None.
    """
    polars = library("polars")
    found = [fault_frame([])]
    for item, at in rows.items():
        codes = ", ".join(map(str, instrument.item(item).codes))
        cells = {
            "row": at.cast(polars.Int64) + start,
            "id": [None] * len(at) if identities is None else identities.gather(at),
            "column": [columns[item]] * len(at),
            "value": frame[columns[item]].gather(at).cast(polars.String),
            "expected": [f"one of {codes}"] * len(at),
        }
        found.append(polars.DataFrame(cells, schema=found[0].schema))
    return polars.concat(found).sort("row", maintain_order=True)


def without_identity(identities: Any, column: str, start: int) -> Any:
    """A fault for each row without an identity."""
    at = identities.is_null().arg_true().to_list()
    return fault_frame([(start + row, None, column, "", OWN) for row in at])


def readable(text: str | None) -> object:
    """The number that a text spells, else the text: so that a message shows 5 and 'two'."""
    if text is None or not NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)
