"""python -m benchmarks.page: what a patient's phone waits for and pays, on a slow phone and network.

Chromium's own throttling: 400 kbit/s, 400 ms a request, a processor slowed four times. Beside it in the same
run a page written by hand with the same items (benchmarks/static_page.py).
"""

import re
import secrets
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.processes import serve
from benchmarks.study import ScratchStudy
from tests.chromium import LAUNCH_FLAGS, chromium_path

PHONE = {"width": 360, "height": 740}
NETWORK = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
SLOWER, ROUNDS = 4, 5
MOST_WELCOME, MOST_FIRST_ITEM = 1.2, 1.5
MOST_FIRST_BYTES, MOST_FIRST_REQUESTS, MOST_BYTES, MOST_STEP = 16 * 1024, 5, 60 * 1024, 50.0
# What is fetched beside or after the first item and not for it: icon, worker, style of paper, the review.
LATER = re.compile("icon|sw.js|patient-print|review.js")
# The instant at which something of this kind was first on the screen, in milliseconds since 1970.
SEEN = """selector => {
  const find = () => {
    for (const each of document.querySelectorAll(selector)) {
      const box = (each.labels && each.labels[0] || each).getBoundingClientRect();
      if (box.width && box.height && performance.getEntriesByName('first-contentful-paint').length) {
        window.seenAt ??= performance.timeOrigin + performance.now();
      }
    }
    if (!window.seenAt) requestAnimationFrame(find);
  };
  requestAnimationFrame(find);
}"""
# Presses Continue after an answer; how long until the next item has been drawn.
STEP = """() => new Promise(done => {
  const item = document.querySelector('fieldset:not([hidden]):not(.choice)');
  const radio = item.querySelector('input');
  radio.checked = true;
  radio.dispatchEvent(new Event('input', { bubbles: true }));
  const began = performance.now();
  document.querySelector('button.primary').click();
  const look = () => requestAnimationFrame(() => {
    item.hidden ? done(performance.now() - began) : look();
  });
  look();
})"""


@dataclass
class Wire:
    """What the browser asked for and received, heads of the replies included."""

    addresses: dict[str, str] = field(default_factory=dict)
    sizes: list[tuple[str, float]] = field(default_factory=list)

    def watch(self, tools: CDPSession) -> None:
        """Counts from now on."""
        tools.on("Network.requestWillBeSent", self._ask)
        tools.on("Network.loadingFinished", self._add)

    def received(self, *, is_needed: bool = False) -> list[tuple[str, float]]:
        """Address and bytes of what came over the wire; where asked so, of what cannot come later."""
        # From the browser's own cache come no bytes.
        came = [each for each in self.sizes if each[1]]
        return [each for each in came if not (is_needed and LATER.search(each[0]))]

    def _ask(self, event: dict[str, Any]) -> None:
        if "redirectResponse" in event:
            size = event["redirectResponse"]["encodedDataLength"]
            self.sizes.append((self.addresses[event["requestId"]], size))
        asked = event["request"]
        self.addresses[event["requestId"]] = f"{asked['method']} {asked['url'].split('/', 3)[3][:24]}"

    def _add(self, event: dict[str, Any]) -> None:
        self.sizes.append((self.addresses.get(event["requestId"], ""), event["encodedDataLength"]))


@dataclass
class Seconds:
    """Times of the rounds by what was waited for."""

    rounds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, what: str, seconds: float) -> None:
        """One more round."""
        self.rounds.setdefault(what, []).append(seconds)

    def middle(self, what: str) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds[what])


