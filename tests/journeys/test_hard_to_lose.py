"""What happens to real fingers and phones: second taps, other links, long typing, answers that are none."""

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from app.models import Response
from tests import factories
from tests.journeys.conftest import Open
from tests.journeys.hospital import Hospital
from tests.journeys.steps import FR, ITEMS, answer, button, carried, choose, is_at, is_kept, start, tap, until
from tests.journeys.test_offline import KEPT, answers, arrives, begun, says
from tests.journeys.test_personal import personal_link, pick, type_code


def is_whole(page: Page) -> None:
    """Waits until all scripts of the document are there."""
    page.wait_for_function("() => typeof renderReview === 'function'")


def tap_twice(page: Page, text: str) -> None:
    """Two taps of one trembling finger, 150 ms apart and a little beside each other."""
    box = page.get_by_role("button", name=text, exact=True).bounding_box()
    assert box
    browser, now = page.context.new_cdp_session(page), time.time()
    for later, aside in ((0.0, 0), (0.15, 12)):
        for kind in ("mousePressed", "mouseReleased"):
            facts = {"type": kind, "button": "left", "clickCount": 1, "timestamp": now + later}
            where = {"x": box["x"] + box["width"] / 2 + aside, "y": box["y"] + box["height"] / 2 - aside}
            browser.send("Input.dispatchMouseEvent", facts | where)
    browser.detach()


# Second taps


@pytest.mark.requirement("SUR-01")
@pytest.mark.requirement("SUR-02")
def test_the_second_of_two_taps_answers_nothing(device: Open, hospital: Hospital) -> None:
    page, patient = device(), hospital.patient()
    start(page, hospital.link(patient), FR)
    is_whole(page)
    for number, item in enumerate(ITEMS[:6]):
        is_at(page, item)
        tap(page, FR["next"])
        expect(page.locator("#ask")).to_be_visible()
        with carried(page, item):
            tap_twice(page, FR["skip"])
        is_at(page, ITEMS[number + 1])
        expect(page.locator("fieldset:not([hidden]) input:checked")).to_have_count(0)
        expect(page.locator("#ask")).to_be_hidden()
    assert answers(hospital, patient) == dict.fromkeys(ITEMS[:6])


@pytest.mark.requirement("SUR-01")
def test_a_key_and_a_tap_elsewhere_are_never_too_soon(device: Open, hospital: Hospital) -> None:
    page, patient = device(), hospital.patient()
    start(page, hospital.link(patient), FR)
    is_whole(page)
    for item in ITEMS[:4]:
        choose(page, item, 2)
        tap(page, FR["next"])
    is_at(page, ITEMS[4])
    for item in reversed(ITEMS[:4]):
        page.go_back()
        is_at(page, item)
    for item in ITEMS[1:4]:
        page.get_by_role("button", name=FR["next"], exact=True).press("Enter")
        is_at(page, item)


# Other links of the same patient


@pytest.mark.requirement("SUR-08")
@pytest.mark.requirement("LINK-03")
def test_what_waits_goes_by_a_new_link_of_the_same_visit(device: Open, hospital: Hospital) -> None:
    page, patient = device(), hospital.patient()
    begun(page, hospital, patient)
    with carried(page, "q01"):
        answer(page, "q01", 2, FR)
    page.context.set_offline(True)
    for item in ("q02", "q03"):
        answer(page, item, 3, FR)
        says(page, KEPT)
    page.close()
    page = page.context.new_page()
    page.context.set_offline(False)
    # The former link ends with it.
    start(page, hospital.link(patient), FR)
    until(page, "waiting === 0")
    assert answers(hospital, patient) == {"q01": 2, "q02": 3, "q03": 3}


@pytest.mark.requirement("SUR-08")
@pytest.mark.requirement("AE-03")
def test_what_waits_is_sent_before_a_report_begins(device: Open, hospital: Hospital) -> None:
    page, patient = device(), hospital.patient()
    issued = factories.make_personal_link(hospital.session, hospital.clock, patient)
    begun(page, hospital, patient)
    page.context.set_offline(True)
    answer(page, "q01", 4, FR)
    says(page, KEPT)
    page.close()
    page = page.context.new_page()
    page.context.set_offline(False)
    with page.expect_response(lambda reply: reply.url.endswith("/survey/answers") and reply.ok):
        page.goto(f"{hospital.url}/l/{issued.token}")
    until(page, "waiting === 0")
    assert answers(hospital, patient) == {"q01": 4}
    page.locator("#code").fill(issued.code or "")
    tap(page, FR["start"])
    is_at(page, "symptom")


