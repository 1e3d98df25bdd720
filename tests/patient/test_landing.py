"""What a link does when it is looked at: nothing; and what it says before, in and after its window."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Study
from app.services.links import revoke_links
from app.services.visits import GRACE
from tests import factories
from tests.page import Browser
from tests.patient import steps
from tests.patient.steps import EN, FR

SECOND = timedelta(seconds=1)
PHONE = "04 65 71 26 04"


def tokens_of(session: Session, clock: SteppedClock, study: Study, *codes: str) -> list[str]:
    """The secrets of links of several patients of one site."""
    patients = [factories.make_patient(session, clock, study, code) for code in codes]
    found = [factories.make_link(session, clock, each).token for each in patients]
    session.commit()
    return found


@pytest.mark.requirement("LINK-02")
@pytest.mark.threat("A4")
@pytest.mark.parametrize("headers", [{}, {"Sec-Purpose": "prefetch"}, {"User-Agent": "MailScanner"}])
def test_looking_at_a_link_changes_nothing(
    browser: Browser, connection: Connection, token: str, headers: dict[str, str]
) -> None:
    before = steps.contents(connection)
    for _ in range(25):
        for look in (browser.client.get, browser.client.head):
            with look(f"/l/{token}?lang=en", headers=headers) as response:
                assert response.status_code == 200
    after = steps.contents(connection)
    # That somebody looked is noted apart: the link, its power and the trail are what they were.
    assert (before.pop("link_fetch"), len(after.pop("link_fetch"))) == ([], 1)
    assert after == before
    assert steps.item_of(steps.start(browser, token)) == "q01"


@pytest.mark.requirement("LINK-02")
@pytest.mark.threat("C1")
def test_start_without_the_pages_form_token_is_refused(
    browser: Browser, connection: Connection, token: str
) -> None:
    before = steps.contents(connection)
    assert browser.post(f"/l/{token}", status=400).h1 == "La page n’a pas pu être envoyée"
    browser.get(f"/l/{token}")
    browser.post(f"/l/{token}", {"csrf_token": "guessed"}, status=400)
    assert steps.contents(connection) == before


@pytest.mark.threat("C1")
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_start_sent_by_another_site_is_refused(browser: Browser, token: str, site: str) -> None:
    page = browser.get(f"/l/{token}")
    data = {"csrf_token": page.all("input", name="csrf_token")[0].get("value")}
    browser.post(f"/l/{token}", data, status=400, headers={"Sec-Fetch-Site": site})
    page = browser.post(f"/l/{token}", data, headers={"Sec-Fetch-Site": "same-origin"})
    assert steps.item_of(page) == "q01"


def test_welcome_says_who_asks_how_long_and_who_reads(browser: Browser, token: str) -> None:
    page = browser.get(f"/l/{token}")
    assert page.title == "Bienvenue – Étude de suivi 0426"
    for words in ("Étude de suivi 0426, Centre Léon Bérard", "30 questions", "mot de passe", PHONE):
        assert words in page.text
    assert page.one("a", href="tel:0465712604") is not None
    assert "Follow-up study 0426" in browser.follow(page, "English").text


@pytest.mark.requirement("SUR-14")
def test_welcome_and_thanks_hold_the_emergency_lines_in_full(browser: Browser, token: str) -> None:
    for page in (browser.get(f"/l/{token}"), steps.send_all(browser, token)):
        for number in ("tel:15", "tel:112", "sms:114", "tel:0465712604"):
            assert page.all("a", href=number), f"{number} on {page.path}"
        assert "ne sont pas lues tout de suite" in page.text
    assert page.all("a", href="tel:3114")


@pytest.mark.threat("A6")
@pytest.mark.parametrize(
    ("language", "heading"), [("fr", "Nous ne connaissons pas ce lien"), ("en", "We do not know this link")]
)
def test_unknown_link_speaks_the_browsers_language_and_tells_nothing(
    browser: Browser, token: str, language: str, heading: str
) -> None:
    for unknown in ("x", "A" * 43, token[:-1], token + "A", "é%00"):
        page = browser.get(f"/l/{unknown}", 404, headers={"Accept-Language": f"{language},de;q=0.1"})
        assert (page.h1, page.language) == (heading, language)
        for told in ("0426", "Bérard", PHONE):
            assert told not in page.html
        assert not steps.forms(page)


@pytest.mark.requirement("LINK-03")
@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A6")
def test_expired_and_revoked_links_look_alike(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    revoked, expired = tokens_of(session, clock, study, "04-001", "04-002")
    visit = factories.get_visit(session, session.query(Patient).filter_by(code="04-001").one())
    revoke_links(session, clock, visit, "lost phone")
    session.commit()
    clock.set(visit.closes_at)
    pages = [browser.get(f"/l/{each}", 410) for each in (revoked, expired)]
    # The choice of the look leads back to the page's own address.
    assert pages[0].html.replace(revoked, "") == pages[1].html.replace(expired, "")
    assert (pages[0].language, pages[0].h1) == ("fr", "Ce lien ne peut plus être utilisé")
    assert PHONE in pages[0].text
    assert not steps.forms(pages[0])


@pytest.mark.requirement("LINK-03")
@pytest.mark.threat("A6")
def test_the_window_is_kept_to_the_second(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    patient = factories.randomise(session, clock, factories.make_patient(session, clock, study))
    token = factories.make_link(session, clock, patient, "M3").token
    visit = factories.get_visit(session, patient, "M3")
    session.commit()
    clock.set(visit.opens_at - SECOND)
    page = browser.get(f"/l/{token}")
    assert page.h1 == "Vos questions ne sont pas encore ouvertes"
    assert "9 février 2027" in page.text
    assert not steps.forms(page)
    for instant, status in ((visit.opens_at, 200), (visit.closes_at - SECOND, 200), (visit.closes_at, 410)):
        clock.set(instant)
        browser.get(f"/l/{token}", status)


@pytest.mark.requirement("LINK-03")
def test_a_link_not_open_yet_cannot_be_started(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    patient = factories.randomise(session, clock, factories.make_patient(session, clock, study))
    early = factories.make_link(session, clock, patient, "M3").token
    now = factories.make_link(session, clock, patient).token
    session.commit()
    form = browser.get(f"/l/{now}").all("input", name="csrf_token")[0]
    page = browser.post(f"/l/{early}", {"csrf_token": form.get("value")})
    assert page.h1 == "Vos questions ne sont pas encore ouvertes"
    browser.get("/survey/q01", 401)


@pytest.mark.requirement("SUR-15")
def test_a_draft_can_be_finished_within_the_grace(
    browser: Browser, session: Session, clock: SteppedClock, patient: Patient, token: str
) -> None:
    closes_at = factories.get_visit(session, patient).closes_at
    clock.set(closes_at - SECOND)
    page = steps.start(browser, token)
    clock.set(closes_at + GRACE - SECOND)
    assert browser.get(f"/l/{token}").h1
    page = steps.choose(browser, page, 2)
    assert steps.stored(session).answers["q01"]["value"] == 2
    clock.set(closes_at + GRACE)
    browser.get(f"/l/{token}", 410)
    late = browser.press(page, FR["next"], status=410, q02="3")
    assert (late.h1, PHONE in late.text) == ("Ce lien ne peut plus être utilisé", True)
    assert "q02" not in steps.stored(session).answers


def test_a_patient_who_reads_english_is_met_in_english(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    token = factories.make_link(
        session, clock, factories.make_patient(session, clock, study, language="en")
    ).token
    session.commit()
    page = browser.get(f"/l/{token}", headers={"Accept-Language": "fr"})
    assert (page.language, page.title) == ("en", "Welcome – Follow-up study 0426")
    assert browser.press(page, EN["start"]).language == "en"
