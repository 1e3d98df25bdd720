"""Without a network: nothing that was answered is lost, and nothing of one patient is left to another."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.models import Patient, Response
from tests import factories
from tests.chromium import LAUNCH_FLAGS, chromium_path
from tests.journeys.conftest import PHONE, TIMEOUT, Open
from tests.journeys.hospital import Hospital
from tests.journeys.steps import (
    EN,
    FR,
    ITEMS,
    STORED,
    answer,
    answer_from,
    carried,
    choose,
    is_at,
    is_kept,
    kill,
    link,
    start,
    tap,
    until,
)

KEPT, SAVED = "Conservé sur ce téléphone", re.compile(r"^Enregistré à \d\d:\d\d$")
THANKS = "Merci, vos réponses sont envoyées"


def says(page: Page, text: str | re.Pattern[str]) -> None:
    """Waits for the line that tells where the answers are."""
    expect(page.locator("#saved")).to_have_text(text)


def entries(hospital: Hospital, patient: Patient) -> dict[str, Any]:
    """What the server has of a patient's questionnaires, by item."""
    hospital.session.expire_all()
    patient_id = patient.id
    found = hospital.session.query(Response).filter_by(patient_id=patient_id).all()
    stored = {item: entry for each in found for item, entry in each.answers.items()}
    # The server's next save waits for nobody.
    hospital.session.rollback()
    return stored


def answers(hospital: Hospital, patient: Patient) -> dict[str, Any]:
    """The values alone."""
    return {item: entry["value"] for item, entry in entries(hospital, patient).items()}


def arrives(page: Page) -> None:
    """Brings the network back and waits until nothing is left on the phone."""
    page.context.set_offline(False)
    says(page, SAVED)
    until(page, "waiting === 0")


def begun(page: Page, hospital: Hospital, patient: Patient, language: str = "fr") -> str:
    """Opens the patient's link, starts, and waits until the phone could go on alone; returns the address."""
    address = hospital.link(patient)
    start(page, address, FR if language == "fr" else EN)
    is_kept(page)
    return address


@pytest.mark.requirement("SUR-06")
@pytest.mark.requirement("SUR-08")
@pytest.mark.threat("D10")
def test_answers_given_without_a_network_arrive_when_it_is_back(device: Open, hospital: Hospital) -> None:
    page, patient = device(), hospital.patient()
    begun(page, hospital, patient)
    with carried(page, "q01"):
        answer(page, "q01", 2, FR)
    says(page, SAVED)
    page.context.set_offline(True)
    for code, item in enumerate(ITEMS[1:5], start=1):
        answer(page, item, code, FR)
        says(page, KEPT)
    tap(page, FR["next"])
    tap(page, FR["skip"])
    is_at(page, "q07")
    assert answers(hospital, patient) == {"q01": 2}
    arrives(page)
    assert answers(hospital, patient) == {"q01": 2, "q02": 1, "q03": 2, "q04": 3, "q05": 4, "q06": None}


@pytest.mark.requirement("SUR-08")
@pytest.mark.requirement("SUR-09")
def test_a_reload_and_the_link_work_without_a_network(device: Open, hospital: Hospital) -> None:
    page, patient = device(), hospital.patient()
    address = begun(page, hospital, patient)
    with carried(page, "q01"):
        answer(page, "q01", 4, FR)
    page.context.set_offline(True)
    answer(page, "q02", 3, FR)
    says(page, KEPT)
    page.reload()
    is_at(page, "q03")
    link(page, FR["back"])
    expect(page.locator("#q02 input:checked")).to_have_value("3")
    # What the server has acknowledged is no longer on the phone; that it was answered is.
    link(page, FR["back"])
    expect(page.locator("#held")).to_contain_text("L’hôpital a déjà votre réponse")
    expect(page.locator("#q01 input:checked")).to_have_count(0)
    page.goto(address)
    is_at(page, "q03")
    assert "/l/" not in page.url
    choose(page, "q03", 1)
    arrives(page)
    assert answers(hospital, patient) == {"q01": 4, "q02": 3, "q03": 1}


@pytest.mark.requirement("SUR-12")
@pytest.mark.threat("D17")
def test_the_language_changes_without_a_network(device: Open, hospital: Hospital) -> None:
    page, patient = device(), hospital.patient()
    begun(page, hospital, patient)
    answer(page, "q01", 2, FR)
    page.context.set_offline(True)
    choose(page, "q02", 4)
    says(page, KEPT)
    tap(page, FR["other"])
    expect(page.locator("html")).to_have_attribute("lang", "en")
    is_at(page, "q02")
    expect(page.locator("#q02 input:checked")).to_have_value("4")
    answer(page, "q02", 3, EN)
    expect(page.locator("#saved")).to_have_text("Kept on this phone")
    page.reload()
    expect(page.locator("h1")).to_have_text("Item 3 of 30")
    tap(page, EN["other"])
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    arrives(page)
    assert answers(hospital, patient) == {"q01": 2, "q02": 3}


