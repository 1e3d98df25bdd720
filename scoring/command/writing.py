"""Files with scores, written piece by piece where the format allows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from scoring.command.problems import FileError, library
from scoring.command.reading import SEPARATORS

Write = Callable[[Any], None]
LINES = 8192
SHEET_ROWS = 1_048_576


def open_target(path: Path, suffix: str, separator: str | None) -> AbstractContextManager[Write]:
    """A function that takes the frames in their order; the file at `path` is complete when the block ends."""
    if suffix in SEPARATORS:
        return delimited(path, separator or SEPARATORS[suffix])
    if suffix == ".parquet":
        return _parquet(path)
    return _at_once(WHOLE[suffix], path)


@contextmanager
def delimited(path: Path, separator: str) -> Iterator[Write]:
    """CSV in UTF-8, numbers as they are: the shortest decimals that give the same float again."""
    with path.open("wb") as file:

        def write(frame: Any) -> None:
            frame.write_csv(file, include_header=not file.tell(), separator=separator, batch_size=LINES)

        yield write


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    writers: list[Any] = []

    def write(frame: Any) -> None:
        table = frame.to_arrow()
        if not writers:
            writers.append(library("pyarrow.parquet").ParquetWriter(path, table.schema))
        writers[0].write_table(table)

    try:
        yield write
    finally:
        for writer in writers:
            writer.close()


@contextmanager
def _at_once(save: Callable[[Any, Path], None], path: Path) -> Iterator[Write]:
    frames: list[Any] = []
    yield frames.append
    frame = library("polars").concat(frames, rechunk=True)
    frames.clear()
    try:
        save(frame, path)
    except (ValueError, TypeError, *_statistics_errors()) as error:
        raise FileError(path.name, f"cannot be written: {error}") from error
