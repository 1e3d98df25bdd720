"""The ward's tablet from hand to hand in a real browser: nothing of anybody is left for the next."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect
from sqlalchemy import select

from app.models import Patient, Response
from app.services.access import Role
from tests.journeys.conftest import Open
from tests.journeys.hospital import PASSWORD, Hospital
from tests.journeys.looks import ALL_RULES, misfits, problems, violations
from tests.journeys.steps import EN, STORED, answer_from, button, carried, choose, is_at, is_kept, link, until

pytestmark = [pytest.mark.requirement("CLI-07"), pytest.mark.threat("A15")]
TABLET: ViewportSize = {"width": 820, "height": 1180}
BACK = "Hand the tablet back to the nurse"
PATHS = (
    "/",
    "/nurse/",
    "/nurse/?q=04",
    "/nurse/patients/new",
    "/nurse/GIST-IMA/{code}",
    "/nurse/GIST-IMA/{code}/contact",
    "/nurse/GIST-IMA/{code}/events",
    "/nurse/GIST-IMA/{code}/randomisation",
    "/analyst/",
    "/manager/wording/",
)
LEFT = """async () => ({
  databases: (await indexedDB.databases()).length,
  copies: (await caches.keys()).length,
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  notes: sessionStorage.length + localStorage.length,
})"""
NOTHING = {"databases": 0, "copies": 0, "workers": 0, "notes": 0}


def patient_page(hospital: Hospital, patient: Patient) -> str:
    return f"{hospital.url}/nurse/GIST-IMA/{patient.code}"


def hand_over(page: Page, hospital: Hospital, patient: Patient) -> None:
    page.goto(patient_page(hospital, patient))
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile("^(Fill in here|Remplir ici)")).click()
    expect(page).to_have_url(f"{hospital.url}/ward")


def sign_in_again(page: Page, password: str = PASSWORD) -> None:
    page.locator("#password").fill(password)
    with page.expect_navigation():
        page.locator("form button").click()


def patients_cookies(context: BrowserContext) -> list[str]:
    return [str(each.get("name")) for each in context.cookies() if "patient" in str(each.get("name"))]


def answers(hospital: Hospital, patient: Patient) -> dict[str, int]:
    """What the server has of a patient, item by item."""
    query = select(Response).where(Response.patient_id == patient.id)
    found = hospital.session.scalars(query.execution_options(populate_existing=True)).one()
    hospital.session.commit()
    return {item: entry["value"] for item, entry in found.answers.items()}


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("A11")
@pytest.mark.threat("B1")
def test_from_the_nurse_to_the_patient_and_back(sign_in: Open, hospital: Hospital) -> None:
    patient = hospital.patient("en", randomised=False)
    tablet = sign_in(Role.NURSE, "en", viewport=TABLET)
    tablet.goto(f"{hospital.url}/nurse/")
    hand_over(tablet, hospital, patient)
    tablet.go_back()
    expect(tablet).to_have_url(f"{hospital.url}/resume")
    for path in PATHS:
        tablet.goto(hospital.url + path.format(code=patient.code))
        expect(tablet).to_have_url(f"{hospital.url}/resume")
        assert not re.search(r"\b04-\d{3}\b", tablet.content()), path
    tablet.goto(f"{hospital.url}/ward")
    assert patient.code in tablet.get_by_role("main").inner_text()
    button(tablet, "Yes, start")
    answer_from(tablet, "q01", EN)
    button(tablet, EN["send"])
    expect(tablet.get_by_role("heading", level=1)).to_have_text(BACK)
    expect(tablet).to_have_url(f"{hospital.url}/ward")
    expect(tablet.get_by_role("main")).to_contain_text("your answers are sent")
    assert tablet.evaluate(LEFT) == NOTHING
    assert patients_cookies(tablet.context) == []
    for _ in range(3):
        tablet.go_back()
        assert tablet.locator("fieldset").count() == 0
        assert not re.search(r"Item \d+ of", tablet.content())
    link_back = f"{hospital.url}/ward"
    tablet.goto(link_back)
    link(tablet, "For the nurse: sign in again")
    sign_in_again(tablet, "a wrong password, long enough")
    expect(tablet.get_by_role("alert")).to_be_visible()
    sign_in_again(tablet)
    expect(tablet).to_have_url(patient_page(hospital, patient))
    expect(tablet.get_by_role("row", name=re.compile("^Baseline"))).to_contain_text("Received")
    assert set(answers(hospital, patient).values()) == {2}


def test_stopping_half_way_leaves_nothing_behind(sign_in: Open, hospital: Hospital) -> None:
    patient = hospital.patient("en", randomised=False)
    tablet = sign_in(Role.NURSE, "en", viewport=TABLET)
    hand_over(tablet, hospital, patient)
    button(tablet, "Yes, start")
    with carried(tablet, "q01"):
        choose(tablet, "q01", 3)
    is_kept(tablet)
    link(tablet, "Stop and hand the tablet back")
    button(tablet, "Stop and hand the tablet back")
    expect(tablet.get_by_role("heading", level=1)).to_have_text(BACK)
    assert tablet.evaluate(LEFT) == NOTHING
    assert patients_cookies(tablet.context) == []
    tablet.go_back()
    assert tablet.locator("fieldset").count() == 0
    assert answers(hospital, patient) == {"q01": 3}


def go_offline_with_answers(tablet: Page) -> Page:
    """Answers without a network, closes the page before there is one again; returns a new page."""
    is_kept(tablet)
    tablet.context.set_offline(True)
    choose(tablet, "q01", 4)
    button(tablet, EN["next"])
    choose(tablet, "q02", 4)
    until(tablet, "waiting == 2")
    context = tablet.context
    # Merely left, the page could still be there when the network returns, and carry what waits.
    tablet.close()
    context.set_offline(False)
    return context.new_page()


@pytest.mark.threat("A11")
def test_what_waits_of_one_patient_is_not_left_for_the_next(sign_in: Open, hospital: Hospital) -> None:
    first, second = (hospital.patient("en", randomised=False) for _ in range(2))
    tablet = sign_in(Role.NURSE, "en", viewport=TABLET)
    hand_over(tablet, hospital, first)
    button(tablet, "Yes, start")
    tablet = go_offline_with_answers(tablet)
    tablet.goto(patient_page(hospital, second))
    sign_in_again(tablet)
    hand_over(tablet, hospital, second)
    expect(tablet.get_by_role("main")).to_contain_text(second.code)
    button(tablet, "Yes, start")
    is_at(tablet, "q01")
    assert tablet.locator("input:checked").count() == 0
    assert tablet.evaluate(STORED)["waiting"] == 0
    with carried(tablet, "q01"):
        choose(tablet, "q01", 1)
    assert answers(hospital, second) == {"q01": 1}
    assert answers(hospital, first) == {}


def test_what_waits_is_carried_by_going_back_to_the_questionnaire(sign_in: Open, hospital: Hospital) -> None:
    patient = hospital.patient("en", randomised=False)
    tablet = sign_in(Role.NURSE, "en", viewport=TABLET)
    hand_over(tablet, hospital, patient)
    button(tablet, "Yes, start")
    tablet = go_offline_with_answers(tablet)
    tablet.goto(f"{hospital.url}/resume")
    with tablet.expect_response(lambda each: each.url.endswith("/survey/answers") and each.ok):
        link(tablet, "Back to the questionnaire")
    until(tablet, "waiting == 0")
    button(tablet, "Stop and hand the tablet back")
    assert answers(hospital, patient) == {"q01": 4, "q02": 4}


@pytest.mark.requirement("A11-01")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_pages_of_the_tablet_are_accessible(sign_in: Open, hospital: Hospital, language: str) -> None:
    patient, wrong = hospital.patient(language, randomised=False), {}
    page = sign_in(Role.NURSE, language, viewport={"width": 360, "height": 740})

    def look(name: str) -> None:
        assert page.locator("html").get_attribute("lang") == language, name
        if (found := (problems(page), misfits(page))) != ([], {}):
            wrong[name] = found

    hand_over(page, hospital, patient)
    look("confirm")
    with page.expect_navigation():
        page.locator("button[value=yes]").click()
    look("question")
    page.goto(f"{hospital.url}/ward/leave")
    look("stop")
    page.goto(f"{hospital.url}/resume")
    if found := violations(page, ALL_RULES):
        wrong["resume"] = (found, {})
    page.goto(f"{hospital.url}/ward/leave")
    with page.expect_navigation():
        page.locator("#start button").click()
    look("back")
    assert wrong == {}
