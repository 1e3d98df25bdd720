"""A TOML file whose every entry knows its line, so that a mistake in it is shown where it is."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import TypeVar

from scoring.errors import InstrumentError

T = TypeVar("T", str, int, float, bool)
Where = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"\s*([\w-]+)\s*=")
_ROW = re.compile(r"\s*\{")
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the file: typed access to its keys, and errors that point at them."""

    path: str
    values: Mapping[str, object]
    lines: Mapping[Where, int]
    where: Where = ()

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def error(self, key: str, message: str) -> InstrumentError:
        """The error to raise about `key`, at its line or, when it has none, at the line of what holds it."""
        where: Where = (*self.where, key)
        while where not in self.lines:
            where = where[:-1]
        return InstrumentError(self.path, self.lines[where], message)

    def only(self, *known: str) -> None:
        """Refuse the first key that is none of `known`: a misspelt option must not pass unnoticed."""
        for key in self.values:
            if key not in known:
                raise self.error(key, f"{key} is not known here")

    def get(self, key: str, kind: type[T]) -> T:
        """The value of `key`, which must be there and of that kind."""
        value = self.values.get(key)
        if value is None:
            raise self.error(key, f"{key} is missing")
        fitting = (int, float) if kind is float else kind
        if not isinstance(value, fitting) or isinstance(value, bool) is not (kind is bool) or value == "":
            raise self.error(key, f"{key} must be {_KINDS[kind]}")
        return kind(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts listed under `key`: at least one, none twice."""
        values = self.values.get(key)
        texts = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
        if not texts or texts != values or len(set(texts)) < len(texts):
            raise self.error(key, f"{key} must be a list of texts, none twice")
        return tuple(texts)

    def table(self, key: str) -> Table:
        """The table under `key`."""
        values = self.values.get(key)
        if not isinstance(values, dict):
            raise self.error(key, f"{key} must be a table")
        return Table(self.path, values, self.lines, (*self.where, key))

    def tables(self, key: str) -> tuple[Table, ...]:
        """The tables listed under `key`, at least one."""
        rows = self.values.get(key)
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
            raise self.error(key, f"{key} must be a list of tables")
        return tuple(Table(self.path, row, self.lines, (*self.where, key, n)) for n, row in enumerate(rows))


def read_table(path: Traversable) -> Table:
    """The whole file as a table. InstrumentError where it is not UTF-8 or not TOML."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InstrumentError(str(path), line, "the file is not UTF-8") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(str(path), text, str(error)) from error
    return Table(str(path), values, _line_of_each(text))


def _not_toml(path: str, text: str, message: str) -> InstrumentError:
    place = _PLACE.search(message)
    line = int(place[1]) if place and place[1] else text.rstrip().count("\n") + 1
    return InstrumentError(path, line, _PLACE.sub("", message))


def _line_of_each(text: str) -> dict[Where, int]:
    """Headers, keys and rows of inline tables, one a line as TOML has them, with the lines they start on."""
    lines: dict[Where, int] = {(): 1}
    seen: Counter[Where] = Counter()
    table: Where = ()
    key: Where = ()
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            name: Where = tuple(header[2].split("."))
            table = (*name, seen[name]) if header[1] == "[[" else name
            seen[name] += 1
            lines[table] = number
        elif named := _KEY.match(line):
            key = (*table, named[1])
            lines[key] = number
        elif _ROW.match(line):
            lines[(*key, seen[key])] = number
            seen[key] += 1
    return lines
