"""One server and one browser for all journeys; each journey has its own phones and computers in it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from app.services.access import Role
from tests.chromium import LAUNCH_FLAGS, chromium_path
from tests.journeys.hospital import PASSWORD, Hospital, serving

Open = Callable[..., Page]
PHONE: ViewportSize = {"width": 360, "height": 740}
COMPUTER: ViewportSize = {"width": 1280, "height": 800}
TIMEOUT = 15_000


@pytest.fixture(scope="package")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """The web server with the first study."""
    with serving(tmp_path_factory.mktemp("hospital")) as running:
        yield running


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser; ended with the journeys, since no other test can run beside its event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=LAUNCH_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def device(chromium: Browser, hospital: Hospital) -> Iterator[Open]:
    """Opens a browser of its own, a phone unless told otherwise; it talks to our host alone."""
    contexts: list[BrowserContext] = []
    strangers: list[str] = []
    faults: list[str] = []

    def is_ours(url: str) -> bool:
        return url.startswith(hospital.url)

    def open_device(language: str = "fr", **options: Any) -> Page:
        context = chromium.new_context(**({"viewport": PHONE, "locale": language} | options))
        context.set_default_timeout(TIMEOUT)
        contexts.append(context)
        context.on("request", lambda request: note(strangers, request.url, not is_ours(request.url)))
        context.on("weberror", lambda error: note(faults, str(error.error)))
        context.on("console", lambda message: note(faults, message.text, is_fault(message.text)))
        return context.new_page()

    yield open_device
    for context in contexts:
        context.close()
    assert (strangers, faults) == ([], [])


def note(notes: list[str], text: str, is_worth_it: bool = True) -> None:
    """Keeps what a journey must not meet."""
    if is_worth_it:
        notes.append(text)


def is_fault(text: str) -> bool:
    """Whether a message tells of content that the policy refused, or of a script that failed."""
    return "Content Security Policy" in text or "Uncaught" in text


@pytest.fixture
def sign_in(device: Open, hospital: Hospital) -> Open:
    """Signs a new member of staff in with a real password; returns the page that comes then."""
    return lambda role, language="fr", **options: signed_in(device, hospital, role, language, **options)


def signed_in(device: Open, hospital: Hospital, role: Role, language: str, **options: Any) -> Page:
    """A browser in which a member of staff has signed in."""
    page = device(language, **({"viewport": COMPUTER} | options))
    page.goto(f"{hospital.url}/login")
    page.locator("#email").fill(hospital.staff(role, language))
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name={"fr": "Se connecter", "en": "Sign in"}[language], exact=True).click()
    page.get_by_role("banner").wait_for()
    return page
