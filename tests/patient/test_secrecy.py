"""What no page, address, header or log holds: a link's secret, a study's code, an arm, a disease, a drug."""

import logging
import re

import pytest
from flask import Flask
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Study
from app.services import access, audit
from app.services.links import revoke_links
from tests import factories
from tests.page import Browser, Page
from tests.patient import steps
from tests.patient.steps import FR

UNSAYABLE = re.compile(
    r"\b(gist|gist-ima|imatinib|interruption|poursuite|continuation|bras|arms?|randomis\w+|cancers?|canc[ée]ro\w+"
    r"|tumeurs?|tumou?rs?|oncolog\w+|stromal\w*|sarcom\w+|chimio\w*|chemo\w*|eortc|qlq\w*|scores?|ctcae)\b",
    re.IGNORECASE,
)
SITES = [f"{number:02}" for number in range(1, 11)]


def unsayable(page: Page, code: str) -> list[str]:
    """What a page says, in text, title, addresses or anywhere else, that no patient's page may say."""
    # Tokens are chance: what they happen to hold says nothing.
    said = re.sub(r"[\w.-]{40,}", "", f"{page.path}\n{page.html}")
    words = [found.group() for found in UNSAYABLE.finditer(said)]
    return words + ([code] if code in page.html + page.path else [])


def in_both_languages(browser: Browser, path: str, status: int = 200) -> list[Page]:
    """A page in French and in English."""
    mark = "&" if "?" in path else "?"
    pages = [browser.get(f"{path}{mark}lang={language}", status) for language in ("fr", "en")]
    assert [page.language for page in pages] == ["fr", "en"]
    return pages


@pytest.mark.requirement("LINK-07")
@pytest.mark.threat("G12")
@pytest.mark.parametrize("number", SITES)
def test_no_page_names_a_disease_a_drug_an_arm_or_a_code(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, number: str
) -> None:
    code = f"{number}-001"
    factories.get_site(session, study, number).recruiting = True
    patient = factories.randomise(session, clock, factories.make_patient(session, clock, study, code))
    token = factories.make_link(session, clock, patient).token
    early = factories.make_link(session, clock, patient, "M3").token
    session.commit()
    pages = in_both_languages(browser, f"/l/{token}") + in_both_languages(browser, f"/l/{early}")
    steps.start(browser, token)
    for path in ("/survey/q01", "/survey/q29", "/survey/q01?skip=ask", "/survey/review"):
        pages += in_both_languages(browser, path)
    factories.submit(session, clock, factories.get_visit(session, patient))
    session.commit()
    pages += in_both_languages(browser, "/survey/sent")
    revoke_links(session, clock, factories.get_visit(session, patient), "test")
    session.commit()
    pages += in_both_languages(browser, f"/l/{token}", 410)
    assert {page.path: found for page in pages if (found := unsayable(page, code))} == {}


def test_the_search_for_unsayable_words_finds_them(browser: Browser, token: str) -> None:
    page = browser.get(f"/l/{token}")
    page.html += "<title>GIST-IMA</title><p>Votre tumeur, le bras Interruption, 04-001</p>"
    assert unsayable(page, "04-001") == ["GIST", "tumeur", "bras", "Interruption", "04-001"]


@pytest.mark.requirement("INS-02")
def test_every_page_with_wording_says_that_it_is_provisional(browser: Browser, token: str) -> None:
    steps.start(browser, token)
    for path in steps.pages_of_survey(token)[:-1]:
        french, english = in_both_languages(browser, path)
        assert "Formulation provisoire, propre à cette application" in french.text
        assert "Provisional wording of this application’s own" in english.text


@pytest.mark.requirement("LINK-01")
@pytest.mark.threat("A3")
def test_the_secret_is_in_no_later_page_address_header_or_log(
    browser: Browser, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page = steps.start(browser, token)
    pages = [page, steps.choose(browser, page, 1), browser.press(page, FR["other"])]
    pages += [browser.get(path) for path in steps.pages_of_survey(token)[1:-1]]
    pages += [browser.post("/survey/q01", status=400), browser.get(f"/survey/{token[:5]}", 404)]
    for each in pages:
        assert token not in each.path + each.html + str(each.response.headers)
    assert token not in caplog.text


@pytest.mark.requirement("LINK-01")
@pytest.mark.requirement("DAT-02")
@pytest.mark.threat("A3")
def test_a_failure_on_a_link_logs_no_secret(
    bare_app: Flask, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(token: str) -> str:
        raise RuntimeError(f"cannot serve /l/{token}?lang=fr")

    bare_app.add_url_rule("/l/<token>/fails", view_func=access.public(fail))
    response = bare_app.test_client().get(f"/l/{token}/fails")
    assert response.status_code == 500
    assert "RuntimeError" in caplog.text
    assert token not in caplog.text + response.get_data(as_text=True)
    for name in ("gunicorn.access", "gunicorn.error", "werkzeug"):
        logging.getLogger(name).warning('"%s %s HTTP/1.1" 200', "GET", f"/l/{token}?lang=fr")
    assert token not in caplog.text
    assert '"GET /l/[link]?lang=fr HTTP/1.1" 200' in caplog.text


@pytest.mark.requirement("LINK-01")
@pytest.mark.requirement("DAT-02")
def test_no_answer_is_logged(browser: Browser, token: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    page = steps.choose(browser, steps.start(browser, token), 4)
    browser.press(page, FR["next"], status=422, q02="canary")
    assert "q01" not in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.requirement("LINK-01")
@pytest.mark.threat("A2")
def test_the_database_holds_no_secret(browser: Browser, connection: Connection, token: str) -> None:
    steps.send_all(browser, token)
    cookie = browser.client.get_cookie("ressenti_patient")
    assert cookie is not None
    everything = str(steps.contents(connection))
    assert token not in everything
    assert cookie.value.removeprefix("s.") not in everything


@pytest.mark.threat("A5")
@pytest.mark.threat("G11")
def test_pages_name_no_other_host_and_tell_none_where_the_reader_was(browser: Browser, token: str) -> None:
    steps.start(browser, token)
    for path in (f"/l/{token}", "/survey/q01", "/survey/review", "/l/unknown"):
        page = browser.get(path, 404 if path.endswith("unknown") else 200)
        assert page.response.headers["Referrer-Policy"] == "no-referrer"
        addresses = [
            each.get(name) for each in page.tree.iter() for name in ("href", "src", "action", "formaction")
        ]
        assert [each for each in addresses if each and "//" in each] == []


@pytest.mark.requirement("AUD-01")
def test_the_trail_names_the_patient_as_the_actor(browser: Browser, session: Session, token: str) -> None:
    page = steps.start(browser, token)
    steps.choose(browser, page, 1)
    steps.choose(browser, page, 2)
    steps.answer_all(browser, browser.get("/survey/q02"))
    browser.press(browser.get("/survey/review"), FR["send"])
    entries = session.query(AuditEntry).filter_by(actor="patient 04-001").order_by("id").all()
    assert [(each.action, each.entity) for each in entries] == [
        ("create", "response"),
        ("change", "link"),
        ("change", "response"),
        ("change", "response"),
    ]
    assert {each.role for each in entries} == {"patient"}
    old, new = entries[2].changes["answers"]["q01"]
    assert (old["value"], new["value"]) == (1, 2)
    assert entries[3].changes["status"] == ["draft", "submitted"]
    assert audit.verify(session) == []