def main() -> int:
    """Prints the figures; 1 when one exceeds what was promised."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, sync_playwright() as playwright:
        key, url = secrets.token_urlsafe(48), f"sqlite:///{Path(folder) / 'page.sqlite'}"
        study = ScratchStudy(url, key)
        links = [task.path for task in study.make_tasks(ROUNDS + 6)]
        environment = {"MODE": "demonstration", "SECRET_KEY": key, "DATABASE_URL": url, "PUBLIC_URL": ""}
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=LAUNCH_FLAGS)
        with (
            serve("wsgi:application", environment, Path(folder)) as server,
            serve("benchmarks.static_page:application", environment, Path(folder)) as static,
        ):
            base, by_hand = f"http://127.0.0.1:{server.port}", f"http://127.0.0.1:{static.port}"
            kept = [
                *report_times(time_pages(browser, base, by_hand, links[:ROUNDS])),
                *report_bytes(browser, base, links[ROUNDS : ROUNDS + 2]),
                *report_slow_bytes(browser, base, links[ROUNDS + 2 : ROUNDS + 4]),
                *report_steps(browser, base, links[ROUNDS + 4 :]),
            ]
        study.close()
    return 0 if all(kept) else 1


@contextmanager
def phone(browser: Browser, *, slow: bool) -> Iterator[tuple[Page, CDPSession]]:
    """A phone with nothing in its cache."""
    context = browser.new_context(viewport=PHONE, locale="fr-FR", is_mobile=True, has_touch=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(120_000)
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    if slow:
        tools.send("Network.emulateNetworkConditions", NETWORK)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    yield page, tools
    context.close()


def time_pages(browser: Browser, base: str, by_hand: str, links: list[str]) -> Seconds:
    """The waits of as many rounds as there are links, each way in every round."""
    found = Seconds()
    for link in links:
        for what, address in (("static", "/"), ("static, style inside", "/inline")):
            with phone(browser, slow=True) as (page, _):
                found.add(what, wait(page, by_hand + address, "input[type=radio]"))
        with phone(browser, slow=True) as (page, _):
            found.add("welcome", wait(page, base + link, "main button.primary"))
            page.wait_for_load_state("networkidle")
            page.add_init_script(f"({SEEN})('fieldset input[type=radio]')")
            began = page.evaluate("() => performance.timeOrigin + performance.now()")
            page.locator("main button.primary").click(no_wait_after=True)
            page.wait_for_url("**/survey/*", wait_until="commit")
            found.add("first item", seen(page) - began / 1000)
    return found


def wait(page: Page, address: str, selector: str) -> float:
    """Seconds from asking for a page until something on it can be used."""
    page.add_init_script(f"({SEEN})('{selector}')")
    page.goto("about:blank")
    began = page.evaluate("() => performance.timeOrigin + performance.now()")
    page.evaluate("address => { location.href = address }", address)
    page.wait_for_url(address, wait_until="commit")
    return seen(page) - float(began) / 1000


def seen(page: Page) -> float:
    """When it was seen, in seconds of the clock on the wall."""
    page.wait_for_function("() => window.seenAt", polling=50)
    instant: float = page.evaluate("() => window.seenAt")
    return instant / 1000


def report_times(found: Seconds) -> list[bool]:
    """A line for each wait, against the page written by hand."""
    kept = []
    for what, most in (("welcome", MOST_WELCOME), ("first item", MOST_FIRST_ITEM)):
        ratio = found.middle(what) / found.middle("static")
        inside = found.middle(what) / found.middle("static, style inside")
        kept.append(ratio <= most)
        print(
            f"{what}: {found.middle(what):.2f} s, {ratio:.2f} times the static page's"
            f" {found.middle('static'):.2f} s (at most {most}: {verdict(kept[-1])});"
            f" {inside:.2f} times that with its style inside, {found.middle('static, style inside'):.2f} s"
        )
    return kept


def report_bytes(browser: Browser, base: str, links: list[str]) -> list[bool]:
    """What comes over the wire in each language: up to the first item, and for all of them."""
    kept = []
    for language, link in zip(("fr", "en"), links, strict=True):
        first, whole = Wire(), Wire()
        with phone(browser, slow=False) as (page, tools):
            # The worker's own requests come after the first item.
            first.watch(tools)
            page.goto(f"{base}{link}?lang={language}", wait_until="networkidle")
            page.locator("main button.primary").click()
            page.wait_for_url("**/survey/q01")
            page.locator("fieldset#q01 input").first.wait_for()
            page.wait_for_load_state("networkidle")
            needed, so_far = first.received(is_needed=True), list(first.sizes)
            whole.watch(tools)
            complete(page)
            page.wait_for_load_state("networkidle")
        size = sum(each for _, each in needed)
        good = size <= MOST_FIRST_BYTES and len(needed) <= MOST_FIRST_REQUESTS
        total = sum(each for _, each in [*so_far, *whole.received()])
        kept += [good, total <= MOST_BYTES]
        print(
            f"up to the first item, {language}: {size:.0f} bytes (at most {MOST_FIRST_BYTES})"
            f" in {len(needed)} requests (at most {MOST_FIRST_REQUESTS}): {verdict(good)};"
            f" {', '.join(each for each, _ in needed)}"
        )
        print(
            f"whole questionnaire, {language}: {total:.0f} bytes (at most {MOST_BYTES}): {verdict(kept[-1])}"
        )
    return kept


def report_slow_bytes(browser: Browser, base: str, links: list[str]) -> list[bool]:
    """The whole in each language where every answer is saved before the next one is given.

    Beside it what such a dialogue costs at least: the bodies of the replies to the answers alone.
    """
    kept = []
    for language, link in zip(("fr", "en"), links, strict=True):
        wire, bodies = Wire(), list[int]()
        with phone(browser, slow=False) as (page, tools):
            wire.watch(tools)
            page.goto(f"{base}{link}?lang={language}", wait_until="networkidle")
            page.locator("main button.primary").click()
            page.wait_for_url("**/survey/q01")
            while not page.url.endswith("/review"):
                with page.expect_response("**/survey/answers") as reply:
                    page.evaluate(STEP)
                # Only when this one is saved is the next one given, as by somebody who takes time.
                bodies.append(len(reply.value.body()))
            page.locator("button[value=send]").click()
            page.wait_for_url("**/survey/sent")
            page.wait_for_load_state("networkidle")
        total = sum(each for _, each in wire.received())
        answers = [size for address, size in wire.received() if address.endswith("survey/answers")]
        kept.append(total <= MOST_BYTES)
        print(
            f"whole questionnaire, each answer by itself, {language}: {total:.0f} bytes"
            f" (at most {MOST_BYTES}): {verdict(kept[-1])}; {len(answers)} replies to answers are"
            f" {sum(answers):.0f} of them, {sum(bodies)} without their heads"
        )
    return kept


def report_steps(browser: Browser, base: str, links: list[str]) -> list[bool]:
    """How long a step from item to item takes, with the network and without."""
    kept = []
    for what, link in zip(("with the network", "without a network"), links, strict=True):
        with phone(browser, slow=True) as (page, tools):
            page.goto(base + link)
            page.locator("main button.primary").click()
            page.wait_for_url("**/survey/q01")
            page.wait_for_load_state("networkidle")
            if what.startswith("without"):
                tools.send("Network.emulateNetworkConditions", NETWORK | {"offline": True})
            steps = [page.evaluate(STEP) for _ in range(25)]
        middle, worst = statistics.median(steps), max(steps)
        kept.append(middle <= MOST_STEP)
        print(
            f"a step, {what}: {middle:.1f} ms, the longest of {len(steps)} {worst:.1f}"
            f" (at most {MOST_STEP:g}: {verdict(kept[-1])})"
        )
    return kept


def complete(page: Page) -> None:
    """Answers everything and sends it."""
    for _ in range(200):
        if page.url.endswith("/review"):
            break
        page.evaluate(STEP)
    page.locator("button[value=send]").click()
    page.wait_for_url("**/survey/sent")


def verdict(is_kept: bool) -> str:
    """In a word."""
    return "kept" if is_kept else "MISSED"


if __name__ == "__main__":
    sys.exit(main())
