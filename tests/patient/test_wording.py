"""The stand-in wording has each text that the shipped study asks for, in both languages, and fits a phone."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from app.services.definition import SYMPTOMS, StudyDefinition, parse_definition
from app.services.questionnaires import Question, questionnaire
from scoring import load_proctcae

ROOT = Path(__file__).parents[2]
LANGUAGES = ("en", "fr")
QLQ_C30, REPORT = "qlq-c30", "report"
DOMAINS = (QLQ_C30, SYMPTOMS, REPORT)
# Six lines of 22 px on a screen of 320 px, and one line of 20 px in an option's row.
LONGEST_ITEM, LONGEST_LABEL, LONGEST_INSTRUCTIONS, LONGEST_NAME = 100, 20, 180, 40
NO_BREAK_SPACE = "\u00a0"

each_wording = pytest.mark.parametrize(
    ("domain", "language"), [(domain, language) for domain in DOMAINS for language in LANGUAGES]
)


def study() -> StudyDefinition:
    file = ROOT / "app" / "studies" / "gist-ima.toml"
    return parse_definition(file.read_text(encoding="utf-8"), file.name)


def catalogue(domain: str, language: str) -> Catalog:
    path = ROOT / "translations" / language / "LC_MESSAGES" / f"{domain}.po"
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def texts(domain: str, language: str) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalogue(domain, language) if message.id}


def questions(domain: str) -> tuple[Question, ...]:
    """The questions that have a place in the structure; those of a report are named in REPORT_IDS."""
    return () if domain == REPORT else questionnaire(study(), domain).questions


def label_ids(domain: str) -> set[str]:
    """Each answer has a label, whichever symptoms a study lists; of seven points only the ends do."""
    kinds: dict[str, tuple[int, ...]] = {"presence": (0, 1)}
    if domain == SYMPTOMS:
        kinds = {each.name: each.codes for each in load_proctcae().attributes.values()}
    if domain == QLQ_C30:
        kinds = {"four-point": (1, 2, 3, 4), "seven-point": (1, 7)}
    return {f"{kind}.{code}" for kind, codes in kinds.items() for code in codes}


def name_ids() -> set[str]:
    """What the patient reads in the list of a report, where staff read the definition's names."""
    return {f"name.{code}" for code in (*(symptom.code for symptom in study().symptoms), "other")}


def expected_ids(domain: str) -> set[str]:
    asked = questions(domain)
    recalls = {f"recall.{each.recall}" for each in asked if each.recall}
    hints = {f"{each.id}.hint" for each in asked if each.kind == "text"}
    if domain == REPORT:
        hints = {"symptom", "symptom.hint", "onset", "ongoing"} | name_ids()
    return {"title", "instructions"} | {each.id for each in asked} | recalls | hints | label_ids(domain)


def question_texts(domain: str, language: str) -> dict[str, str]:
    ids = {"symptom", "onset", "ongoing"} if domain == REPORT else {each.id for each in questions(domain)}
    found = texts(domain, language)
    return {key: found[key] for key in sorted(ids)}


@pytest.mark.requirement("INS-01")
@each_wording
def test_the_catalogue_has_exactly_the_ids_that_the_study_asks_for(domain: str, language: str) -> None:
    assert set(texts(domain, language)) == expected_ids(domain)


@pytest.mark.requirement("INS-01")
@each_wording
def test_the_catalogue_names_its_language(domain: str, language: str) -> None:
    assert catalogue(domain, language).locale_identifier == language


@pytest.mark.requirement("INS-01")
@each_wording
def test_no_text_is_empty_fuzzy_or_obsolete(domain: str, language: str) -> None:
    found = catalogue(domain, language)
    assert [message.id for message in found if message.id and (message.fuzzy or not message.string)] == []
    assert not found.obsolete


@pytest.mark.requirement("INS-01")
@each_wording
def test_no_two_texts_are_alike(domain: str, language: str) -> None:
    found = [text.casefold() for text in texts(domain, language).values()]
    assert len(set(found)) == len(found)


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize("domain", DOMAINS)
def test_every_text_differs_between_the_languages(domain: str) -> None:
    english, french = texts(domain, "en"), texts(domain, "fr")
    assert [key for key, text in english.items() if text.casefold() == french[key].casefold()] == []


@pytest.mark.requirement("INS-01")
@each_wording
def test_the_texts_fit_a_small_phone(domain: str, language: str) -> None:
    found = texts(domain, language)
    longest = dict.fromkeys(question_texts(domain, language), LONGEST_ITEM)
    longest |= dict.fromkeys(label_ids(domain), LONGEST_LABEL)
    longest |= {key: LONGEST_NAME for key in found if key.startswith("name.")}
    longest |= {"instructions": LONGEST_INSTRUCTIONS, "title": LONGEST_ITEM}
    assert {key: found[key] for key, length in longest.items() if len(found[key]) > length} == {}


@pytest.mark.requirement("INS-01")
@each_wording
def test_every_item_is_one_question(domain: str, language: str) -> None:
    for text in question_texts(domain, language).values():
        assert text.endswith("?")
        assert text.count("?") == 1


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize(("language", "no", "yes"), [("en", "No", "Yes"), ("fr", "Non", "Oui")])
def test_the_four_labels_answer_a_question_of_yes_or_no(language: str, no: str, yes: str) -> None:
    found = texts(QLQ_C30, language)
    starts = [found[f"four-point.{code}"].split(",")[0] for code in range(1, 5)]
    assert starts == [no, yes, yes, yes]


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize("domain", [QLQ_C30, SYMPTOMS])
@pytest.mark.parametrize(("language", "period"), [("en", "seven"), ("fr", "sept")])
def test_the_period_is_said_on_its_own_line_only(domain: str, language: str, period: str) -> None:
    assert [key for key, text in texts(domain, language).items() if period in text.split()] == ["recall.week"]


@pytest.mark.requirement("AE-01")
@pytest.mark.parametrize(("language", "start"), [("en", "How strong "), ("fr", "Quelle intensité ")])
def test_how_strong_a_symptom_is_is_asked_in_the_same_way_each_time(language: str, start: str) -> None:
    found = texts(SYMPTOMS, language)
    asked = [each.id for each in questions(SYMPTOMS) if each.attribute == "severity"]
    assert len(asked) == 17
    assert [found[key] for key in asked if not found[key].startswith(start)] == []


@pytest.mark.requirement("AE-02")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_hint_of_the_free_text_says_how_long_it_may_be(language: str) -> None:
    (asked,) = (each for each in questions(SYMPTOMS) if each.kind == "text")
    assert str(asked.max_length) in texts(SYMPTOMS, language)[f"{asked.id}.hint"]


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize("domain", DOMAINS)
def test_french_is_set_as_french_is(domain: str) -> None:
    for text in texts(domain, "fr").values():
        assert "'" not in text
        for mark in ":;?!»":
            assert text.count(mark) == text.count(NO_BREAK_SPACE + mark)
        assert text.count("«") == text.count("«" + NO_BREAK_SPACE)


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize("domain", DOMAINS)
def test_french_fits_women_and_men(domain: str) -> None:
    # Participles that would agree with the reader: after the verb to be, or with "vous" as object.
    agrees = re.compile(r"vous êtes|êtes-vous|avez-vous été|vous a \w+é\b|vous ont(-ils)? \w+és?\b|\(e\)|·")
    allowed = re.compile(r"vous ont-ils fait \w+(er|ir)\b")
    found = [text for text in texts(domain, "fr").values() if agrees.search(allowed.sub("", text))]
    assert found == []
