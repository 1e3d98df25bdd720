"""A nurse's morning: register, hand over a link, see the answers come in, record the randomisation."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from app.services.access import Role
from tests.journeys.conftest import COMPUTER, PHONE, Open
from tests.journeys.hospital import Hospital
from tests.journeys.looks import ALL_RULES, violations
from tests.journeys.steps import EN, answer, answer_from, button, start


def press(page: Page, name: str) -> None:
    """Presses the first button whose name begins so."""
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile(f"^{name}")).first.click()


def row(page: Page, visit: str) -> str:
    """What the table of visits says of one visit."""
    return page.get_by_role("row", name=re.compile(f"^{visit}")).inner_text()


@pytest.mark.requirement("CLI-02")
@pytest.mark.requirement("LINK-04")
@pytest.mark.requirement("LINK-06")
@pytest.mark.requirement("VIS-07")
def test_from_the_registration_to_the_answers(device: Open, sign_in: Open, hospital: Hospital) -> None:
    nurse = sign_in(Role.NURSE, "en")
    expect(nurse.get_by_role("heading", level=1)).to_contain_text("Lyon")
    nurse.get_by_role("link", name="New patient").click()
    nurse.get_by_label("Patient code").fill("04-801")
    nurse.get_by_label("Date of consent").fill(datetime.now(UTC).date().isoformat())
    nurse.get_by_role("radio", name="English").check()
    press(nurse, "Register the patient")
    expect(nurse.get_by_role("heading", level=1, name="04-801")).to_be_visible()
    press(nurse, "Give the link")
    qr = nurse.get_by_role("img", name="QR code of the link")
    box = qr.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 200
    address = nurse.get_by_role("textbox").input_value()
    assert address.startswith(f"{hospital.url}/l/")
    assert len(address.rsplit("/", 1)[1]) == 43
    nurse.get_by_role("link", name="Done").click()
    assert "Given on" in row(nurse, "Baseline")
    patient = device("en")
    start(patient, address, EN)
    answer(patient, "q01", 2, EN)
    nurse.reload()
    assert "In progress" in row(nurse, "Baseline")
    answer_from(patient, "q02", EN)
    button(patient, EN["send"])
    expect(patient.get_by_role("heading", level=1)).to_have_text("Thank you, your answers are sent")
    nurse.reload()
    assert "Received" in row(nurse, "Baseline")
    nurse.get_by_role("link", name="Record the randomisation").click()
    nurse.get_by_label("Date of randomisation").fill(datetime.now(UTC).date().isoformat())
    nurse.get_by_role("radio", name="Continuation").check()
    press(nurse, "Check")
    expect(nurse.get_by_role("main")).to_contain_text("14 visits will follow")
    press(nurse, "Record the randomisation")
    expect(nurse.get_by_role("heading", level=1, name="04-801")).to_be_visible()
    expect(nurse.get_by_role("main")).to_contain_text("Continuation")
    nurse.locator("summary", has_text="Later visits").click()
    assert "Not yet expected" in row(nurse, "Month 60")


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A7")
def test_a_revoked_link_shows_as_revoked_and_opens_nothing(
    device: Open, sign_in: Open, hospital: Hospital
) -> None:
    patient = hospital.patient("en", randomised=False)
    address, phone, nurse = hospital.link(patient), device("en"), sign_in(Role.INVESTIGATOR, "en")
    start(phone, address, EN)
    nurse.goto(f"{hospital.url}/nurse/GIST-IMA/{patient.code}")
    nurse.locator("summary").first.click()
    nurse.get_by_label("Reason").first.select_option(label="Phone lost or stolen")
    nurse.get_by_role("button", name="Revoke", exact=True).first.click()
    expect(nurse.get_by_role("row", name=re.compile("^Baseline"))).to_contain_text("lost or stolen")
    for path in ("/survey/q01", address.removeprefix(hospital.url)):
        phone.goto(hospital.url + path)
        expect(phone.get_by_role("heading", level=1)).to_have_text("This link can no longer be used")


@pytest.mark.threat("B1")
def test_after_signing_out_back_shows_nothing(sign_in: Open, hospital: Hospital) -> None:
    page = sign_in(Role.DATA_MANAGER, "en")
    cookies = page.context.cookies()
    button(page, "Sign out")
    page.go_back()
    expect(page).to_have_url(re.compile(r"/login"))
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.goto(f"{hospital.url}/nurse/")
    expect(page).to_have_url(re.compile(r"/login"))


def contact_pages(page: Page, place: str) -> Iterator[str]:
    """Leads through the states of the page of contact details."""
    page.goto(place)
    yield "no contact details"
    for phone, name in (("06 39", "refused contact details"), ("06 39 98 00 01", "contact details")):
        page.locator("#phone").fill(phone)
        page.locator("[name=channel][value=sms]").check()
        with page.expect_navigation():
            page.locator("form.narrow button.btn-primary").click()
        yield name
    with page.expect_navigation():
        page.locator("form[action$=show] button").click()
    yield "opened contact details"
    page.goto(place)
    page.locator("main summary").click()
    with page.expect_navigation():
        page.locator("form[action$=erase] button").click()
    yield "erased contact details"


def step_pages(page: Page, place: str, today: str) -> Iterator[str]:
    """Leads through the pages of a patient's way through the study, and ends it with the withdrawal."""
    submit = page.locator("form.narrow button.btn-primary")
    for path in ("milestones", "treatment", "unscheduled", "milestones/new/consent-withdrawn"):
        page.goto(f"{place}/{path}")
        yield path
    page.goto(f"{place}/treatment/new")
    with page.expect_navigation():
        submit.click()
    yield "refused drug"
    page.locator("[name=which][value=imatinib]").check()
    page.locator("#started_on").fill(today)
    with page.expect_navigation():
        submit.click()
    yield "drugs"
    page.goto(f"{place}/unscheduled")
    page.locator("[name=questionnaires]").first.check()
    with page.expect_navigation():
        submit.click()
    yield "a visit besides the schedule"
    page.goto(f"{place}/milestones/new/consent-withdrawn")
    page.locator("#occurred_on").fill(today)
    with page.expect_navigation():
        submit.click()
    yield "second look at the withdrawal"
    with page.expect_navigation():
        page.locator("[name=confirm]").click()
    yield "milestones after the withdrawal"
    with page.expect_navigation():
        page.locator("a[href$=undo]").click()
    yield "undoing"
    page.locator("#reason").fill("Recorded by mistake")
    with page.expect_navigation():
        page.locator("form.narrow button.btn-outline-danger").click()
    yield "an event struck out"


