"""The review and the sending: everything in sight before, nothing to be changed after."""

import pytest
from flask import Flask
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient
from app.services.links import revoke_links
from app.services.responses import verify_scores
from tests import factories
from tests.page import Browser, text_of
from tests.patient import steps
from tests.patient.steps import EN, FR, ITEMS

PHONE = "04 65 71 26 04"


@pytest.mark.requirement("SUR-04")
def test_the_review_lists_every_item_with_its_answer_and_a_way_to_change_it(
    browser: Browser, token: str
) -> None:
    page = steps.skip(browser, steps.start(browser, token))
    page = steps.answer_all(browser, page, code=4)
    assert page.path == "/survey/review"
    assert "30 questions, 29 réponses, 1 passée" in page.text
    rows = page.one("ol").findall("li")
    assert [each.get("id") for each in rows] == [f"row-{item}" for item in ITEMS]
    assert "Passée" in text_of(rows[0])
    assert "Oui, énormément" in text_of(rows[1])
    assert text_of(rows[29]).endswith("4 Modifier")
    changes = [each.get("href") for each in page.all("a") if text_of(each) == FR["change"]]
    assert changes == [f"/survey/{item}?back=review" for item in ITEMS]


@pytest.mark.requirement("SUR-04")
def test_a_change_from_the_review_shows_there(browser: Browser, token: str) -> None:
    steps.answer_all(browser, steps.start(browser, token))
    page = browser.get("/survey/review")
    change = page.one("li", id="row-q05").find(".//a")
    page = steps.choose(browser, browser.get(change.get("href")), 3)
    assert page.path == "/survey/review"
    assert "Oui, nettement" in text_of(page.one("li", id="row-q05"))


@pytest.mark.requirement("SUR-04")
def test_a_change_from_the_review_leads_back_there_whatever_is_pressed(browser: Browser, token: str) -> None:
    steps.answer_all(browser, steps.start(browser, token))
    page = browser.press(browser.get("/survey/q05?back=review"), FR["erase"])
    page = steps.skip(browser, browser.press(page, FR["other"]))
    assert page.path == "/survey/review"
    assert "Skipped" in text_of(page.one("li", id="row-q05"))


@pytest.mark.threat("C10")
def test_back_leads_to_the_review_and_nowhere_else(browser: Browser, token: str) -> None:
    steps.start(browser, token)
    for target in ("https://evil.example", "//evil.example", "q29", ""):
        assert steps.choose(browser, browser.get(f"/survey/q01?back={target}"), 1).path == "/survey/q02"


@pytest.mark.requirement("SUR-04")
@pytest.mark.threat("D15")
def test_an_incomplete_review_leads_to_the_first_open_item_and_sends_nothing(
    browser: Browser, session: Session, token: str
) -> None:
    steps.choose(browser, steps.start(browser, token), 1)
    steps.choose(browser, browser.get("/survey/q03"), 1)
    page = browser.get("/survey/review")
    assert "28 questions sont encore sans réponse" in page.text
    assert not [each for each in page.all("button") if text_of(each) == FR["send"]]
    assert browser.follow(page, "Continuer à répondre").path == "/survey/q02"
    data = {"csrf_token": page.all("input", name="csrf_token")[0].get("value"), "action": "send"}
    assert browser.post("/survey/review", data).path == "/survey/review"
    assert steps.stored(session).status == "draft"


@pytest.mark.requirement("SUR-04")
def test_only_the_button_for_it_sends(browser: Browser, session: Session, token: str) -> None:
    page = steps.answer_all(browser, steps.start(browser, token))
    form = page.all("input", name="csrf_token")[0].get("value")
    for fields in ({}, {"action": ""}, {"action": "next"}):
        assert browser.post("/survey/review", {"csrf_token": form} | fields).path == "/survey/review"
    assert steps.stored(session).status == "draft"


@pytest.mark.requirement("SUR-05")
def test_after_sending_the_page_thanks_and_says_whom_to_call(
    browser: Browser, session: Session, token: str
) -> None:
    page = steps.send_all(browser, token)
    assert (page.path, page.h1) == ("/survey/sent", "Merci, vos réponses sont envoyées")
    assert "Envoyées le 23 novembre 2026" in page.text
    assert "Vous ne pouvez plus les changer ici" in page.text
    assert PHONE in page.text
    assert steps.stored(session).status == "submitted"
    assert verify_scores(session) == (1, [])


