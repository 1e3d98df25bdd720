"""Files with scores, written piece by piece where the format allows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from scoring.command.problems import library, told
from scoring.command.reading import SEPARATORS

Write = Callable[[Any], None]
UNWRITABLE = "cannot be written"
LINES = 8192
SHEET_ROWS = 1_048_576
SHEET = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd hh:mm:ss",
    "remove_timezone": True,
}


def open_target(path: Path, name: str, suffix: str, separator: str | None) -> AbstractContextManager[Write]:
    """A function that takes the frames in their order; the file at `path` is complete when the block ends.

    FileError, with `name`, when the format cannot hold the frames.
    """
    if suffix in SEPARATORS:
        return delimited(path, name, separator or SEPARATORS[suffix])
    if suffix == ".parquet":
        return _parquet(path, name)
    return _at_once(WHOLE[suffix], path, name)


@contextmanager
def delimited(path: Path, name: str, separator: str) -> Iterator[Write]:
    """CSV in UTF-8, numbers as they are: the shortest decimals that give the same float again."""
    with path.open("wb") as file:

        def write(frame: Any) -> None:
            heading = not file.tell()
            write_csv = partial(
                frame.write_csv, include_header=heading, separator=separator, batch_size=LINES
            )
            told(name, UNWRITABLE, partial(write_csv, file))

        yield write


@contextmanager
def _parquet(path: Path, name: str) -> Iterator[Write]:
    writers: list[Any] = []

    def write(frame: Any) -> None:
        table = frame.to_arrow()
        if not writers:
            writers.append(library("pyarrow.parquet").ParquetWriter(path, table.schema))
        told(name, UNWRITABLE, partial(writers[0].write_table, table))

    try:
        yield write
    finally:
        for writer in writers:
            writer.close()


@contextmanager
def _at_once(save: Callable[[Any, Path], None], path: Path, name: str) -> Iterator[Write]:
    frames: list[Any] = []
    yield frames.append
    frame = library("polars").concat(frames)
    told(name, UNWRITABLE, partial(save, frame, path))


def _spss(frame: Any, path: Path) -> None:
    library("pyreadstat").write_sav(frame, path)


def _stata(frame: Any, path: Path) -> None:
    library("pyreadstat").write_dta(frame, path)


def _excel(frame: Any, path: Path) -> None:
    """One sheet; texts stay texts, also those that look like a formula, a link or a number."""
    if frame.height >= SHEET_ROWS:
        raise ValueError(f"a sheet has {SHEET_ROWS} rows, one of them the header")
    book = library("xlsxwriter").Workbook(path, SHEET)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, frame.columns)
    floats = library("polars").selectors.float()
    for number, row in enumerate(frame.with_columns(floats.fill_nan(None)).iter_rows(), 1):
        sheet.write_row(number, 0, row)
    book.close()


WHOLE: dict[str, Callable[[Any, Path], None]] = {".sav": _spss, ".dta": _stata, ".xlsx": _excel}
