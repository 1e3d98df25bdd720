"""One questionnaire on two phones, two patients on one phone, and a link taken back in the middle."""

import pytest
from flask import Flask
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Response, Study
from app.services.access import Role
from app.services.links import revoke_links
from tests import factories
from tests.page import Browser
from tests.patient import steps
from tests.patient.steps import FR

PHONE = "04 65 71 26 04"


def revoke(session: Session, clock: SteppedClock, patient: Patient) -> None:
    """What the nurse does when the phone is lost."""
    revoke_links(session, clock, factories.get_visit(session, patient), "lost phone")
    session.commit()


@pytest.mark.requirement("SUR-09")
@pytest.mark.threat("A11")
@pytest.mark.threat("D8")
def test_another_phone_resumes_at_the_first_open_item_with_everything_kept(
    app: Flask, browser: Browser, token: str
) -> None:
    page = steps.choose(browser, steps.start(browser, token), 2)
    page = steps.skip(browser, page)
    steps.choose(browser, browser.get("/survey/q04"), 3)
    other = Browser(app)
    welcome = other.get(f"/l/{token}")
    assert "Vous avez déjà donné 2 réponses : elles sont conservées." in welcome.text
    assert other.press(welcome, FR["start"]).path == "/survey/q03"
    assert steps.chosen(other.get("/survey/q01")) == ["2"]
    assert "Vous avez passé cette question" in other.get("/survey/q02").text
    assert steps.chosen(other.get("/survey/q04")) == ["3"]


@pytest.mark.requirement("SUR-10")
@pytest.mark.threat("D3")
def test_two_phones_merge_item_by_item_and_the_latest_answer_wins(
    app: Flask, browser: Browser, session: Session, token: str
) -> None:
    other = Browser(app)
    mine, theirs = steps.start(browser, token), steps.start(other, token)
    page = steps.choose(browser, mine, 1)
    steps.choose(other, theirs, 4)
    steps.choose(browser, page, 2)
    answers = steps.stored(session).answers
    assert {item: entry["value"] for item, entry in answers.items()} == {"q01": 4, "q02": 2}


@pytest.mark.requirement("SUR-09")
def test_a_complete_draft_resumes_at_the_review(app: Flask, browser: Browser, token: str) -> None:
    steps.answer_all(browser, steps.start(browser, token))
    assert steps.start(Browser(app), token).path == "/survey/review"


@pytest.mark.threat("A12")
def test_each_start_opens_a_session_of_its_own(app: Flask, browser: Browser, token: str) -> None:
    other = Browser(app)
    steps.start(browser, token)
    steps.start(other, token)
    cookies = [each.client.get_cookie("ressenti_patient") for each in (browser, other)]
    assert all(cookie and cookie.value.startswith("s.") for cookie in cookies)
    assert len({cookie.value for cookie in cookies if cookie}) == 2


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A7")
@pytest.mark.parametrize("path", ["/survey/q05", "/survey/review", "/survey/sent"])
def test_a_revoked_link_ends_the_survey_at_the_next_request(
    browser: Browser, session: Session, clock: SteppedClock, patient: Patient, token: str, path: str
) -> None:
    steps.start(browser, token)
    revoke(session, clock, patient)
    page = browser.get(path, 410, headers={"Accept-Language": "en"})
    assert (page.language, page.h1) == ("fr", "Ce lien ne peut plus être utilisé")
    assert PHONE in page.text


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A7")
def test_a_revoked_link_takes_no_answer_and_no_sending(
    browser: Browser,
    connection: Connection,
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    token: str,
) -> None:
    page = steps.start(browser, token)
    review = steps.answer_all(browser, page)
    revoke(session, clock, patient)
    before = steps.contents(connection)
    assert PHONE in browser.press(page, FR["next"], status=410, q01="4").text
    assert PHONE in browser.press(review, FR["send"], status=410).text
    assert PHONE in browser.get(f"/l/{token}", 410).text
    assert steps.contents(connection) == before


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A8")
def test_a_new_link_kills_the_former_and_keeps_the_answers(
    app: Flask, browser: Browser, session: Session, clock: SteppedClock, patient: Patient, token: str
) -> None:
    steps.choose(browser, steps.start(browser, token), 2)
    new = factories.make_link(session, clock, patient).token
    session.commit()
    browser.get("/survey/q02", 410)
    browser.get(f"/l/{token}", 410)
    assert steps.start(Browser(app), new).path == "/survey/q02"
    assert steps.start(browser, new).path == "/survey/q02"


def test_without_a_link_there_is_no_survey(browser: Browser) -> None:
    for path in ("/survey/q01", "/survey/review", "/survey/sent"):
        assert browser.get(path, 401, headers={"Accept-Language": "en"}).h1 == "Your session has ended"
    browser.client.set_cookie("ressenti_patient", "s.guessed")
    browser.get("/survey/q01", 401)
    browser.client.set_cookie("ressenti_patient", "a.forged")
    browser.get("/survey/q01", 401)


def test_a_session_of_staff_is_none_of_a_patient(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    nurse = factories.make_staff(session, clock, Role.NURSE, study, factories.get_site(session, study))
    factories.sign_in(browser, session, clock, nurse)
    cookie = browser.client.get_cookie("ressenti_staff")
    assert cookie is not None
    browser.client.set_cookie("ressenti_patient", cookie.value)
    browser.get("/survey/q01", 401)


@pytest.mark.requirement("SUR-13")
def test_a_shared_phone_shows_the_second_patient_nothing_of_the_first(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, token: str
) -> None:
    second = factories.make_patient(session, clock, study, "04-002")
    other = factories.make_link(session, clock, second).token
    session.commit()
    page = browser.press(steps.start(browser, token), FR["other"])
    steps.choose(browser, page, 3)
    welcome = browser.get(f"/l/{other}")
    assert welcome.language == "fr"
    assert "déjà donné" not in welcome.text
    page = browser.press(welcome, FR["start"])
    assert (page.path, page.language) == ("/survey/q01", "fr")
    for address in steps.pages_of_survey(other)[1:-1]:
        assert steps.chosen(browser.get(address)) == []
    assert "Oui, nettement" not in browser.get("/survey/review").text
    assert "Enregistré à" not in browser.get("/survey/q02").text


@pytest.mark.requirement("SUR-13")
def test_a_form_of_the_first_patient_changes_nothing_of_the_first(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, token: str
) -> None:
    second = factories.make_patient(session, clock, study, "04-002")
    other = factories.make_link(session, clock, second).token
    session.commit()
    left_open = steps.start(browser, token)
    steps.start(browser, other)
    browser.press(left_open, FR["next"], status=400, q01="4")
    rows = {row.patient_id: row.answers for row in session.query(Response).all()}
    assert rows == {row: {} for row in rows}
