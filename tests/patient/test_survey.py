"""The items: one at a time, nothing chosen beforehand, each answer kept, skipped, changed or taken back."""

from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

import scoring
from app.clock import SteppedClock
from app.models import Patient
from tests.page import Browser, text_of
from tests.patient import steps
from tests.patient.steps import FR, ITEMS

CODES = {item.id: item.codes for item in scoring.load_instrument("qlq-c30").items}
BAD_CODES = ["0", "5", "8", "-1", "1.0", "1e0", "a", "²", "1\x00", "9" * 400, "' OR 1=1 --", "None"]


@pytest.mark.requirement("SUR-14")
def test_the_first_item_shows_all_its_options_and_none_is_chosen(browser: Browser, token: str) -> None:
    page = steps.start(browser, token)
    assert page.path == "/survey/q01"
    assert (page.h1, page.title) == ("Question 1 sur 30", "Question 1 sur 30 – Étude de suivi 0426")
    assert [each.get("value") for each in page.all("input", name="q01")] == ["1", "2", "3", "4"]
    assert steps.chosen(page) == []
    assert not [each for each in page.all("a") if text_of(each) == FR["back"]]


@pytest.mark.requirement("SUR-01")
@pytest.mark.requirement("SUR-14")
@pytest.mark.requirement("INS-02")
def test_every_item_is_a_page_of_its_own(browser: Browser, token: str) -> None:
    steps.start(browser, token)
    for number, item in enumerate(ITEMS, start=1):
        page = browser.get(f"/survey/{item}")
        assert page.h1 == f"Question {number} sur 30"
        assert [int(each.get("value", "")) for each in page.all("input", name=item)] == list(CODES[item])
        assert steps.chosen(page) == []
        for words in ("Pas lu tout de suite", "04 65 71 26 04", "Formulation provisoire"):
            assert words in page.text
        assert text_of(page.one("legend"))


@pytest.mark.requirement("SUR-06")
@pytest.mark.threat("D8")
def test_each_answer_is_kept_before_the_next_page(
    browser: Browser, session: Session, clock: SteppedClock, token: str
) -> None:
    page = steps.start(browser, token)
    assert text_of(page.one("p", role="status")) == ""
    for number, item in enumerate(ITEMS[:4], start=1):
        clock.advance(minutes=1)
        page = steps.choose(browser, page, number)
        assert steps.stored(session).answers[item]["value"] == number
    assert text_of(page.one("p", role="status")) == "Enregistré à 10:04"
    assert list(steps.stored(session).answers) == ITEMS[:4]


@pytest.mark.requirement("SUR-02")
@pytest.mark.threat("D15")
def test_continue_without_an_answer_asks_and_a_skip_is_stored_as_one(
    browser: Browser, session: Session, token: str
) -> None:
    page = browser.press(steps.start(browser, token), FR["next"])
    assert page.one("div", role="alert") is not None
    assert (page.h1, steps.stored(session).answers) == ("Question 1 sur 30", {})
    page = browser.press(page, FR["skip"])
    assert page.h1 == "Question 2 sur 30"
    entry = steps.stored(session).answers["q01"]
    assert (entry["state"], entry["value"]) == ("skipped", None)
    assert entry["at"].startswith("2026-11-23T09:00")
    assert "q02" not in steps.stored(session).answers


@pytest.mark.requirement("SUR-02")
def test_the_question_about_skipping_can_be_answered_instead(
    browser: Browser, session: Session, token: str
) -> None:
    page = browser.press(steps.start(browser, token), FR["next"])
    page = steps.choose(browser, page, 3)
    assert page.h1 == "Question 2 sur 30"
    assert steps.stored(session).answers["q01"]["state"] == "answered"


@pytest.mark.requirement("SUR-02")
def test_a_skipped_item_says_so_and_can_be_passed_again_or_answered(
    browser: Browser, session: Session, token: str
) -> None:
    steps.skip(browser, steps.start(browser, token))
    page = browser.get("/survey/q01")
    assert "Vous avez passé cette question" in page.text
    assert browser.press(page, FR["next"]).h1 == "Question 2 sur 30"
    assert steps.stored(session).answers["q01"]["state"] == "skipped"
    steps.choose(browser, browser.get("/survey/q01"), 4)
    assert steps.stored(session).answers["q01"]["value"] == 4


@pytest.mark.requirement("SUR-03")
@pytest.mark.threat("D9")
def test_back_shows_the_stored_answer_and_another_one_replaces_it(
    browser: Browser, session: Session, token: str
) -> None:
    page = browser.follow(steps.choose(browser, steps.start(browser, token), 2), FR["back"])
    assert (page.path, steps.chosen(page)) == ("/survey/q01", ["2"])
    page = steps.choose(browser, page, 4)
    assert page.path == "/survey/q02"
    assert steps.stored(session).answers["q01"]["value"] == 4


