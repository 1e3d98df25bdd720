"""The words of data managers for what is wrong with a list of assignments."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.i18n import day_text, lazy_translate

COLUMNS = {
    "site": lazy_translate("Site"),
    "patient": lazy_translate("Patient"),
    "arm": lazy_translate("Arm"),
    "randomised_on": lazy_translate("Date"),
    "remark": lazy_translate("Remark"),
}
DONE = {"recorded": lazy_translate("The list is recorded, and the visits follow.")}
NO_TEXT = lazy_translate("This file holds no text: save the list as CSV.")
RULES = {
    "list_columns": lazy_translate(
        "The first line names the columns. Missing: %(missing)s. Not known: %(unknown)s."
    ),
    "list_width": lazy_translate(
        "Line %(line)s has not as many values as the first line has columns, or a "
        "quotation mark is not closed."
    ),
    "list_length": lazy_translate("The list has %(lines)s lines; it may have 1 to %(longest)s."),
    "list_faults": lazy_translate("These lines have faults: %(lines)s. Nothing was recorded."),
    "unknown_site": lazy_translate("The study has no site %(site)s."),
    "unknown_patient": lazy_translate("No patient %(code)s is registered."),
    "patient_of_other_site": lazy_translate("%(code)s is not at site %(site)s."),
    "listed_twice": lazy_translate("%(code)s is on line %(first)s already."),
    "no_date": lazy_translate("“%(text)s” is no date: write it as 2026-11-23."),
    "unknown_arm": lazy_translate("The study has no arm “%(arm)s”."),
    "already_randomised": lazy_translate(
        "The randomisation of %(code)s is already recorded, and never changes."
    ),
    "before_study": lazy_translate("The study began on %(starts_on)s: give a date from that day on."),
    "before_consent": lazy_translate("The consent is dated %(consent_on)s: give a date from that day on."),
    "in_future": lazy_translate("This date is in the future. Today is %(today)s."),
    "after_death": lazy_translate("The death is dated %(died_on)s: give a date up to that day."),
    "after_withdrawal": lazy_translate(
        "The consent was withdrawn on %(withdrawn_on)s: give a date up to that day."
    ),
    "no_baseline": lazy_translate(
        "The initial questionnaire was not received. Say why the patient was randomised without it."
    ),
    "national_number": lazy_translate("This holds a social security number: leave it out."),
    "birth_date": lazy_translate(
        "This holds what may be a birth date: leave it out, or write the month and the year alone."
    ),
}


def refusal(rule: str, facts: Mapping[str, Any]) -> str:
    """A refused rule as a sentence of the page's language."""
    written = {name: day_text(value) if isinstance(value, date) else value for name, value in facts.items()}
    return str(RULES[rule]) % ({name: "–" if value == "" else value for name, value in written.items()})
