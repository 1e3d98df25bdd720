"""What no free text may hold: a national number (NIR), or a date to the day that may be one of birth."""

import re
from collections.abc import Iterator
from datetime import date

from app.services.errors import RuleError

ADULT_YEARS = 18
# Sex, year, month (or what stands for an unknown one), department with Corsica's, commune, order, key.
_GAP = r"[\s.\-]*"
NIR = re.compile(
    rf"(?<![0-9])[1-478]{_GAP}[0-9]{{2}}{_GAP}(?:0[1-9]|1[0-2]|[2-9][0-9]){_GAP}(?:[0-9]{{2}}|2[AB]){_GAP}"
    rf"[0-9]{{3}}{_GAP}[0-9]{{3}}(?:{_GAP}[0-9]{{2}})?(?![0-9])",
    re.IGNORECASE,
)
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "janvier january janv jan",
            "février fevrier february févr fevr feb",
            "mars march mar",
            "avril april avr apr",
            "mai may",
            "juin june jun",
            "juillet july juil jul",
            "août aout august aug",
            "septembre september sept sep",
            "octobre october oct",
            "novembre november nov",
            "décembre decembre december déc dec",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_MARK = r"\s*[/.\-\s]\s*"
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
WRITTEN_DATES = tuple(
    re.compile(rf"(?<![0-9]){pattern}(?![0-9])", re.IGNORECASE)
    for pattern in (
        rf"(?P<day>[0-9]{{1,2}}){_MARK}(?P<month>[0-9]{{1,2}}){_MARK}{_YEAR}",
        rf"(?P<year>[0-9]{{4}}){_MARK}(?P<month>[0-9]{{1,2}}){_MARK}(?P<day>[0-9]{{1,2}})",
        rf"(?P<day>[0-9]{{1,2}})(?:er|st|nd|rd|th)?{_MARK}(?P<month>{_MONTH})\.?,?{_MARK}{_YEAR}",
        rf"\b(?P<month>{_MONTH})\.?{_MARK}(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?,?{_MARK}{_YEAR}",
    )
)
BIRTH = re.compile(
    r"(?:\bn[ée]+(?:\(e\))?\s+le\b|\bnaissance\b|\bddn\b|\bborn\b|\bbirth|\bdob\b|\bd\.o\.b\b)[^0-9]{0,20}$",
    re.IGNORECASE,
)


def refuse_identifiers(text: str, field: str, today: date) -> None:
    """Lets a text pass that identifies nobody by itself.

    Raises RuleError at the field: "national_number" for what is shaped like a NIR, "birth_date" for a whole
    date 18 years ago or longer, or after words such as « né le ». Month and year alone pass.
    """
    if NIR.search(text):
        raise RuleError(field, "national_number")
    if any(_may_be_of_birth(text[:start], day, today) for start, day in _dates(text, today)):
        raise RuleError(field, "birth_date")


def _may_be_of_birth(before: str, day: date, today: date) -> bool:
    is_of_an_adult = (today.year - day.year, today.month, today.day) >= (ADULT_YEARS, day.month, day.day)
    return is_of_an_adult or BIRTH.search(before) is not None


def _dates(text: str, today: date) -> Iterator[tuple[int, date]]:
    """Where each date to the day begins, and which it is; day and month are tried both ways."""
    for match in (match for pattern in WRITTEN_DATES for match in pattern.finditer(text)):
        month = match["month"].lower()
        number = MONTHS.get(month) or int(month)
        year = int(match["year"])
        if len(match["year"]) == 2:
            year += 2000 if year <= today.year % 100 else 1900
        for pair in {(number, int(match["day"])), (int(match["day"]), number)}:
            try:
                yield match.start(), date(year, *pair)
            except ValueError:
                continue
