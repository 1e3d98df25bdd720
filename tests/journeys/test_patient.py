"""The patient's whole way on a phone of 360 px, with and without JavaScript, in both languages."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.models import Response
from tests import factories
from tests.journeys.conftest import Open
from tests.journeys.hospital import Hospital, read_until
from tests.journeys.steps import EN, FR, ITEMS, WORDS, answer, answer_from, button, link, start

pytestmark = pytest.mark.xdist_group("journeys")
THANKS = {"fr": "Merci, vos réponses sont envoyées", "en": "Thank you, your answers are sent"}
REVIEW = {"fr": "30 questions, 29 réponses, 1 passée", "en": "30 questions, 29 answered, 1 skipped"}
# What a phone receives until the first item is there, as the network counts it: headers and all.
WAY_TO_FIRST_ITEM_BYTES, FIRST_ITEM_BYTES, FIRST_ITEM_REQUESTS = 12_000, 6_000, 3


def shows(page: Page, heading: str) -> None:
    """Waits for a page by its heading."""
    expect(page.get_by_role("heading", level=1, name=heading, exact=True)).to_be_visible()


def is_chosen(page: Page, item: str, code: int) -> None:
    """Waits for an option to be chosen."""
    expect(page.locator(f"#{item}-{code}")).to_be_checked()


@pytest.mark.requirement("SUR-02")
@pytest.mark.requirement("SUR-03")
@pytest.mark.requirement("SUR-04")
@pytest.mark.requirement("SUR-05")
@pytest.mark.requirement("SUR-07")
@pytest.mark.requirement("SUR-12")
@pytest.mark.threat("D17")
@pytest.mark.parametrize(
    ("language", "with_script"), [("en", True), ("fr", False)], ids=["en", "fr-no-script"]
)
def test_from_the_link_to_the_thanks(
    device: Open, hospital: Hospital, language: str, with_script: bool
) -> None:
    words, other = WORDS[language], WORDS["en" if language == "fr" else "fr"]
    patient = hospital.patient(language)
    page = device(language, java_script_enabled=with_script)
    start(page, hospital.link(patient), words)
    assert page.locator("input:checked").count() == 0
    answer(page, "q01", 2, words)
    # Continue without an answer asks once; the skip is a tap of its own.
    button(page, words["next"])
    expect(page.get_by_role("alert")).to_be_visible()
    button(page, words["skip"])
    answer(page, "q03", 4, words)
    link(page, words["back"])
    is_chosen(page, "q03", 4)
    button(page, words["erase"])
    assert page.locator("input:checked").count() == 0
    # The language switch keeps an answer that was not yet sent.
    page.locator("label[for=q03-1]").click()
    button(page, words["other"])
    is_chosen(page, "q03", 1)
    button(page, other["other"])
    is_chosen(page, "q03", 1)
    answer_from(page, "q03", words, code=3)
    expect(page.get_by_role("main")).to_contain_text(REVIEW[language])
    page.locator("#row-q05").get_by_role("link").click()
    is_chosen(page, "q05", 3)
    answer(page, "q05", 1, words)
    page.goto(f"{hospital.url}/survey/review")
    button(page, words["send"])
    shows(page, THANKS[language])
    month_3 = factories.get_visit(hospital.session, patient, "M3")
    expect(page.get_by_role("main")).to_contain_text(hospital.day(month_3.opens_on, language))
    expect(page.get_by_role("link", name="04 65 71 26 04").first).to_have_attribute("href", "tel:0465712604")
    answers = page_answers(hospital, patient.id)
    assert (answers["q01"], answers["q02"], answers["q03"], answers["q05"]) == (2, None, 3, 1)
    assert len(answers) == len(ITEMS)


def page_answers(hospital: Hospital, patient_id: int) -> dict[str, int | None]:
    """The stored codes of a patient's first response."""
    hospital.session.expire_all()
    response = hospital.session.query(Response).filter_by(patient_id=patient_id).one()
    return {item: entry["value"] for item, entry in response.answers.items()}


@pytest.mark.requirement("SUR-03")
@pytest.mark.threat("D9")
def test_the_browsers_back_and_reload(device: Open, hospital: Hospital) -> None:
    patient = hospital.patient()
    address = hospital.link(patient)
    page = device()
    start(page, address, FR)
    answer(page, "q01", 3, FR)
    answer(page, "q02", 1, FR)
    page.go_back()
    is_chosen(page, "q02", 1)
    page.go_back()
    is_chosen(page, "q01", 3)
    page.reload()
    is_chosen(page, "q01", 3)
    page.locator("label[for=q01-4]").click()
    button(page, FR["next"])
    assert page_answers(hospital, patient.id) == {"q01": 4, "q02": 1}
    hospital.answer(patient, **dict.fromkeys(ITEMS[2:], 2))
    page.goto(f"{hospital.url}/survey/review")
    button(page, FR["send"])
    shows(page, THANKS["fr"])
    page.go_back()
    shows(page, THANKS["fr"])
    page.reload()
    shows(page, THANKS["fr"])


