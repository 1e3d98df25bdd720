"""A symptom reported between visits, from the card to the thanks, with and without JavaScript."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.models import SymptomReport
from app.services.codes import TRIES, check_code
from app.services.links import IssuedLink
from app.services.symptom_search import search_symptoms
from tests import factories
from tests.journeys.conftest import Open
from tests.journeys.hospital import Hospital
from tests.journeys.looks import misfits, problems
from tests.journeys.steps import EDGE, WORDS, button, is_at, tap

pytestmark = pytest.mark.requirement("AE-03")
FOUND = "each => each.filter(row => !row.hidden).map(row => row.querySelector('input').value)"
SEARCHES = [
    "tete",
    "fatige",
    "mal au coeur",
    "diaré",
    "ŒDEME",
    "crampe mollet",
    "nausé forte",
    "xyzxyz",
    "",
    "a",
    *("diarée", "migrène", "je suis crevé", "enflée", "dépressions", "rhumatisme", "anxyeus", "pohces yeu"),
    *("memoire", "bouche", "demain", "sang", "rhume", "peau", "stress", "hh", "ßø"),
]


def personal_link(hospital: Hospital, language: str = "fr") -> tuple[IssuedLink, str]:
    """A new patient's personal link, and its address."""
    issued = factories.make_personal_link(hospital.session, hospital.clock, hospital.patient(language))
    hospital.session.commit()
    return issued, f"{hospital.url}/l/{issued.token}"


def type_code(page: Page, address: str, code: str, start: str) -> None:
    page.goto(address)
    page.locator("#code").fill(code)
    tap(page, start)


def pick(page: Page, item: str, value: str) -> None:
    page.locator(f"input[name={item}][value='{value}'] + span").click(position=EDGE)


def options(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all("#symptom .option", FOUND)
    return found


@pytest.mark.requirement("LINK-03")
@pytest.mark.requirement("LINK-05")
@pytest.mark.parametrize(
    ("language", "with_script"), [("fr", True), ("en", False)], ids=["fr", "en-no-script"]
)
def test_from_the_card_to_the_thanks(
    device: Open, hospital: Hospital, language: str, with_script: bool
) -> None:
    (issued, address), words = personal_link(hospital, language), WORDS[language]
    page = device(language, java_script_enabled=with_script)
    code = issued.code or ""
    type_code(page, address, f"{code[:3]} {code[3:]}", words["start"])
    is_at(page, "symptom")
    assert issued.token not in page.url
    page.locator("#find").fill({"fr": "tete", "en": "hedache"}[language])
    page.locator("#find").press("Enter")
    expect(page.locator("#symptom input[value=pt049] + span")).to_be_visible()
    expect(page.locator("#symptom input[value=pt056] + span")).to_be_hidden()
    pick(page, "symptom", "pt049")
    # What was searched for is no answer, and stays as it was written.
    expect(page.locator("#find")).to_have_value({"fr": "tete", "en": "hedache"}[language])
    for item, value in (("pt049a", "2"), ("pt049b", "1"), ("pt049c", "0")):
        button(page, words["next"])
        is_at(page, item)
        pick(page, item, value)
    button(page, words["next"])
    is_at(page, "onset")
    onset = (hospital.clock.now() - timedelta(days=2)).date()
    page.locator("#onset input").fill(onset.isoformat())
    button(page, words["next"])
    is_at(page, "ongoing")
    pick(page, "ongoing", "1")
    button(page, words["next"])
    expect(page).to_have_url(re.compile(r"/survey/review$"))
    expect(page.locator("main")).to_contain_text(hospital.day(onset, language))
    tap(page, words["send"])
    page.locator("#thanks").wait_for()
    query = select(SymptomReport).where(SymptomReport.patient_id == issued.link.patient_id)
    row = hospital.session.scalars(query).one()
    assert (row.symptom, row.frequency, row.severity, row.interference) == ("pt049", 2, 1, 0)
    assert (row.onset_on, row.is_ongoing) == (onset, True)


def test_the_script_finds_what_the_server_finds(device: Open, hospital: Hospital) -> None:
    issued, address = personal_link(hospital)
    page = device()
    type_code(page, address, issued.code or "", WORDS["fr"]["start"])
    is_at(page, "symptom")
    every = options(page)
    labels = dict(
        page.eval_on_selector_all(
            "#symptom .option",
            "each => each.map(row => [row.querySelector('input').value, row.innerText.trim()])",
        )
    )
    for text in SEARCHES:
        page.locator("#find").fill(text)
        found = search_symptoms(factories.definition(), "fr", text, labels)
        assert set(options(page)) == (set(found) or set(every)) | {"other"}, text
        assert page.locator("#found-none").is_visible() == (not found), text


def states(page: Page, hospital: Hospital, language: str) -> Iterator[str]:
    """Leads through the pages of a personal link; yields the name of each."""
    (issued, address), words = personal_link(hospital, language), WORDS[language]
    page.goto(address)
    yield "landing"
    page.locator("#code").fill("12")
    tap(page, words["start"])
    page.locator("#code-fault").wait_for()
    yield "no code"
    wrong = f"{(int(issued.code or 0) + 1) % 10**6:06}"
    type_code(page, address, wrong, words["start"])
    expect(page.get_by_role("heading", level=1)).not_to_have_text(re.compile(r"^$"))
    yield "wrong code"
    type_code(page, address, issued.code or "", words["start"])
    is_at(page, "symptom")
    yield "list"
    page.locator("#find").fill("xyzxyz")
    yield "nothing found"
    page.goto(f"{hospital.url}/survey/onset")
    yield "day"
    for _ in range(TRIES):
        check_code(hospital.session, hospital.clock, issued.link, issued.token, wrong)
    hospital.session.commit()
    page.goto(address)
    yield "locked"
    issued.link.locked_for_good = True
    hospital.session.commit()
    page.goto(address)
    yield "locked for good"


@pytest.mark.requirement("A11-01")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_is_accessible_and_fits_a_narrow_phone(
    device: Open, hospital: Hospital, language: str
) -> None:
    page, wrong = device(language), {}
    for name in states(page, hospital, language):
        assert page.locator("html").get_attribute("lang") == language, name
        if (found := (problems(page), misfits(page))) != ([], {}):
            wrong[name] = found
    assert wrong == {}


def test_nothing_asks_for_notifications_and_the_link_can_go_to_the_home_screen(
    device: Open, hospital: Hospital
) -> None:
    issued, address = personal_link(hospital)
    page = device()
    page.add_init_script("window.asked = 0; Notification.requestPermission = () => { window.asked += 1; };")
    type_code(page, address, issued.code or "", WORDS["fr"]["start"])
    is_at(page, "symptom")
    assert page.evaluate("window.asked") == 0
    page.goto(address)
    client = page.context.new_cdp_session(page)
    manifest = client.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert issued.token not in manifest["url"]
    faults = client.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # A browser of the tests keeps nothing; and what goes to the home screen is this page, not an app with an
    # address of its own. Nothing else may be missing.
    assert {each["errorId"] for each in faults} == {"in-incognito", "start-url-not-valid"}