def test_the_next_date_is_named_once_it_is_known(
    browser: Browser, session: Session, clock: SteppedClock, patient: Patient, token: str
) -> None:
    assert "Aucune autre date n’est prévue" in steps.send_all(browser, token).text
    factories.randomise(session, clock, patient)
    session.commit()
    assert "9 février 2027" in browser.get("/survey/sent").text
    assert "9 February 2027" in browser.get("/survey/sent?lang=en").text


@pytest.mark.requirement("SUR-05")
@pytest.mark.threat("D9")
def test_after_sending_no_request_changes_anything(
    browser: Browser, connection: Connection, token: str
) -> None:
    review = steps.answer_all(browser, steps.start(browser, token))
    form = review.all("input", name="csrf_token")[0].get("value")
    browser.press(review, FR["send"])
    before = steps.contents(connection)
    for action in ("next", "erase", "skip", "language", "send"):
        for path in ("/survey/q01", "/survey/q30", "/survey/review", "/survey/sent", f"/l/{token}"):
            page = browser.post(path, {"csrf_token": form, "action": action, "q01": "4", "q30": "7"})
            assert page.h1 == "Merci, vos réponses sont envoyées"
            assert PHONE in page.text
    assert steps.contents(connection) == before


@pytest.mark.requirement("SUR-05")
def test_a_page_left_open_before_the_sending_says_that_it_was_sent(
    browser: Browser, session: Session, token: str
) -> None:
    open_page = steps.start(browser, token)
    steps.answer_all(browser, open_page)
    review = browser.get("/survey/review")
    browser.press(review, FR["send"])
    for page in (browser.press(open_page, FR["next"], q01="4"), browser.press(open_page, FR["erase"])):
        assert page.h1 == "Merci, vos réponses sont envoyées"
        assert PHONE in page.text
    assert steps.stored(session).answers["q01"]["value"] == 1


@pytest.mark.requirement("SUR-11")
@pytest.mark.threat("D2")
def test_sending_twice_stores_one_response(browser: Browser, connection: Connection, token: str) -> None:
    review = steps.answer_all(browser, steps.start(browser, token))
    assert browser.press(review, FR["send"]).path == "/survey/sent"
    before = steps.contents(connection)
    again = browser.press(review, FR["send"])
    assert (again.path, again.h1) == ("/survey/sent", "Merci, vos réponses sont envoyées")
    assert steps.contents(connection) == before
    assert len(before["response"]) == 1


@pytest.mark.threat("A12")
def test_a_link_used_after_the_sending_shows_thanks_and_no_form(
    app: Flask, browser: Browser, connection: Connection, token: str
) -> None:
    steps.send_all(browser, token)
    before = steps.contents(connection)
    other = Browser(app)
    page = other.get(f"/l/{token}")
    assert (page.h1, steps.forms(page)) == ("Merci, vos réponses sont envoyées", [])
    assert steps.contents(connection) == before
    other.get("/survey/q01", 401)


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A6")
def test_a_revoked_link_is_closed_after_the_sending_too(
    browser: Browser, session: Session, clock: SteppedClock, patient: Patient, token: str
) -> None:
    steps.send_all(browser, token)
    revoke_links(session, clock, factories.get_visit(session, patient), "wrong patient")
    session.commit()
    browser.get(f"/l/{token}", 410)


def test_a_double_tap_on_start_leads_to_the_survey_both_times(
    browser: Browser, connection: Connection, token: str
) -> None:
    page = browser.get(f"/l/{token}")
    first, second = (browser.press(page, FR["start"]) for _ in range(2))
    assert (first.path, second.path) == ("/survey/q01", "/survey/q01")
    assert len(steps.contents(connection)["response"]) == 1


def test_thanks_can_be_read_in_both_languages(browser: Browser, token: str) -> None:
    page = browser.follow(steps.send_all(browser, token), FR["other"])
    assert (page.language, page.h1) == ("en", "Thank you, your answers are sent")
    assert browser.follow(page, EN["other"]).language == "fr"
