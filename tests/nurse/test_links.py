"""Giving a link, giving it again, taking it back."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Link, Patient, Study
from app.services.qr import qr_code
from tests import factories
from tests.page import Browser, Page, text_of

PATIENT = "/nurse/GIST-IMA/04-001"
SVG = "{http://www.w3.org/2000/svg}"
GIVE, GIVE_AGAIN = "Give the link Baseline", "Give a new link Baseline"


@pytest.fixture
def phone(app: Flask, nurse: Browser) -> Browser:
    """The patient's own browser."""
    return Browser(app)


def address(page: Page) -> str:
    """The address that the page of a link shows."""
    return text_of(page.one("textarea", id="address"))


def path(page: Page) -> str:
    """The path of that address."""
    return address(page).removeprefix("http://localhost")


def start_button(page: Page) -> str:
    """What the landing page's own button says."""
    return text_of(page.one("button", class_="primary"))


@pytest.mark.requirement("CLI-02")
@pytest.mark.requirement("LINK-04")
def test_a_link_is_shown_once_with_its_terms(nurse: Browser, phone: Browser, patient: Patient) -> None:
    page = nurse.press(nurse.get(PATIENT), GIVE)
    assert re.fullmatch(r"http://localhost/l/[A-Za-z0-9_-]{43}", address(page))
    assert page.html.count(path(page)) == 1
    assert "Works until Monday, 21 December 2026 in the evening" in page.text
    assert "Former links of this visit no longer work." in page.text
    assert page.response.headers["Cache-Control"] == "no-store"
    assert start_button(phone.get(path(page))) in {"Start", "Commencer"}


@pytest.mark.requirement("LINK-01")
def test_the_token_is_on_no_later_page(nurse: Browser, session: Session, patient: Patient) -> None:
    token = path(nurse.press(nurse.get(PATIENT), GIVE)).removeprefix("/l/")
    for later in (PATIENT, "/nurse/"):
        assert token not in nurse.get(later).html
    stored = [str(row) for row in session.execute(select(AuditEntry.changes)).all()]
    assert not [row for row in stored if token in row]


@pytest.mark.threat("A13")
def test_the_qr_code_holds_the_same_address(nurse: Browser, patient: Patient) -> None:
    page = nurse.press(nurse.get(PATIENT), GIVE)
    expected = qr_code(address(page))
    assert page.one(f"{SVG}path").get("d") == expected.path
    assert page.one(f"{SVG}svg").get("viewBox") == f"0 0 {expected.size} {expected.size}"


def test_the_page_of_a_link_names_no_arm(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.randomise(session, clock, patient, "interruption")
    session.commit()
    page = nurse.press(nurse.get(PATIENT), GIVE)
    assert "interruption" not in page.html.lower()


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A8")
def test_a_new_link_kills_the_old_one(
    nurse: Browser, phone: Browser, session: Session, patient: Patient
) -> None:
    first = nurse.press(nurse.get(PATIENT), GIVE)
    phone.press(phone.get(path(first)), start_button(phone.get(path(first))))
    page = nurse.get(PATIENT)
    assert "The former link will no longer work." in page.text
    second = nurse.press(page, GIVE_AGAIN)
    assert path(second) != path(first)
    phone.get(path(first), 410)
    phone.get(path(second))
    entries = session.scalars(select(AuditEntry).where(AuditEntry.entity == "link").order_by(AuditEntry.id))
    changes = [entry.changes for entry in entries if entry.actor == "nurse.04@staff.example"]
    assert len([each for each in changes if "issued_at" in each]) == 2
    assert [each["revoked_reason"] for each in changes if "revoked_reason" in each] == [[None, "reissued"]]


def test_a_double_tap_leaves_one_link_alive(nurse: Browser, session: Session, patient: Patient) -> None:
    page = nurse.get(PATIENT)
    nurse.press(page, GIVE)
    nurse.press(page, GIVE)
    alive = session.scalars(select(Link).where(Link.revoked_at.is_(None))).all()
    assert [link.ordinal for link in alive] == [2]


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A7")
def test_after_a_revocation_the_next_tap_is_refused(
    nurse: Browser, phone: Browser, session: Session, patient: Patient
) -> None:
    link = path(nurse.press(nurse.get(PATIENT), GIVE))
    item = phone.press(phone.get(link), start_button(phone.get(link)))
    page = nurse.press(nurse.get(PATIENT), "Revoke", reason="lost_phone")
    assert "The link is revoked: it opens nothing any more." in text_of(page.one("div", role="status"))
    assert "Revoked on 23 Nov 2026 (Phone lost or stolen)" in page.text
    phone.get(link, 410)
    assert phone.client.get(item.path).status_code in {401, 410}
    reasons = session.scalars(select(Link.revoked_reason)).all()
    assert reasons == ["lost_phone"]


@pytest.mark.parametrize("reason", ["", "because", None])
def test_a_revocation_needs_a_reason(
    nurse: Browser, session: Session, patient: Patient, reason: str | None
) -> None:
    nurse.press(nurse.get(PATIENT), GIVE)
    fields = {} if reason is None else {"reason": reason}
    page = nurse.press(nurse.get(PATIENT), "Revoke", 422, **fields)
    assert text_of(page.one("div", role="alert")) == "Choose a reason."
    assert page.one("details").get("open") is not None
    assert session.scalars(select(Link.revoked_at)).all() == [None]


def test_a_visit_that_was_received_needs_no_link(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    before = nurse.get(PATIENT)
    factories.submit(session, clock, factories.get_visit(session, patient))
    session.commit()
    page = nurse.press(before, GIVE, 422)
    assert "The questionnaire of this visit was received" in text_of(page.one("div", role="alert"))
    assert GIVE not in [text_of(each) for each in page.all("button")]
    assert session.scalars(select(Link)).all() == []


def test_a_visit_that_has_closed_gets_no_link(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    consent_on = clock.now().date() - timedelta(days=29)
    factories.make_patient(session, clock, study, consent_on=consent_on)
    session.commit()
    data = {"csrf_token": nurse.get(PATIENT).all("input", name="csrf_token")[0].get("value")}
    page = nurse.post(f"{PATIENT}/visits/BASELINE/link", data, 422)
    assert text_of(page.one("div", role="alert")) == (
        "This visit closed on 22 November 2026: a link would open nothing."
    )
    assert session.scalars(select(Link)).all() == []


def test_a_link_can_be_given_ahead_of_the_visit(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.randomise(session, clock, patient)
    session.commit()
    page = nurse.press(nurse.get(PATIENT), "Give the link Month 3")
    assert "Questions open on 9 February 2027." in page.text
    assert "Give the link Month 6" not in nurse.get(PATIENT).text


@pytest.mark.parametrize("target", ["visits/M99/link", "visits/M99/revoke"])
def test_a_visit_that_is_none_is_not_found(nurse: Browser, patient: Patient, target: str) -> None:
    data = {"csrf_token": nurse.get(PATIENT).all("input", name="csrf_token")[0].get("value")}
    nurse.post(f"{PATIENT}/{target}", data, 404)