@pytest.mark.requirement("SUR-13")
def test_another_patients_page_sends_what_waits_and_stays_its_own(device: Open, hospital: Hospital) -> None:
    page, one, other = device(), hospital.patient(), hospital.patient()
    begun(page, hospital, one)
    page.context.set_offline(True)
    answer(page, "q01", 4, FR)
    says(page, KEPT)
    page.close()
    page = page.context.new_page()
    page.context.set_offline(False)
    with page.expect_response(lambda reply: reply.url.endswith("/survey/answers") and reply.ok):
        page.goto(hospital.link(other))
    until(page, "waiting === 0")
    expect(page.get_by_role("button", name=FR["start"], exact=True)).to_be_visible()
    button(page, FR["start"])
    is_at(page, "q01")
    expect(page.locator("#q01 input:checked")).to_have_count(0)
    assert (answers(hospital, one), answers(hospital, other)) == ({"q01": 4}, {})


# Long typing


@pytest.mark.requirement("SUR-08")
def test_of_many_answers_to_a_question_the_last_is_sent(device: Open, hospital: Hospital) -> None:
    page, patient = device(), hospital.patient()
    begun(page, hospital, patient)
    page.context.set_offline(True)
    for code in (1, 2, 3, 4, 3):
        choose(page, "q01", code)
    until(page, "waiting === 5")
    bodies: list[Any] = []

    def look(route: Route) -> None:
        bodies.append(route.request.post_data_json)
        route.continue_()

    page.route("**/survey/answers", look)
    arrives(page)
    assert [[each["value"] for each in body["answers"]] for body in bodies] == [[3]]
    assert answers(hospital, patient) == {"q01": 3}


# Answers that are none


@pytest.mark.requirement("AE-03")
@pytest.mark.requirement("SUR-06")
def test_a_day_that_is_refused_is_shown_with_what_is_wrong(device: Open, hospital: Hospital) -> None:
    page = device()
    issued, address = personal_link(hospital)
    type_code(page, address, issued.code or "", FR["start"])
    is_at(page, "symptom")
    is_whole(page)
    pick(page, "symptom", "pt049")
    for item in ("pt049a", "pt049b", "pt049c"):
        button(page, FR["next"])
        is_at(page, item)
        pick(page, item, "1")
    button(page, FR["next"])
    is_at(page, "onset")
    page.locator("#onset input").fill("2001-01-01")
    tap(page, FR["next"])
    expect(page.locator("#error")).to_contain_text("pas avant le début de l’étude")
    is_at(page, "onset")
    expect(page.locator("#onset input")).to_have_value("2001-01-01")
    # Given again as it is, it is refused again.
    tap(page, FR["next"])
    page.wait_for_event("load")
    expect(page.locator("#error")).to_be_visible()
    today = hospital.clock.now().date().isoformat()
    page.locator("#onset input").fill(today)
    with carried(page, "onset"):
        tap(page, FR["next"])
    is_at(page, "ongoing")
    hospital.session.expire_all()
    stored = {each.instrument: each.answers for each in hospital.session.query(Response).all()}
    assert stored["report"]["onset"]["value"] == today


# The review


@pytest.mark.requirement("SUR-04")
@pytest.mark.requirement("SUR-08")
def test_the_review_is_there_where_the_network_goes_with_the_first_question(
    device: Open, hospital: Hospital
) -> None:
    page, patient = device(), hospital.patient()
    start(page, hospital.link(patient), FR)
    is_whole(page)
    is_kept(page)
    page.context.set_offline(True)
    for item in ITEMS:
        answer(page, item, 2, FR)
    is_at(page, "review")
    expect(page.locator("#counts")).to_have_text("30 questions, 30 réponses")
    expect(page.locator("#review li")).to_have_count(30)
    arrives(page)
    tap(page, FR["send"])
    page.locator("#thanks").wait_for()
    assert factories.get_visit(hospital.session, patient).code == "BASELINE"
    expect(page).to_have_url(re.compile(r"/survey/sent$"))
