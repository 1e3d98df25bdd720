"""The analyst's page: what has come in, and what the download holds."""

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Study
from app.services.access import PERMISSIONS, Permission, Role
from tests import factories
from tests.page import Browser, Page, text_of

FRONT = "/analyst/"


def figures(page: Page) -> dict[str, str]:
    """The numbers of the study by their names."""
    pairs = zip(page.all("dt"), page.all("dd"), strict=True)
    return {text_of(name): text_of(value) for name, value in pairs}


def test_the_numbers_are_those_of_all_sites(analyst: Browser, patient: Patient) -> None:
    page = analyst.get(FRONT)
    assert page.h1 == "Data"
    assert "Data cut: 23 November 2026 at 09:00 UTC" in page.text
    assert figures(page) == {
        "Patients": "3",
        "Visits expected by now": "3",
        "Questionnaires received": "1",
    }


def test_a_visit_is_expected_once_its_window_opens(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    clock.set(factories.get_visit(session, patient, "M3").opens_at)
    user = factories.make_staff(session, clock, Role.ANALYST, study, language="en")
    page = factories.sign_in(browser, session, clock, user).get(FRONT)
    assert figures(page)["Visits expected by now"] == "4"


def test_the_command_that_does_the_same_is_shown(analyst: Browser, patient: Patient) -> None:
    page = analyst.get(FRONT)
    assert "flask --app wsgi export --study GIST-IMA --out DIR" in [text_of(each) for each in page.all("pre")]
    assert "The arm is included." in page.text


@pytest.mark.requirement("EXP-04")
def test_who_may_not_see_arms_is_told_that_they_are_left_out(
    analyst: Browser, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PERMISSIONS, Role.ANALYST, frozenset({Permission.EXPORT}))
    page = analyst.get(FRONT)
    assert "The arm is left out" in page.text
    assert "--without-arm" in page.text


@pytest.mark.requirement("EXP-05")
def test_no_patient_is_on_the_page(analyst: Browser, patient: Patient) -> None:
    page = analyst.get(FRONT)
    assert "04-001" not in page.html
    assert not [each for each in page.all("a") if "/nurse" in each.get("href", "")]


def test_without_a_study_the_page_says_when_one_appears(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    # A role at one site alone is not enough to take away the data of all.
    site = factories.get_site(session, study)
    user = factories.make_staff(session, clock, Role.ANALYST, study, site, language="en")
    page = factories.sign_in(browser, session, clock, user).get(FRONT)
    assert "No study to take data from." in page.text
    assert "GIST-IMA" not in page.text


@pytest.mark.parametrize(
    "role", [Role.NURSE, Role.INVESTIGATOR, Role.MONITOR, Role.INSPECTOR, Role.ADMINISTRATOR]
)
@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_other_roles_are_refused(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, role: Role
) -> None:
    site = factories.get_site(session, study)
    user = factories.make_staff(session, clock, role, study, site, language="en")
    page = factories.sign_in(browser, session, clock, user).get(FRONT, 403)
    assert "GIST-IMA" not in page.text


@pytest.mark.requirement("CLI-06")
def test_the_page_is_there_in_french(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    user = factories.make_staff(session, clock, Role.ANALYST, study, language="fr")
    page = factories.sign_in(browser, session, clock, user).get(FRONT)
    assert (page.language, page.h1) == ("fr", "Données")
    assert "Interruption ou poursuite de l’imatinib" in page.text
