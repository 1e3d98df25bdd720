"""What a password must be: long, and neither one sign over and over nor the person's own address."""

from app.services.errors import RuleError

SHORTEST_PASSWORD = 15
FEWEST_SIGNS = 6


def require_good_password(password: str, email: str) -> None:
    """Raises RuleError for a password that is too short or too easily guessed; length is all that is asked.

    email: the address of the account, whose parts are the first guess.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise RuleError("password", "password_short", shortest=SHORTEST_PASSWORD)
    text, address = password.casefold(), email.casefold()
    if len(set(text)) < FEWEST_SIGNS or address in text or text in address:
        raise RuleError("password", "password_easy")
