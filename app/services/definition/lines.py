"""Where each key of a TOML text stands (tomllib keeps no positions), and problems told with it."""

import json
import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]

_GAP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_KEY = re.compile(r'[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|' + r"'[^']*'")
# A text in three quotes may end in up to five: two of them belong to it.
_SCALAR = re.compile(
    r'"""(?:\\[\s\S]|[^\\])*?"""(?:"{0,2})'
    r"|'''[\s\S]*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'"
    r"|[^,\]}#\n]+"
)


@dataclass(frozen=True)
class Problem:
    """One fault of a definition file; the line counts from 1."""

    file: str
    line: int
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.where}: {self.message}"


class DefinitionError(Exception):
    """A definition file is refused; holds all its problems in the order of their lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.line, problem.where))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def where(path: Path) -> str:
    """A path in the words of a person who edits the file: "[[visits]] number 3, anchor"."""
    if not path:
        return "file"
    table, *rest = path
    if rest and isinstance(rest[0], int):
        words = [f"[[{table}]] number {rest[0] + 1}", *rest[1:]]
    else:
        words = [f"[{table}]", *rest]
    return ", ".join(f"value {word + 1}" if isinstance(word, int) else word for word in words)


def shown(value: Any) -> str:
    """A value as the file writes it, shortened where it is long."""
    if value is None:
        text = "nothing"
    elif isinstance(value, str | bool):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, dict):
        text = f"a table with {', '.join(value) or 'nothing'}"
    elif isinstance(value, tuple | list):
        text = f"[{', '.join(shown(entry) for entry in value)}]"
    else:
        text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


class Lines:
    """The 1-based line of every table, key and list entry of one valid TOML text."""

    def __init__(self, known: dict[Path, int]) -> None:
        self._known = known

    def of(self, path: Path) -> int:
        """The line of a path such as ("visits", 2, "anchor"), else of the deepest part of it that is written.

        List positions count from 0. The first line stands for what is nowhere in the text.
        """
        while path and path not in self._known:
            path = path[:-1]
        return self._known.get(path, 1)


def find_lines(source: str) -> Lines:
    """Finds the lines of a text that tomllib has read without an error."""
    return Lines(_Walk(source.replace("\r\n", "\n")).run())


class _Walk:
    """One pass over the text; since it is known to be valid, nothing is checked a second time."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._ends = [match.start() for match in re.finditer("\n", source)]
        self._known: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}

    def run(self) -> dict[Path, int]:
        table: Path = ()
        self._skip()
        while self._at < len(self._source):
            if self._takes("[["):
                table = self._header("]]")
            elif self._takes("["):
                table = self._header("]")
            else:
                self._pair(table)
            self._skip()
        return self._known

    def _header(self, end: str) -> Path:
        line = self._line()
        *parents, last = self._keys()
        self._takes(end)
        path: Path = ()
        for key in parents:
            path = self._mark((*path, key), line)
            # Inside an array of tables a header means the entry begun last.
            path = (*path, self._counts[path] - 1) if path in self._counts else path
        path = (*path, last)
        if end == "]":
            self._known[path] = line
            return path
        count = self._counts[path] = self._counts.get(path, 0) + 1
        self._mark(path, line)
        return self._mark((*path, count - 1), line)

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table
        for key in self._keys():
            path = self._mark((*path, key), line)
        self._takes("=")
        self._value(path)

    def _keys(self) -> list[str]:
        keys = [self._key()]
        while self._takes("."):
            keys.append(self._key())
        return keys

    def _key(self) -> str:
        self._skip()
        token = self._match(_KEY)
        self._skip()
        return next(iter(tomllib.loads(f"{token} = 0")))

    def _value(self, path: Path) -> None:
        self._skip()
        if self._takes("["):
            self._list(path)
        elif self._takes("{"):
            self._inline_table(path)
        else:
            self._match(_SCALAR)

    def _list(self, path: Path) -> None:
        self._skip()
        index = 0
        while not self._takes("]"):
            self._value(self._mark((*path, index), self._line()))
            self._comma()
            index += 1

    def _inline_table(self, path: Path) -> None:
        self._skip()
        while not self._takes("}"):
            self._pair(path)
            self._comma()

    def _comma(self) -> None:
        self._skip()
        self._takes(",")
        self._skip()

    def _mark(self, path: Path, line: int) -> Path:
        self._known.setdefault(path, line)
        return path

    def _line(self) -> int:
        return bisect_right(self._ends, self._at) + 1

    def _skip(self) -> None:
        self._match(_GAP)

    def _takes(self, text: str) -> bool:
        taken = self._source.startswith(text, self._at)
        self._at += len(text) if taken else 0
        return taken

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._source, self._at)
        if match is None:
            raise AssertionError(f"no TOML at position {self._at}, though tomllib read it")
        self._at = match.end()
        return match.group()
