"""The terms for adverse events: what the file holds, and that each is found however it is spelt."""

import tomllib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.errors import NotFoundError
from app.services.terms import (
    DEATH_GRADE,
    FILE,
    GRADES,
    MOST_FOUND,
    find_term,
    search_terms,
    suggested_terms,
    terminology,
)
from tests import factories

pytestmark = pytest.mark.requirement("AE-05")
TERMS = list(terminology().terms.values())
NAMES = [(each.code, name) for each in TERMS for name in each.names.values()]


def plain(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


def codes(text: str) -> list[str]:
    return [each.code for each in search_terms(text)]


# What the file holds


def test_there_are_terms_enough_each_once_in_both_languages() -> None:
    data = tomllib.loads(FILE.read_text("utf-8"))
    entries = [each for system in data["classes"] for each in system["terms"]]
    assert len(entries) == len(TERMS) >= 150
    assert len({each.names["fr"] for each in TERMS}) == len(TERMS)
    assert all(name.strip() == name and name for _, name in NAMES)
    assert len({each.system["en"] for each in TERMS}) == len({each.system["fr"] for each in TERMS}) == 22


def test_the_file_names_its_source_and_holds_no_licensed_code() -> None:
    text = FILE.read_text("utf-8")
    head = text.split("source =")[0]
    for said in (
        "National Cancer Institute",
        "27 November 2017",
        "United States government",
        "own translation",
    ):
        assert said in head
    assert terminology().version == "CTCAE 5.0"
    assert not [word for word in text.split() if word.strip('",').isdigit() and len(word.strip('",')) == 8]


def test_grades_are_some_of_one_to_five_in_order() -> None:
    for each in TERMS:
        assert each.grades, each.code
        assert set(each.grades) <= set(GRADES), each.code
        assert list(each.grades) == sorted(set(each.grades)), each.code


@pytest.mark.parametrize(
    ("code", "grades"),
    [
        ("Anemia", (1, 2, 3, 4, 5)),
        ("Nausea", (1, 2, 3)),
        ("Fatigue", (1, 2, 3)),
        ("Alopecia", (1, 2)),
        ("Febrile neutropenia", (3, 4, 5)),
        ("Syncope", (3,)),
        ("Periorbital edema", (1, 2, 3)),
        ("Neutrophil count decreased", (1, 2, 3, 4)),
        ("Abdominal infection", (2, 3, 4, 5)),
        ("Allergic rhinitis", (1, 2)),
        ("Gastroparesis", (1, 2, 3, 4)),
        ("Irregular menstruation", (1, 2)),
        ("Photosensitivity", (1, 2, 3, 4, 5)),
        ("Vision decreased", (2, 3, 4)),
        ("Watering eyes", (1, 2, 3, 4)),
    ],
)
def test_a_term_has_its_own_grades(code: str, grades: tuple[int, ...]) -> None:
    assert find_term(code).grades == grades


def test_every_class_ends_with_a_term_for_what_it_does_not_name() -> None:
    data = tomllib.loads(FILE.read_text("utf-8"))
    last = [(system["en"], system["terms"][-1]["en"]) for system in data["classes"]]
    # The publication writes one of them in the singular.
    assert all(
        term.removesuffix(" - Other, specify") in {name, name.removesuffix("s")} for name, term in last
    )
    assert len([each for each in TERMS if each.code.endswith(" - Other, specify")]) == len(last)


def test_a_death_without_another_name_has_no_other_grade() -> None:
    assert [each.code for each in TERMS if each.grades == (5,)] == ["Death NOS", "Sudden death NOS"]


def test_a_term_that_version_5_dropped_leads_to_those_it_has() -> None:
    with pytest.raises(NotFoundError):
        find_term("Acute coronary syndrome")
    assert set(codes("syndrome coronarien aigu")) == {"Chest pain - cardiac", "Myocardial infarction"}


def test_each_grade_has_a_general_meaning_in_both_languages() -> None:
    meanings = terminology().meanings
    assert tuple(meanings) == GRADES
    assert all(set(each) == {"en", "fr"} for each in meanings.values())
    assert "Death" in meanings[DEATH_GRADE]["en"]


def test_an_unknown_term_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        find_term("nausea")


# Suggestions


def test_every_symptom_of_the_study_has_terms_to_offer_first() -> None:
    for each in factories.definition().symptoms:
        assert suggested_terms(each.code), each.code
    assert [each.code for each in suggested_terms("pt009")] == ["Nausea"]
    assert suggested_terms("own02")[0].code == "Periorbital edema"


@pytest.mark.parametrize("symptom", [None, "other", "pt099"])
def test_for_another_symptom_nothing_is_suggested(symptom: str | None) -> None:
    assert suggested_terms(symptom) == ()


# Search


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("nausées", "Nausea"),
        ("NAUSEE", "Nausea"),
        ("nauzée", "Nausea"),
        ("oedeme periorbitaire", "Periorbital edema"),
        ("yeux gonflés", "Periorbital edema"),
        ("anaemia", "Anemia"),
        ("diarrhoea", "Diarrhea"),
        ("neutropenie", "Neutrophil count decreased"),
        ("ALAT", "Alanine aminotransferase increased"),
        ("crampe", "Muscle cramp"),
        ("hypothyroidie", "Hypothyroidism"),
        ("pain", "Pain"),
        ("hta", "Hypertension"),
        ("anxieté", "Anxiety"),
    ],
)
def test_what_a_nurse_writes_finds_the_term(text: str, first: str) -> None:
    assert codes(text)[0] == first


@pytest.mark.parametrize("text", ["", "  ", "?!", "xyzxyz", "z" * 5000])
def test_nothing_or_nonsense_finds_nothing(text: str) -> None:
    assert codes(text) == []


def test_no_more_are_found_than_a_page_shows() -> None:
    assert len(codes("douleur")) == MOST_FOUND
    assert len(search_terms("douleur", most=3)) == 3


@given(st.sampled_from(NAMES), st.booleans(), st.booleans())
def test_every_term_is_found_by_its_names_without_accents_and_in_capitals(
    known: tuple[str, str], is_plain: bool, is_loud: bool
) -> None:
    code, name = known
    text = plain(name) if is_plain else name
    found = search_terms(text.upper() if is_loud else text, most=len(TERMS))
    assert code in [each.code for each in found]
