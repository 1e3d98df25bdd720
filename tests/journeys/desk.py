"""The hands and eyes of staff at a phone: taps that are counted, pages that are looked at, keys."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.journeys.hospital import PASSWORD
from tests.journeys.looks import ALL_RULES, violations
from tests.journeys.week import Week
from tests.rules.test_pages import sentences

NARROW: ViewportSize = {"width": 390, "height": 844}
# What a reader of the page's own language reads: no other part, nothing hidden.
OWN_WORDS = """() => {
  const isOwn = (each) => each.closest("[lang]") === document.documentElement;
  const found = [document.title];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = texts.nextNode());) {
    if (isOwn(node.parentElement) && node.parentElement.checkVisibility()) found.push(node.data);
  }
  for (const each of document.querySelectorAll("[aria-label], [placeholder], [title]")) {
    for (const name of ["aria-label", "placeholder", "title"]) {
      if (isOwn(each) && each.hasAttribute(name)) found.push(each.getAttribute(name));
    }
  }
  return found.join("\\n");
}"""


@dataclass
class Desk:
    """A member of staff at a phone: every page met is looked at, taps since the front page are counted."""

    page: Page
    week: Week
    taps: int = 0

    @property
    def email(self) -> str:
        """The address of the account."""
        return str(self.page.locator(".who a").text_content()).split(" – ")[0].strip()

    def front(self) -> None:
        """Opens the front page."""
        self.page.goto(f"{self.week.url}/nurse/")
        self.taps = 0
        self.look()

    def open(self, code: str, path: str = "") -> None:
        """Opens a patient's page, or one below it."""
        self.page.goto(f"{self.week.page_of(code)}{path}")
        self.look()

    def press(self, name: str, within: Locator | None = None) -> None:
        """Presses the first button whose name begins so."""
        self._tap((within or self.page.get_by_role("main")).get_by_role("button", name=beginning(name)).first)

    def follow(self, name: str, within: Locator | None = None) -> None:
        """Follows the first link whose name begins so."""
        self._tap((within or self.page.get_by_role("main")).get_by_role("link", name=beginning(name)).first)

    def task(self, code: str) -> Locator:
        """What the morning list asks for about a patient."""
        return self.page.locator(".task").filter(has=self.page.get_by_role("link", name=code, exact=True))

    def row(self, name: str) -> Locator:
        """The row of a table whose first words are these."""
        return self.page.get_by_role("row", name=beginning(name))

    def fill(self, label: str, value: str) -> None:
        """Types into the field of this label."""
        self.page.get_by_role("main").get_by_label(label, exact=True).fill(value)

    def choose(self, label: str, option: str) -> None:
        """Chooses from a list."""
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def tick(self, name: str) -> None:
        """Ticks a box or an option of this name."""
        self.page.get_by_label(name, exact=True).check()

    def reads(self, *texts: str) -> None:
        """Whether the page says so."""
        for text in texts:
            expect(self.page.get_by_role("main")).to_contain_text(text)

    def look(self) -> None:
        """What every page must be like: French alone, no scrolling sideways; axe once for each kind."""
        assert self.page.locator("html").get_attribute("lang") == "fr", self.page.url
        assert foreign(self.page) == [], self.page.url
        assert self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, self.page.url
        kind = re.sub(r"\d+(-\d+)?", "0", urlsplit(self.page.url).path)
        if kind not in self.week.looked_at:
            self.week.looked_at.add(kind)
            assert violations(self.page, ALL_RULES) == [], kind

    def _tap(self, wanted: Locator) -> None:
        with self.page.expect_navigation():
            wanted.click()
        self.taps += 1
        self.look()


def beginning(name: str) -> re.Pattern[str]:
    """Names that begin so; the space before a colon may be any."""
    return re.compile(rf"^{re.escape(name)}")


def foreign(page: Page) -> list[str]:
    """The English texts of the catalogue that a French page shows."""
    text = re.sub(r"\s+", " ", page.evaluate(OWN_WORDS))
    return [each for each, pattern in english() if each in text and pattern.search(text)]


@cache
def english() -> list[tuple[str, re.Pattern[str]]]:
    """The English texts that are no part of any French one."""
    french = " ".join(sentences().values())
    return [
        (each, re.compile(rf"(?<!\w){re.escape(each)}(?!\w)")) for each in sentences() if each not in french
    ]


def focused(page: Page) -> str:
    """The id of what the next key goes to."""
    return str(page.evaluate("document.activeElement.id"))


def reach(page: Page, field: str) -> None:
    """Presses Tab until a field has the focus."""
    for _ in range(30):
        if focused(page) == field:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{field} is not reached by Tab")


def type_day(page: Page, day: date) -> None:
    """Types a date into the field with the focus, in the order in which this browser asks for its parts."""
    field = page.locator(":focus")
    for order in ("%d%m%Y", "%m%d%Y"):
        page.keyboard.type(day.strftime(order))
        if field.input_value() == day.isoformat():
            return
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
    raise AssertionError(f"{day} cannot be typed")


def decide_and_sign(doctor: Desk, code: str, aware_at: str) -> None:
    """The investigator finds the event on the morning list, finds it serious, and signs."""
    doctor.front()
    doctor.follow("Décider", doctor.task(code))
    doctor.tick("Grave")
    doctor.tick("Hospitalisation ou prolongation d’hospitalisation")
    doctor.tick("Imatinib")
    doctor.fill("Moment où le centre a su que l’évènement est grave", aware_at)
    doctor.press("Enregistrer l’évaluation")
    doctor.reads("L’évaluation est enregistrée. Il reste à la signer.")
    doctor.fill("Vos prénom et nom", "Dr A. Martin")
    doctor.fill("Votre mot de passe", PASSWORD)
    doctor.press("Signer")
    doctor.reads("L’évènement est signé.", "À déclarer sans délai au promoteur")
