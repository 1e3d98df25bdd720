"""What a patient meets on the personal link: the code, a report between visits, a lock, and no one else's."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Patient, Response, SymptomReport, WebSession
from app.services import personal_links
from app.services.codes import TRIES, WAIT, unlock_link
from app.services.links import IssuedLink
from app.services.visits import GRACE
from tests import factories
from tests.page import Browser, Page, text_of
from tests.patient import steps
from tests.patient.steps import EN, FR

pytestmark = [pytest.mark.requirement("AE-03"), pytest.mark.requirement("LINK-05")]
PHONE = "04 65 71 26 04"


@pytest.fixture
def issued(session: Session, clock: SteppedClock, patient: Patient) -> IssuedLink:
    """The patient's personal link."""
    issued = factories.make_personal_link(session, clock, patient)
    session.commit()
    return issued


def wrong(issued: IssuedLink) -> str:
    return f"{(int(issued.code or 0) + 1) % 10**6:06}"


def landing(browser: Browser, issued: IssuedLink, status: int = 200, language: str = "en") -> Page:
    return browser.get(f"/l/{issued.token}?lang={language}", status)


def type_code(browser: Browser, issued: IssuedLink, code: str | None, status: int = 200) -> Page:
    return browser.press(landing(browser, issued), EN["start"], status, code=code)


def next_page(browser: Browser, page: Page, **fields: Any) -> Page:
    return browser.press(page, EN["next"], **fields)


def report(browser: Browser, issued: IssuedLink) -> Page:
    """A whole report of nausea; returns the thank-you page."""
    page = type_code(browser, issued, issued.code)
    for item, value in (("symptom", "pt009"), ("pt009a", "3"), ("pt009b", "2"), ("onset", "2026-11-20")):
        assert shown(page) == item
        page = next_page(browser, page, **{item: value})
    page = next_page(browser, page, ongoing="1")
    assert page.path == "/survey/review"
    return browser.press(page, EN["send"])


def shown(page: Page) -> str:
    return str(next(each for each in page.all("fieldset") if each.get("hidden") is None).get("id"))


def choices(page: Page) -> list[str]:
    fieldset = page.one("fieldset", id="symptom")
    return [str(each.get("value")) for each in fieldset.iter("input") if each.get("type") == "radio"]


# The way in


@pytest.mark.requirement("LINK-02")
@pytest.mark.threat("A4")
def test_looking_at_it_changes_nothing(browser: Browser, connection: Connection, issued: IssuedLink) -> None:
    before = steps.contents(connection)
    for _ in range(10):
        page = landing(browser, issued)
    assert steps.contents(connection) == before
    field = page.one("input", id="code")
    assert (field.get("inputmode"), field.get("autocomplete")) == ("numeric", "one-time-code")
    assert page.h1 == "Tell us what you feel"
    assert PHONE in page.text
    assert page.one("p", class_="stand-in") is not None


@pytest.mark.requirement("LINK-03")
def test_a_report_is_begun_with_the_code_and_sent(
    browser: Browser, session: Session, issued: IssuedLink
) -> None:
    page = report(browser, issued)
    assert page.path == "/survey/sent"
    row = session.scalars(select(SymptomReport)).one()
    assert (row.symptom, row.frequency, row.severity, row.is_ongoing) == ("pt009", 3, 2, True)
    assert str(row.onset_on) == "2026-11-20"


@pytest.mark.parametrize("spelling", ["{0} {1}", " {0}{1} ", "{0}-{1}", "{0}\u00a0{1}", "{0}.{1}"])
def test_the_code_may_be_typed_as_it_is_printed(browser: Browser, issued: IssuedLink, spelling: str) -> None:
    code = issued.code or ""
    assert shown(type_code(browser, issued, spelling.format(code[:3], code[3:]))) == "symptom"


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦"])
def test_what_cannot_be_a_code_is_no_try(
    browser: Browser, session: Session, issued: IssuedLink, code: str
) -> None:
    page = type_code(browser, issued, code, 422)
    assert "Type the six digits of your card." in page.text
    session.refresh(issued.link)
    assert issued.link.wrong_tries == 0


@pytest.mark.threat("A9")
def test_it_is_always_asked_for_the_code(browser: Browser, issued: IssuedLink) -> None:
    report(browser, issued)
    again = landing(browser, issued)
    assert again.all("input", id="code")
    # What was reported before is not to be seen: the phone may be another's too.
    assert not re.search("nausea|2026", again.text, re.IGNORECASE)
    page = type_code(browser, issued, issued.code)
    assert shown(page) == "symptom"
    assert not [each for each in page.all("input", type="radio") if each.get("checked") is not None]


def test_a_report_that_was_begun_is_gone_on_with(browser: Browser, app: Flask, issued: IssuedLink) -> None:
    next_page(browser, type_code(browser, issued, issued.code), symptom="pt009")
    assert shown(type_code(Browser(app), issued, issued.code)) == "pt009a"


