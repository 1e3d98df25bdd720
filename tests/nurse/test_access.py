"""Who may open what at the nurse's: other sites and other roles."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Link, Patient, RoleAssignment, Study
from app.services.access import Role
from tests import factories
from tests.page import Browser

BESANCON = "/nurse/GIST-IMA/01-001"
PAGES = ("", "/randomisation")
POSTS = ("/randomisation", "/visits/BASELINE/link", "/visits/BASELINE/revoke")
CHANGES = {
    "randomised_on": "2026-11-23",
    "arm": "interruption",
    "remark": "x",
    "confirm": "y",
    "reason": "other",
}


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient of Besançon, with a link."""
    patient = factories.make_patient(session, clock, study, "01-001")
    factories.make_link(session, clock, patient)
    session.commit()
    return patient


def is_untouched(session: Session) -> bool:
    """Whether the patient has no arm and one living link."""
    session.expire_all()
    links = session.scalars(select(Link)).all()
    return (
        session.scalars(select(Patient.arm)).one() is None and len(links) == 1 and links[0].revoked_at is None
    )


def token(browser: Browser) -> str:
    """A form token of the session, from whichever page the account may open."""
    return browser.get("/").all("input", name="csrf_token")[0].get("value", "")


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_patient_looks_like_none(nurse: Browser, session: Session, patient: Patient) -> None:
    key = {"csrf_token": token(nurse)}
    for ending in PAGES:
        missing = nurse.get(f"/nurse/GIST-IMA/01-999{ending}", 404).html
        assert nurse.get(BESANCON + ending, 404).html == missing
    for ending in POSTS:
        nurse.post(BESANCON + ending, key | CHANGES, 404)
    assert is_untouched(session)


def test_an_unknown_study_is_not_found(nurse: Browser, patient: Patient) -> None:
    nurse.get("/nurse/NONE-SUCH/01-001", 404)


@pytest.mark.parametrize("role", [Role.DATA_MANAGER, Role.MONITOR, Role.INSPECTOR])
@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_who_may_only_look_changes_nothing(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient, role: Role
) -> None:
    user = factories.make_staff(session, clock, role, study, language="en")
    browser = factories.sign_in(browser, session, clock, user)
    page = browser.get(BESANCON)
    assert page.h1 == "01-001"
    assert not [each for each in page.all("form") if "/nurse/" in each.get("action", "")]
    key = {"csrf_token": token(browser)}
    for ending in POSTS:
        browser.post(BESANCON + ending, key | CHANGES, 403)
    browser.get("/nurse/patients/new", 403)
    assert is_untouched(session)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMINISTRATOR])
@pytest.mark.requirement("EXP-05")
@pytest.mark.threat("C13")
def test_who_sees_no_patients_is_refused(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient, role: Role
) -> None:
    user = factories.make_staff(session, clock, role, study, language="en")
    browser = factories.sign_in(browser, session, clock, user)
    key = {"csrf_token": token(browser)}
    for path in ("/nurse/", BESANCON, f"{BESANCON}/randomisation", "/nurse/patients/new"):
        assert "01-001" not in browser.get(path, 403).html
    for ending in POSTS:
        browser.post(BESANCON + ending, key | CHANGES, 403)
    assert is_untouched(session)


@pytest.mark.requirement("ACC-01")
def test_an_investigator_does_what_a_nurse_does(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    site = factories.get_site(session, study, "01")
    user = factories.make_staff(session, clock, Role.INVESTIGATOR, study, site, language="en")
    browser = factories.sign_in(browser, session, clock, user)
    page = browser.press(browser.get(BESANCON), "Give a new link Baseline")
    assert page.h1 == "Link for 01-001"


@pytest.mark.requirement("ACC-01")
def test_a_role_that_has_ended_opens_nothing(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    site = factories.get_site(session, study, "01")
    user = factories.make_staff(session, clock, Role.NURSE, study, site, language="en")
    browser = factories.sign_in(browser, session, clock, user)
    browser.get(BESANCON)
    for assignment in session.scalars(select(RoleAssignment).where(RoleAssignment.user_id == user.id)):
        assignment.ended_at = clock.now()
    session.commit()
    browser.get(BESANCON, 403)


def test_without_a_session_every_page_leads_to_the_sign_in(browser: Browser, patient: Patient) -> None:
    page = browser.get(f"{BESANCON}?lang=en")
    assert page.path.startswith("/login?next=")
    assert "01-001" not in page.text
