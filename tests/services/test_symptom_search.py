"""A symptom is found by the words that people use, however they spell them."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.services.symptom_search import search_symptoms
from app.services.word_search import distances_to_beginnings, words_of, wrong_letters
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
        # As it is heard.
        *(("fr", text, "pt016") for text in ("diaree", "diarée", "diarré", "diarhée", "diharrée")),
        *(("fr", text, "pt022") for text in ("enflé", "enflée", "gonflement", "edème")),
        *(("fr", text, "pt054") for text in ("anxieux", "anxieuse", "angoise", "nerveuse", "inquiète")),
        *(("fr", text, "pt056") for text in ("dépression", "depresion", "dépressif", "déprimée")),
        *(("fr", text, "pt009") for text in ("nosé", "nosée", "nausé", "nauzé", "nauséeuse")),
        *(("fr", text, "pt024") for text in ("démangeaisons", "demangaison", "ça me gratte", "boutton")),
        *(("fr", text, "pt053") for text in ("crevé", "je suis crevé", "crevée", "épuisée", "fatigé")),
        *(("fr", text, "pt049") for text in ("migrène", "migraines", "cefalée", "maux de têtes")),
        *(("fr", text, "pt051") for text in ("rhumatisme", "rumatismes", "artrite", "genoux")),
        *(("fr", text, "pt019") for text in ("essouflé", "j’étouffe", "respiration")),
        *(("fr", "apétit", "pt008"), ("fr", "constipé", "pt015"), ("fr", "je dors mal", "pt052")),
        *(("en", text, "pt049") for text in ("headake", "hedaches", "migrane")),
        *(("en", text, "pt009") for text in ("nauseous", "nausious", "nausia")),
        *(("en", text, "pt016") for text in ("dioreah", "diarhea", "diarreah", "runny stool")),
        *(("en", text, "pt024") for text in ("itchy", "itching", "itch", "eczéma")),
        *(("en", text, "pt054") for text in ("anxiaty", "worried", "stressed")),
        *(("en", text, "pt056") for text in ("depression", "depresed", "cryng")),
        *(("en", "exausted", "pt053"), ("en", "apetite", "pt008"), ("en", "swolen", "pt022")),
        *(("en", "vommiting", "pt010"), ("en", "breth", "pt019"), ("en", "edema", "pt022")),
    ],
)
def test_what_patients_write_finds_what_they_mean(language: str, text: str, first: str) -> None:
    assert search_symptoms(STUDY, language, text)[0] == first


@pytest.mark.parametrize(
    ("language", "text", "meant"),
    [
        ("fr", "crevé", {"pt053"}),
        ("fr", "je suis crevé", {"pt053"}),
        ("fr", "douleurs", {"pt017", "pt050", "pt051"}),
        ("fr", "peau", {"pt024"}),
        ("fr", "tristes", {"pt056"}),
        ("en", "legs", {"pt022"}),
        ("en", "hands", {"pt022"}),
        ("en", "aches", {"pt017", "pt050"}),
    ],
)
def test_a_word_that_is_known_is_taken_for_no_other(language: str, text: str, meant: set[str]) -> None:
    assert set(search_symptoms(STUDY, language, text)) == meant


@pytest.mark.parametrize(
    ("language", "text", "meant"),
    [
        ("fr", "migrène", "pt049"),
        ("fr", "dipresoin", "pt056"),
        ("fr", "angouase", "pt054"),
        ("fr", "fatidgé", "pt053"),
        ("en", "hedacke", "pt049"),
        ("en", "queezy", "pt009"),
        ("en", "dioreah", "pt016"),
    ],
)
def test_of_six_letters_two_may_be_wrong(language: str, text: str, meant: str) -> None:
    (word,) = words_of(text)
    words = {
        each
        for language_, code, phrase in KNOWN
        if (language_, code) == (language, meant)
        for each in words_of(phrase)
    }
    assert 2 in {wrong_letters(word, each) for each in words}
    assert not {0, 1} & {wrong_letters(word, each) for each in words}
    assert search_symptoms(STUDY, language, text) == (meant,)


@pytest.mark.parametrize("text", ["", "   ", "?!", "’"])
def test_nothing_finds_all_in_the_order_of_the_list(text: str) -> None:
    assert search_symptoms(STUDY, "fr", text) == CODES


@pytest.mark.parametrize("text", ["xyz", "zzzzzzzz", "bourdonnement", "x" * 5000])
def test_what_is_not_on_the_list_finds_nothing(text: str) -> None:
    assert search_symptoms(STUDY, "fr", text) == ()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "rhume toux tousse fièvre grippe bouche aphtes gorge dents saignement sang palpitations"),
        ("fr", "cheveux ongles vertiges brûlures oreille vision larmes poids urine règles libido chaleur"),
        ("fr", "sueurs frissons froid goût odorat hoquet gaz ballonnements acné bleus chute voix avaler"),
        ("fr", "bras soif allergie maison voiture bonjour fenêtre demain couche douche poumon garage note"),
        ("en", "fever cough flu cold mouth throat teeth bleeding blood nose heart hair nails dizzy heat"),
        ("en", "sweat chills memory numbness tingling taste smell gas piles acne bruises fall tremor voice"),
        ("en", "foot neck shoulder lungs hearing vision weight urine work light fight right table chair"),
    ],
)
def test_other_words_find_nothing(language: str, words: str) -> None:
    assert {word: search_symptoms(STUDY, language, word) for word in words.split()} == dict.fromkeys(
        words.split(), ()
    )


@pytest.mark.parametrize("text", ["duo", "dol", "tote", "peux", "mel"])
def test_a_short_word_is_not_guessed_at(text: str) -> None:
    assert search_symptoms(STUDY, "fr", text) == ()


@given(st.text("abcdehirstux", min_size=1, max_size=3))
def test_three_letters_find_only_what_begins_with_them(text: str) -> None:
    (word,) = words_of(text)
    begins = {
        code
        for language, code, phrase in KNOWN
        if language == "fr" and any(each.startswith(word) for each in words_of(phrase))
    }
    assert set(search_symptoms(STUDY, "fr", text)) == begins


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
    # Where the comparison drops a sign of the changed word as well, as one of two letters, two are wrong.
    assume(words_of(text) == (text,))
    found = search_symptoms(STUDY, language, text)
    # What begins a word of another symptom is taken for that one.
    others = {each for tongue, each, phrase in KNOWN if tongue == language and begins(text, phrase)}
    assert code in found or others & set(found)


def begins(text: str, phrase: str) -> bool:
    """Whether a word of the phrase begins so."""
    return any(each.startswith(text) for each in words_of(phrase))


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
def test_wrong_letters_are_none_in_a_beginning_and_two_at_most(word: str, known: str) -> None:
    wrong = wrong_letters(word, known)
    assert wrong in {None, 0, 1, 2}
    assert wrong_letters(known[: len(word)], known) == 0
    assert (wrong == 0) == known.startswith(word)
    assert wrong is None or wrong == 0 or len(word) >= 4
    assert wrong != 2 or min(len(word), len(known)) >= 6


@given(st.text("abcde", max_size=8), st.text("abcde", max_size=8))
def test_a_distance_is_never_more_than_the_longer_word(word: str, known: str) -> None:
    found = distances_to_beginnings(word, known)
    assert len(found) == len(known) + 1
    assert all(abs(len(word) - place) <= each <= max(len(word), place) for place, each in enumerate(found))
    assert found[-1] == distances_to_beginnings(known, word)[-1]


@given(known_phrases)
def test_what_was_heard_is_heard_the_same_again(known: tuple[str, str, str]) -> None:
    heard = words_of(known[2])
    assert words_of(" ".join(heard)) == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Œdèmes", "oedeme"),
        ("diarrhée", "diaree"),
        ("rhumatisme", "rumatisme"),
        ("démarche", "demarche"),
        ("hanches", "hanche"),
        ("dos", "dos"),
        ("yeux", "yeux"),
        ("breathless", "breatle"),
    ],
)
def test_words_are_compared_as_they_are_heard(text: str, heard: str) -> None:
    assert words_of(text) == (heard,)


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
    assert distances_to_beginnings(word, known)[-1] == wrong