# Wrong codes


@pytest.mark.threat("A9")
@pytest.mark.threat("A14")
def test_a_wrong_code_looks_like_an_unknown_link(browser: Browser, app: Flask, issued: IssuedLink) -> None:
    page = type_code(browser, issued, wrong(issued), 403)
    assert page.h1 == "Link or code not recognised"
    other = Browser(app)
    data = {
        "csrf_token": landing(other, issued).all("input", name="csrf_token")[0].get("value"),
        "code": "000000",
    }
    unknown = other.post(f"/l/{'x' * 43}?lang=en", data, 403)

    def without_secrets(html: str) -> str:
        html = re.sub(r'(name="csrf_token" value)="[^"]+"', "", html)
        return html.replace(issued.token, "TOKEN").replace("x" * 43, "TOKEN")

    assert without_secrets(page.html) == without_secrets(unknown.html)
    assert "Étude" not in page.html
    assert browser.press(page, "Try again", code=issued.code).path == "/survey/symptom"


@pytest.mark.threat("A9")
def test_wrong_codes_lock_for_a_while_then_until_the_hospital_unlocks(
    browser: Browser, session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    start = landing(browser, issued)
    for _ in range(TRIES):
        type_code(browser, issued, wrong(issued), 403)
    page = browser.press(start, EN["start"], 429, code=issued.code)
    assert "Open the link again from 10:15 on" in page.text
    assert page.response.headers["Retry-After"] == "900"
    assert not landing(browser, issued, 429).all("input", id="code")
    clock.set(clock.now() + WAIT)
    for _ in range(TRIES):
        type_code(browser, issued, wrong(issued), 403)
    clock.set(clock.now() + timedelta(days=2))
    assert "Call your hospital" in landing(browser, issued, 403).text
    assert browser.press(start, EN["start"], 403, code=issued.code).h1 == "This link is locked"
    session.refresh(issued.link)
    unlock_link(session, issued.link)
    session.commit()
    assert shown(type_code(browser, issued, issued.code)) == "symptom"


@pytest.mark.threat("A10")
def test_whoever_has_no_link_locks_nothing(
    browser: Browser, session: Session, connection: Connection, issued: IssuedLink
) -> None:
    data = {"csrf_token": landing(browser, issued).all("input", name="csrf_token")[0].get("value")}
    before = steps.contents(connection)
    for number in range(3 * TRIES):
        browser.post(f"/l/{issued.token[:-1]}{number}x", data | {"code": wrong(issued)}, 403)
        browser.post(f"/l/{issued.token}", {"code": wrong(issued)}, 400)
    assert steps.contents(connection) == before


@pytest.mark.requirement("LINK-01")
@pytest.mark.threat("A2")
def test_a_try_is_in_the_trail_as_nobodys_and_without_its_digits(
    browser: Browser, session: Session, issued: IssuedLink
) -> None:
    type_code(browser, issued, wrong(issued), 403)
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.actor, entry.changes) == ("link of 04-001", {"wrong_tries": [0, 1]})


# The end


