"""Finds what is meant by what people write: without accents, half a word, or letters wrong.

static/find.js does the same while a patient writes: what is changed here is changed there.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

# Shorter words must be there as they stand; of longer ones a letter may be wrong, of long ones two.
ONE_MISSING, ONE_WRONG, TWO_WRONG = 4, 5, 6
# "mal à la tête": the short words say nothing as long as there is a longer one.
TELLING = 3
LONGEST_TEXT = 60
LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l"})
# What is not heard and so is forgotten: the h of gh, ph, rh and th, a consonant written twice, a last s or x.
UNHEARD = (
    (re.compile(r"([gprt])h+"), r"\1"),
    (re.compile(r"([b-df-hj-np-tv-z])\1{1,2}"), r"\1"),
    (re.compile(r"(....)[sx]+$"), r"\1"),
)


def search_words(known: Mapping[str, frozenset[str]], text: str) -> tuple[str, ...] | None:
    """The keys of what a text may mean, by the words that each is known by; None for a text without a word.

    The likeliest come first, equal ones in the order given. Case, accents and endings do not matter. Those in
    which every word of the text is found come alone; without such, those with one of its words. A word that
    stands somewhere as it was written is taken for no other one.
    """
    wanted = _telling(words_of(text[:LONGEST_TEXT]))
    if not wanted:
        return None
    columns = [_taken_at_its_word([_least(word, words) for words in known.values()]) for word in wanted]
    distances = dict(zip(known, zip(*columns, strict=True), strict=True))
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
    """The words of a text as they sound, without accents: "Œdèmes, diarrhée" is oedeme and diaree."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(LETTERS))
    found = re.findall(r"[^\W_]+", "".join(sign for sign in plain if not unicodedata.combining(sign)))
    return tuple(map(_heard, found))


def wrong_letters(word: str, known: str) -> int | None:
    """How many letters of a word are wrong, None where too many: 0 for a beginning, "fatig" of "fatigue".

    With one that is wrong, only the last may be missing: "rhume" is no beginning of "rhumatisme". With two,
    both are whole words of some length, and the first letter is right: so rarely is it mistaken.
    """
    if known.startswith(word):
        return 0
    if len(word) < ONE_MISSING or abs(len(known) - len(word)) > 2:
        return None
    ends = distances_to_beginnings(word, known)[-2:]
    for length, wrong in enumerate(ends, start=len(known) - 1):
        # Four letters are too few for one of them to be another; a fifth may have been forgotten.
        if wrong == 1 and (len(word) >= ONE_WRONG or length > len(word)):
            return 1
    is_long = min(len(word), len(known)) >= TWO_WRONG
    return 2 if is_long and ends[-1] == 2 and word[0] == known[0] else None


def distances_to_beginnings(word: str, known: str) -> list[int]:
    """How many letters of a word are wrong as no letter of a known one, as its first one, and so on to all.

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
    return row


def _heard(word: str) -> str:
    for pattern, kept in UNHEARD:
        word = pattern.sub(kept, word)
    return word


def _telling(words: Iterable[str]) -> tuple[str, ...]:
    found = tuple(words)
    return tuple(word for word in found if len(word) >= TELLING) or found


def _least(word: str, known: Iterable[str]) -> int | None:
    found = [wrong for each in known if (wrong := wrong_letters(word, each)) is not None]
    return min(found, default=None)


def _taken_at_its_word(column: list[int | None]) -> list[int | None]:
    return [None if each else each for each in column] if 0 in column else column


def _letters_found(words: Iterable[str], distances: Iterable[int | None]) -> int:
    return sum(len(word) for word, found in zip(words, distances, strict=True) if found is not None)


def _number(distance: int | None) -> int:
    return distance or 0