def move_pages(page: Page, hospital: Hospital, code: str) -> Iterator[str]:
    """Leads through the pages on which data managers move patients and answers, and import a list."""
    place = f"{hospital.url}/nurse/GIST-IMA/{code}"
    submit = page.locator("form button.btn-primary")
    for path in ("transfer", "wrong-patient"):
        page.goto(f"{place}/{path}")
        yield path
        with page.expect_navigation():
            submit.click()
        yield f"refused {path}"
    page.goto(f"{hospital.url}/manager/allocations/GIST-IMA")
    yield "list"
    heading, today = "site;patient;arm;randomised_on;remark", datetime.now(UTC).date().isoformat()
    for name, arm in (("faults of a list", "none"), ("second look at a list", "interruption")):
        page.locator("#list").fill(f"{heading}\n{code[:2]};{code};{arm};{today};On paper")
        with page.expect_navigation():
            submit.click()
        yield name


def pages(page: Page, hospital: Hospital, code: str) -> Iterator[str]:
    """Leads through the pages of site staff."""
    today, place = datetime.now(UTC).date().isoformat(), f"{hospital.url}/nurse/GIST-IMA/{code}"
    for path in ("/nurse/", "/nurse/?q=zzz", "/nurse/patients/new"):
        page.goto(hospital.url + path)
        yield path
    with page.expect_navigation():
        page.locator("form.narrow button.btn-primary").click()
    yield "refused registration"
    page.goto(place)
    yield "patient"
    yield from contact_pages(page, f"{place}/contact")
    yield from step_pages(page, place, today)
    page.goto(f"{place}/randomisation")
    yield "randomisation"
    page.locator("input[type=date]").fill(today)
    page.locator("input[type=radio]").first.check()
    page.locator("[name=remark]").fill("On paper")
    with page.expect_navigation():
        page.locator("form.narrow button.btn-primary").click()
    yield "second look"
    page.goto(place)
    with page.expect_navigation():
        page.locator("form[action$=link] button").first.click()
    yield "link"


@pytest.mark.requirement("A11-01")
@pytest.mark.requirement("CLI-06")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_staff_pages_are_accessible_on_a_phone_and_on_a_computer(
    device: Open, sign_in: Open, hospital: Hospital, language: str
) -> None:
    patient = hospital.patient(randomised=False)
    wrong: dict[str, list[str]] = {}
    page = sign_in(Role.NURSE, language, viewport=PHONE)
    for name in pages(page, hospital, patient.code):
        judge(page, name, wrong)
    assert wrong == {}


@pytest.mark.requirement("A11-01")
@pytest.mark.requirement("CLI-06")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_of_moves_and_lists_are_accessible(sign_in: Open, hospital: Hospital, language: str) -> None:
    patient = hospital.patient(randomised=False)
    wrong: dict[str, list[str]] = {}
    page = sign_in(Role.DATA_MANAGER, language, viewport=PHONE)
    for name in move_pages(page, hospital, patient.code):
        judge(page, name, wrong)
    assert wrong == {}


def judge(page: Page, name: str, wrong: dict[str, list[str]]) -> None:
    """Adds what axe finds on a page, and whether it scrolls sideways, on a phone and on a computer."""
    for size in (PHONE, COMPUTER):
        page.set_viewport_size(size)
        found = violations(page, ALL_RULES)
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            found.append("scrolls sideways")
        if found:
            wrong[f"{name} {size['width']}"] = found


@pytest.mark.requirement("A11-01")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_sign_in_page_is_accessible(device: Open, hospital: Hospital, language: str) -> None:
    page = device(language)
    page.goto(f"{hospital.url}/login")
    assert page.locator("html").get_attribute("lang") == language
    assert violations(page, ALL_RULES) == []
    page.locator("#email").fill("nobody@staff.example")
    page.locator("#password").fill("a wrong password, long enough")
    page.locator("form button").last.click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page, ALL_RULES) == []
