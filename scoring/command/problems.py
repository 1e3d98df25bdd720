"""What the command refuses, each in one line that names the place; and libraries that may not be there."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from scoring.errors import ScoringError

PACKAGES = {
    "polars": "polars",
    "pyarrow.parquet": "pyarrow",
    "pyreadstat": "pyreadstat",
    "openpyxl": "openpyxl",
    "xlsxwriter": "xlsxwriter",
}


class OptionError(ScoringError):
    """The `message` says what is wrong with the options given."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class FileError(ScoringError):
    """The file `path` cannot be read or written, as the `message` says."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message)
        self.path = path
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class CellError(ScoringError):
    """`value`, in the row `row` of data counted from 1 and in `column`, is not what is `expected`."""

    def __init__(self, row: int, column: str, value: object, expected: str) -> None:
        super().__init__(row, column, value, expected)
        self.row = row
        self.column = column
        self.value = value
        self.expected = expected

    def __str__(self) -> str:
        return f"row {self.row}, column {self.column}: {self.value!r} is not {self.expected}"


class MissingLibraryError(ScoringError):
    """The installable `package` that this kind of file needs is not there."""

    def __init__(self, package: str) -> None:
        super().__init__(package)
        self.package = package

    def __str__(self) -> str:
        return f"this needs the package {self.package}, which is not installed: pip install {self.package}"


def library(module: str) -> Any:
    """The `module` of PACKAGES, imported only now; MissingLibraryError without its package."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingLibraryError(PACKAGES[module]) from error


def told(path: str, what: str, do: Callable[[], Any]) -> Any:
    """What `do` gives; a FileError for whatever a library finds wrong with the file at `path`."""
    try:
        return do()
    except (ScoringError, OSError):
        raise
    except Exception as error:
        raise FileError(path, f"{what}: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """The first line of the error's message, the name of its kind if it has none."""
    return next(iter(str(error).splitlines()), type(error).__name__)
