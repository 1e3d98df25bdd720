"""What is wrong with a file of wording, and in which of its lines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

# Marks a text for the catalogues; the pages translate it, the command line shows it as it is.
N_ = str
RULES = {
    "unknown_format": N_(
        "This is neither a CSV text, nor an Excel workbook (.xlsx), nor a FHIR Questionnaire (JSON)."
    ),
    "too_long_file": N_("There are more than %(most)s rows, far more than a questionnaire has."),
    "no_utf8": N_("This is no UTF-8 text. Save the file again as “CSV UTF-8”."),
    "header": N_("The first line names the columns: id and text. Found instead: %(found)s."),
    "cells": N_(
        "Cells found: %(count)s, expected: two, id and text. "
        "A text that holds the separator needs quotation marks around it."
    ),
    "quotes": N_("The quotation marks do not match: each that opens must be closed."),
    "broken_workbook": N_("The workbook cannot be read. Open it, save it again as .xlsx and try once more."),
    "formula": N_("%(id)s holds a formula, where a text was expected."),
    "no_text_cell": N_("%(id)s holds a number, a date or an error value, where a text was expected."),
    "broken_json": N_("This is no valid JSON (column %(column)s)."),
    "no_questionnaire": N_("Expected: a FHIR resource of the type Questionnaire. Found: %(found)s."),
    "other_language": N_("The file is in the language %(found)s; expected: %(expected)s."),
    "no_list": N_("Expected here: a list of objects."),
    "answer_codes": N_("The answers have the codes %(found)s; expected: %(expected)s."),
    "label_differs": N_("%(id)s reads otherwise here than at %(first)s: one kind of answer has one wording."),
    "unknown_id": N_("%(id)s is no id of this questionnaire."),
    "duplicate": N_("%(id)s is there a second time; the first time at %(first)s."),
    "out_of_order": N_("%(id)s is out of order: expected after %(after)s."),
    "missing": N_("%(id)s is missing."),
    "missing_after": N_("%(id)s is missing: expected after %(after)s."),
    "empty": N_("%(id)s has no text."),
    "long_text": N_("The text of %(id)s is longer than %(most)s characters."),
    "encoding": N_(
        "The text of %(id)s was saved in a wrong encoding: it holds “%(found)s”. Save the file as UTF-8."
    ),
    "control": N_("The text of %(id)s holds a control character."),
}


class Unit(StrEnum):
    """How a place in a file is named."""

    FILE = "file"
    LINE = "line"
    ROW = "row"
    PATH = "path"


PLACES = {
    Unit.FILE: N_("Whole file"),
    Unit.LINE: N_("Line %(at)s"),
    Unit.ROW: N_("Row %(at)s"),
    Unit.PATH: "%(at)s",
}


@dataclass(frozen=True)
class Fault:
    """One fault: its place (line of a CSV, row of a sheet, path in a JSON), the rule, and the facts."""

    unit: Unit
    at: str
    rule: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{PLACES[self.unit] % {'at': self.at}}: {RULES[self.rule] % dict(self.facts)}"


class RefusedFileError(ValueError):
    """A file of wording is not taken; every fault is told, and nothing was written."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def shown(text: object) -> str:
    """What a file holds, short enough and printable, for a message."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in str(text)[:60])


@dataclass(frozen=True)
class Entry:
    """One text of a file with its place; None where its fault is told already."""

    unit: Unit
    at: str
    id: str
    text: str | None

    def fault(self, rule: str, **facts: Any) -> Fault:
        """A fault at this place."""
        return Fault(self.unit, self.at, rule, {"id": self.id} | facts)


@dataclass
class Content:
    """What a reader found in a file: its texts in order, and what it could not read."""

    entries: list[Entry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
