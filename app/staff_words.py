"""What messages to staff say, in the reader's language: a code, a moment, an address; no word of health."""

from collections.abc import Mapping

from flask_babel import force_locale

from app.i18n import lazy_translate

SUBJECTS = {
    "alert": lazy_translate("%(study)s: something waits for you"),
    "escalation": lazy_translate("%(study)s: something was not answered in time"),
    "invitation": lazy_translate("%(study)s: your account"),
}
TEXTS = {
    "alert": lazy_translate(
        "Hello,\n\n"
        "Something new about %(code)s waits for you. Please sign in, look at it and write down what you did, "
        "by %(until)s at the latest:\n\n"
        "%(link)s\n\n"
        "This message says no more on purpose. We never ask for a password by e-mail.\n\n"
        "%(study)s"
    ),
    "escalation": lazy_translate(
        "Hello,\n\n"
        "About %(code)s something was to be answered by %(until)s, and nobody has done so yet. Please sign "
        "in and look at it:\n\n"
        "%(link)s\n\n"
        "This message says no more on purpose. We never ask for a password by e-mail.\n\n"
        "%(study)s"
    ),
    "invitation": lazy_translate(
        "Hello,\n\n"
        "An account was made for you. Open this address and choose your password, which nobody else ever "
        "sees:\n\n"
        "%(link)s\n\n"
        "The address works once, until %(until)s. If you expect no account, do nothing.\n\n"
        "%(study)s"
    ),
}


def staff_words(kind: str, language: str, values: Mapping[str, str]) -> tuple[str, str]:
    """The subject and the text of a message of a kind; values: study, until, link, of an alert the code."""
    with force_locale(language):
        return str(SUBJECTS[kind]) % values, str(TEXTS[kind]) % values + "\n"
