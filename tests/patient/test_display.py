"""How pages look is kept on the phone alone, by a cookie that tells nothing of anybody."""

import html
from http.cookies import SimpleCookie
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.forms.display import COLOURS, CONTRASTS, SIZES
from app.models import Study
from app.patient.display import COOKIE, YEAR, read_display
from app.services.links import revoke_links
from tests import factories, wording
from tests.page import Browser, Page, text_of
from tests.patient import steps

LARGE = {"size": "text-largest", "contrast": "contrast-high", "colours": "colours-dark"}
VALUE = "text-largest.contrast-high.colours-dark"
CODES = ("04-002", "04-003", "04-004", "04-005")
APPLY = {"fr": "Appliquer", "en": "Use this display"}


def apply(browser: Browser, page: Page, **fields: str) -> Page:
    """Chooses, as a browser without a script sends it; what is not named stays."""
    chosen: dict[str, Any] = {"size": SIZES[0], "contrast": CONTRASTS[0], "colours": COLOURS[0]}
    return browser.press(page, APPLY[page.language or "fr"], **(chosen | fields))


def classes(page: Page) -> str | None:
    return page.one("html").get("class")


def selected(page: Page) -> list[str | None]:
    return [each.get("value") for each in page.all("option") if each.get("selected") is not None]


def fields_of(page: Page) -> dict[str, str | None]:
    form = page.form(APPLY[page.language or "fr"])
    return {str(each.get("name")): each.get("value") for each in form.iter("input")}


@pytest.mark.requirement("A11-01")
def test_nobody_is_given_a_look_unasked(browser: Browser, token: str) -> None:
    page = steps.start(browser, token)
    assert classes(page) is None
    assert selected(page) == [SIZES[0], CONTRASTS[0], COLOURS[0]]
    assert browser.client.get_cookie(COOKIE) is None
    assert not [each for each in page.all("link") if "display" in each.get("href", "")]


@pytest.mark.requirement("A11-01")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_choice_holds_on_every_page_and_comes_back_to_the_page_it_was_made_on(
    browser: Browser, token: str, language: str
) -> None:
    page = apply(browser, steps.start(browser, token, language), **LARGE)
    assert (page.path, page.language) == ("/survey/q01", language)
    assert classes(page) == "colours-dark contrast-high text-largest"
    assert selected(page) == list(LARGE.values())
    for path in ("/survey/q05", "/survey/review", f"/l/{token}"):
        assert classes(browser.get(path)) == classes(page)
    for path in ("/l/unknown", "/survey/q99"):
        assert classes(browser.get(path, status=404)) == classes(page)


@pytest.fixture
def tokens(session: Session, clock: SteppedClock, study: Study, token: str) -> dict[str, str]:
    """The secrets of links by the page that each leads to."""
    patients = {code: factories.make_patient(session, clock, study, code) for code in CODES}
    late, early, personal, broken = patients.values()
    factories.randomise(session, clock, early)
    found = {
        "welcome": token,
        "closed": factories.make_link(session, clock, late).token,
        "not yet": factories.make_link(session, clock, early, "M3").token,
        "code": factories.make_personal_link(session, clock, personal).token,
        "unknown": "unknown",
        "not available": factories.make_link(session, clock, broken).token,
    }
    revoke_links(session, clock, factories.get_visit(session, late), "lost_phone")
    wording.make_broken(session, clock, study, language="en")
    session.commit()
    return found


@pytest.mark.requirement("A11-01")
@pytest.mark.parametrize(
    ("place", "language", "status"),
    [
        ("welcome", "fr", 200),
        ("closed", "fr", 410),
        ("not yet", "fr", 200),
        ("code", "fr", 200),
        ("unknown", "fr", 404),
        ("closed", "en", 410),
        ("not yet", "en", 200),
        ("unknown", "en", 404),
        ("not available", "en", 503),
    ],
)
def test_a_link_offers_the_choice_whatever_it_leads_to(
    browser: Browser, tokens: dict[str, str], place: str, language: str, status: int
) -> None:
    address = f"/l/{tokens[place]}?lang={language}"
    reply = browser.client.post("/display", data=fields_of(browser.get(address, status)) | LARGE)
    assert (reply.status_code, reply.headers["Location"]) == (303, address)
    page = browser.get(address, status)
    assert (page.language, classes(page)) == (language, "colours-dark contrast-high text-largest")
    assert selected(page) == list(LARGE.values())


@pytest.mark.requirement("A11-01")
def test_so_does_the_page_after_sending(browser: Browser, token: str) -> None:
    page = apply(browser, steps.send_all(browser, token), **LARGE)
    assert (page.path, classes(page)) == ("/survey/sent", "colours-dark contrast-high text-largest")


@pytest.mark.requirement("A11-01")
def test_a_code_that_was_refused_leads_back_to_where_it_is_typed(
    browser: Browser, tokens: dict[str, str]
) -> None:
    address = f"/l/{tokens['code']}?lang=en"
    refused = browser.press(browser.get(address), "Start", 403, code="000000")
    assert apply(browser, refused, **LARGE).path == address


def test_the_choice_is_not_offered_where_there_is_no_way_back(browser: Browser) -> None:
    page = browser.get("/l/no%20token", status=404)
    assert (page.all("form"), page.all("script")) == ([], [])


@pytest.mark.requirement("A11-01")
def test_a_choice_can_be_taken_back(browser: Browser, token: str) -> None:
    page = apply(browser, steps.start(browser, token), **LARGE)
    page = apply(browser, page)
    assert classes(page) is None


