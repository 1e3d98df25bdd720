"""The patient's whole way on a phone of 360 px, with and without JavaScript, in both languages."""

import re
from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.models import Patient, Response
from tests import factories
from tests.journeys.conftest import Open
from tests.journeys.hospital import Hospital, read_until
from tests.journeys.steps import (
    EN,
    FR,
    ITEMS,
    WORDS,
    answer,
    answer_from,
    button,
    carried,
    choose,
    is_at,
    link,
    start,
    tap,
)

THANKS = {"fr": "Merci, vos réponses sont envoyées", "en": "Thank you, your answers are sent"}
REVIEW = {"fr": "30 questions, 29 réponses, 1 passée", "en": "30 questions, 29 answered, 1 skipped"}
# What a phone receives until the first item is there, as the network counts it: headers and all.
WAY_TO_FIRST_ITEM_BYTES, WAY_TO_FIRST_ITEM_REQUESTS = 16 * 1024, 5
LATER = re.compile("icon|patient-print|review.js")
REVIEW_WAITED = """() => {
  const [document] = performance.getEntriesByType("navigation");
  const review = performance.getEntriesByType("resource").find((each) => each.name.includes("review.js"));
  return review.startTime >= document.domContentLoadedEventEnd;
}"""


def shows(page: Page, heading: str) -> None:
    """Waits for a page by its heading."""
    expect(page.get_by_role("heading", level=1, name=heading, exact=True)).to_be_visible()


def is_chosen(page: Page, item: str, code: int) -> None:
    """Waits for an option to be chosen."""
    expect(page.locator(f"input[name={item}][value='{code}']")).to_be_checked()


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
    tap(page, words["next"])
    expect(page.get_by_role("alert")).to_be_visible()
    button(page, words["skip"])
    answer(page, "q03", 4, words)
    link(page, words["back"])
    is_chosen(page, "q03", 4)
    tap(page, words["erase"])
    expect(page.locator("#q03 input:checked")).to_have_count(0)
    # The language switch keeps an answer that was not yet sent.
    choose(page, "q03", 1)
    tap(page, words["other"])
    expect(page.locator("html")).to_have_attribute("lang", "en" if language == "fr" else "fr")
    is_chosen(page, "q03", 1)
    tap(page, other["other"])
    expect(page.locator("html")).to_have_attribute("lang", language)
    is_chosen(page, "q03", 1)
    answer_from(page, "q03", words, code=3)
    expect(page.get_by_role("main")).to_contain_text(REVIEW[language])
    page.locator("#row-q05").get_by_role("link").click()
    is_chosen(page, "q05", 3)
    answer(page, "q05", 1, words)
    is_at(page, "review")
    tap(page, words["send"])
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
    values = {item: entry["value"] for item, entry in response.answers.items()}
    # The server's next save waits for nobody.
    hospital.session.rollback()
    return values


@pytest.mark.requirement("SUR-03")
@pytest.mark.threat("D9")
def test_the_browsers_back_and_reload(device: Open, hospital: Hospital) -> None:
    patient = hospital.patient()
    address = hospital.link(patient)
    page = device()
    start(page, address, FR)
    answer(page, "q01", 3, FR)
    with carried(page, "q02"):
        answer(page, "q02", 1, FR)
    page.go_back()
    is_at(page, "q02")
    is_chosen(page, "q02", 1)
    page.go_back()
    is_at(page, "q01")
    is_chosen(page, "q01", 3)
    page.reload()
    is_chosen(page, "q01", 3)
    with carried(page, "q01"):
        choose(page, "q01", 4)
    button(page, FR["next"])
    assert page_answers(hospital, patient.id) == {"q01": 4, "q02": 1}
    hospital.answer(patient, **dict.fromkeys(ITEMS[2:], 2))
    page.goto(f"{hospital.url}/survey/review")
    tap(page, FR["send"])
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
    with carried(first, "q01"):
        answer(first, "q01", 2, FR)
    second.goto(address)
    expect(second.get_by_role("main")).to_contain_text("Vous avez déjà donné 1 réponse")
    button(second, FR["start"])
    expect(second).to_have_url(re.compile(r"/survey/q02$"))
    link(second, FR["back"])
    is_chosen(second, "q01", 2)


