"""The stand-in wording reads easily at the age of eleven, as far as words and syllables can say.

Formulas see the length of words and sentences and nothing else: they find what is too long, and do not prove
that the rest is clear. Syllables are counted by groups of vowels, which is near enough for an average.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.patient.test_wording import LANGUAGES, each_wording, texts

LONGEST_SENTENCE = 25
# Kandel and Moles' scale: 80 to 90 is "easy", at eleven years. Flesch and Kincaid count school years.
EASY, SCHOOL_YEARS = 80, 5
# An apostrophe joins: "qu’avez" is one word.
WORD = re.compile(r"[^\W\d_]+(?:’[^\W\d_]+)*")


class Size(NamedTuple):
    """What the formulas are made of."""

    words_a_sentence: float
    syllables_a_word: float


def sentences(found: dict[str, str]) -> list[list[str]]:
    """The words of each sentence: labels and names are none."""
    whole = [text for text in found.values() if text.endswith(("?", "."))]
    parts = [part for text in whole for part in re.split(r"[.?!]+", text)]
    return [words for part in parts if (words := WORD.findall(part))]


def french_syllables(word: str) -> int:
    groups = re.findall(r"[aeiouyàâäéèêëîïôöùûüœæ]+", word.lower())
    is_silent = re.search(r"[^aeiouyàâäéèêëîïôöùûüœæ](e|es|ent)$", word.lower())
    return max(1, len(groups) - bool(is_silent))


def english_syllables(word: str) -> int:
    groups = re.findall(r"[aeiouy]+", word.lower())
    is_silent = re.search(r"[^aeiouyl]e$|[^aeiouytd]ed$", word.lower())
    return max(1, len(groups) - bool(is_silent))


def size(found: dict[str, str], syllables: Callable[[str], int]) -> Size:
    each = sentences(found)
    words = [word for sentence in each for word in sentence]
    return Size(len(words) / len(each), sum(map(syllables, words)) / len(words))


def ease(text: Size) -> float:
    """Flesch's reading ease as Kandel and Moles set it for French (1958): 0, hard, to 100, very easy."""
    return 207 - 1.015 * text.words_a_sentence - 73.6 * text.syllables_a_word


def grade(text: Size) -> float:
    """The school years that English asks for, by Flesch and Kincaid (1975)."""
    return 0.39 * text.words_a_sentence + 11.8 * text.syllables_a_word - 15.59


@pytest.mark.requirement("INS-01")
@each_wording
def test_no_sentence_is_long(domain: str, language: str) -> None:
    found = sentences(texts(domain, language))
    assert [" ".join(words) for words in found if len(words) > LONGEST_SENTENCE] == []


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize("domain", ["qlq-c30", "symptoms", "report"])
def test_french_reads_easily(domain: str) -> None:
    assert ease(size(texts(domain, "fr"), french_syllables)) >= EASY


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize("domain", ["qlq-c30", "symptoms", "report"])
def test_english_reads_easily(domain: str) -> None:
    assert grade(size(texts(domain, "en"), english_syllables)) <= SCHOOL_YEARS


def test_the_measures_tell_an_official_style_from_a_plain_one() -> None:
    french = "Veuillez caractériser l’intensité maximale des manifestations digestives occasionnées."
    english = "Please characterise the maximal intensity of gastrointestinal manifestations experienced."
    assert ease(size({"q": french}, french_syllables)) < EASY / 2
    assert grade(size({"q": english}, english_syllables)) > 2 * SCHOOL_YEARS


@pytest.mark.parametrize(
    ("word", "count"), [("journée", 2), ("vomir", 2), ("tête", 1), ("quelle", 1), ("jambes", 1), ("été", 2)]
)
def test_french_syllables_are_counted_as_they_are_said(word: str, count: int) -> None:
    assert french_syllables(word) == count


@pytest.mark.parametrize(
    ("word", "count"),
    [("tiredness", 3), ("swollen", 2), ("made", 1), ("forced", 1), ("needed", 2), ("the", 1)],
)
def test_english_syllables_are_counted_as_they_are_said(word: str, count: int) -> None:
    assert english_syllables(word) == count


# Words of the clinic that need an everyday one beside them, in brackets or before them.
CLINIC = {
    "fr": ("nausée", "diarrhée", "constipation", "anxiété"),
    "en": ("nausea", "diarrhoea", "constipation", "anxiety"),
}
TOO_CLINICAL = (
    "œdème", "oedema", "dyspn", "asthéni", "anorexi", "myalgi", "arthralgi", "céphal", "insomni", "abdom",
    "érythèm", "erythem", "sévérité", "severity", "symptôm", "symptom", "fréquence", "frequency", "interf",
)  # fmt: skip


@pytest.mark.requirement("INS-01")
@each_wording
def test_a_word_of_the_clinic_has_an_everyday_one_beside_it(domain: str, language: str) -> None:
    for text in texts(domain, language).values():
        lower = text.lower()
        assert not [word for word in TOO_CLINICAL if word in lower], text
        assert "(" in text or not [word for word in CLINIC[language] if word in lower], text


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_question_denies_twice(language: str) -> None:
    negations = {"fr": r"\bn[e’]|\bsans\b|\bni\b", "en": r"\bnot\b|\bnever\b|\bwithout\b|n’t\b"}[language]
    for domain in ("qlq-c30", "symptoms", "report"):
        for text in texts(domain, language).values():
            assert max(len(re.findall(negations, part)) for part in re.split(r"[.?]", text.lower())) <= 1
