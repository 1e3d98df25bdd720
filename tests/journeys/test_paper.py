"""A sheet of paper in a browser: typed digit by digit, with and without a script, on a phone, printed."""

import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.models import Patient, Study, User
from app.services.access import Role
from app.services.accounts import grant_role
from tests import factories
from tests.journeys.conftest import COMPUTER, PHONE, Open
from tests.journeys.hospital import Hospital
from tests.journeys.looks import ALL_RULES, violations
from tests.patient.steps import ITEMS


def place(hospital: Hospital, patient: Patient, page: str) -> str:
    """The address of a page of the first visit's sheet."""
    return f"{hospital.url}/nurse/GIST-IMA/{patient.code}/visits/BASELINE/{page}"


def today() -> str:
    """The date on the sheet."""
    return datetime.now(UTC).date().isoformat()


def focused(page: Page) -> str:
    """The id of what the next key goes to."""
    return str(page.evaluate("document.activeElement.id"))


def record(page: Page) -> None:
    """Presses the button of the form, in whichever language it is."""
    with page.expect_navigation():
        page.locator("#transcription button.btn-primary").click()


def join(hospital: Hospital, study: Study) -> None:
    """The nurse who signed in last works on another study too."""
    email = f"nurse{hospital.accounts}@staff.example"
    user = hospital.session.scalars(select(User).where(User.email == email)).one()
    site = factories.get_site(hospital.session, study)
    grant_role(hospital.session, hospital.clock, user, Role.NURSE, study, site)
    hospital.session.commit()


@pytest.mark.requirement("CLI-04")
def test_thirty_answers_are_typed_in_under_a_minute_without_the_tab_key(
    sign_in: Open, hospital: Hospital
) -> None:
    patient, page = hospital.patient("en", randomised=False), sign_in(Role.NURSE, "en")
    page.goto(place(hospital, patient, "paper"))
    page.locator("#completed_on").fill(today())
    began, given = time.monotonic(), "1234" * 7 + "-7"
    page.locator("#q01").focus()
    page.keyboard.type(given)
    # A hand on the number pad types three digits in a second; what the page adds is measured.
    assert time.monotonic() - began + len(given) / 3 < 60
    assert focused(page) == "remark"
    values = [page.locator(f"#{item}").input_value() for item in ITEMS]
    assert "".join(values) == given
    record(page)
    expect(page.get_by_role("status")).to_have_text("The answers on paper are recorded as received.")
    expect(page.get_by_role("row", name=re.compile("^Baseline"))).to_contain_text("Received")


@pytest.mark.requirement("CLI-04")
@pytest.mark.requirement("CLI-06")
def test_a_digit_that_is_no_answer_stays_where_it_is_and_the_keys_lead_back(
    sign_in: Open, hospital: Hospital
) -> None:
    patient, page = hospital.patient("en", randomised=False), sign_in(Role.NURSE, "en")
    page.goto(place(hospital, patient, "paper"))
    page.locator("#q01").focus()
    page.keyboard.type("27")
    assert focused(page) == "q02"
    expect(page.locator("#q02")).to_have_attribute("aria-invalid", "true")
    page.keyboard.type("3")
    assert (focused(page), page.locator("#q02").input_value()) == ("q03", "3")
    page.keyboard.press("Backspace")
    assert focused(page) == "q02"
    page.keyboard.type("1")
    assert (focused(page), page.locator("#q02").input_value()) == ("q03", "1")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "q04"
    assert page.url == place(hospital, patient, "paper")


@pytest.mark.requirement("CLI-04")
@pytest.mark.requirement("AE-01")
def test_what_an_answer_rules_out_is_passed_over(sign_in: Open, hospital: Hospital) -> None:
    study = factories.make_study(hospital.session, hospital.clock, with_symptoms=True, code="LISTING")
    patient, page = hospital.patient("en", randomised=False, study=study), sign_in(Role.NURSE, "en")
    join(hospital, study)
    page.goto(f"{hospital.url}/nurse/{study.code}/{patient.code}/visits/BASELINE/paper")
    page.locator("#pt009a").focus()
    page.keyboard.type("0")
    expect(page.locator("[data-if='pt009a>0']")).to_have_class(re.compile("is-ruled-out"))
    assert focused(page) not in {"pt009b", "pt009c"}
    page.locator("#pt009a").focus()
    page.keyboard.type("2")
    assert focused(page) == "pt009b"


@pytest.mark.requirement("CLI-04")
def test_without_a_script_the_sheet_is_a_plain_form(sign_in: Open, hospital: Hospital) -> None:
    patient, page = (
        hospital.patient("en", randomised=False),
        sign_in(Role.NURSE, "en", java_script_enabled=False),
    )
    page.goto(place(hospital, patient, "paper"))
    page.locator("#completed_on").fill(today())
    for item in ITEMS:
        page.locator(f"#{item}").fill("2")
    page.locator("#q04").fill("")
    record(page)
    expect(page.locator("#q04-fault")).to_contain_text("Question 4")
    page.locator("#q04").fill("-")
    record(page)
    expect(page.get_by_role("status")).to_have_text("The answers on paper are recorded as received.")


@pytest.mark.requirement("A11-01")
@pytest.mark.requirement("CLI-06")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_pages_of_a_sheet_are_accessible_on_a_phone_and_on_a_computer(
    sign_in: Open, hospital: Hospital, language: str
) -> None:
    patient, wrong = hospital.patient(language, randomised=False), {}
    page = sign_in(Role.NURSE, language, viewport=PHONE)
    for name in ("paper", "refused", "sheet"):
        if name == "refused":
            page.locator("#completed_on").fill(today())
            record(page)
        else:
            page.goto(place(hospital, patient, name))
        for size in (PHONE, COMPUTER):
            page.set_viewport_size(size)
            found = violations(page, ALL_RULES)
            if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
                found.append("scrolls sideways")
            if found:
                wrong[f"{name} {size['width']}"] = found
    assert wrong == {}


@pytest.mark.requirement("CLI-04")
def test_the_sheet_prints_on_a_few_pages_with_a_box_for_each_option(
    sign_in: Open, hospital: Hospital, tmp_path: Path
) -> None:
    patient, page = hospital.patient("fr", randomised=False), sign_in(Role.NURSE, "en")
    page.goto(place(hospital, patient, "sheet"))
    assert page.locator("html").get_attribute("lang") == "fr"
    page.emulate_media(media="print")
    expect(page.locator(".screen-only")).to_be_hidden()
    assert page.locator(".part .option").count() == 28 * 4 + 2 * 7
    box = page.locator("header svg").bounding_box()
    assert box is not None
    assert box["width"] > 80
    printed = page.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 6
