"""The printed code before a visit's link, in a study that asks for it: as before a personal link."""

import pytest
from flask import Flask
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Link, Response, WebSession
from app.services.codes import TRIES, WAIT, unlock_link
from app.services.links import IssuedLink
from tests import factories
from tests.page import Browser, Page
from tests.patient import steps
from tests.patient.steps import EN

pytestmark = [pytest.mark.requirement("LINK-05"), pytest.mark.threat("A9")]


@pytest.fixture
def issued(session: Session, clock: SteppedClock) -> IssuedLink:
    """The link of a first visit in a study that asks for the code."""
    study = factories.make_study(session, clock, asks_code=True)
    issued = factories.make_link(session, clock, factories.make_patient(session, clock, study, language="en"))
    session.commit()
    return issued


def landing(browser: Browser, issued: IssuedLink, status: int = 200) -> Page:
    return browser.get(f"/l/{issued.token}", status)


def type_code(browser: Browser, issued: IssuedLink, code: str | None, status: int = 200) -> Page:
    return browser.press(landing(browser, issued), EN["start"], status, code=code or "")


def wrong(issued: IssuedLink) -> str:
    return f"{(int(issued.code or 0) + 1) % 10**6:06}"


def guess(browser: Browser, issued: IssuedLink, count: int) -> list[int]:
    """The answers to so many wrong codes from one page."""
    page = landing(browser, issued)
    key = {"csrf_token": page.all("input", name="csrf_token")[0].get("value"), "code": wrong(issued)}
    return [browser.client.post(f"/l/{issued.token}", data=key).status_code for _ in range(count)]


@pytest.mark.requirement("LINK-02")
@pytest.mark.threat("A4")
def test_looking_at_it_changes_nothing_and_asks_for_the_code(
    browser: Browser, connection: Connection, issued: IssuedLink
) -> None:
    before = steps.contents(connection)
    for _ in range(5):
        page = landing(browser, issued)
    assert steps.contents(connection) == before
    assert page.one("input", id="code").get("inputmode") == "numeric"


def test_the_code_opens_the_questions(browser: Browser, session: Session, issued: IssuedLink) -> None:
    page = type_code(browser, issued, issued.code)
    assert page.path == "/survey/q01"
    assert session.scalars(select(Link)).one().opened_at is not None


@pytest.mark.parametrize("code", ["", "12345", "abcdef"])
def test_without_six_digits_nothing_is_begun_and_no_try_counted(
    browser: Browser, session: Session, issued: IssuedLink, code: str
) -> None:
    page = type_code(browser, issued, code, 422)
    assert page.one("input", id="code").get("aria-invalid") == "true"
    assert "Type the six digits of your card." in page.text
    session.refresh(issued.link)
    assert issued.link.wrong_tries == 0
    assert session.scalars(select(Response)).all() == []


def test_another_finger_is_told_nothing_of_the_answers(
    browser: Browser, app: Flask, issued: IssuedLink
) -> None:
    steps.choose(browser, type_code(browser, issued, issued.code), 3)
    other = Browser(app)
    page = landing(other, issued)
    assert "answer so far" not in page.text
    refused = type_code(other, issued, wrong(issued), 403)
    assert refused.h1 == "Link or code not recognised"
    assert other.get("/survey/q01?lang=en", 401).h1 == "Your session has ended"
    assert type_code(other, issued, issued.code).path == "/survey/q02"


def test_five_wrong_codes_lock_it_and_five_more_until_a_nurse_unlocks(
    browser: Browser, session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    assert guess(browser, issued, TRIES + 1) == [403] * TRIES + [429]
    page = landing(browser, issued, 429)
    assert "from 10:15 on" in page.text
    assert 0 < int(page.response.headers["Retry-After"]) <= WAIT.total_seconds()
    clock.set(clock.now() + WAIT)
    assert guess(browser, issued, TRIES) == [403] * TRIES
    clock.set(clock.now() + 2 * WAIT)
    assert "Call your hospital, which can unlock the link." in landing(browser, issued, 403).text
    session.refresh(issued.link)
    assert (issued.link.wrong_tries, issued.link.locked_for_good) == (2 * TRIES, True)
    assert session.scalars(select(WebSession)).all() == []
    unlock_link(session, issued.link)
    session.commit()
    assert type_code(browser, issued, issued.code).path == "/survey/q01"


@pytest.mark.threat("A10")
def test_without_the_link_nobody_locks_it(browser: Browser, session: Session, issued: IssuedLink) -> None:
    page = landing(browser, issued)
    key = {"csrf_token": page.all("input", name="csrf_token")[0].get("value"), "code": "000000"}
    for number in range(3 * TRIES):
        browser.post(f"/l/{number:043}", key, 403)
    session.refresh(issued.link)
    assert issued.link.wrong_tries == 0
    assert type_code(browser, issued, issued.code).path == "/survey/q01"


@pytest.mark.threat("A10")
def test_a_lock_does_not_stop_who_has_begun(browser: Browser, app: Flask, issued: IssuedLink) -> None:
    begun = type_code(browser, issued, issued.code)
    guess(Browser(app), issued, TRIES)
    assert steps.choose(browser, begun, 1).path == "/survey/q02"


@pytest.mark.threat("A14")
def test_a_wrong_code_looks_like_an_unknown_link(browser: Browser, app: Flask, issued: IssuedLink) -> None:
    page = type_code(browser, issued, wrong(issued), 403)
    other = Browser(app)
    key = {"csrf_token": landing(other, issued).all("input", name="csrf_token")[0].get("value")}
    unknown = other.post(f"/l/{'x' * 43}?lang=en", key | {"code": wrong(issued)}, 403)
    assert unknown.text == page.text


def test_a_study_that_asks_for_none_has_none(browser: Browser, session: Session, clock: SteppedClock) -> None:
    study = factories.make_study(session, clock)
    issued = factories.make_link(session, clock, factories.make_patient(session, clock, study))
    session.commit()
    assert issued.code is None
    assert not landing(browser, issued).all("input", id="code")
