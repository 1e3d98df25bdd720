"""Leads phones of all widths through all screens, two browsers at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as BrowserError

from scripts.dossier.people import People
from scripts.dossier.phone import WIDTHS, NotReachedError, PageError, Phone, Shot
from scripts.dossier.screens import Screen
from tests.chromium import LAUNCH_FLAGS

# One for each core; each has as much to do as the other, since narrow screens are long ones.
SHARES = ((WIDTHS[0], WIDTHS[3]), (WIDTHS[1], WIDTHS[2]))
Keep = Callable[[str, Screen, Shot], None]
Found = TypeVar("Found")


@dataclass(frozen=True)
class Recorder:
    """Where the server is, whom its pages are for, and the browser that shows them."""

    url: str
    people: People
    chromium: Path

    def record(self, screens: Sequence[Screen], languages: Sequence[str], keep: Keep) -> None:
        """Hands over each screen by language and width; within both, in order. Raises NotReachedError."""
        with ThreadPoolExecutor(len(SHARES)) as pool:
            shares = [pool.submit(self._share, widths, screens, languages, keep) for widths in SHARES]
        for share in shares:
            share.result()

    def _share(
        self, widths: Sequence[int], screens: Sequence[Screen], languages: Sequence[str], keep: Keep
    ) -> None:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(self.chromium), args=LAUNCH_FLAGS)
            for language in languages:
                for width in widths:
                    self._walk(browser, screens, language, width, keep)
            browser.close()

    def _walk(
        self, browser: Browser, screens: Sequence[Screen], language: str, width: int, keep: Keep
    ) -> None:
        phone = Phone(browser, self.url, self.people, language, width)
        for screen in screens:
            keep(language, screen, shoot(phone, screen))
        phone.close()


def shoot(phone: Phone, screen: Screen) -> Shot:
    """The screen on this phone. Raises NotReachedError."""
    return _tried(phone, screen, lambda: phone.take(screen.id, in_all_languages=screen.is_in_all_languages))


def reach(phone: Phone, screen: Screen) -> None:
    """Brings the screen into sight, which is what a picture of it needs. Raises NotReachedError."""
    _tried(phone, screen, lambda: phone.facts(screen.id, in_all_languages=screen.is_in_all_languages))


def _tried(phone: Phone, screen: Screen, work: Callable[[], Found]) -> Found:
    """Work on the screen, done again on a new phone where a busy machine let it wait too long."""
    try:
        return _done(phone, screen, work)
    except (BrowserError, PageError, NotReachedError):
        phone.fresh()
    try:
        return _done(phone, screen, work)
    except (BrowserError, PageError) as error:
        raise phone.lost(screen.id, str(error).splitlines()[0]) from error


def _done(phone: Phone, screen: Screen, work: Callable[[], Found]) -> Found:
    """A state begins on a phone on which nothing is left of another one; questions share a document."""
    if not screen.is_item:
        phone.fresh()
    screen.reach(phone)
    phone.shows(screen.shows)
    return work()
