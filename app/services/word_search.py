"""Finds what is meant by what people write: without accents, half a word, or a letter wrong."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

# Shorter words must be there as they stand; of longer ones a letter may be wrong, of long ones two.
ONE_WRONG, TWO_WRONG = 4, 8
# "mal à la tête": the short words say nothing as long as there is a longer one.
TELLING = 3
LONGEST_TEXT = 60
LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l"})


def search_words(known: Mapping[str, frozenset[str]], text: str) -> tuple[str, ...] | None:
    """The keys of what a text may mean, by the words that each is known by; None for a text without a word.

    The likeliest come first, equal ones in the order given. Case, accents and endings do not matter. Those in
    which every word of the text is found come alone; without such, those with one of its words.
    """
    wanted = _telling(words_of(text[:LONGEST_TEXT]))
    if not wanted:
        return None
    distances = {key: [_distance_to_any(word, words) for word in wanted] for key, words in known.items()}
    whole = {key: sum(map(_number, each)) for key, each in distances.items() if None not in each}
    if whole:
        return tuple(sorted(whole, key=whole.__getitem__))
    # A long word says more than a short one.
    said = {key: _letters_found(wanted, each) for key, each in distances.items()}
    return tuple(sorted(filter(said.__getitem__, said), key=said.__getitem__, reverse=True))


@lru_cache(maxsize=1024)
def words_in(*texts: str) -> frozenset[str]:
    """The words of several texts, each once."""
    return frozenset(word for text in texts for word in words_of(text))


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
