"""The stand-in wording of our own: a catalogue for each questionnaire and language, by text id."""

import gettext
import hashlib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from app.services.definition.fields import SUPPORTED_LANGUAGES
from app.settings import ROOT

TRANSLATIONS = ROOT / "translations"


@cache
def stand_in_texts(questionnaire: str, language: str) -> Mapping[str, str]:
    """The texts by id; empty where there is no catalogue."""
    try:
        catalogue = gettext.translation(questionnaire, TRANSLATIONS, [language])
    except OSError:
        return MappingProxyType({})
    texts: dict[str, str] = getattr(catalogue, "_catalog", {})  # no public way to list them
    return MappingProxyType({key: text for key, text in texts.items() if key and text})


@cache
def stand_in_sha256(questionnaire: str) -> str:
    """SHA-256, in hexadecimal, of the stand-in in all languages: a patient may switch."""
    parts = []
    for language in SUPPORTED_LANGUAGES:
        texts = stand_in_texts(questionnaire, language)
        parts.append("\n".join([language, *(f"{key}={texts[key]}" for key in sorted(texts))]))
    return hashlib.sha256("\n\n".join(parts).encode()).hexdigest()