@pytest.mark.requirement("SUR-12")
def test_the_language_chosen_without_a_network_stays_when_it_is_back(
    device: Open, hospital: Hospital
) -> None:
    page, patient = device(), hospital.patient()
    begun(page, hospital, patient)
    page.context.set_offline(True)
    tap(page, FR["other"])
    expect(page.locator("html")).to_have_attribute("lang", "en")
    with page.expect_response(lambda response: "/survey/review?lang=fr" in response.url):
        page.context.set_offline(False)
    page.goto(f"{hospital.url}/survey/q02")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    # Switched with a network, it is the server alone that knows.
    tap(page, EN["other"])
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "fr")


@pytest.mark.requirement("SUR-08")
@pytest.mark.requirement("SUR-11")
def test_a_questionnaire_sent_without_a_network_is_sent_once_it_is_back(
    device: Open, hospital: Hospital
) -> None:
    page, patient = device(), hospital.patient()
    begun(page, hospital, patient)
    page.context.set_offline(True)
    answer_from(page, "q01", FR, code=3)
    expect(page.locator("#counts")).to_have_text("30 questions, 30 réponses")
    tap(page, FR["send"])
    expect(page.locator("#later")).to_contain_text("seront envoyées au retour du réseau")
    page.reload()
    is_at(page, "review")
    page.context.set_offline(False)
    expect(page.get_by_role("heading", level=1, name=THANKS)).to_be_visible()
    assert answers(hospital, patient) == dict.fromkeys(ITEMS, 3)
    assert page.evaluate(STORED) == {"waiting": 0, "hasCopy": False, "language": None}
    page.go_back()
    expect(page.get_by_role("heading", level=1, name=THANKS)).to_be_visible()


@pytest.mark.requirement("SUR-13")
@pytest.mark.threat("C7")
def test_another_patients_link_shows_nothing_of_the_first(device: Open, hospital: Hospital) -> None:
    page, first, second = device(), hospital.patient(), hospital.patient()
    begun(page, hospital, first)
    page.context.set_offline(True)
    answer(page, "q01", 4, FR)
    says(page, KEPT)
    other = hospital.link(second)
    page.goto(other)
    expect(page.get_by_role("heading", level=1)).to_have_text("Pas de réseau")
    assert "0426" not in page.content()
    page.context.set_offline(False)
    start(page, other, FR)
    is_kept(page)
    expect(page.locator("input:checked")).to_have_count(0)
    page.context.set_offline(True)
    page.reload()
    is_at(page, "q01")
    expect(page.locator("input:checked")).to_have_count(0)
    expect(page.locator("#saved")).to_have_text("")
    assert page.evaluate(STORED) == {"waiting": 0, "hasCopy": True, "language": "fr"}
    assert answers(hospital, second) == {}


@pytest.mark.requirement("SUR-10")
@pytest.mark.threat("D3")
def test_two_phones_merge_item_by_item(device: Open, hospital: Hospital) -> None:
    patient = hospital.patient()
    first, second = device(), device()
    address = begun(first, hospital, patient)
    start(second, address, FR)
    is_kept(second)
    for page in (first, second):
        page.context.set_offline(True)
    answer(first, "q01", 1, FR)
    answer(second, "q01", 2, FR)
    answer(second, "q02", 2, FR)
    answer(first, "q02", 1, FR)
    answer(first, "q03", 1, FR)
    # The later answer stands, though the earlier one arrives after it.
    for page in (first, second):
        arrives(page)
    assert answers(hospital, patient) == {"q01": 2, "q02": 1, "q03": 1}


@pytest.mark.requirement("SUR-05")
@pytest.mark.requirement("SUR-11")
def test_what_arrives_after_the_sending_changes_nothing(device: Open, hospital: Hospital) -> None:
    patient = hospital.patient()
    late, other = device(), device()
    address = begun(late, hospital, patient)
    late.context.set_offline(True)
    answer(late, "q01", 4, FR)
    says(late, KEPT)
    start(other, address, FR)
    answer_from(other, "q01", FR, code=2)
    tap(other, FR["send"])
    expect(other.get_by_role("heading", level=1, name=THANKS)).to_be_visible()
    late.context.set_offline(False)
    expect(late.get_by_role("heading", level=1, name=THANKS)).to_be_visible()
    assert answers(hospital, patient) == dict.fromkeys(ITEMS, 2)
    assert late.evaluate(STORED) == {"waiting": 0, "hasCopy": False, "language": None}


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A7")
def test_a_link_taken_back_refuses_what_was_kept_and_says_so(device: Open, hospital: Hospital) -> None:
    page, patient = device(), hospital.patient()
    begun(page, hospital, patient)
    page.context.set_offline(True)
    answer(page, "q01", 4, FR)
    says(page, KEPT)
    hospital.revoke(patient)
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_contain_text("Ce lien ne peut plus être utilisé")
    assert answers(hospital, patient) == {}


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A7")
def test_a_lost_session_is_told_and_its_answers_arrive_with_the_link(
    device: Open, hospital: Hospital
) -> None:
    page, patient = device(), hospital.patient()
    address = begun(page, hospital, patient)
    page.context.clear_cookies()
    choose(page, "q01", 2)
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre session est terminée")
    start(page, address, FR)
    is_at(page, "q02")
    arrives(page)
    assert answers(hospital, patient) == {"q01": 2}


