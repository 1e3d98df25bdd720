"""Languages: which one a page is in, dates and times in it, and the wording of instruments."""

import gettext
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal
from babel.support import Translations
from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel, force_locale, get_translations
from flask_babel import gettext as translate
from flask_babel import lazy_gettext as lazy_translate
from flask_babel import ngettext as translate_plural
from markupsafe import Markup

from app.settings import ROOT

__all__ = [
    "LANGUAGES",
    "Wording",
    "day_text",
    "lazy_translate",
    "number_text",
    "page_language",
    "short_number_text",
    "speaking",
    "time_text",
    "translate",
    "translate_plural",
    "wording",
    "wording_sha256",
]

LANGUAGES = ("fr", "en")
# Dates of the sites' continent: 22 November 2026, the day before the month.
DATE_LOCALES = {"fr": "fr_FR", "en": "en_GB"}
# French says the first of a month as an ordinal, which the locale's patterns do not know.
FRENCH_FIRST = re.compile(r"\b1(?= \D)")
TRANSLATIONS = ROOT / "translations"
# A report between visits asks about its symptom as the list does.
DOMAINS = {"report": ("symptoms", "report")}


class MissingWordingError(LookupError):
    """A catalogue lacks the text of an item: nothing is shown in its place."""

    def __init__(self, instrument: str, language: str, message_id: str) -> None:
        super().__init__(f"no wording for {message_id!r} of {instrument} in {language!r}")
        self.instrument, self.language, self.message_id = instrument, language, message_id


class Wording:
    """The stand-in wording of one instrument in one language, by the ids of its structure."""

    def __init__(self, instrument: str, language: str) -> None:
        self.instrument, self.language = instrument, language
        self._texts: dict[str, str] = {}
        for domain in DOMAINS.get(instrument, (instrument,)):
            catalogue = gettext.translation(domain, TRANSLATIONS, [language])
            if not isinstance(catalogue, gettext.GNUTranslations):
                raise MissingWordingError(instrument, language, "")
            texts: dict[str, str] = catalogue._catalog  # type: ignore[attr-defined]  # no public way to list
            self._texts |= {key: text for key, text in texts.items() if key}

    def __getitem__(self, message_id: str) -> str:
        text = self._texts.get(message_id)
        if not text:
            raise MissingWordingError(self.instrument, self.language, message_id)
        return text

    def __str__(self) -> str:
        return "\n".join(f"{key}={self._texts[key]}" for key in sorted(self._texts))

    def get(self, message_id: str) -> str:
        """The text, or nothing for what an instrument leaves to its bare numbers."""
        return self._texts.get(message_id, "")


@cache
def wording(instrument: str, language: str) -> Wording:
    """The stand-in wording of an instrument; MissingWordingError or OSError where there is none."""
    return Wording(instrument, language)


@cache
def wording_sha256(instrument: str) -> str:
    """SHA-256, in hexadecimal, of an instrument's wording in all languages: a patient may switch."""
    texts = "\n\n".join(f"{language}\n{wording(instrument, language)}" for language in LANGUAGES)
    return hashlib.sha256(texts.encode()).hexdigest()


def init_app(app: Flask) -> None:
    """Makes gettext, dates and numbers follow the language of the page."""
    app.config["BABEL_DEFAULT_LOCALE"] = LANGUAGES[0]
    Babel(app, default_translation_directories=str(TRANSLATIONS), locale_selector=page_language)
    # For templates: the libraries look for the catalogue anew at each text, a tenth of a page's time.
    app.jinja_env.globals |= {"_": _text, "ngettext": _count_text}


def _text(text: str, **values: object) -> Markup:
    return _marked(page_language(), text) % values if values else _said(page_language(), text)


def _count_text(one: str, several: str, num: int, **values: object) -> Markup:
    # A text of ours is markup, as the library has it; what stands in it is not.
    text = Markup(_catalogue(page_language()).ungettext(one, several, num))  # noqa: S704
    return text % ({"num": num} | values)


@cache
def _said(language: str, text: str) -> Markup:
    # The library writes a percent sign twice in such a text too.
    return _marked(language, text) % {}


@cache
def _marked(language: str, text: str) -> Markup:
    return Markup(_catalogue(language).ugettext(text))  # noqa: S704 - as above


@cache
def _catalogue(language: str) -> Translations:
    with force_locale(language):
        found: Translations = get_translations()
        return found


def page_language() -> str:
    """The language asked for in the address, else the one chosen before, else the reader's own."""
    if not has_request_context():
        return LANGUAGES[0]
    language: str | None = g.get("language")
    if language is None:
        g.language = language = _chosen_language()
    return language


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """While this lasts, texts and dates are in that language, whatever the page's own."""
    before, g.language = page_language(), language
    try:
        with force_locale(language):
            yield
    finally:
        g.language = before


def _chosen_language() -> str:
    own = getattr(g.get("actor"), "language", None) or g.get("patient_language")
    # The choice of another patient on the same phone is not this one's.
    chosen = None if g.get("is_another_patient") else session.get("language")
    for candidate in (request.args.get("lang"), chosen, own):
        if candidate in LANGUAGES:
            return str(candidate)
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def day_text(day: date, style: str = "long") -> str:
    """A date as people of the page's language write it."""
    text = str(format_date(day, style, locale=DATE_LOCALES[page_language()]))
    return FRENCH_FIRST.sub("1er", text) if page_language() == "fr" else text


def short_number_text(value: float, digits: int = 1) -> str:
    """A number as people of the page's language write it, rounded, without zeros at its end."""
    return str(format_decimal(value, "#,##0." + digits * "#", locale=DATE_LOCALES[page_language()]))


def time_text(instant: datetime, zone: str) -> str:
    """The local time of an instant, such as 14:32, in both languages."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%H:%M")


def number_text(value: float) -> str:
    """A number with one decimal, as people of the page's language write it."""
    return str(format_decimal(value, "0.0", locale=DATE_LOCALES[page_language()]))
