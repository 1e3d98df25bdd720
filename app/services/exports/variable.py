"""What a variable of an export is: its name and type, and what the codebook says of it."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The type of a variable."""

    TEXT = "text"
    DATE = "date"
    INSTANT = "instant"
    INTEGER = "integer"
    NUMBER = "number"


@dataclass(frozen=True)
class Variable:
    """One column: name (at most 32 letters, digits, underscores), type, labels (fr, en), and what it means.

    `range` is "lowest-highest", `codes` says what the values mean, `missing` what an empty cell means.
    """

    name: str
    kind: Kind
    fr: str
    en: str
    derivation: str
    codes: str = ""
    range: str = ""
    missing: str = ""
