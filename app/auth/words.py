"""The words for a password that is refused."""

from app.i18n import lazy_translate
from app.services.errors import RuleError

RULES = {
    "password_short": lazy_translate("Choose at least %(shortest)s characters: several words are easiest."),
    "password_easy": lazy_translate(
        "This is easily guessed: choose several words that do not hold your address."
    ),
}


def refusal(error: RuleError) -> str:
    """A refused rule as a sentence of the page's language that says what to do."""
    return str(RULES[error.rule]) % error.facts