@pytest.mark.requirement("SUR-03")
@pytest.mark.threat("D15")
def test_an_answer_can_be_erased(browser: Browser, session: Session, token: str) -> None:
    steps.choose(browser, steps.start(browser, token), 2)
    page = browser.press(browser.get("/survey/q01"), FR["erase"])
    assert (page.path, steps.chosen(page)) == ("/survey/q01", [])
    assert steps.stored(session).answers["q01"]["state"] == "erased"
    assert browser.press(page, FR["next"]).one("div", role="alert") is not None


@pytest.mark.requirement("SUR-03")
def test_an_answer_chosen_but_not_kept_is_erased_with_it(
    browser: Browser, session: Session, token: str
) -> None:
    page = browser.press(steps.start(browser, token), FR["erase"], q01="3")
    assert steps.chosen(page) == []
    assert steps.stored(session).answers == {}


@pytest.mark.threat("D16")
@pytest.mark.parametrize("item", ["q01", "q30"])
def test_what_is_no_code_of_the_item_is_refused(
    browser: Browser, session: Session, token: str, item: str
) -> None:
    steps.start(browser, token)
    for code in (code for code in BAD_CODES if code != "5" or item == "q01"):
        page = browser.press(browser.get(f"/survey/{item}"), FR["next"], status=422, **{item: code})
        assert "Choisissez-en une" in text_of(page.one("div", role="alert"))
        assert steps.chosen(page) == []
    assert steps.stored(session).answers == {}


@pytest.mark.threat("D16")
def test_no_item_has_a_code_beyond_its_range(browser: Browser, session: Session, token: str) -> None:
    steps.start(browser, token)
    for item, codes in CODES.items():
        page = browser.get(f"/survey/{item}")
        for code in (codes[0] - 1, codes[-1] + 1):
            browser.press(page, FR["next"], status=422, **{item: str(code)})
    assert steps.stored(session).answers == {}


@pytest.mark.threat("D16")
@pytest.mark.parametrize("item", ["q31", "q00", "Q01", "q01%20", "send", "..%2Fl"])
def test_an_item_that_the_questionnaire_has_not_is_unknown(
    browser: Browser, session: Session, token: str, item: str
) -> None:
    page = steps.start(browser, token)
    browser.get(f"/survey/{item}", 404)
    data = {"csrf_token": page.all("input", name="csrf_token")[0].get("value"), "q01": "1", "q31": "1"}
    browser.post(f"/survey/{item}", data, 404)
    assert steps.stored(session).answers == {}


@pytest.mark.threat("C12")
def test_what_a_form_was_not_asked_for_is_ignored(browser: Browser, session: Session, token: str) -> None:
    page = steps.start(browser, token)
    extra: dict[str, Any] = {
        "q02": "1",
        "q30": "7",
        "arm": "interruption",
        "state": "submitted",
        "score": "100",
    }
    browser.press(page, FR["next"], q01="1", **extra)
    response = steps.stored(session)
    assert list(response.answers) == ["q01"]
    assert response.status == "draft"
    assert session.query(Patient).one().arm is None


@pytest.mark.threat("D16")
def test_a_button_that_the_page_has_not_changes_nothing(
    browser: Browser, session: Session, token: str
) -> None:
    page = steps.start(browser, token)
    data = {"csrf_token": page.all("input", name="csrf_token")[0].get("value"), "q01": "1", "action": "send"}
    browser.post("/survey/q01", data, 422)
    assert steps.stored(session).answers == {}


@pytest.mark.threat("C1")
def test_an_answer_without_the_pages_form_token_is_refused(
    browser: Browser, connection: Connection, token: str
) -> None:
    steps.start(browser, token)
    before = steps.contents(connection)
    for path in ("/survey/q01", "/survey/review"):
        browser.post(path, {"q01": "1", "action": "send"}, 400)
    assert steps.contents(connection) == before


@pytest.mark.threat("C2")
def test_a_page_left_open_for_hours_still_saves(
    browser: Browser, session: Session, clock: SteppedClock, token: str
) -> None:
    page = steps.start(browser, token)
    clock.advance(hours=3)
    assert steps.choose(browser, page, 2).path == "/survey/q02"
    clock.advance(days=9)
    steps.choose(browser, browser.get("/survey/q02"), 3)
    assert [entry["value"] for entry in steps.stored(session).answers.values()] == [2, 3]
