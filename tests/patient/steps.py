"""What a patient does, step by step, in the words of the page's language."""

from typing import Any
from xml.etree.ElementTree import Element

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

import scoring
from app.models import Base, Response
from tests.page import Browser, Page

ITEMS = [item.id for item in scoring.load_instrument("qlq-c30").items]
WORDS = {
    "fr": {
        "start": "Commencer",
        "next": "Continuer",
        "back": "Retour",
        "erase": "Effacer ma réponse",
        "skip": "Passer cette question",
        "change": "Modifier",
        "send": "Envoyer mes réponses",
        "other": "English",
    },
    "en": {
        "start": "Start",
        "next": "Continue",
        "back": "Back",
        "erase": "Erase my answer",
        "skip": "Skip this question",
        "change": "Change",
        "send": "Send my answers",
        "other": "Français",
    },
}
FR, EN = WORDS["fr"], WORDS["en"]


def start(browser: Browser, token: str, language: str = "fr") -> Page:
    """Opens the link and taps the one button."""
    address = f"/l/{token}" if language == "fr" else f"/l/{token}?lang={language}"
    return browser.press(browser.get(address), WORDS[language]["start"])


def choose(browser: Browser, page: Page, code: int) -> Page:
    """Chooses a code on an item's page and continues."""
    chosen: dict[str, Any] = {item_of(page): str(code)}
    return browser.press(page, WORDS[page.language or "fr"]["next"], **chosen)


def skip(browser: Browser, page: Page) -> Page:
    """Continues without an answer, then skips when asked."""
    words = WORDS[page.language or "fr"]
    return browser.press(browser.press(page, words["next"]), words["skip"])


def answer_all(browser: Browser, page: Page, code: int = 1) -> Page:
    """Answers from this page on; returns the review."""
    while page.path.rsplit("/", 1)[1] in ITEMS:
        page = choose(browser, page, code)
    return page


def send_all(browser: Browser, token: str) -> Page:
    """The whole way in French; returns the thank-you page."""
    return browser.press(answer_all(browser, start(browser, token)), FR["send"])


def forms(page: Page) -> list[Element]:
    """The forms of a page, but for the one that every page has: how it is to look."""
    return [each for each in page.all("form") if each.get("action") != "/display"]


def item_of(page: Page) -> str:
    """The item that a page asks."""
    return str(page.one("fieldset").get("id"))


def chosen(page: Page) -> list[str | None]:
    """The codes that the page shows as chosen."""
    return [each.get("value") for each in page.all("input", type="radio") if each.get("checked") is not None]


def stored(session: Session) -> Response:
    """The one response of the database, as it stands now."""
    return session.scalars(select(Response).execution_options(populate_existing=True)).one()


def contents(connection: Connection) -> dict[str, list[Any]]:
    """Every row of every table."""
    return {
        table.name: sorted(map(repr, connection.execute(select(table))))
        for table in Base.metadata.sorted_tables
    }


def pages_of_survey(token: str) -> list[str]:
    """The addresses that a patient meets."""
    return [f"/l/{token}", *(f"/survey/{item}" for item in ITEMS), "/survey/review", "/survey/sent"]
