"""Patients who do anything in any order: what is stored in the end is what they gave last."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.models import Patient
from app.services import responses
from app.services.questionnaires import Question, questionnaire
from tests import factories
from tests.chromium import LAUNCH_FLAGS, chromium_path
from tests.journeys.conftest import PHONE, TIMEOUT
from tests.journeys.hospital import Hospital
from tests.journeys.steps import (
    EN,
    FR,
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

# Of both questionnaires. The others are answered before: an example is short, and whatever comes next is soon
# the review.
OPEN = ("q29", "q30", "pt022a", "pt022b", "pt022c", "other", "othertext")
EXAMPLES, STEPS = 2, 12
SENT = {"fr": THANKS, "en": "Thank you, your answers are sent"}

answering = st.tuples(st.sampled_from(["answer", "answer", "answer", "erase", "skip"]), st.integers(0, 4))
opening = st.tuples(st.just("open"), st.integers(0, len(OPEN) - 1))
moving = st.tuples(st.sampled_from(["on", "back", "browser_back", "reload", "switch"]), st.just(0))
changing = st.tuples(st.sampled_from(["offline", "online", "reopen", "change_phone"]), st.just(0))
step = st.one_of(answering, answering, opening, moving, changing)
# Words, and going back on a symptom, with a network and without: too rare to be left to chance.
SURELY = """
    open 2, answer 3, on 0, offline 0, answer 2, on 0, skip 0, open 5, answer 1, on 0, answer 4, reopen 0,
    open 6, answer 1, change_phone 0, open 6, answer 2, change_phone 0, online 0, open 2, answer 0
"""

Given = tuple[str, int | str | None]
ERASED = ("erased", None)


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

    def end(self) -> None:
        """Closes the browser, if it came to one."""
        if hasattr(self, "context"):
            self.context.close()

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
    questions: list[Question]
    model: dict[str, Given]
    texts: int = 0

    @property
    def phone(self) -> Handset:
        """The phone in the hand."""
        return self.phones[0]

    def does(self, action: str, code: int) -> None:
        """One step, if the page in sight has a way to it."""
        place, page, words = self.phone.place(), self.phone.page, self.phone.words
        is_question = place != "review"
        if action == "answer" and is_question:
            self._answers(place, code)
        elif action == "erase" and is_question:
            self._gives(place, "erased")
        elif action == "skip" and is_question:
            tap(page, words["next"])
            if page.locator("#ask").is_visible():
                self._gives(place, "skipped")
        elif action == "on":
            self._goes_on(place)
        elif action == "open":
            self._opens(OPEN[code])
        elif action == "back" and page.get_by_role("link", name=words["back"], exact=True).is_visible():
            link(page, words["back"])
        elif action not in {"answer", "erase", "skip", "back"}:
            getattr(self, f"_{action}")()
        self.phone.ready()

    def _answers(self, item: str, code: int) -> None:
        page, text = self.phone.page, self.phone.page.locator("textarea:visible")
        if text.count():
            self.texts += 1
            words = f" {self.texts} «\u00a0fois\u00a0»\n{'là' * code}"
            with self.phone.giving(item):
                text.fill(words)
                text.blur()
            self.model[item] = ("answered", words)
            return
        options = page.locator(f"input[name={item}]")
        codes = [int(each) for each in options.evaluate_all("each => each.map(({ value }) => value)")]
        chosen = codes[min(code, len(codes) - 1)]
        if page.locator(f"input[name={item}][value='{chosen}']").is_checked():
            # What is chosen already cannot be given anew.
            chosen = codes[codes.index(chosen) - 1]
        with self.phone.giving(item):
            choose(page, item, chosen)
        self.model[item] = ("answered", chosen)

    def _gives(self, item: str, state: str) -> None:
        with self.phone.giving(item):
            tap(self.phone.page, self.phone.words[{"erased": "erase", "skipped": "skip"}[state]])
        self.model[item] = (state, None)

    def _opens(self, item: str) -> None:
        page = self.phone.page
        page.goto(page.url.rsplit("/", 1)[0] + f"/{item}")

    def _goes_on(self, place: str) -> None:
        page, words = self.phone.page, self.phone.words
        if place != "review":
            tap(page, words["next"])
        elif page.locator("#resume").is_visible():
            page.locator("#resume").click()
        else:
            page.locator(f"#row-{OPEN[0]} a").click()

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

    def ruled_out(self) -> dict[str, Given]:
        """What is not asked after what was given, as it is stored at sending."""
        found: dict[str, Given] = {}
        for each in self.questions:
            if each.condition is None:
                continue
            lead = each.condition.item
            given = found.get(lead) or self.model.get(lead, ERASED)
            if given != ERASED and not given[1]:
                found[each.id] = ("not_asked", given[1] if each.codes else None)
        return found

    def arrives(self) -> None:
        """Brings both phones back to the network and waits until neither keeps anything."""
        for phone in self.phones:
            phone.set_offline(False)
            until(phone.page, "waiting === 0")

    def sends(self) -> None:
        """Opens the questionnaire once more, answers what is open, and sends it."""
        page, words = self.phone.page, self.phone.words
        for each in self.questions:
            if each.id not in self.ruled_out() and self.model.get(each.id, ERASED) == ERASED:
                self._opens(each.id)
                self._answers(each.id, 2)
        self._opens("review")
        tap(page, words["send"])
        expect(page.get_by_role("heading", level=1, name=SENT[self.phone.language])).to_be_visible()


def prepare(hospital: Hospital, patient: Patient) -> tuple[list[Question], dict[str, Given]]:
    """Lets the first visit ask for the symptoms too, and answers all but the open questions; what it asks."""
    session, clock = hospital.session, hospital.clock
    visit, questions = factories.get_visit(session, patient), list[Question]()
    visit.questionnaires = ["qlq-c30", "symptoms"]
    for draft in responses.begin_responses(session, clock, visit, factories.WORDING, "fr"):
        asked = questionnaire(factories.definition(), draft.instrument).questions
        questions += asked
        for each in asked:
            if each.id not in OPEN and (each.condition is None or each.id == "othera"):
                answer = responses.Answer(each.id, responses.AnswerState.ANSWERED, each.codes[0])
                responses.save_answer(session, clock, draft, visit, answer)
    session.commit()
    return questions, stored(hospital, patient)


def stored(hospital: Hospital, patient: Patient) -> dict[str, Given]:
    """What the server has of a patient, as the model writes it."""
    found = entries(hospital, patient)
    assert all(datetime.fromisoformat(entry["at"]) for entry in found.values())
    return {item: (entry["state"], entry["value"]) for item, entry in found.items()}


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
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @example([(action, int(code)) for action, code in map(str.split, SURELY.split(","))])
    @given(st.lists(step, min_size=STEPS, max_size=STEPS))
    def any_patient(steps: list[tuple[str, int]]) -> None:
        patient = hospital.patient()
        address = hospital.link(patient)
        folder = tmp_path_factory.mktemp("phones")
        phones = [Handset(chromium, folder / name, address) for name in ("first", "second")]
        someone = Patience(phones, *prepare(hospital, patient))
        try:
            for phone in phones:
                phone.begin()
            for action, code in steps:
                someone.does(action, code)
            someone.arrives()
            assert stored(hospital, patient) == someone.model
            someone.sends()
            assert stored(hospital, patient) == someone.model | someone.ruled_out()
            assert someone.model.keys() | someone.ruled_out().keys() == {
                each.id for each in someone.questions
            }
        finally:
            for phone in phones:
                phone.end()

    any_patient()
