"""A symptom is found by the words that people use, however they spell them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.symptom_search import search_symptoms
from app.services.word_search import distance, words_of
from tests import factories

pytestmark = pytest.mark.requirement("AE-03")
STUDY = factories.definition()
CODES = tuple(each.code for each in STUDY.symptoms)
KNOWN = [
    (language, each.code, phrase)
    for each in STUDY.symptoms
    for language in STUDY.languages
    for phrase in (each.names[language], *(each.search or {}).get(language, ()))
]
LONG = [
    (language, code, word) for language, code, phrase in KNOWN for word in words_of(phrase) if len(word) > 4
]
known_phrases, long_words = st.sampled_from(KNOWN), st.sampled_from(LONG)


def plain(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


@pytest.mark.parametrize(
    ("language", "text", "first"),
    [
        ("fr", "Mal à la tête", "pt049"),
        ("fr", "mal a la tete", "pt049"),
        ("fr", "TÊTE", "pt049"),
        ("fr", "fatige", "pt053"),
        ("fr", "j’ai des nauzées", "pt009"),
        ("fr", "mal au coeur", "pt009"),
        ("fr", "œdeme", "pt022"),
        ("fr", "diaré", "pt016"),
        ("fr", "courbatur", "pt050"),
        ("fr", "insomie", "pt052"),
        ("en", "tierd", "pt053"),
        ("en", "Oedema!", "pt022"),
        ("en", "diarrea", "pt016"),
    ],
)
def test_what_patients_write_finds_what_they_mean(language: str, text: str, first: str) -> None:
    assert search_symptoms(STUDY, language, text)[0] == first


@pytest.mark.parametrize("text", ["", "   ", "?!", "’"])
def test_nothing_finds_all_in_the_order_of_the_list(text: str) -> None:
    assert search_symptoms(STUDY, "fr", text) == CODES


@pytest.mark.parametrize("text", ["xyz", "zzzzzzzz", "bourdonnement", "x" * 5000])
def test_what_is_not_on_the_list_finds_nothing(text: str) -> None:
    assert search_symptoms(STUDY, "fr", text) == ()


def test_a_short_word_is_not_guessed_at() -> None:
    assert search_symptoms(STUDY, "fr", "duo") == ()


def test_a_language_that_the_study_has_not_finds_by_what_the_patient_reads() -> None:
    assert search_symptoms(STUDY, "de", "Kopfweh") == ()
    assert search_symptoms(STUDY, "de", "kopfwe", {"pt049": "Kopfweh"}) == ("pt049",)


def test_the_words_on_the_screen_find_their_symptom() -> None:
    assert search_symptoms(STUDY, "fr", "souffle court", {"pt019": "Manque de souffle"})[0] == "pt019"


def test_of_several_words_the_symptom_with_all_of_them_comes_alone() -> None:
    assert search_symptoms(STUDY, "fr", "crampe mollet") == ("own01",)
    assert len(search_symptoms(STUDY, "fr", "mal")) > 3


@given(known_phrases, st.booleans(), st.booleans())
def test_each_name_and_search_word_finds_its_symptom_without_accents_and_in_capitals(
    known: tuple[str, str, str], is_plain: bool, is_loud: bool
) -> None:
    language, code, phrase = known
    text = plain(phrase) if is_plain else phrase
    assert code in search_symptoms(STUDY, language, text.upper() if is_loud else text)


@given(long_words, st.data())
def test_a_letter_missing_doubled_or_changed_still_finds_it(
    known: tuple[str, str, str], data: st.DataObject
) -> None:
    language, code, word = known
    place = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("aeioustrn"))
    swapped = word[:place] + word[place : place + 2][::-1] + word[place + 2 :]
    missing, doubled = word[:place] + word[place + 1 :], word[:place] + letter + word[place:]
    changed = word[:place] + letter + word[place + 1 :]
    text = data.draw(st.sampled_from([swapped, missing, doubled, changed]))
    assert code in search_symptoms(STUDY, language, text)


@given(long_words, st.data())
def test_half_a_word_finds_it(known: tuple[str, str, str], data: st.DataObject) -> None:
    language, code, word = known
    assert code in search_symptoms(STUDY, language, word[: data.draw(st.integers(3, len(word)))])


@given(st.text(max_size=80), st.sampled_from(["fr", "en", "de"]))
def test_any_text_finds_some_symptoms_of_the_list_each_once(text: str, language: str) -> None:
    found = search_symptoms(STUDY, language, text)
    assert len(set(found)) == len(found)
    assert set(found) <= set(CODES)
    assert search_symptoms(STUDY, language, text) == found


@given(st.text("abcde", max_size=8), st.text("abcde", max_size=8))
def test_distance_is_none_to_any_beginning_and_never_more_than_the_word(word: str, known: str) -> None:
    assert 0 <= distance(word, known) <= len(word)
    assert distance(known[: len(word)], known) == 0
    assert (distance(word, known) == 0) == known.startswith(word)
    assert distance(word + "z", known) <= distance(word, known) + 1


@pytest.mark.parametrize(
    ("word", "known", "wrong"),
    [
        ("tset", "test", 1),
        ("tst", "test", 1),
        ("teest", "test", 1),
        ("tast", "test", 1),
        ("abc", "xyz", 3),
        ("", "", 0),
    ],
)
def test_distance_counts_letters_that_are_wrong(word: str, known: str, wrong: int) -> None:
    assert distance(word, known) == wrong
