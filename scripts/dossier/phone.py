"""One phone of a given width: what a patient does with it, and a picture of what it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page

from app.services.questionnaires import REPORT, Question
from scripts.dossier.people import People, example

WIDTHS = (320, 360, 390, 412)
HEIGHT = 640
# Of a pixel of the style sheet: 300 to the inch on paper.
DOTS = 1.5
PATIENCE = 10_000
STEP = """place => {
  history.pushState(null, "", `/survey/${place}`);
  dispatchEvent(new PopStateEvent("popstate"));
}"""
FORGED = """value => {
  const box = document.querySelector("fieldset:not([hidden]) :is(input, textarea)");
  box.value = value;
  box.checked = true;
  HTMLFormElement.prototype.submit.call(document.forms[0]);
}"""
SAYS = """kind => {
  const [before, after] = document.getElementById("survey").dataset[kind].split("{}");
  const said = document.getElementById("saved").textContent;
  return said !== "" && said.startsWith(before) && said.endsWith(after || "");
}"""
HAS_COPY = """async () => {
  const { active } = await navigator.serviceWorker.ready;
  return active.state === "activated" && Boolean(await caches.match("/survey/kept"));
}"""
# Where a picture may be cut, at whole dots: above what many screens have alike, and above the rows of a list.
MEASURE = """() => {
  const tops = [], edges = ".option, #steps, .foot, .rows li, h2, .notice, #ready, #open";
  for (const each of document.querySelectorAll(edges)) {
    if (each.checkVisibility()) tops.push(2 * Math.floor((each.getBoundingClientRect().top + scrollY) / 2));
  }
  return {
    language: document.documentElement.lang,
    heading: document.querySelector("h1").innerText,
    height: Math.ceil(document.documentElement.getBoundingClientRect().height),
    cuts: tops,
  };
}"""


class PageError(Exception):
    """A page answered with another status than it should."""

    def __init__(self, path: str, wanted: int, found: int | None) -> None:
        super().__init__(f"{path} answered {found}, not {wanted}")
        self.wanted, self.found = wanted, found


class NotReachedError(Exception):
    """A screen did not come; says which one and what was there instead."""

    def __init__(self, screen: str, language: str, width: int, address: str, reason: str) -> None:
        super().__init__(
            f"the screen {screen!r} was not reached in {language!r} at {width} px; at {address}: {reason}"
        )
        self.screen, self.language, self.width = screen, language, width


@dataclass(frozen=True)
class Shot:
    """One screen as one phone shows it: a PNG of the whole page, and the heights at which it may be cut."""

    width: int
    height: int
    heading: str
    cuts: tuple[int, ...]
    png: bytes


class Phone:
    """A browser of that width in which nothing is left of the screen before."""

    def __init__(self, browser: Browser, url: str, people: People, language: str, width: int) -> None:
        self.people, self.language, self.width = people, language, width
        self._browser, self._url = browser, url
        self._survey: tuple[str, ...] | None = None
        self.page: Page = self._opened()

    def fresh(self, *, script: str = "") -> None:
        """Lays this phone aside and takes a new one; the script runs in each page before its own."""
        self.page.context.close()
        self._survey, self.page = None, self._opened(script)

    def close(self) -> None:
        """Switches it off."""
        self.page.context.close()

    def go(self, path: str, status: int = 200) -> None:
        """Opens an address of the server; PageError for an answer of another status."""
        self._survey = None
        response = self.page.goto(self._url + path)
        if response is None or response.status != status:
            raise PageError(path, status, response.status if response else None)

    def begin(self, path: str) -> None:
        """Opens a link and starts, with the code of the card where the study asks for it."""
        self.go(path)
        if path in self.people.digits:
            self.page.locator("#code").fill(self.people.digits[path])
        self.leave("#start .primary")
        self._is_ready()

    def begin_report(self) -> str:
        """Opens a new personal link, types its code and starts; the link's path."""
        path, code = self.people.personal_link(self.language)
        self.go(path)
        self.type_code(code)
        self._is_ready()
        return path

    def be_handed(self, codes: Sequence[str]) -> None:
        """Is the ward's tablet, which a nurse has just handed to a new patient."""
        self.set_cookie("ressenti_staff", f"s.{self.people.handed_tablet(self.language, codes)}")
        self.go("/ward")

    def type_code(self, code: str) -> None:
        """Types a code and sends it."""
        self.page.locator("#code").fill(code)
        self.leave("main form .primary")

    def be_in(self, codes: Sequence[str]) -> None:
        """Has a document of these questionnaires without any answer, loaded once for all its questions."""
        survey = tuple(codes)
        if self._survey != survey:
            self.fresh()
            if survey == (REPORT,):
                self.begin_report()
            else:
                self.begin(self.people.link(self.language, codes))
            self._survey = survey

    def step(self, place: str) -> None:
        """Shows another place of the document, as the browser's own Back does."""
        self.page.evaluate(STEP, place)

    def tap(self, selector: str) -> None:
        """Taps what stays on the page."""
        self.page.locator(selector).first.click()

    def leave(self, selector: str) -> None:
        """Taps what leads to another page."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()

    def choose(self, question: Question, value: int | str | None = None) -> None:
        """Taps an answer, the second one unless told otherwise."""
        code = question.codes[1] if value is None else value
        # By a key: taps on one spot, places apart, are the second of two taps, which answers nothing.
        self.page.locator(f"input[name={question.id}][value='{code}']").press(" ")

    def give(self, question: Question) -> int | str:
        """Answers the question in sight as an example; what was given."""
        value = self.people.today if question.kind == "date" else example(question, self.language)
        if question.codes or question.choices:
            self.choose(question, value)
        else:
            self.page.locator(f"#{question.id} textarea, #{question.id} input").fill(str(value))
        return value

    def says(self, kind: str) -> None:
        """Waits for the line that tells where the answers are: "saved", "kept" or "unsaved"."""
        self.page.wait_for_function(SAYS, arg=kind)

    def has_copy(self) -> None:
        """Waits until the phone could go on without a network."""
        self.page.wait_for_function(HAS_COPY)

    def set_cookie(self, name: str, value: str) -> None:
        """Has a cookie from an earlier visit."""
        self.page.context.add_cookies([{"name": name, "value": value, "url": self._url}])

    def lose_network(self) -> None:
        """Leaves the network."""
        self.page.context.set_offline(True)

    def give_no_answer(self, value: str = "9") -> None:
        """Sends what is none of the answers, as a page that was meddled with or has no script would."""
        with self.page.expect_navigation():
            self.page.evaluate(FORGED, value)

    def shows(self, selector: str) -> None:
        """Waits for what the screen is known by."""
        self.page.locator(selector).first.wait_for()

    def facts(self, screen: str, *, in_all_languages: bool = False) -> dict[str, Any]:
        """What the page says of itself. Raises NotReachedError where it is in another language."""
        found: dict[str, Any] = self.page.evaluate(MEASURE)
        if found["language"] != self.language and not in_all_languages:
            raise self.lost(screen, f"the page is in {found['language']!r}")
        return found

    def take(self, screen: str, *, in_all_languages: bool = False) -> Shot:
        """The whole page as it stands. Raises NotReachedError as facts does."""
        facts = self.facts(screen, in_all_languages=in_all_languages)
        png = self.page.screenshot(full_page=True)
        cuts = tuple(sorted({0, *facts["cuts"]}))
        return Shot(self.width, facts["height"], facts["heading"], cuts, png)

    def _is_ready(self) -> None:
        self.page.locator("#survey").wait_for()

    def lost(self, screen: str, reason: str) -> NotReachedError:
        """The error that says where this phone is instead."""
        return NotReachedError(screen, self.language, self.width, self.page.url, reason)

    def _opened(self, script: str = "") -> Page:
        context = self._browser.new_context(
            viewport={"width": self.width, "height": HEIGHT},
            device_scale_factor=DOTS,
            is_mobile=True,
            has_touch=True,
            locale=self.language,
            color_scheme="light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        if script:
            context.add_init_script(script)
        return context.new_page()
