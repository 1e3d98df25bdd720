"""Handing the ward's tablet over: what staff see of it, what is suspended, and how it comes back."""

import pytest
from flask import Flask
from flask_security.utils import hash_password
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Link, Patient, Response, Study, User, WebSession
from app.services import accounts
from app.services.access import Role
from app.services.sign_in import FREE_TRIES
from app.services.ward import LENT_FOR
from tests import factories
from tests.page import Browser, Page, text_of
from tests.patient import steps
from tests.patient.steps import EN

pytestmark = pytest.mark.requirement("CLI-07")
PATIENT, HERE, BACK = "/nurse/GIST-IMA/04-001", "Fill in here Baseline", "Stop and hand the tablet back"
PASSWORD = "a long enough password"
STAFF = (
    "/",
    "/nurse/",
    "/nurse/?q=04",
    PATIENT,
    f"{PATIENT}/contact",
    f"{PATIENT}/events",
    f"{PATIENT}/randomisation",
    "/nurse/patients/new",
    "/analyst/",
    "/manager/wording/",
)


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient of Lyon whose initial visit is open, and another one."""
    factories.make_patient(session, clock, study, "04-002")
    patient = factories.make_patient(session, clock, study, language="en")
    session.commit()
    return patient


@pytest.fixture
def tablet(
    app: Flask, browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> Browser:
    """A browser in which a nurse with a password has signed in."""
    with app.test_request_context("/"):
        hashed = hash_password(PASSWORD)
    user = accounts.create_account(session, clock, "nurse@staff.example", hashed, "en")
    accounts.grant_role(session, clock, user, Role.NURSE, study, factories.get_site(session, study))
    return factories.sign_in(browser, session, clock, user)


def hand_over(tablet: Browser) -> Page:
    return tablet.press(tablet.get(PATIENT), HERE)


def begin(tablet: Browser) -> Page:
    return tablet.press(hand_over(tablet), "Yes, start")


def cookies(browser: Browser) -> set[str]:
    return {each.key for each in (browser.client._cookies or {}).values()}


@pytest.mark.threat("A11")
@pytest.mark.threat("B1")
def test_no_page_of_staff_is_seen_until_the_nurse_signs_in_again(tablet: Browser) -> None:
    page = hand_over(tablet)
    assert page.path == "/ward"
    for path in STAFF:
        page = tablet.get(path)
        assert page.path == "/resume", path
        assert page.h1 == "Sign in again"
        assert "nurse@staff.example" in page.text
        # The questionnaire's own patient is named nowhere here, nor is any other.
        assert "04-00" not in page.html, path


@pytest.mark.threat("C1")
def test_no_change_of_staff_is_made_meanwhile(tablet: Browser, session: Session) -> None:
    before = tablet.get(PATIENT)
    hand_over(tablet)
    key = {"csrf_token": before.all("input", name="csrf_token")[0].get("value")}
    issued = len(session.scalars(select(Link)).all())
    for path in (f"{PATIENT}/visits/BASELINE/link", f"{PATIENT}/visits/BASELINE/here", "/language"):
        # The form token of the session that is suspended is worth nothing.
        assert tablet.client.post(path, data=key).status_code == 400
        own = {"csrf_token": tablet.get("/ward").one("input", name="csrf_token").get("value")}
        response = tablet.client.post(path, data=own)
        assert (response.status_code, response.headers["Location"]) == (303, "/resume")
    assert len(session.scalars(select(Link)).all()) == issued


def test_the_patient_confirms_code_and_visit_first(tablet: Browser, session: Session) -> None:
    page = hand_over(tablet)
    assert page.h1 == "Is this your questionnaire?"
    assert "04-001" in page.text
    assert "23 November 2026" in page.text
    # The name of a visit, or an arm's, is no matter of the patient's pages.
    assert "Baseline" not in page.text
    tablet.get("/survey/q01", 401)
    assert session.scalars(select(Response)).all() == []
    begun = tablet.press(page, "Yes, start")
    assert begun.path == "/survey/q01"
    entry = session.scalars(select(AuditEntry).where(AuditEntry.entity == "response")).first()
    assert entry is not None
    assert entry.actor == "patient 04-001"


def test_the_wrong_patient_gives_it_back_unused(tablet: Browser, session: Session) -> None:
    page = tablet.press(hand_over(tablet), "No, this is not mine")
    assert (page.path, page.h1) == ("/ward", "Hand the tablet back to the nurse")
    assert "04-001" not in page.text
    assert "your answers are sent" not in page.text
    assert session.scalars(select(Response)).all() == []
    key = {"csrf_token": "x", "mine": "yes"}
    assert tablet.client.post("/ward", data=key).status_code == 400
    assert session.scalars(select(Link)).one().revoked_reason == "handed_back"


def test_a_page_left_open_cannot_begin_what_was_taken_back(tablet: Browser, session: Session) -> None:
    page = hand_over(tablet)
    tablet.press(page, "No, this is not mine")
    assert tablet.press(page, "Yes, start").h1 == "Hand the tablet back to the nurse"
    assert session.scalars(select(Response)).all() == []


@pytest.mark.threat("A15")
def test_sending_leaves_the_tablet_clean(tablet: Browser, session: Session) -> None:
    review = steps.answer_all(tablet, begin(tablet))
    page = tablet.press(review, EN["send"])
    assert (page.path, page.h1) == ("/ward", "Hand the tablet back to the nurse")
    assert "Thank you, your answers are sent" in page.text
    assert page.response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert page.response.headers["Cache-Control"] == "no-store"
    assert cookies(tablet) == {"ressenti_staff"}
    for path in ("/survey/q01", "/survey/review", "/survey/sent"):
        assert not tablet.get(path, 401).all("fieldset")
    response = session.scalars(select(Response)).one()
    assert (response.status, response.mode, response.place) == ("submitted", "web", "ward")
    ended = session.scalars(select(WebSession).where(WebSession.link_id.is_not(None))).all()
    assert all(each.ended_at is not None for each in ended)
    # Read again it says the same, and is as clean.
    assert "your answers are sent" in tablet.get("/ward").text


@pytest.mark.threat("A15")
def test_stopping_keeps_the_answers_and_leaves_the_tablet_clean(tablet: Browser, session: Session) -> None:
    page = steps.choose(tablet, begin(tablet), 3)
    stop = tablet.follow(page, BACK)
    assert "What you have answered is kept" in stop.text
    assert tablet.follow(stop, "Go on answering").path == "/survey/q02"
    page = tablet.press(stop, BACK)
    assert page.h1 == "Hand the tablet back to the nurse"
    assert "your answers are sent" not in page.text
    assert cookies(tablet) == {"ressenti_staff"}
    tablet.get("/survey/q02", 401)
    response = session.scalars(select(Response)).one()
    assert (response.status, response.answers["q01"]["value"]) == ("draft", 3)


def test_on_an_own_phone_nothing_speaks_of_a_tablet(
    app: Flask, tablet: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    issued = factories.make_link(session, clock, patient)
    session.commit()
    phone = Browser(app)
    assert "tablet" not in steps.start(phone, issued.token, "en").text
    assert phone.get("/ward/leave").path.startswith("/survey/")


@pytest.mark.requirement("ACC-03")
def test_the_nurse_signs_in_again_and_is_where_she_was(tablet: Browser, session: Session) -> None:
    steps.choose(tablet, begin(tablet), 3)
    page = tablet.get("/nurse/")
    assert "The questionnaire is not finished." in page.text
    suspended = session.scalars(select(WebSession.id).where(WebSession.handed_link_id.is_not(None))).one()
    page = tablet.press(page, "Sign in again", password=PASSWORD)
    assert (page.path, page.h1) == (PATIENT, "04-001")
    assert "In progress" in page.text
    assert tablet.get("/nurse/").path == "/nurse/"
    session.expire_all()
    assert session.get_one(WebSession, suspended).ended_at is not None
    assert cookies(tablet) == {"ressenti_staff"}
    # What was lent has ended with it.
    tablet.get("/survey/q02", 401)
    assert session.scalars(select(Link)).one().revoked_reason == "handed_back"
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "sign in")).one()
    assert (entry.actor, entry.changes) == ("nurse@staff.example", {"after": "tablet"})


def test_the_cookie_of_the_suspended_session_opens_nothing_afterwards(tablet: Browser, app: Flask) -> None:
    hand_over(tablet)
    cookie = tablet.client.get_cookie("ressenti_staff")
    assert cookie is not None
    tablet.press(tablet.get("/resume"), "Sign in again", password=PASSWORD)
    thief = Browser(app)
    thief.client.set_cookie("ressenti_staff", cookie.value)
    assert thief.get("/nurse/").path.startswith("/login")
    assert thief.get("/ward").path.startswith("/login")


@pytest.mark.threat("B2")
def test_wrong_passwords_are_slowed_down_as_at_the_sign_in(tablet: Browser) -> None:
    hand_over(tablet)
    page = tablet.get("/resume")
    for _ in range(FREE_TRIES):
        page = tablet.press(page, "Sign in again", 422, password="a wrong password, long")
        assert "The password is not right." in text_of(page.one("div", role="alert"))
    page = tablet.press(page, "Sign in again", 422, password=PASSWORD)
    assert "Too many tries." in text_of(page.one("div", role="alert"))
    assert tablet.get("/nurse/").path == "/resume"


def test_an_account_that_was_ended_meanwhile_does_not_come_back(tablet: Browser, session: Session) -> None:
    hand_over(tablet)
    session.scalars(select(User)).one().active = False
    session.commit()
    tablet.press(tablet.get("/resume"), "Sign in again", 422, password=PASSWORD)
    assert tablet.get("/nurse/").path == "/resume"


def test_somebody_else_may_sign_in(tablet: Browser, session: Session) -> None:
    begin(tablet)
    page = tablet.follow(tablet.get("/resume"), "Sign in as somebody else")
    page = tablet.press(page, "Sign in", email="nurse@staff.example", password=PASSWORD)
    assert page.path == "/nurse/"
    lent = WebSession.handed_link_id.is_not(None) | WebSession.link_id.is_not(None)
    rows = session.scalars(select(WebSession).where(lent)).all()
    assert [row.ended_at is None for row in rows] == [False, False]
    assert cookies(tablet) == {"ressenti_staff"}


def test_after_four_hours_only_a_whole_sign_in_helps(tablet: Browser, clock: SteppedClock) -> None:
    begin(tablet)
    clock.set(clock.now() + LENT_FOR)
    for path in ("/ward", "/resume", "/nurse/"):
        assert tablet.get(path).path.startswith("/login"), path
    tablet.get("/survey/q01", 401)


def test_who_handed_nothing_over_is_sent_to_the_own_pages(tablet: Browser, app: Flask) -> None:
    for path in ("/ward", "/resume"):
        assert tablet.get(path).path == "/nurse/"
        assert Browser(app).get(path).path == "/login"


@pytest.mark.parametrize("role", [Role.DATA_MANAGER, Role.MONITOR, Role.INSPECTOR])
def test_who_may_give_no_links_hands_nothing_over(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient, role: Role
) -> None:
    user = factories.make_staff(session, clock, role, study, language="en")
    page = factories.sign_in(browser, session, clock, user).get(PATIENT)
    assert "Fill in here" not in page.text
    key = {"csrf_token": page.all("input", name="csrf_token")[0].get("value")}
    browser.post(f"{PATIENT}/visits/BASELINE/here", key, 403)
    assert browser.get(PATIENT).path == PATIENT


def test_a_visit_that_was_answered_meanwhile_says_so(
    tablet: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    page = tablet.get(PATIENT)
    factories.submit(session, clock, factories.get_visit(session, patient))
    session.commit()
    page = tablet.press(page, HERE, 422)
    assert "was received" in text_of(page.one("div", role="alert"))
    assert HERE not in {text_of(each) for each in page.all("button")}
    assert tablet.get("/nurse/").path == "/nurse/"


def test_without_phone_and_mail_the_tablet_is_there(
    tablet: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    keys = tablet.client.application.extensions["settings"].contact_keys
    factories.keep_contact(session, clock, patient, keys, phone="", email="", channel="none")
    session.commit()
    assert begin(tablet).path == "/survey/q01"


def test_two_patients_one_after_the_other_meet_their_own(
    tablet: Browser, session: Session, study: Study
) -> None:
    steps.choose(tablet, begin(tablet), 4)
    tablet.press(tablet.get("/resume"), "Sign in again", password=PASSWORD)
    page = tablet.press(tablet.get("/nurse/GIST-IMA/04-002"), HERE)
    assert "04-002" in page.text
    assert page.language == "fr"
    page = tablet.press(tablet.get("/ward?lang=en"), "Yes, start")
    assert page.path == "/survey/q01"
    assert steps.chosen(page) == []
    assert page.language == "en"
    first, second = session.scalars(select(Response).order_by(Response.started_at, Response.id)).all()
    assert (first.answers["q01"]["value"], second.answers) == (4, {})