@pytest.mark.requirement("SUR-09")
@pytest.mark.threat("A11")
def test_another_phone_goes_on_where_the_first_one_stopped(device: Open, hospital: Hospital) -> None:
    address = hospital.link(hospital.patient())
    first, second = device(), device()
    start(first, address, FR)
    answer(first, "q01", 2, FR)
    second.goto(address)
    expect(second.get_by_role("main")).to_contain_text("Vous avez déjà donné 1 réponse")
    button(second, FR["start"])
    expect(second).to_have_url(re.compile(r"/survey/q02$"))
    link(second, FR["back"])
    is_chosen(second, "q01", 2)


@pytest.mark.requirement("A11-01")
def test_three_items_by_the_keyboard_alone(device: Open, hospital: Hospital) -> None:
    patient = hospital.patient()
    page = device("en")
    page.goto(hospital.link(patient) + "?lang=en")
    tab_to(page, "Start")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    for item, keys in (("q01", ["Space"]), ("q02", ["Space", "ArrowDown"]), ("q03", ["Space", "ArrowUp"])):
        tab_to(page, f"{item}-1")
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator("input:checked + label")).to_have_css("outline-width", "3px")
        with page.expect_navigation():
            page.keyboard.press("Enter")
    tab_to(page, "Back")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    is_chosen(page, "q03", 4)
    tab_to(page, "Continue")
    with page.expect_navigation():
        page.keyboard.press("Space")
    expect(page).to_have_url(re.compile(r"/survey/q04$"))
    assert page_answers(hospital, patient.id) == {"q01": 1, "q02": 2, "q03": 4}


def tab_to(page: Page, name: str) -> None:
    """Presses Tab until the focus is on what has this text or id."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if name in page.evaluate("[document.activeElement.innerText?.trim(), document.activeElement.id]"):
            return
    raise AssertionError(f"{name} is not reached by the keyboard")


@pytest.mark.requirement("A11-01")
def test_the_notice_about_a_missing_answer_takes_the_focus(device: Open, hospital: Hospital) -> None:
    page = device("en")
    start(page, hospital.link(hospital.patient("en")), EN)
    button(page, EN["next"])
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("You have not chosen an answer.")


@pytest.mark.threat("G11")
def test_the_first_item_costs_a_phone_little(device: Open, hospital: Hospital) -> None:
    page = device()
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    requests: list[str] = []
    sizes: list[float] = []
    network.on("Network.requestWillBeSent", lambda event: requests.append(event["request"]["url"]))
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    start(page, hospital.link(hospital.patient()), FR)
    page.wait_for_load_state("networkidle")
    assert sum(sizes) <= WAY_TO_FIRST_ITEM_BYTES, (requests, sizes)
    requests.clear()
    sizes.clear()
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.reload(wait_until="networkidle")
    assert 2 <= len(requests) <= FIRST_ITEM_REQUESTS, requests
    assert sum(sizes) <= FIRST_ITEM_BYTES, sizes


@pytest.mark.requirement("LINK-01")
@pytest.mark.requirement("DAT-02")
@pytest.mark.threat("A3")
def test_the_web_servers_log_holds_no_secret(device: Open, hospital: Hospital) -> None:
    address = hospital.link(hospital.patient())
    page = device()
    start(page, address, FR)
    page.goto(f"{hospital.url}/survey/q27")
    log = read_until(hospital.log, "GET /survey/q27")
    assert "POST /l/[link] " in log
    assert not re.search(r"/l/[\w-]{43}", log)


@pytest.mark.threat("A7")
def test_a_link_taken_back_ends_the_survey_at_the_next_tap(device: Open, hospital: Hospital) -> None:
    patient = hospital.patient()
    page = device("en")
    start(page, hospital.link(patient), FR)
    hospital.revoke(patient)
    page.locator("label[for=q01-2]").click()
    button(page, FR["next"])
    shows(page, "Ce lien ne peut plus être utilisé")
    expect(page.get_by_role("contentinfo")).to_contain_text("04 65 71 26 04")
    assert page_answers(hospital, patient.id) == {}
