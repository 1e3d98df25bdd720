"""The composite grade of a PRO-CTCAE symptom, 0-3. It is no CTCAE grade and must never be shown as one.

Source: Basch E et al., Clin Trials 2021;18:104 (179 combinations). Questions that conditional branching
leaves out count as 0: CDISC PRO-CTCAE supplement, draft, assumptions 7-9.
"""

from __future__ import annotations

from enum import Enum

from scoring.errors import AnswerError
from scoring.proctcae_errors import AttributesError
from scoring.proctcae_table import Attribute, load_proctcae, place


class Absent(Enum):
    """Why an attribute that the symptom has carries no code."""

    MISSING = "missing"
    NOT_ASKED = "not asked"


MISSING = Absent.MISSING
"""Asked and not answered, or answered with none of the codes (the `special` answers of a symptom)."""

NOT_ASKED = Absent.NOT_ASKED
"""Left out by branching, since an earlier attribute was 0: counts as 0.

A symptom that nobody asked about at all is not this, but has no grade: give MISSING.
"""

Code = int | Absent | None


def composite_grade(
    frequency: Code = None, severity: Code = None, interference: Code = None, amount: Code = None
) -> int | None:
    """The composite grade of one symptom from its attributes: 0, none, to 3, worst.

    Each attribute is a code from 0, none, to 4, most, or MISSING, or NOT_ASKED, which counts as 0; None says
    that the symptom has no such attribute. When the first attribute is 0 the grade is 0, whatever the others.
    Else MISSING gives no grade (None): nothing is guessed. Without any attribute (symptoms asked about by
    presence) there is none.

    AnswerError for a value that is no code (True, 2.0 and "2" are none), naming attribute, value and codes;
    AttributesError for attributes that no symptom combines. Source as in the head of this module.
    """
    table = load_proctcae()
    values = zip("FSIA", (frequency, severity, interference, amount), strict=True)
    codes = {letter: _code(table.attributes[letter], value) for letter, value in values if value is not None}
    if not codes:
        return None
    grades = table.grades.get("".join(codes))
    if grades is None:
        raise AttributesError(tuple(table.attributes[letter].name for letter in codes))
    given = [code for code in codes.values() if code is not None]
    if next(iter(codes.values())) == 0:
        return 0
    return grades[place(given)] if len(given) == len(codes) else None


def _code(attribute: Attribute, value: int | Absent) -> int | None:
    """The code to look up; None when it is missing."""
    if value is MISSING:
        return None
    if value is NOT_ASKED:
        return 0
    if type(value) is not int or value not in attribute.codes:
        raise AnswerError(attribute.name, value, attribute.codes)
    return value