@pytest.mark.requirement("LINK-03")
@pytest.mark.threat("A6")
def test_after_the_follow_up_or_a_revocation_it_is_closed(
    browser: Browser, session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    begun = landing(browser, issued)
    clock.set(factories.get_visit(session, patient).closes_at + GRACE)
    assert landing(browser, issued, 410).h1 == "This link can no longer be used"
    browser.press(begun, EN["start"], 410, code=issued.code)
    factories.randomise(session, clock, patient)
    session.commit()
    page = type_code(browser, issued, issued.code)
    personal_links.revoke_personal_link(session, clock, patient, "lost_phone")
    session.commit()
    browser.press(page, EN["next"], 410, symptom="pt009")
    landing(browser, issued, 410)


def test_a_report_left_too_long_says_how_to_begin_another(
    browser: Browser, session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    next_page(browser, type_code(browser, issued, issued.code), symptom="pt009")
    ends = session.scalars(select(WebSession.expires_at)).one()
    clock.set(ends - timedelta(seconds=1))
    assert shown(browser.get("/survey/pt009a")) == "pt009a"
    clock.set(ends)
    page = browser.get("/survey/pt009a", 410)
    assert page.h1 == "The time to finish this is over"
    assert shown(type_code(browser, issued, issued.code)) == "symptom"


@pytest.mark.threat("A9")
def test_the_session_of_a_former_report_shows_nothing_of_the_next(
    browser: Browser, app: Flask, session: Session, issued: IssuedLink
) -> None:
    report(browser, issued)
    other = Browser(app)
    next_page(other, type_code(other, issued, issued.code), symptom="pt049")
    assert browser.client.get("/survey/pt049a").status_code in {401, 410}
    assert "pt049" not in browser.client.get("/survey/review").get_data(as_text=True)
    assert len(session.scalars(select(Response)).all()) == 2


# The questions


def test_the_list_is_searched_without_a_script(browser: Browser, issued: IssuedLink) -> None:
    page = type_code(browser, issued, issued.code)
    every = choices(page)
    assert (len(every), every[-1]) == (19, "other")
    assert page.one("input", id="find").get("form") == page.one("form", id="find-form").get("id")
    page = browser.get("/survey/symptom?find=HEDACHE")
    assert choices(page)[0] == "pt049"
    assert choices(page)[-1] == "other"
    assert len(choices(page)) < len(every)
    assert page.one("input", id="find").get("value") == "HEDACHE"
    assert choices(browser.follow(page, "Show the whole list")) == every
    none = browser.get("/survey/symptom?find=xyzxyz")
    assert "Nothing found." in none.text
    assert choices(none) == every
    assert "<script>" not in browser.get("/survey/symptom?find=<script>alert(1)</script>").html
    assert shown(next_page(browser, page, symptom="pt049")) == "pt049a"


@pytest.mark.parametrize("day", ["2026-11-24", "2026-01-04", "2026-02-31", "yesterday"])
def test_a_day_that_cannot_be_is_said_to_be_so(browser: Browser, issued: IssuedLink, day: str) -> None:
    type_code(browser, issued, issued.code)
    page = browser.get("/survey/onset")
    assert page.one("input", type="date").get("max") == "2026-11-23"
    page = browser.press(page, EN["next"], 422, onset=day)
    assert "Give a day that is not to come" in page.text
    # What was given stays there to be put right.
    assert page.one("input", type="date").get("value") == day


@pytest.mark.requirement("SUR-07")
def test_a_refused_day_tells_nothing_of_scripts_and_its_page_is_what_a_late_one_needs(
    browser: Browser, issued: IssuedLink
) -> None:
    def is_alone(page: Page) -> bool:
        return "data-alone" in page.one("form", id="survey").attrib

    page = type_code(browser, issued, issued.code)
    page = browser.press(browser.get("/survey/onset"), EN["next"], 422, onset="2026-11-24")
    assert not is_alone(page)
    assert not is_alone(browser.get("/survey/onset"))
    assert is_alone(next_page(browser, page, onset="2026-11-20"))
    # A script that fetched the whole document now would take away what is said of the day.
    page = browser.press(browser.get("/survey/onset"), EN["next"], 422, onset="2026-11-24")
    assert "Give a day that is not to come" in page.text
    assert (shown(page), is_alone(page)) == ("onset", False)


def test_the_review_reads_as_people_speak(browser: Browser, issued: IssuedLink) -> None:
    page = type_code(browser, issued, issued.code)
    page = next_page(browser, page, symptom="own01")
    page = next_page(browser, page, own01a="2")
    page = next_page(browser, page, onset="2026-11-01")
    page = next_page(browser, page, ongoing="0")
    text = text_of(page.one("main"))
    assert page.path == "/survey/review"
    assert "4 questions, 4 answered" in text
    assert "Cramps" in text
    assert "1 November 2026" in text
    assert "own01" not in text


@pytest.mark.requirement("SUR-04")
def test_steps_are_counted_as_steps_and_questions_as_questions(browser: Browser, issued: IssuedLink) -> None:
    page = type_code(browser, issued, issued.code)
    fields = {"symptom": "pt009", "pt009a": "3", "pt009b": "2", "onset": "2026-11-20", "ongoing": "1"}
    headings = []
    for item, value in fields.items():
        headings.append(page.h1)
        page = next_page(browser, page, **{item: value})
    assert headings == [f"Step {number} of 4" for number in (1, 2, 2, 3, 4)]
    assert "5 questions, 5 answered" in page.text


# On the home screen


@pytest.mark.requirement("LINK-01")
def test_it_can_be_put_on_the_home_screen_and_the_token_is_in_no_address(
    browser: Browser, issued: IssuedLink
) -> None:
    page = landing(browser, issued)
    manifest = page.one("link", rel="manifest").get("href", "")
    assert issued.token not in manifest
    with browser.client.get(manifest) as response:
        assert response.mimetype == "application/manifest+json"
        facts = json.loads(response.get_data())
    # Without an address of its own it begins where the patient is.
    assert "start_url" not in facts
    assert (facts["scope"], facts["display"]) == ("/", "standalone")
    for icon in facts["icons"]:
        with browser.client.get(f"/static/{icon['src']}") as response:
            assert (response.status_code, response.mimetype) == (200, icon["type"])
            response.get_data()
    addresses = [each.get(name, "") for each in page.tree.iter() for name in ("href", "src")]
    assert not [each for each in addresses if issued.token in each]


def test_the_french_pages_are_french(browser: Browser, issued: IssuedLink) -> None:
    page = landing(browser, issued, language="fr")
    assert page.h1 == "Dire ce que vous ressentez"
    assert FR["start"] in {text_of(each) for each in page.all("button")}
