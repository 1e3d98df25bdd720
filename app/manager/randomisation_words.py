"""The words of data managers for what cannot be corrected of a randomisation."""

from datetime import date
from typing import Any

from app.i18n import day_text, lazy_translate
from app.manager import allocation_words
from app.services.errors import RuleError

DONE = {
    "corrected": lazy_translate("The randomisation is corrected, and the visits nobody touched follow."),
}
OWN = {
    "no_reason": lazy_translate("Give the reason."),
    "not_randomised": lazy_translate("%(code)s is not randomised: there is nothing to correct."),
    "nothing_to_correct": lazy_translate("Arm and date are recorded so already: change what is wrong."),
    "milestone_earlier": lazy_translate(
        "Another event that follows from it is dated %(on)s: give a date up to that day."
    ),
}
# What a date, an arm or a text is refused for, whichever way it comes in.
SHARED = (
    *("unknown_arm", "before_study", "before_consent", "in_future", "after_death", "after_withdrawal"),
    *("national_number", "birth_date"),
)
RULES = OWN | {rule: allocation_words.RULES[rule] for rule in SHARED}


def refuse(form: Any, error: RuleError) -> None:
    """Puts a refused rule at the field of the form that it names."""
    facts = {
        name: day_text(value) if isinstance(value, date) else value for name, value in error.facts.items()
    }
    form[error.field].errors = [*form[error.field].errors, str(RULES[error.rule]) % facts]
