"""The 7-bit alphabet of telephones (GSM 03.38): what an SMS of one part may hold."""

import unicodedata

ONE_PART = 160
ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# These take two places: an escape and the sign.
EXTENDED = frozenset("^{}\\[~]|€\f")
INSTEAD = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "«": '"',
        "»": '"',
        "–": "-",
        "—": "-",
        "…": "...",
        "œ": "oe",
        "Œ": "OE",
        "ç": "c",
        "\u00a0": " ",
        "\u202f": " ",
    }
)


def fold(text: str) -> str:
    """The text in the alphabet of telephones: é stays, ê becomes e. What has no likeness stays as it is."""
    return "".join(_likeness(sign) for sign in text.translate(INSTEAD))


def strangers(text: str) -> list[str]:
    """The signs of a text that the alphabet has no place for."""
    return sorted(set(text) - ALPHABET - EXTENDED)


def septets(text: str) -> int:
    """How many of the 160 places a text takes."""
    return sum(2 if sign in EXTENDED else 1 for sign in text)


def _likeness(sign: str) -> str:
    if sign in ALPHABET or sign in EXTENDED:
        return sign
    plain = unicodedata.normalize("NFKD", sign)[0]
    return plain if plain in ALPHABET else sign
