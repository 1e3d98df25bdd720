"""Leads phones of all widths through all screens, two browsers at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as BrowserError

from scripts.dossier.people import People
from scripts.dossier.phone import WIDTHS, NotReachedError, PageError, Phone, Shot
from scripts.dossier.screens import Screen
from tests.chromium import LAUNCH_FLAGS

# One for each core; each has as much to do as the other, since narrow screens are long ones.
SHARES = ((WIDTHS[0], WIDTHS[3]), (WIDTHS[1], WIDTHS[2]))
Keep = Callable[[str, Screen, Shot], None]


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
    """The screen on this phone, tried again on a new one where a busy machine let it wait too long."""
    try:
        return _shot(phone, screen)
    except (BrowserError, PageError, NotReachedError):
        phone.fresh()
    try:
        return _shot(phone, screen)
    except (BrowserError, PageError) as error:
        raise phone.lost(screen.id, str(error).splitlines()[0]) from error


def _shot(phone: Phone, screen: Screen) -> Shot:
    """A state begins on a phone on which nothing is left of another one; questions share a document."""
    if not screen.is_item:
        phone.fresh()
    screen.reach(phone)
    phone.shows(screen.shows)
    return phone.take(screen.id, in_all_languages=screen.is_in_all_languages)
