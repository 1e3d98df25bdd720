"""Files that come into being as a whole: written beside their place and moved there at the end."""

from __future__ import annotations

import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scoring.command.problems import FileError

STANDARD = "-"


@contextmanager
def whole_file(target: str) -> Iterator[Path]:
    """A path to write to. Afterwards that file is at `target`, or copied to standard output for "-".

    When the block fails, nothing is left behind and what was at `target` is as before.
    """
    if target == STANDARD:
        with tempfile.TemporaryDirectory(prefix="scoring-") as folder:
            path = Path(folder, "output")
            yield path
            with path.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        return
    place = Path(target).resolve()
    if place.exists() and not place.is_file():
        raise FileError(target, "is there and is no ordinary file")
    if not place.parent.is_dir():
        raise FileError(target, "its folder does not exist")
    part = place.with_name(f".{place.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        yield part
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def input_file(source: str) -> Iterator[Path]:
    """The path of `source`; for "-" standard input in a file of its own, since it is read more than once."""
    if source != STANDARD:
        yield Path(source)
        return
    with tempfile.TemporaryDirectory(prefix="scoring-") as folder:
        path = Path(folder, "standard input")
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        try:
            yield path
        except FileError as error:
            raise FileError(
                "standard input" if error.path == str(path) else error.path, error.message
            ) from error
