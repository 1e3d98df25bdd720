"""The stand-in wording follows the structure of the instrument, in both languages, and fits a phone."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from scoring import Instrument, load_instrument

TRANSLATIONS = Path(__file__).parents[2] / "translations"
LANGUAGES = ("en", "fr")
# Six lines of 22 px on a screen of 320 px, and one line of 20 px in an option's row.
LONGEST_ITEM, LONGEST_LABEL, LONGEST_INSTRUCTIONS = 100, 20, 180
NO_BREAK_SPACE = "\u00a0"


def catalogue(language: str) -> Catalog:
    path = TRANSLATIONS / language / "LC_MESSAGES" / "qlq-c30.po"
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def texts(language: str) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalogue(language) if message.id}


def label_ids(instrument: Instrument) -> set[str]:
    """Four points each have a label; of seven only the ends do, the others are bare numbers."""
    kinds = {item.kind: item.codes for item in instrument.items}
    labelled = {
        kind: codes if kind == "four-point" else (codes[0], codes[-1]) for kind, codes in kinds.items()
    }
    return {f"{kind}.{code}" for kind, codes in labelled.items() for code in codes}


def expected_ids(instrument: Instrument) -> set[str]:
    items = {item.id for item in instrument.items}
    recalls = {f"recall.{item.recall}" for item in instrument.items if item.recall}
    return {"title", "instructions"} | items | recalls | label_ids(instrument)


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_exactly_the_ids_of_the_instrument(language: str) -> None:
    assert set(texts(language)) == expected_ids(load_instrument("qlq-c30"))


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_names_its_language(language: str) -> None:
    assert catalogue(language).locale_identifier == language


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_fuzzy_or_obsolete(language: str) -> None:
    found = catalogue(language)
    assert [message.id for message in found if message.id and (message.fuzzy or not message.string)] == []
    assert not found.obsolete


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_texts_are_alike(language: str) -> None:
    found = [text.casefold() for text in texts(language).values()]
    assert len(set(found)) == len(found)


@pytest.mark.requirement("INS-01")
def test_every_text_differs_between_the_languages() -> None:
    english, french = texts("en"), texts("fr")
    assert [key for key, text in english.items() if text.casefold() == french[key].casefold()] == []


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_texts_fit_a_small_phone(language: str) -> None:
    instrument, found = load_instrument("qlq-c30"), texts(language)
    too_long = [item.id for item in instrument.items if len(found[item.id]) > LONGEST_ITEM]
    too_long += [label for label in label_ids(instrument) if len(found[label]) > LONGEST_LABEL]
    assert too_long == []
    assert len(found["instructions"]) <= LONGEST_INSTRUCTIONS


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_item_is_one_question(language: str) -> None:
    found = texts(language)
    for item in load_instrument("qlq-c30").items:
        assert found[item.id].endswith("?")
        assert found[item.id].count("?") == 1


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize(("language", "no", "yes"), [("en", "No", "Yes"), ("fr", "Non", "Oui")])
def test_the_four_labels_answer_a_question_of_yes_or_no(language: str, no: str, yes: str) -> None:
    found = texts(language)
    starts = [found[f"four-point.{code}"].split(",")[0] for code in range(1, 5)]
    assert starts == [no, yes, yes, yes]


@pytest.mark.requirement("INS-01")
@pytest.mark.parametrize(("language", "period"), [("en", "seven"), ("fr", "sept")])
def test_the_period_is_said_on_its_own_line_only(language: str, period: str) -> None:
    assert [key for key, text in texts(language).items() if period in text.split()] == ["recall.week"]


@pytest.mark.requirement("INS-01")
def test_french_is_set_as_french_is() -> None:
    for text in texts("fr").values():
        assert "'" not in text
        for mark in ":;?!":
            assert text.count(mark) == text.count(NO_BREAK_SPACE + mark)