@pytest.mark.requirement("SUR-07")
@pytest.mark.requirement("AE-01")
@pytest.mark.requirement("AE-02")
@pytest.mark.parametrize("with_script", [True, False], ids=["script", "no-script"])
def test_symptoms_branch_and_take_words(device: Open, hospital: Hospital, with_script: bool) -> None:
    page, patient = device(java_script_enabled=with_script), hospital.patient()
    factories.get_visit(hospital.session, patient).questionnaires = ["qlq-c30", "symptoms"]
    hospital.session.commit()
    hospital.answer(patient, **dict.fromkeys(ITEMS, 2))
    words = "\n Gêne <b>«\u00a0é\u00a0» 😀\n\n\tfin "
    start(page, hospital.link(patient), FR)
    expect(page.get_by_role("heading", level=1)).to_have_text("Symptôme 1 sur 19")
    expect(page.get_by_role("contentinfo")).to_contain_text("112")
    answer(page, "pt022a", 1, FR)
    answer(page, "pt022b", 0, FR)
    answer(page, "pt009a", 0, FR)
    is_at(page, "pt010a")
    while not page.url.endswith("/other"):
        item = str(page.locator("fieldset:visible").get_attribute("id"))
        answer(page, item, 0, FR)
        expect(page).not_to_have_url(re.compile(f"/{item}$"))
    answer(page, "other", 1, FR)
    page.locator("textarea:visible").fill(words)
    tap(page, FR["next"])
    for item, code in (("othera", 2), ("otherb", 0)):
        answer(page, item, code, FR)
    is_at(page, "review")
    assert page.locator("#row-othertext strong").text_content() == words
    assert page.locator("#row-pt009b").count() == 0
    tap(page, FR["send"])
    expect(page.get_by_role("heading", level=1, name=THANKS)).to_be_visible()
    stored = answers(hospital, patient)
    assert stored["othertext"] == words
    assert (stored["pt022b"], stored["pt022c"], stored["pt009b"], stored["otherc"]) == (0, 0, 0, 0)


@pytest.fixture
def profile(chromium: Browser, hospital: Hospital, tmp_path: Path) -> Iterator[Callable[[], BrowserContext]]:
    """Opens a browser of its own whose data stay in one folder, however it ends."""
    opened: list[BrowserContext] = []

    def open_profile() -> BrowserContext:
        context = chromium.browser_type.launch_persistent_context(
            tmp_path, executable_path=str(chromium_path()), args=LAUNCH_FLAGS, viewport=PHONE, locale="fr"
        )
        context.set_default_timeout(TIMEOUT)
        opened.append(context)
        return context

    yield open_profile
    opened[-1].close()


@pytest.mark.requirement("SUR-08")
@pytest.mark.requirement("SUR-09")
@pytest.mark.threat("D8")
@pytest.mark.threat("D10")
def test_a_browser_that_was_killed_without_a_network_goes_on(
    profile: Callable[[], BrowserContext], hospital: Hospital, tmp_path: Path
) -> None:
    patient, context = hospital.patient(), profile()
    page = context.new_page()
    address = begun(page, hospital, patient)
    with carried(page, "q01"):
        answer(page, "q01", 2, FR)
    context.set_offline(True)
    answer(page, "q02", 3, FR)
    answer(page, "q03", 4, FR)
    until(page, "waiting === 2")
    kill(context, tmp_path)
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b'"item":"q02"' not in on_disk
    context = profile()
    context.set_offline(True)
    page = context.new_page()
    page.goto(address)
    is_at(page, "q04")
    answer(page, "q04", 1, FR)
    says(page, KEPT)
    # A browser that dies within seconds may forget its session; the link begins another.
    page.close()
    context.set_offline(False)
    page = context.new_page()
    start(page, address, FR)
    is_at(page, "q05")
    arrives(page)
    assert answers(hospital, patient) == {"q01": 2, "q02": 3, "q03": 4, "q04": 1}