@pytest.mark.requirement("SUR-07")
def test_a_script_that_comes_late_fetches_the_whole_document(device: Open, hospital: Hospital) -> None:
    page = device()
    start(page, hospital.link(hospital.patient()), FR)
    token = page.locator("#survey input[name=csrf_token]").get_attribute("value")
    form: dict[str, str | float | bool] = {"csrf_token": str(token), "q01": "3", "action": "next"}
    origin = {"Sec-Fetch-Site": "same-origin"}
    assert page.request.post(f"{hospital.url}/survey/q01", form=form, headers=origin).ok
    page.goto(f"{hospital.url}/survey/q02")
    expect(page.locator("fieldset")).to_have_count(len(ITEMS))
    choose(page, "q02", 2)
    tap(page, FR["next"])
    is_at(page, "q03")


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
        with carried(page, item):
            for key in keys:
                page.keyboard.press(key)
        expect(page.locator(f"#{item} input:checked + span")).to_have_css("outline-width", "3px")
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
        focused = page.evaluate(
            "[document.activeElement].map(({innerText, name, value}) => [innerText, `${name}-${value}`])"
        )
        if name in [str(each).strip() for each in focused[0]]:
            return
    raise AssertionError(f"{name} is not reached by the keyboard")


@pytest.mark.requirement("A11-01")
def test_the_notice_about_a_missing_answer_takes_the_focus(device: Open, hospital: Hospital) -> None:
    page = device("en")
    start(page, hospital.link(hospital.patient("en")), EN)
    tap(page, EN["next"])
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("You have not chosen an answer.")


@pytest.mark.threat("G11")
def test_the_first_item_costs_a_phone_little(device: Open, hospital: Hospital) -> None:
    page, patient = device(), hospital.patient()
    with_symptoms(hospital, patient)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    addresses: dict[str, list[str]] = {}
    sizes: Counter[str] = Counter()

    def note_request(event: dict[str, Any]) -> None:
        addresses.setdefault(event["requestId"], []).append(event["request"]["url"])
        # The answer to the tap on Start, which leads to the question.
        sizes[event["requestId"]] += int(event.get("redirectResponse", {}).get("encodedDataLength", 0))

    def note_reply(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] += int(event["encodedDataLength"])

    network.on("Network.requestWillBeSent", note_request)
    network.on("Network.loadingFinished", note_reply)
    start(page, hospital.link(patient), FR)
    page.wait_for_load_state("networkidle")
    # From the browser's own cache comes what the landing page had fetched; icon and style of paper can wait,
    # as the script of the review does.
    assert page.evaluate(REVIEW_WAITED)
    needed = {key: size for key, size in sizes.items() if size and not LATER.search(addresses[key][0])}
    assert sum(needed.values()) <= WAY_TO_FIRST_ITEM_BYTES, (addresses, sizes)
    assert sum(len(addresses[key]) for key in needed) <= WAY_TO_FIRST_ITEM_REQUESTS, addresses


def with_symptoms(hospital: Hospital, patient: Patient) -> None:
    """Lets the patient's first visit ask for the symptoms too."""
    factories.get_visit(hospital.session, patient).questionnaires = ["qlq-c30", "symptoms"]
    hospital.session.commit()


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
    choose(page, "q01", 2)
    expect(page.get_by_role("alert")).to_contain_text("Ce lien ne peut plus être utilisé")
    expect(page.get_by_role("contentinfo")).to_contain_text("04 65 71 26 04")
    page.reload()
    shows(page, "Ce lien ne peut plus être utilisé")
    assert page_answers(hospital, patient.id) == {}
