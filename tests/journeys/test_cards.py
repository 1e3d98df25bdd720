"""Cards as a browser prints them: the code is right and large enough, the words in both languages."""

import re

import pytest
from playwright.sync_api import Page

from app.services.access import Role
from tests.journeys.conftest import PHONE, Open
from tests.journeys.hospital import Hospital
from tests.prints import modules_of, printed_code, printed_text

pytestmark = pytest.mark.requirement("LINK-06")
SMALLEST_MM = 30
BUTTONS = {"visit": "^Give the link", "personal": "^Give a personal link"}
KINDS = pytest.mark.parametrize("kind", BUTTONS)


def card(sign_in: Open, hospital: Hospital, kind: str, **options: object) -> Page:
    """The page of a link just given."""
    page, patient = sign_in(Role.NURSE, "en", **options), hospital.patient(randomised=False)
    page.goto(f"{hospital.url}/nurse/GIST-IMA/{patient.code}")
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile(BUTTONS[kind])).first.click()
    return page


@KINDS
@pytest.mark.threat("A13")
@pytest.mark.parametrize("paper", ["A4", "A5"])
def test_the_printed_code_is_that_of_the_printed_address(
    sign_in: Open, hospital: Hospital, kind: str, paper: str
) -> None:
    page = card(sign_in, hospital, kind)
    address = page.locator("#address").input_value()
    pdf = page.pdf(format=paper)
    expected = modules_of(address)
    found = printed_code(pdf, len(expected))
    assert found.modules == expected
    assert found.side_mm >= SMALLEST_MM
    text = printed_text(pdf)
    assert address in text
    for words in (
        "Nousnevousdemandonsjamaisdemotdepasse",
        "Weneveraskforapassword",
        "Français",
        "English",
    ):
        assert words in text
    # What is for the nurse alone stays on the screen.
    assert "Signout" not in text


@KINDS
def test_both_languages_stand_side_by_side_on_paper_and_fit_one_page(
    sign_in: Open, hospital: Hospital, kind: str
) -> None:
    page = card(sign_in, hospital, kind)
    page.emulate_media(media="print")
    # A4 within margins of 1 cm, at 96 pixels an inch.
    page.set_viewport_size({"width": 718, "height": 1047})
    french, english = (page.locator(f"section[lang={each}]").bounding_box() for each in ("fr", "en"))
    assert french is not None
    assert english is not None
    assert abs(french["y"] - english["y"]) < 1
    assert english["x"] >= french["x"] + french["width"]
    card_box = page.locator(".link-card").bounding_box()
    assert card_box is not None
    assert card_box["y"] + card_box["height"] <= 1047


@KINDS
def test_on_a_phone_the_card_needs_no_scrolling_sideways(
    sign_in: Open, hospital: Hospital, kind: str
) -> None:
    page = card(sign_in, hospital, kind, viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
