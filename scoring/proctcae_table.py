"""The PRO-CTCAE as data: which symptom has which attributes, and the published grade of every combination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, reduce
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

import narwhals.stable.v2 as nw

from scoring.structure import Table, read_table

Number = TypeVar("Number", int, nw.Expr)
STEPS = 5
HIGHEST_GRADE = 3


@dataclass(frozen=True, slots=True)
class Attribute:
    """What is asked about a symptom. Codes are the whole numbers from 0, none, to `highest`, most."""

    letter: str
    name: str
    highest: int

    @property
    def codes(self) -> tuple[int, ...]:
        """The codes an answer may have, ascending."""
        return tuple(range(self.highest + 1))


@dataclass(frozen=True, slots=True)
class Symptom:
    """One symptom by its number, 1-80, and its public term.

    attributes: the letters of what is asked, in that order: F frequency, S severity, I interference,
        A amount, P presence.
    special: answers beside the codes; they score as missing.
    """

    number: int
    term: str
    attributes: str
    special: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its attributes, in their order: PROCTCAE_9A_SCL, PROCTCAE_9B_SCL."""
        suffix = "IND" if self.attributes == "P" else "SCL"
        letters = "ABC"[: len(self.attributes)]
        return tuple(f"PROCTCAE_{self.number}{letter}_{suffix}" for letter in letters)

    @property
    def composite(self) -> str:
        """The column of its composite grade: PROCTCAE_9_COMP."""
        return f"PROCTCAE_{self.number}_COMP"


@dataclass(frozen=True, slots=True)
class ProCtcae:
    """The symptoms by number, the attributes by letter, the sources by key.

    grades: for the letters of the attributes the grade, 0-3, of every combination of their codes, at `place`.
        A symptom whose attributes are no key has no composite.
    """

    code: str
    version: str
    name: str
    symptoms: Mapping[int, Symptom] = field(hash=False)
    attributes: Mapping[str, Attribute] = field(hash=False)
    grades: Mapping[str, tuple[int, ...]] = field(hash=False)
    sources: Mapping[str, str] = field(hash=False)


def place(codes: Iterable[Number]) -> Number:
    """Where the grade of these codes, each 0-4, stands among the grades of their attributes, from 0."""
    return reduce(lambda before, code: before * STEPS + code, codes)


@cache
def load_proctcae() -> ProCtcae:
    """The PRO-CTCAE as this package describes it, read once; its sources are in `sources`."""
    return read_proctcae(files("scoring") / "mappings" / "pro-ctcae.toml")


def read_proctcae(path: Path | Traversable) -> ProCtcae:
    """The PRO-CTCAE that the file at `path` describes; InstrumentError names the line at fault."""
    top = read_table(path)
    top.only("code", "version", "name", "symptoms", "sources", "attributes", "grades")
    sources = top.table("sources")
    attributes = {
        letter: _attribute(top.table("attributes"), letter) for letter in top.table("attributes").values
    }
    grades = {
        letters: _grades(top.table("grades"), letters, attributes) for letters in top.table("grades").values
    }
    return ProCtcae(
        code=top.get("code", str),
        version=top.get("version", str),
        name=top.get("name", str),
        symptoms=_symptoms(top.tables("symptoms"), grades, attributes),
        attributes=attributes,
        grades=grades,
        sources={key: sources.get(key, str) for key in sources.values},
    )


def _attribute(attributes: Table, letter: str) -> Attribute:
    row = attributes.table(letter)
    row.only("name", "highest")
    highest = row.get("highest", int)
    if not 1 <= highest < STEPS:
        raise row.error("highest", f"highest must be from 1 to {STEPS - 1}")
    return Attribute(letter, row.get("name", str), highest)


def _grades(table: Table, letters: str, attributes: Mapping[str, Attribute]) -> tuple[int, ...]:
    digits = "".join(table.get(letters, str).split())
    if unknown := [letter for letter in letters if letter not in attributes]:
        raise table.error(letters, f"there is no attribute {unknown[0]}")
    if len(digits) != STEPS ** len(letters):
        raise table.error(letters, f"{letters} must have {STEPS ** len(letters)} grades, not {len(digits)}")
    if not set(digits) <= set("0123"):
        raise table.error(letters, f"grades are from 0 to {HIGHEST_GRADE}")
    return tuple(map(int, digits))


def _symptoms(
    rows: Iterable[Table], grades: Mapping[str, tuple[int, ...]], attributes: Mapping[str, Attribute]
) -> dict[int, Symptom]:
    symptoms: dict[int, Symptom] = {}
    for row in rows:
        row.only("number", "term", "attributes", "special")
        number, letters = row.get("number", int), row.get("attributes", str)
        if number in symptoms:
            raise row.error("number", f"{number} is there twice")
        if letters not in grades and letters not in attributes:
            raise row.error("attributes", f"there are no grades for {letters}")
        special = row.texts("special") if "special" in row else ()
        symptoms[number] = Symptom(number, row.get("term", str), letters, special)
    return symptoms
