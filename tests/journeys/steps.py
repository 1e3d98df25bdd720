"""A patient's taps in a browser."""

import re

from playwright.sync_api import Page, expect

from tests.patient.steps import EN, FR, ITEMS, WORDS

__all__ = ["EN", "FR", "ITEMS", "WORDS", "answer", "answer_from", "button", "link", "start"]


def button(page: Page, text: str) -> None:
    """Taps a button and waits for what it leads to."""
    with page.expect_navigation():
        page.get_by_role("button", name=text, exact=True).click()


def link(page: Page, text: str) -> None:
    """Follows a link."""
    with page.expect_navigation():
        page.get_by_role("link", name=text, exact=True).first.click()


def start(page: Page, address: str, words: dict[str, str]) -> None:
    """Opens a link and taps the one button."""
    page.goto(address)
    button(page, words["start"])
    expect(page).to_have_url(re.compile(r"/survey/"))


def answer(page: Page, item: str, code: int, words: dict[str, str]) -> None:
    """Taps an option's row and continues."""
    expect(page).to_have_url(re.compile(rf"/survey/{item}(\?|$)"))
    page.locator(f"label[for={item}-{code}]").click()
    button(page, words["next"])


def answer_from(page: Page, first: str, words: dict[str, str], code: int = 2) -> None:
    """Answers all items from one on."""
    for item in ITEMS[ITEMS.index(first) :]:
        answer(page, item, code, words)
    expect(page).to_have_url(re.compile(r"/survey/review$"))
