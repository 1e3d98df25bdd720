"""Every page of the application, in both languages: nothing is left in the other one."""

import re
from functools import cache
from html import unescape

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import User
from app.services.access import SITE_BOUND, Role
from scripts import catalogues
from tests import corrected, factories, wording
from tests.course import leave_note, send_with_symptoms, write_call
from tests.page import Browser, Page
from tests.patient import steps

CATALOGUE = catalogues.TRANSLATIONS / "fr" / "LC_MESSAGES" / "messages.po"
# Shorter texts are also words of the other language, codes or parts of them.
SHORTEST = 10
NURSE = ("/nurse/", "/nurse/?q=04", "/nurse/patients/new", "/nurse/GIST-IMA/04-001", "/nurse/GIST-IMA/04-002")
NURSE_FORMS = (
    "/nurse/GIST-IMA/04-002/visits/BASELINE/reason",
    "/nurse/GIST-IMA/04-002/randomisation",
    "/nurse/GIST-IMA/04-002/contact",
    "/nurse/GIST-IMA/04-002/visits/BASELINE/paper",
    "/nurse/GIST-IMA/04-002/events",
    "/nurse/GIST-IMA/04-002/events/new",
    "/nurse/GIST-IMA/04-002/events/1",
    "/nurse/GIST-IMA/04-002/events/1/change",
    "/nurse/GIST-IMA/04-001/milestones",
    "/nurse/GIST-IMA/04-001/milestones/new/death",
    "/nurse/GIST-IMA/04-001/milestones/new/progression",
    "/nurse/GIST-IMA/04-001/treatment",
    "/nurse/GIST-IMA/04-001/treatment/new",
    "/nurse/GIST-IMA/04-001/unscheduled",
    "/nurse/GIST-IMA/04-002/answers",
    "/nurse/GIST-IMA/04-002/answers/BASELINE/qlq-c30",
    "/nurse/GIST-IMA/04-001/scores",
    "/nurse/GIST-IMA/04-002/scores",
    "/nurse/GIST-IMA/04-002/scores/BASELINE/qlq-c30/PF2",
    "/nurse/GIST-IMA/04-002/scores/BASELINE/qlq-c30/SUMMARY",
    "/nurse/handover",
    "/nurse/GIST-IMA/04-001/notes",
    "/nurse/GIST-IMA/04-002/notes",
)
CORRECTION = ("/nurse/GIST-IMA/04-002/answers/BASELINE/qlq-c30/q01/correction",)
ANALYST = ("/analyst/",)
SET = "/manager/wording/GIST-IMA/qlq-c30/fr"
MOVES = ("/nurse/GIST-IMA/04-001/transfer", "/nurse/GIST-IMA/04-001/wrong-patient")
MANAGER = (
    *MOVES,
    "/manager/allocations/GIST-IMA",
    "/manager/randomisation/GIST-IMA/04-001",
    "/manager/randomisation/GIST-IMA/04-002",
    "/manager/wording/",
    SET,
    f"{SET}/draft",
    "/manager/wording/GIST-IMA/qlq-c30/en",
)
ADMINISTRATOR = ("/admin/", "/admin/access", "/admin/sites", "/admin/invite", "/admin/staff/{user}")
PATIENT = ("/survey/q01", "/survey/q01?skip=ask", "/survey/q30", "/survey/review")
ERRORS = {"/no": 404, "/nurse/GIST-IMA/99-001": 404}


@cache
def sentences() -> dict[str, str]:
    """English text -> French text, of those long enough and different enough to be told apart."""
    found: dict[str, str] = {}
    for message in catalogues.read(CATALOGUE):
        english = message.id if isinstance(message.id, str) else message.id[0]
        french = message.string if isinstance(message.string, str) else (message.string or [""])[0]
        if len(english) >= SHORTEST and french and english != french and "%(" not in english:
            found[english] = french
    return found


def visible(page: Page) -> str:
    """Text, title and the attributes that are read aloud, spaces folded."""
    named = [
        each.get(name) or "" for each in page.tree.iter() for name in ("aria-label", "placeholder", "title")
    ]
    return re.sub(r"[ \n\t]+", " ", unescape("\n".join([page.title, page.text, *named])))


