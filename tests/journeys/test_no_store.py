"""Phones that keep nothing, or whose clock is wrong: what is answered counts all the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import LAUNCH_FLAGS, chromium_path
from tests.journeys.conftest import PHONE, TIMEOUT, Open
from tests.journeys.hospital import Hospital, serving
from tests.journeys.steps import FR, answer, carried, choose, is_at, is_kept, start
from tests.journeys.test_offline import KEPT, SAVED, answers, arrives, entries, says

# Reached by http and by a name: no browser takes that for safe, and so gives no key and no worker.
HOST = "phone.example"
NO_STORE = "Sans réseau, ce navigateur ne peut pas conserver vos réponses."
UNSAVED = "Pas encore enregistré. Laissez cette page ouverte."
BROKEN = 'IDBFactory.prototype.open = () => { throw new DOMException("no", "SecurityError"); };'
# Opens, and then fails whenever something is written: a full phone.
FULL = """
const put = IDBObjectStore.prototype.add;
IDBObjectStore.prototype.add = function (...row) { throw new DOMException("full", "QuotaExceededError"); };
"""

ANOTHER_EDITION = """async () => {
  const { draft } = document.querySelector("[data-draft]").dataset;
  const { active } = await navigator.serviceWorker.ready;
  active.postMessage({ draft, edition: "another", language: "fr", first: "q01" });
}"""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """A hospital that phones reach without any protection."""
    with serving(tmp_path_factory.mktemp("plain"), HOST) as running:
        yield running


@pytest.fixture
def insecure(chromium: Browser) -> Iterator[Page]:
    """A phone for which the hospital's name leads to this machine."""
    rules = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"
    browser = chromium.browser_type.launch(executable_path=str(chromium_path()), args=[*LAUNCH_FLAGS, rules])
    context = browser.new_context(viewport=PHONE, locale="fr")
    context.set_default_timeout(TIMEOUT)
    yield context.new_page()
    browser.close()


def goes_on_without_a_store(page: Page, hospital: Hospital) -> None:
    """Answers with, without and again with a network, on a phone that cannot keep anything."""
    patient = hospital.patient()
    start(page, hospital.link(patient), FR)
    expect(page.locator("#nostore")).to_contain_text(NO_STORE)
    with carried(page, "q01"):
        answer(page, "q01", 2, FR)
    says(page, SAVED)
    assert answers(hospital, patient) == {"q01": 2}
    page.context.set_offline(True)
    answer(page, "q02", 3, FR)
    says(page, UNSAVED)
    choose(page, "q03", 4)
    with carried(page, "q03"):
        page.context.set_offline(False)
    says(page, SAVED)
    assert answers(hospital, patient) == {"q01": 2, "q02": 3, "q03": 4}
    page.reload()
    expect(page.locator("#q03 input:checked")).to_have_value("4")
    is_at(page, "q03")


@pytest.mark.requirement("SUR-06")
@pytest.mark.requirement("SUR-08")
@pytest.mark.threat("D10")
def test_without_a_secure_connection_answers_are_saved_at_once(insecure: Page, plain: Hospital) -> None:
    goes_on_without_a_store(insecure, plain)
    assert insecure.evaluate("isSecureContext") is False


@pytest.mark.requirement("SUR-06")
@pytest.mark.requirement("SUR-08")
@pytest.mark.threat("D10")
def test_a_browser_whose_store_fails_saves_answers_at_once(device: Open, hospital: Hospital) -> None:
    page = device()
    page.add_init_script(BROKEN)
    goes_on_without_a_store(page, hospital)
    assert page.evaluate("async () => Boolean(await caches.match('/survey/kept'))") is False


@pytest.mark.requirement("SUR-06")
@pytest.mark.threat("D10")
def test_a_phone_that_is_full_says_that_the_page_must_stay_open(device: Open, hospital: Hospital) -> None:
    page, patient = device(), hospital.patient()
    page.add_init_script(FULL)
    start(page, hospital.link(patient), FR)
    page.context.set_offline(True)
    answer(page, "q01", 1, FR)
    says(page, UNSAVED)
    with carried(page, "q01"):
        page.context.set_offline(False)
    says(page, SAVED)
    assert answers(hospital, patient) == {"q01": 1}


@pytest.mark.requirement("SUR-10")
@pytest.mark.threat("D12")
@pytest.mark.parametrize("days", [-1, 1], ids=["behind", "ahead"])
def test_an_answer_by_a_wrong_clock_has_the_right_instant(
    device: Open, hospital: Hospital, days: int
) -> None:
    page, patient, wrong = device(), hospital.patient(), timedelta(days=days)
    page.clock.install(time=datetime.now(UTC) + wrong)
    start(page, hospital.link(patient), FR)
    is_kept(page)
    page.context.set_offline(True)
    before = datetime.now(UTC)
    answer(page, "q01", 3, FR)
    says(page, KEPT)
    after = datetime.now(UTC)
    # A quarter of an hour later, and without a network until then.
    page.clock.fast_forward("15:00")
    arrives(page)
    entry = entries(hospital, patient)["q01"]
    given, by_phone = (datetime.fromisoformat(entry[key]) for key in ("at", "device_at"))
    late, slack = timedelta(minutes=15), timedelta(seconds=2)
    assert before - slack <= given + late <= after + slack
    assert before - slack <= by_phone - wrong <= after + slack


@pytest.mark.requirement("SUR-08")
@pytest.mark.requirement("SUR-09")
def test_a_copy_stays_when_the_next_one_cannot_be_fetched(device: Open, hospital: Hospital) -> None:
    page, patient = device(), hospital.patient()
    start(page, hospital.link(patient), FR)
    is_kept(page)
    page.context.set_offline(True)
    page.evaluate(ANOTHER_EDITION)
    page.reload()
    is_at(page, "q01")
    answer(page, "q01", 2, FR)
    page.reload()
    is_at(page, "q02")
    arrives(page)
    assert answers(hospital, patient) == {"q01": 2}
