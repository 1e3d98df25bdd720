"""Files of questionnaires, read in pieces of some thousand rows; every piece is a Polars frame."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from scoring.command.columns import first_repeated
from scoring.command.delimited import check_encoding, check_rows, check_shape, read_header
from scoring.command.problems import FileError, first_line, library, told

ROWS = 100_000
UNREADABLE = "cannot be read"
SEPARATORS = {".csv": ",", ".tsv": "\t"}
Pieces = Callable[[Sequence[str]], Iterator[Any]]


@dataclass(frozen=True, slots=True)
class Source:
    """A file open for reading: the names of its columns, and its rows, as often as they are asked for.

    `pieces` takes the columns wanted and gives frames in the order of the file, none without rows. CSV and
    TSV come as text, so that nothing in them is reinterpreted, but for the columns of codes: whole numbers as
    long as each of their cells is one, from there on text too.
    """

    path: Path
    columns: Sequence[str]
    pieces: Pieces


def open_source(path: Path, suffix: str, separator: str | None, codes: Collection[str] = ()) -> Source:
    """The file at `path`, read as `suffix` says; `codes` are the columns that ought to hold whole numbers.

    FileError when it is empty or cannot be read so.
    """
    if not path.is_file():
        raise FileError(str(path), "there is no such file")
    if not path.stat().st_size:
        raise FileError(str(path), "the file is empty")
    if suffix in SEPARATORS:
        return _delimited(path, separator or SEPARATORS[suffix], codes)
    if suffix == ".parquet":
        return _parquet(path)
    frame = told(str(path), UNREADABLE, partial(WHOLE[suffix], path))
    return Source(path, frame.columns, partial(_slices, frame))


def _delimited(path: Path, separator: str, codes: Collection[str]) -> Source:
    columns = read_header(path, separator)
    check_shape(path, separator, len(columns))

    def pieces(wanted: Sequence[str]) -> Iterator[Any]:
        polars = library("polars")
        scan = partial(polars.scan_csv, path, separator=separator, infer_schema=False, glob=False)
        done = 0
        try:
            try:
                for batch in _batches(scan(schema_overrides=dict.fromkeys(codes, polars.Int16)), wanted):
                    yield batch
                    done += batch.height
            except polars.exceptions.ComputeError:  # a cell that is no whole number; four times the time
                yield from _batches(scan().slice(done), wanted)
        except polars.exceptions.PolarsError as error:
            check_encoding(path, separator)
            check_rows(path, separator, len(columns))
            raise FileError(str(path), first_line(error)) from error

    return Source(path, columns, pieces)


def _parquet(path: Path) -> Source:
    polars = library("polars")
    lazy = polars.scan_parquet(path, glob=False)
    columns = told(str(path), UNREADABLE, lambda: lazy.collect_schema().names())

    def pieces(wanted: Sequence[str]) -> Iterator[Any]:
        try:
            yield from _batches(lazy, wanted)
        except polars.exceptions.PolarsError as error:
            raise FileError(str(path), first_line(error)) from error

    return Source(path, columns, pieces)


def _batches(lazy: Any, wanted: Sequence[str]) -> Iterator[Any]:
    for batch in lazy.select(wanted).collect_batches(chunk_size=ROWS, maintain_order=True):
        if batch.height:
            yield batch


def _slices(frame: Any, wanted: Sequence[str]) -> Iterator[Any]:
    return iter(frame.select(wanted).iter_slices(ROWS)) if frame.height else iter(())


def _spss(path: Path) -> Any:
    return library("pyreadstat").read_sav(path, output_format="polars")[0]


def _stata(path: Path) -> Any:
    return library("pyreadstat").read_dta(path, output_format="polars")[0]


def _excel(path: Path) -> Any:
    """The first sheet; its first row names the columns."""
    polars, openpyxl = library("polars"), library("openpyxl")
    with path.open("rb") as file:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        rows = [
            row for row in book.worksheets[0].iter_rows(values_only=True) if any(v is not None for v in row)
        ]
        book.close()
    if not rows:
        raise FileError(str(path), "the first sheet is empty")
    header = ["" if name is None else str(name) for name in rows[0]]
    if repeated := first_repeated(header):
        raise FileError(str(path), f"column {repeated!r} is there twice")
    cells = zip(*rows[1:], strict=True) if rows[1:] else ((),) * len(header)
    return polars.DataFrame([_series(name, list(column)) for name, column in zip(header, cells, strict=True)])


def _series(name: str, values: list[Any]) -> Any:
    """A column of one type where the cells agree, else of text."""
    polars = library("polars")
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1 or kinds == {int, float}:
        return polars.Series(name, values, strict=False)
    return polars.Series(name, [None if value is None else str(value) for value in values])


WHOLE: dict[str, Callable[[Path], Any]] = {".sav": _spss, ".dta": _stata, ".xlsx": _excel}
SUFFIXES = (*SEPARATORS, ".parquet", *WHOLE)
