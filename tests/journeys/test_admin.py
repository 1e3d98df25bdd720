"""An administrator invites a nurse, who chooses a password; the pages on a phone, on a computer, on paper."""

import pytest
from playwright.sync_api import Page

from app.services.access import Role
from tests.journeys.conftest import COMPUTER, PHONE, Open
from tests.journeys.hospital import PASSWORD, Hospital
from tests.journeys.looks import ALL_RULES, violations

OWN = "several words I remember"
PAGES = (
    "link",
    "/admin/",
    "/admin/access",
    "/admin/sites",
    "/admin/invite",
    "/sessions",
    "person",
    "password",
    "gone",
)


def found_on(page: Page) -> list[str]:
    """What axe finds, and whether the page is wider than the screen."""
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0
    return [*violations(page, ALL_RULES), *(["scrolls sideways"] if wide else [])]


def invite(page: Page, hospital: Hospital, email: str) -> str:
    """Invites a nurse of Lyon by the keyboard alone; returns the address of the link."""
    page.goto(f"{hospital.url}/admin/invite")
    page.locator("#email").focus()
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    for wanted in ("nurse", "GIST-IMA/04"):
        page.keyboard.press("Tab")
        while page.evaluate("document.activeElement.value") != wanted:
            page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    return page.locator("#address").input_value()


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("B11")
def test_an_invited_nurse_chooses_a_password_and_signs_in(
    sign_in: Open, device: Open, hospital: Hospital
) -> None:
    admin, email = sign_in(Role.ADMINISTRATOR, "fr"), "invited@staff.example"
    address = invite(admin, hospital, email)
    assert address.startswith(f"{hospital.url}/password/")
    phone = device("fr")
    phone.goto(address)
    phone.locator("#password").fill(OWN)
    phone.locator("#again").fill(OWN)
    phone.locator("main form button").click()
    phone.wait_for_url("**/password-kept?lang=*")
    phone.goto(f"{hospital.url}/login")
    phone.locator("#email").fill(email)
    phone.locator("#password").fill(OWN)
    phone.locator("main form button").click()
    phone.wait_for_url("**/nurse/")
    assert phone.goto(address).status == 404  # type: ignore[union-attr]


@pytest.mark.requirement("A11-01")
@pytest.mark.requirement("CLI-06")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_administrators_pages_are_accessible_on_a_phone_and_on_a_computer(
    sign_in: Open, device: Open, hospital: Hospital, language: str
) -> None:
    page, wrong = sign_in(Role.ADMINISTRATOR, language), {}
    address = invite(page, hospital, f"a.long.address.of.somebody.{language}@staff.example")
    for path in (
        "link",
        "/admin/",
        "/admin/access",
        "/admin/sites",
        "/admin/invite",
        "person",
        "password",
        "gone",
    ):
        if path == "person":
            page.goto(f"{hospital.url}/admin/?q={language}@staff")
            page.locator("tbody a").first.click()
            page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true; })")
        elif path != "link":
            named = {"password": address, "gone": f"{hospital.url}/password/unknown"}
            page.goto(named.get(path, hospital.url + path))
        assert page.locator("html").get_attribute("lang") == language
        for size in (PHONE, COMPUTER):
            page.set_viewport_size(size)
            if found := found_on(page):
                wrong[f"{path} {size['width']}"] = found
    assert wrong == {}


@pytest.mark.requirement("CLI-06")
def test_the_dated_list_prints_without_what_is_for_the_screen(sign_in: Open, hospital: Hospital) -> None:
    page = sign_in(Role.ADMINISTRATOR, "en")
    page.goto(f"{hospital.url}/admin/access")
    page.emulate_media(media="print")
    assert page.locator("table").is_visible()
    assert page.locator(".print-only").is_visible()
    for each in (".bar", "main form", "nav.pages"):
        assert not page.locator(each).first.is_visible()
