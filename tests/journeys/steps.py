"""A patient's taps in a browser."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Position, Response, expect

from tests.patient.steps import EN, FR, ITEMS, WORDS

__all__ = [
    "EN",
    "FR",
    "ITEMS",
    "STORED",
    "WORDS",
    "answer",
    "answer_from",
    "button",
    "carried",
    "choose",
    "is_at",
    "is_kept",
    "kill",
    "link",
    "start",
    "tap",
    "until",
]
RUNNING = count()
EDGE: Position = {"x": 6, "y": 16}
STORED = """async () => {
  const open = indexedDB.open("ressenti", 1);
  open.onupgradeneeded = () => open.transaction.abort();
  const db = await new Promise((done) => { open.onsuccess = open.onerror = () => done(open.result); });
  if (open.error) return { waiting: 0, hasCopy: false };
  const rows = db.transaction("queue").objectStore("queue").getAll();
  await new Promise((done) => { rows.onsuccess = done; });
  const copy = await caches.match("/survey/kept");
  const kept = copy && await copy.json(), form = document.querySelector("[data-draft]");
  db.close();
  const isOurs = kept && (!form || form.dataset.draft === kept.draft);
  return { waiting: rows.result.length, hasCopy: Boolean(isOurs), language: kept ? kept.language : null };
}"""


def tap(page: Page, text: str) -> None:
    """Taps a button, wherever it leads."""
    page.get_by_role("button", name=text, exact=True).click()


def button(page: Page, text: str) -> None:
    """Taps a button and waits for the next address."""
    with page.expect_navigation():
        tap(page, text)


def link(page: Page, text: str) -> None:
    """Follows a link."""
    with page.expect_navigation():
        page.get_by_role("link", name=text, exact=True).first.click()


def choose(page: Page, item: str, code: int) -> None:
    """Taps an option's row at its beginning, where no button was tapped a moment before."""
    page.locator(f"input[name={item}][value='{code}'] + span").click(position=EDGE)


def is_at(page: Page, place: str) -> None:
    """Waits for a question or the review to be the one in sight."""
    expect(page).to_have_url(re.compile(rf"/survey/{place}(\?|$)"))
    expect(page.locator(f"#{place}")).to_be_visible()


@contextmanager
def carried(page: Page, item: str) -> Iterator[None]:
    """Waits until the server has taken the answer that is given meanwhile."""

    def has_it(response: Response) -> bool:
        is_ours = response.url.endswith("/survey/answers") and response.ok
        return is_ours and f'"item":"{item}"' in (response.request.post_data or "")

    with page.expect_response(has_it):
        yield


def is_kept(page: Page) -> None:
    """Waits until the phone could go on without a network."""
    until(page, "hasCopy")


def until(page: Page, wanted: str) -> None:
    """Waits for something of what the phone has stored: wait_for_function takes a promise for a yes."""
    said = f"said{next(RUNNING)}"
    page.wait_for_function(
        f"() => {{ ({STORED})().then((it) => {{ window.{said} = it.{wanted}; }}); return window.{said}; }}",
        polling=50,
    )


def start(page: Page, address: str, words: dict[str, str]) -> None:
    """Opens a link and taps the one button."""
    page.goto(address)
    button(page, words["start"])
    expect(page).to_have_url(re.compile(r"/survey/"))


def answer(page: Page, item: str, code: int, words: dict[str, str]) -> None:
    """Taps an option's row and continues."""
    expect(page).to_have_url(re.compile(rf"/survey/{item}(\?|$)"))
    choose(page, item, code)
    button(page, words["next"])


def answer_from(page: Page, first: str, words: dict[str, str], code: int = 2) -> None:
    """Answers all items from one on."""
    for item in ITEMS[ITEMS.index(first) :]:
        answer(page, item, code, words)
    expect(page).to_have_url(re.compile(r"/survey/review$"))


def kill(context: BrowserContext, folder: Path) -> None:
    """Ends the browser that uses the folder at once, as a phone that runs out of power does."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"--user-data-dir={folder}".encode() in command and not any(
            b"--type=" in each for each in command
        ):
            with context.expect_event("close"):
                os.kill(int(process.name), signal.SIGKILL)
            return
    raise AssertionError("no browser uses the folder")