def in_the_wrong_language(page: Page) -> list[str]:
    """The texts of the catalogue that a page shows in the language it is not in."""
    text, (own, others) = visible(page), own_and_others(page.language == "fr")
    # Few are in the text at all: the others need no pattern.
    return [
        each
        for each in others
        if each in text and each not in own and re.search(rf"(?<!\w){re.escape(each)}(?!\w)", text)
    ]


@cache
def own_and_others(is_french: bool) -> tuple[str, list[str]]:
    """The texts of a page's own language in one, and those of the other language."""
    pairs = sentences().items()
    own = " ".join(french if is_french else english for english, french in pairs)
    return own, [english if is_french else french for english, french in pairs]


@pytest.fixture
def token(session: Session, clock: SteppedClock) -> str:
    """The secret of a link of the first of two patients, the one randomised."""
    study = factories.make_study(session, clock)
    patient = factories.make_patient(session, clock, study)
    other = factories.make_patient(session, clock, study, "04-002")
    factories.decide(session, clock, factories.make_event(session, clock, other), is_serious=True)
    send_with_symptoms(
        session, clock, other, "BASELINE", {"q09": None, "q19": None, "pt009a": 2, "pt009b": 2}
    )
    leave_note(session, clock, patient)
    write_call(session, clock, patient)
    issued = factories.make_link(session, clock, patient)
    factories.randomise(session, clock, patient)
    wording.make_approved(session, clock, study, language="en")
    wording.make_draft(session, clock, study)
    corrected.correct(session, clock, corrected.sent_form(session, other))
    for role in (Role.NURSE, Role.INVESTIGATOR, Role.ANALYST, Role.DATA_MANAGER, Role.ADMINISTRATOR):
        site = factories.get_site(session, study) if role in SITE_BOUND else None
        factories.make_staff(session, clock, role, study, site, f"{role.value}@staff.example")
    session.commit()
    return issued.token


def met(browser: Browser, paths: dict[str, int], language: str) -> dict[str, list[str]]:
    """Path -> what it shows in the wrong language."""
    found = {}
    for path, status in paths.items():
        page = browser.get(f"{path}{'&' if '?' in path else '?'}lang={language}", status)
        assert page.language == language, path
        if wrong := in_the_wrong_language(page):
            found[path] = wrong
    return found


@pytest.mark.requirement("I18-01")
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(
    ("role", "paths"),
    [
        (Role.NURSE, NURSE + NURSE_FORMS),
        (Role.INVESTIGATOR, CORRECTION),
        (Role.ANALYST, ANALYST),
        (Role.DATA_MANAGER, MANAGER),
        (Role.ADMINISTRATOR, ADMINISTRATOR),
    ],
)
def test_staff_pages_are_in_one_language(
    app: Flask,
    session: Session,
    clock: SteppedClock,
    token: str,
    role: Role,
    paths: tuple[str, ...],
    language: str,
) -> None:
    user = session.query(User).filter_by(email=f"{role.value}@staff.example").one()
    browser = factories.sign_in(Browser(app), session, clock, user)
    errors = ERRORS if role in {Role.NURSE, Role.INVESTIGATOR, Role.DATA_MANAGER} else {"/nurse/": 403}
    own = [each.format(user=user.id) for each in paths]
    assert met(browser, dict.fromkeys(own, 200) | errors, language) == {}


@pytest.mark.requirement("I18-01")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_patients_pages_are_in_one_language(browser: Browser, token: str, language: str) -> None:
    steps.start(browser, token)
    paths = (
        {f"/l/{token}": 200, "/password/unknown": 404, "/password-kept": 200}
        | dict.fromkeys(PATIENT, 200)
        | {"/l/unknown": 404, "/survey/q31": 404, "/login": 200}
    )
    assert met(browser, paths, language) == {}
    steps.answer_all(browser, browser.get("/survey/q01"))
    assert met(browser, {"/survey/review": 200}, language) == {}
    browser.press(browser.get("/survey/review?lang=fr"), steps.FR["send"])
    assert met(browser, {"/survey/sent": 200}, language) == {}


def test_a_text_in_the_wrong_language_is_found(browser: Browser, token: str) -> None:
    page = browser.get(f"/l/{token}?lang=en")
    page.one("html").set("lang", "fr")
    assert "Who sees your answers" in in_the_wrong_language(page)
