"""The switch of language on the pages of the staff."""

import pytest
from sqlalchemy.orm import Session

from app.auth.views import local_path
from app.clock import SteppedClock
from app.models import User
from tests import factories
from tests.page import Browser


@pytest.fixture
def staff(browser: Browser, session: Session, clock: SteppedClock, user: User) -> Browser:
    """A browser in which the nurse is signed in."""
    return factories.sign_in(browser, session, clock, user)


def token(browser: Browser) -> str:
    """A form token of the session."""
    return browser.get("/nurse/").all("input", name="csrf_token")[0].get("value", "")


@pytest.mark.requirement("CLI-06")
def test_the_switch_stays_on_the_page_and_for_the_session(staff: Browser) -> None:
    page = staff.press(staff.get("/nurse/?q=04"), "Français")
    assert (page.path, page.language) == ("/nurse/?q=04", "fr")
    assert staff.get("/nurse/patients/new").language == "fr"
    assert staff.press(page, "English").language == "en"


def test_the_switch_wins_over_a_language_in_the_address(staff: Browser) -> None:
    page = staff.press(staff.get("/nurse/?lang=fr"), "English")
    assert (page.path, page.language) == ("/nurse/", "en")


def test_after_a_link_was_given_the_switch_leads_to_the_patient(
    staff: Browser, session: Session, clock: SteppedClock, user: User
) -> None:
    form = staff.get("/nurse/patients/new")
    patient = staff.press(form, "Register the patient", consent_on="2026-11-20")
    link = staff.press(patient, "Give the link Baseline")
    assert staff.press(link, "Français").path == "/nurse/GIST-IMA/04-001"


@pytest.mark.parametrize("language", ["de", "", "fr' OR 1=1"])
def test_another_language_changes_nothing(staff: Browser, language: str) -> None:
    data = {"csrf_token": token(staff), "language": language, "next": "/nurse/"}
    assert staff.post("/language", data).language == "en"


@pytest.mark.threat("C10")
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        "/nurse/\r\nSet-Cookie: x=y",
        "/\t/evil.example",
    ],
)
def test_the_switch_never_leads_to_another_host(staff: Browser, target: str) -> None:
    data = {"csrf_token": token(staff), "language": "fr", "next": target}
    answer = staff.client.post("/language", data=data)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize("target", ["/", "/nurse/", "/nurse/?q=04-0&after=1~04-025"])
def test_a_path_of_our_own_is_kept(target: str) -> None:
    assert local_path(target) == target