@pytest.mark.requirement("ACC-03")
def test_the_cookie_tells_nothing_and_goes_nowhere_else(browser: Browser, token: str) -> None:
    fields = fields_of(steps.start(browser, token))
    reply = browser.client.post("/display", data=fields | LARGE)
    assert (reply.status_code, reply.headers["Location"]) == (303, "/survey/q01")
    [cookie] = [each for each in reply.headers.getlist("Set-Cookie") if each.startswith(COOKIE)]
    attributes = SimpleCookie(cookie)[COOKIE]
    assert attributes.value == VALUE
    assert (attributes["path"], attributes["samesite"], attributes["max-age"]) == ("/", "Lax", str(YEAR))
    assert attributes["domain"] == ""
    # The page's script writes it too.
    assert not attributes["httponly"]


def test_by_https_the_cookie_is_sent_by_https_alone(secure_app: Flask, secure_token: str) -> None:
    client = secure_app.test_client()
    client.set_cookie(COOKIE, VALUE, domain="study.example")
    reply = client.get(f"/l/{secure_token}", base_url="https://study.example")
    [cookie] = [each for each in reply.headers.getlist("Set-Cookie") if each.startswith(COOKIE)]
    assert SimpleCookie(cookie)[COOKIE]["secure"]


def test_a_choice_kept_by_the_script_is_kept_for_a_year_by_the_server(browser: Browser, token: str) -> None:
    browser.client.set_cookie(COOKIE, VALUE)
    renewed = browser.client.get(f"/l/{token}").headers.getlist("Set-Cookie")
    assert [f"Max-Age={YEAR}" in each for each in renewed if each.startswith(COOKIE)] == [True]
    browser.client.set_cookie(COOKIE, "text-normal.contrast-normal.colours-phone")
    kept = browser.client.get(f"/l/{token}").headers.getlist("Set-Cookie")
    assert not [each for each in kept if each.startswith(COOKIE)]


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ("", ""),
        (VALUE, "colours-dark contrast-high text-largest"),
        ("colours-light", "colours-light"),
        ("text-large.nonsense.colours-phone", "text-large"),
        ('text-large" onclick="', ""),
        ("text-large text-largest", ""),
        ("." * 4000, ""),
    ],
)
def test_what_is_unknown_in_a_cookie_counts_as_not_chosen(cookie: str, expected: str) -> None:
    assert read_display(cookie).classes == expected


def test_a_forged_cookie_puts_nothing_into_the_page(browser: Browser, token: str) -> None:
    browser.client.set_cookie(COOKIE, '"><script>alert(1)</script>.text-large')
    page = browser.get(f"/l/{token}")
    assert "alert(1)" not in html.unescape(page.html)


@pytest.mark.parametrize("field", ["size", "contrast", "colours"])
@pytest.mark.parametrize("value", ["", "huge", "text-large contrast-high"])
def test_an_unknown_choice_is_refused(browser: Browser, token: str, field: str, value: str) -> None:
    fields = fields_of(steps.start(browser, token)) | LARGE | {field: value}
    reply = browser.client.post("/display", data=fields)
    assert reply.status_code == 400
    assert browser.client.get_cookie(COOKIE) is None


@pytest.mark.threat("C10")
@pytest.mark.parametrize(
    "back",
    [
        "",
        "/",
        "//evil.example/l/x",
        "https://evil.example/survey/q01",
        "/\\evil.example",
        "/l/../login",
        "/l//evil.example",
        "/survey/q01?next=//evil.example",
        "/survey/q01#x",
        "/survey/q01?lang=de",
        "/survey/q01?lang=en&next=//evil.example",
        "/survey/q01\r\nSet-Cookie: a=b",
        "/nurse/",
        " /survey/q01",
        "javascript:alert(1)",
        "/l/" + "a" * 101,
    ],
)
def test_it_leads_back_to_a_patients_page_and_nowhere_else(browser: Browser, token: str, back: str) -> None:
    fields = fields_of(steps.start(browser, token)) | LARGE | {"back": back}
    reply = browser.client.post("/display", data=fields)
    assert reply.status_code == 400
    assert "Location" not in reply.headers


def test_it_leads_back_to_a_link_too(browser: Browser, token: str) -> None:
    fields = fields_of(steps.start(browser, token)) | LARGE | {"back": f"/l/{token}"}
    reply = browser.client.post("/display", data=fields)
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/l/{token}")


@pytest.mark.threat("C1")
def test_no_other_page_can_choose(browser: Browser, token: str) -> None:
    fields = fields_of(steps.start(browser, token)) | LARGE
    for forged in ({"csrf_token": ""}, {"csrf_token": "forged"}):
        assert browser.client.post("/display", data=fields | forged).status_code == 400
    elsewhere = browser.client.post("/display", data=fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 400
    assert browser.client.get("/display").status_code == 405
    assert browser.client.get_cookie(COOKIE) is None


@pytest.mark.requirement("I18-01")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", ["Taille du texte", "Normale", "Grande", "Très grande", "Fort", "Claires", "Sombres"]),
        ("en", ["Text size", "Normal text", "Large", "Very large", "Strong", "Light", "Dark"]),
    ],
)
def test_it_is_in_the_pages_language(
    browser: Browser, token: str, language: str, expected: list[str]
) -> None:
    page = steps.start(browser, token, language)
    assert all(word in text_of(page.form(APPLY[language])) for word in expected)
