"""Texts that are no longer what was approved: a phone stops showing them, and what was answered is kept."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from app.models import Patient, Response, Study
from tests.journeys.conftest import Open
from tests.journeys.hospital import Hospital
from tests.journeys.steps import FR, ITEMS, WORDS, answer, carried, choose, is_kept, start, tap, until
from tests.journeys.test_offline import KEPT, SAVED, answers, says

pytestmark = pytest.mark.requirement("INS-04")
TOLD = {
    "fr": "Vos questions ne peuvent pas s’afficher pour le moment",
    "en": "Your questions cannot be shown just now",
}


@pytest.fixture
def study(hospital: Hospital) -> Study:
    """A study of its own, whose seal these journeys break."""
    return hospital.twin()


def tells(page: Page, language: str = "fr") -> None:
    """Waits for the plain words; no question is there any more, nor anything of the phone's copy."""
    expect(page.locator("h1")).to_have_text(TOLD[language])
    expect(page.locator("fieldset, .option")).to_have_count(0)
    until(page, "hasCopy === false")


def is_sent(hospital: Hospital, patient: Patient) -> bool:
    """Whether any answers were sent for good."""
    hospital.session.expire_all()
    found = hospital.session.query(Response).filter_by(patient_id=patient.id).all()
    hospital.session.rollback()
    return any(each.is_submitted for each in found)


@pytest.mark.requirement("SUR-06")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_load_drops_the_phones_copy_and_brings_what_waited_to_the_server(
    device: Open, hospital: Hospital, study: Study, language: str
) -> None:
    page, patient, words = device(language), hospital.patient(language, study=study), WORDS[language]
    address = hospital.link(patient)
    start(page, address, words)
    is_kept(page)
    with carried(page, "q01"):
        answer(page, "q01", 2, words)
    page.context.set_offline(True)
    answer(page, "q02", 3, words)
    until(page, "waiting === 1")
    page.goto("about:blank")
    hospital.break_seal(study, language)
    page.context.set_offline(False)
    page.goto(address)
    tells(page, language)
    until(page, "waiting === 0")
    expect(page.locator("#saved")).to_have_text(re.compile(r"\d\d:\d\d$"))
    assert answers(hospital, patient) == {"q01": 2, "q02": 3}
    for path in (address, f"{hospital.url}/survey/q03"):
        page.goto(path)
        tells(page, language)
    # Nor is there anything to be shown when the network is gone again.
    page.context.set_offline(True)
    page.goto(f"{hospital.url}/survey/q03")
    expect(page.locator("h1")).to_have_text("Pas de réseau")


def test_an_open_page_learns_of_it_within_a_minute_of_answering(
    device: Open, hospital: Hospital, study: Study
) -> None:
    page, patient, now = device(), hospital.patient(study=study), datetime.now().astimezone()
    page.clock.set_fixed_time(now)
    start(page, hospital.link(patient), FR)
    is_kept(page)
    hospital.break_seal(study, "fr")
    with carried(page, "q01"):
        answer(page, "q01", 2, FR)
    expect(page.locator("#q02")).to_be_visible()
    page.clock.set_fixed_time(now + timedelta(minutes=1, seconds=1))
    choose(page, "q02", 4)
    tells(page)
    assert answers(hospital, patient) == {"q01": 2, "q02": 4}


def test_a_page_from_the_phones_copy_learns_of_it_when_the_network_is_back(
    device: Open, hospital: Hospital, study: Study
) -> None:
    page, patient = device(), hospital.patient(study=study)
    start(page, hospital.link(patient), FR)
    is_kept(page)
    hospital.break_seal(study, "fr")
    page.context.set_offline(True)
    page.reload()
    answer(page, "q01", 3, FR)
    says(page, KEPT)
    page.context.set_offline(False)
    tells(page)
    assert answers(hospital, patient) == {"q01": 3}


def test_nothing_is_sent_under_texts_that_were_changed(
    device: Open, hospital: Hospital, study: Study
) -> None:
    page, patient = device(), hospital.patient(study=study)
    start(page, hospital.link(patient), FR)
    hospital.answer(patient, **dict.fromkeys(ITEMS, 2))
    page.goto(f"{hospital.url}/survey/review")
    is_kept(page)
    hospital.break_seal(study, "fr")
    tap(page, FR["send"])
    tells(page)
    assert not is_sent(hospital, patient)
    assert answers(hospital, patient) == dict.fromkeys(ITEMS, 2)


def test_a_failure_that_passes_leaves_the_copy_in_sight(device: Open, hospital: Hospital) -> None:
    page = device()
    start(page, hospital.link(hospital.patient()), FR)
    is_kept(page)
    page.context.route("**/survey/q01", lambda route: route.fulfill(status=503, body="busy"))
    page.reload()
    expect(page.locator("#q01")).to_be_visible()
    until(page, "hasCopy")
    choose(page, "q01", 1)
    says(page, SAVED)
