"""Finds a symptom by what a patient writes: without accents, half a word, or a letter wrong."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

from app.services.definition import StudyDefinition

# Shorter words must be there as they stand; of longer ones a letter may be wrong, of long ones two.
ONE_WRONG, TWO_WRONG = 4, 8
# "mal à la tête": the short words say nothing as long as there is a longer one.
TELLING = 3
LONGEST_TEXT = 60
LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l"})


def search_symptoms(
    definition: StudyDefinition, language: str, text: str, labels: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """The codes of the study's symptoms that a text may mean, the likeliest first; all for an empty text.

    Looks at the names and the search words of the language, and at `labels`, what the patient reads, by code.
    Case, accents and endings do not matter. Symptoms in which every word of the text is found come alone;
    without such, those with one of its words.
    """
    wanted = _telling(words_of(text[:LONGEST_TEXT]))
    if not wanted:
        return tuple(each.code for each in definition.symptoms)
    distances = {
        code: [_distance_to_any(word, known) for word in wanted]
        for code, known in known_words(definition, language, labels or {}).items()
    }
    whole = {code: sum(map(_number, each)) for code, each in distances.items() if None not in each}
    if whole:
        return tuple(sorted(whole, key=whole.__getitem__))
    # A long word says more than a short one.
    said = {code: _letters_found(wanted, each) for code, each in distances.items()}
    return tuple(sorted(filter(said.__getitem__, said), key=said.__getitem__, reverse=True))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in small letters without accents: "Œdème, jambes" is oedeme and jambes."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(LETTERS))
    return tuple(re.findall(r"[^\W_]+", "".join(sign for sign in plain if not unicodedata.combining(sign))))


def distance(word: str, known: str) -> int:
    """How many letters of a word are wrong, as the beginning of a known one: 0 for "fatig" and "fatigue".

    A letter too many, missing, another one or two that changed places count one each (Damerau 1964, optimal
    string alignment).
    """
    before: list[int] = []
    row = list(range(len(known) + 1))
    for place, letter in enumerate(word, start=1):
        last, row, before_last = row, [place], before
        for column, other in enumerate(known, start=1):
            cost = min(row[-1] + 1, last[column] + 1, last[column - 1] + (letter != other))
            if column > 1 and place > 1 and letter == known[column - 2] and word[place - 2] == other:
                cost = min(cost, before_last[column - 2] + 1)
            row.append(cost)
        before = last
    return min(row)


def known_words(
    definition: StudyDefinition, language: str, labels: Mapping[str, str]
) -> dict[str, frozenset[str]]:
    """The words by which each symptom is found, by its code."""
    return {
        each.code: _words(
            each.names.get(language, ""), *(each.search or {}).get(language, ()), labels.get(each.code, "")
        )
        for each in definition.symptoms
    }


@lru_cache(maxsize=512)
def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in words_of(text))


def _telling(words: Iterable[str]) -> tuple[str, ...]:
    found = tuple(words)
    return tuple(word for word in found if len(word) >= TELLING) or found


def _distance_to_any(word: str, known: Iterable[str]) -> int | None:
    """The least number of wrong letters, None where there are too many."""
    allowed = (len(word) >= ONE_WRONG) + (len(word) >= TWO_WRONG)
    least = min((distance(word, each) for each in known), default=allowed + 1)
    return least if least <= allowed else None


def _letters_found(words: Iterable[str], distances: Iterable[int | None]) -> int:
    return sum(len(word) for word, found in zip(words, distances, strict=True) if found is not None)


def _number(distance: int | None) -> int:
    return distance or 0
