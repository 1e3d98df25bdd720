"""The switch of language: the same item, the same answers, stored as codes with their language."""

import pytest
from sqlalchemy.orm import Session

from tests.page import Browser, Page, text_of
from tests.patient import steps
from tests.patient.steps import EN, FR


def labels(page: Page) -> list[str]:
    """What the options of an item say."""
    return [text_of(each) for each in page.all("label")]


@pytest.mark.requirement("SUR-12")
@pytest.mark.threat("D17")
def test_the_switch_keeps_the_item_and_an_answer_not_yet_kept(
    browser: Browser, session: Session, token: str
) -> None:
    page = browser.press(steps.start(browser, token), FR["other"], q01="3")
    assert (page.path, page.language, page.h1) == ("/survey/q01", "en", "Item 1 of 30")
    assert steps.chosen(page) == ["3"]
    back = browser.press(page, EN["other"], q01="2")
    assert (back.path, back.language, steps.chosen(back)) == ("/survey/q01", "fr", ["2"])
    assert steps.stored(session).answers["q01"]["value"] == 2


@pytest.mark.requirement("SUR-12")
def test_the_switch_without_an_answer_asks_nothing(browser: Browser, session: Session, token: str) -> None:
    page = browser.press(steps.start(browser, token), FR["other"])
    assert (page.language, page.all("div", role="alert")) == ("en", [])
    assert steps.stored(session).answers == {}


@pytest.mark.requirement("SUR-12")
@pytest.mark.threat("D17")
def test_the_language_of_each_answer_is_stored_with_its_code(
    browser: Browser, session: Session, token: str
) -> None:
    page = steps.choose(browser, steps.start(browser, token), 2)
    page = steps.choose(browser, browser.press(page, FR["other"]), 4)
    response = steps.stored(session)
    assert [(each["value"], each["language"]) for each in response.answers.values()] == [(2, "fr"), (4, "en")]
    assert response.languages == ["fr", "en"]


@pytest.mark.requirement("SUR-12")
def test_texts_change_with_the_language_and_codes_do_not(browser: Browser, token: str) -> None:
    french = steps.start(browser, token)
    english = browser.press(french, FR["other"])
    assert labels(french)[0] != labels(english)[0]
    codes = [[each.get("value") for each in page.all("input", name="q01")] for page in (french, english)]
    assert codes[0] == codes[1]


@pytest.mark.requirement("SUR-12")
def test_the_review_can_be_read_in_both_languages(browser: Browser, token: str) -> None:
    french = steps.answer_all(browser, steps.start(browser, token), code=2)
    english = browser.press(french, FR["other"])
    assert (english.path, english.h1) == ("/survey/review", "Your answers")
    assert "30 questions, 30 answered" in english.text
    assert browser.press(english, EN["send"]).h1 == "Thank you, your answers are sent"


@pytest.mark.requirement("SUR-12")
def test_the_language_chosen_on_the_welcome_page_stays(
    browser: Browser, session: Session, token: str
) -> None:
    page = browser.follow(browser.get(f"/l/{token}"), FR["other"])
    assert page.language == "en"
    page = browser.press(page, EN["start"])
    assert (page.language, page.h1) == ("en", "Item 1 of 30")
    assert steps.stored(session).languages == ["en"]
    assert steps.choose(browser, page, 1).language == "en"


@pytest.mark.requirement("I18-01")
@pytest.mark.parametrize("language", ["de", "xx", "../fr", "EN", ""])
def test_a_language_that_there_is_not_is_passed_over(browser: Browser, token: str, language: str) -> None:
    page = browser.get(f"/l/{token}", query_string={"lang": language}, headers={"Accept-Language": "en"})
    assert page.language == "fr"
    assert steps.item_of(browser.press(page, FR["start"])) == "q01"
