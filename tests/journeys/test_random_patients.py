"""Patients who do anything in any order: what is stored in the end is what they gave last."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.models import Patient
from tests.chromium import LAUNCH_FLAGS, chromium_path
from tests.journeys.conftest import PHONE, TIMEOUT
from tests.journeys.hospital import Hospital
from tests.journeys.steps import (
    EN,
    FR,
    ITEMS,
    STORED,
    carried,
    choose,
    is_kept,
    kill,
    link,
    start,
    tap,
    until,
)
from tests.journeys.test_offline import THANKS, entries

# The others are answered before: an example is short, and whatever comes next is soon the review.
OPEN = ITEMS[:4]
EXAMPLES, STEPS = 2, 12
SENT = {"fr": THANKS, "en": "Thank you, your answers are sent"}

answering = st.tuples(st.sampled_from(["answer", "answer", "erase", "skip"]), st.integers(1, 4))
moving = st.tuples(st.sampled_from(["on", "back", "browser_back", "reload", "switch"]), st.just(0))
changing = st.tuples(st.sampled_from(["offline", "online", "reopen", "change_phone"]), st.just(0))
step = st.one_of(answering, answering, moving, changing)


@dataclass
class Handset:
    """A patient's phone: a browser with a folder of its own."""

    browser: Browser
    folder: Path
    address: str
    is_offline: bool = False
    language: str = "fr"
    given_at: int = 0
    context: BrowserContext = field(init=False)
    page: Page = field(init=False)

    def begin(self) -> None:
        """Opens the link and the first question, and waits until it would open without a network."""
        self._open()
        start(self.page, self.address, self.words)
        is_kept(self.page)

    def reopen(self) -> None:
        """Dies at once, and opens the link again, with a network or without."""
        cookies = self.context.cookies()
        kill(self.context, self.folder)
        self._open()
        # Chromium writes them within half a minute; an example is shorter than that.
        self.context.add_cookies([{**each} for each in cookies])  # type: ignore[typeddict-item]
        self.context.set_offline(self.is_offline)
        self.page.goto(self.address)
        if not self.is_offline:
            tap(self.page, self.words["start"])

    def _open(self) -> None:
        self.context = self.browser.browser_type.launch_persistent_context(
            self.folder, executable_path=str(chromium_path()), args=LAUNCH_FLAGS, viewport=PHONE, locale="fr"
        )
        self.context.set_default_timeout(TIMEOUT)
        self.page = self.context.new_page()

    @property
    def words(self) -> dict[str, str]:
        """The buttons, in the language of the page."""
        return {"fr": FR, "en": EN}[self.language]

    def ready(self) -> None:
        """Waits until a question or the review is in sight, in the language chosen."""
        expect(self.page.locator("html")).to_have_attribute("lang", self.language)
        expect(self.page.locator("#survey fieldset:visible, #review:visible")).to_be_visible()

    def place(self) -> str:
        """The question in sight, or the review."""
        return str(self.page.locator("fieldset:visible, #review:visible").get_attribute("id"))

    def set_offline(self, is_offline: bool) -> None:
        """Loses the network, or finds it again."""
        self.is_offline = is_offline
        self.context.set_offline(is_offline)

    @contextmanager
    def giving(self, item: str) -> Iterator[None]:
        """Waits until what is given meanwhile is with the server, or kept without a network."""
        if self.is_offline:
            waiting = self.page.evaluate(STORED)["waiting"]
            yield
            until(self.page, f"waiting > {waiting}")
        else:
            with carried(self.page, item):
                yield
        self.given_at = self.page.evaluate("Date.now()")


