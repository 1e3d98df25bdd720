"""Finds a symptom by what a patient writes: without accents, half a word, or a letter wrong."""

from collections.abc import Mapping

from app.services.definition import StudyDefinition
from app.services.word_search import search_words, words_in


def search_symptoms(
    definition: StudyDefinition, language: str, text: str, labels: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """The codes of the study's symptoms that a text may mean, the likeliest first; all for an empty text.

    Looks at the names and the search words of the language, and at `labels`, what the patient reads, by code.
    How words are compared: word_search.search_words.
    """
    found = search_words(known_words(definition, language, labels or {}), text)
    return tuple(each.code for each in definition.symptoms) if found is None else found


def known_words(
    definition: StudyDefinition, language: str, labels: Mapping[str, str]
) -> dict[str, frozenset[str]]:
    """The words by which each symptom is found, by its code."""
    return {
        each.code: words_in(
            each.names.get(language, ""), *(each.search or {}).get(language, ()), labels.get(each.code, "")
        )
        for each in definition.symptoms
    }