@dataclass
class Patience:
    """A patient with two phones, and what must be stored of each question."""

    phones: list[Handset]
    model: dict[str, tuple[str, int | None]] = field(default_factory=dict)

    @property
    def phone(self) -> Handset:
        """The phone in the hand."""
        return self.phones[0]

    def does(self, action: str, code: int) -> None:
        """One step, if the page in sight has a way to it."""
        place, page, words = self.phone.place(), self.phone.page, self.phone.words
        is_question = place in ITEMS
        if action == "answer" and is_question:
            self._gives(place, "answered", code)
        elif action == "erase" and is_question:
            self._gives(place, "erased")
        elif action == "skip" and is_question:
            tap(page, words["next"])
            if page.locator("#ask").is_visible():
                self._gives(place, "skipped")
        elif action == "on":
            self._goes_on(place)
        elif action == "back" and page.get_by_role("link", name=words["back"], exact=True).is_visible():
            link(page, words["back"])
        elif action not in {"answer", "erase", "skip", "back"}:
            getattr(self, f"_{action}")()
        self.phone.ready()

    def _gives(self, item: str, state: str, code: int | None = None) -> None:
        page, words = self.phone.page, self.phone.words
        if code is not None and page.locator(f"input[name={item}][value='{code}']").is_checked():
            # What is chosen already cannot be given anew.
            code = code % 4 + 1
        with self.phone.giving(item):
            if code is not None:
                # A choice that stands already is no answer given anew.
                choose(page, item, code)
            else:
                tap(page, words[{"erased": "erase", "skipped": "skip"}[state]])
        self.model[item] = (state, code)

    def _goes_on(self, place: str) -> None:
        page, words = self.phone.page, self.phone.words
        if place in ITEMS:
            tap(page, words["next"])
        elif page.locator("#resume").is_visible():
            page.locator("#resume").click()
        else:
            page.locator("#row-q01 a").click()

    def _browser_back(self) -> None:
        page = self.phone.page
        if page.evaluate("navigation.canGoBack"):
            page.go_back()
            page.locator("#start, #survey").wait_for()
            # Before the questionnaire it is the page that welcomes.
            if page.locator("#start").count():
                tap(page, self.phone.words["start"])

    def _reload(self) -> None:
        self.phone.page.reload()

    def _switch(self) -> None:
        tap(self.phone.page, self.phone.words["other"])
        self.phone.language = {"fr": "en", "en": "fr"}[self.phone.language]
        self.phone.ready()
        until(self.phone.page, f"language === '{self.phone.language}'")

    def _offline(self) -> None:
        self.phone.set_offline(True)

    def _online(self) -> None:
        self.phone.set_offline(False)

    def _reopen(self) -> None:
        self.phone.reopen()

    def _change_phone(self) -> None:
        # Whoever takes the other phone needs a second: what the way to the server takes is known no better.
        later = max(each.given_at for each in self.phones) + 1000
        self.phones.reverse()
        self.phone.page.wait_for_function(f"() => Date.now() > {later}")

    def arrives(self) -> None:
        """Brings both phones back to the network and waits until neither keeps anything."""
        for phone in self.phones:
            phone.set_offline(False)
            until(phone.page, "waiting === 0")

    def sends(self) -> None:
        """Opens the questionnaire once more, answers what is open, and sends it."""
        page, words = self.phone.page, self.phone.words
        for item in OPEN:
            if self.model.get(item, ("erased", None))[0] == "erased":
                page.goto(page.url.rsplit("/", 1)[0] + f"/{item}")
                self._gives(item, "answered", 2)
        page.goto(page.url.rsplit("/", 1)[0] + "/review")
        tap(page, words["send"])
        expect(page.get_by_role("heading", level=1, name=SENT[self.phone.language])).to_be_visible()


def stored(hospital: Hospital, patient: Patient) -> dict[str, tuple[str, Any]]:
    """What the server has of the open questions, as the model writes it."""
    found = entries(hospital, patient)
    assert all(datetime.fromisoformat(entry["at"]) for entry in found.values())
    return {item: (found[item]["state"], found[item]["value"]) for item in OPEN if item in found}


@pytest.mark.requirement("SUR-06")
@pytest.mark.requirement("SUR-08")
@pytest.mark.requirement("SUR-09")
@pytest.mark.requirement("SUR-10")
@pytest.mark.requirement("SUR-11")
@pytest.mark.requirement("SUR-12")
@pytest.mark.threat("D10")
def test_what_was_given_last_is_stored_whatever_a_patient_does(
    chromium: Browser, hospital: Hospital, tmp_path_factory: pytest.TempPathFactory
) -> None:
    @settings(
        max_examples=EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(step, min_size=STEPS, max_size=STEPS))
    def any_patient(steps: list[tuple[str, int]]) -> None:
        patient = hospital.patient()
        hospital.answer(patient, **dict.fromkeys(ITEMS[len(OPEN) :], 1))
        address = hospital.link(patient)
        folder = tmp_path_factory.mktemp("phones")
        phones = [Handset(chromium, folder / name, address) for name in ("first", "second")]
        try:
            for phone in phones:
                phone.begin()
            someone = Patience(phones)
            for action, code in steps:
                someone.does(action, code)
            someone.arrives()
            assert stored(hospital, patient) == someone.model
            someone.sends()
            assert stored(hospital, patient) == someone.model
            assert entries(hospital, patient).keys() == set(ITEMS)
        finally:
            for phone in phones:
                phone.context.close()

    any_patient()
