"""Scores over time, the way through the study and a handover note, as a nurse meets them on a phone."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.models import Patient
from app.services.access import Role
from tests import factories
from tests.course import send_with_symptoms
from tests.journeys.conftest import COMPUTER, PHONE, Open
from tests.journeys.hospital import Hospital
from tests.journeys.looks import ALL_RULES, OPEN, SCHEMES, violations

# The smallest text that a chart shows, as it is drawn.
SMALLEST = """() => Math.min(...[...document.querySelectorAll(".chart text")].map((each) => {
  const box = each.ownerSVGElement.getBoundingClientRect();
  return parseFloat(getComputedStyle(each).fontSize) * box.width / each.ownerSVGElement.viewBox.baseVal.width;
}))"""
# What leaves a chart, or the window.
OUTSIDE = """() => {
  const found = [], wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`${wide} px too wide`);
  for (const each of document.querySelectorAll(".chart *, .timeline *")) {
    const box = each.getBoundingClientRect();
    if (box.right > innerWidth + 1 || box.left < -1) found.push(each.outerHTML.slice(0, 80));
  }
  return found;
}"""


@pytest.fixture
def patient(hospital: Hospital) -> Patient:
    """A patient of nine months: two questionnaires, one missing, the treatment stopped."""
    session, clock, today = hospital.session, hospital.clock, hospital.clock.now()
    clock.set(today - timedelta(days=270))
    patient = hospital.patient(randomised=False)
    send_with_symptoms(session, clock, patient, "BASELINE", {"q09": 4, "pt009a": 3, "pt009b": 3})
    clock.advance(days=1)
    factories.randomise(session, clock, patient)
    day = clock.now().date()
    clock.advance(days=3)
    factories.expose(session, clock, patient, day - timedelta(days=4000), day + timedelta(days=2), "protocol")
    send_with_symptoms(session, clock, patient, "M3", {"q10": None, "q12": None, "q18": None})
    clock.set(today)
    session.commit()
    return patient


def pages(page: Page, hospital: Hospital, code: str) -> Iterator[str]:
    """Leads through the pages, the last ones those of the note."""
    place = f"{hospital.url}/nurse/GIST-IMA/{code}"
    for path in ("", "/scores", "/scores/M3/qlq-c30/PF2", "/scores/M3/qlq-c30/SUMMARY"):
        page.goto(place + path)
        yield path
    page.goto(f"{hospital.url}/nurse/handover")
    page.locator("#text").fill("Of 04-001:\nthe cards are in the drawer.")
    submit = page.locator("form.narrow button.btn-primary")
    with page.expect_navigation():
        submit.click()
    yield "refused note"
    page.locator("#stands_until").fill((hospital.clock.now().date() + timedelta(days=3)).isoformat())
    with page.expect_navigation():
        submit.click()
    yield "front page with a note"


@pytest.mark.requirement("A11-01")
@pytest.mark.requirement("CLI-06")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_charts_and_notes_are_accessible_in_light_and_dark(
    sign_in: Open, hospital: Hospital, patient: Patient, language: str
) -> None:
    wrong: dict[str, list[str]] = {}
    page = sign_in(Role.NURSE, language, viewport=PHONE)
    for name in pages(page, hospital, patient.code):
        page.evaluate(OPEN, True)
        for size in (PHONE, COMPUTER):
            page.set_viewport_size(size)
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                if found := violations(page, ALL_RULES) + page.evaluate(OUTSIDE):
                    wrong[f"{name} {size['width']} {scheme}"] = found
    assert wrong == {}
    with page.expect_navigation():
        page.locator("aside form button").first.click()


@pytest.mark.requirement("CLI-03")
def test_a_chart_is_read_on_a_phone_and_leads_to_its_arithmetic(
    sign_in: Open, hospital: Hospital, patient: Patient
) -> None:
    page = sign_in(Role.NURSE, "en", viewport=PHONE)
    page.goto(f"{hospital.url}/nurse/GIST-IMA/{patient.code}")
    page.get_by_role("link", name="Scores and symptoms over time").click()
    expect(page.get_by_role("img", name="Fatigue: 0 on")).to_be_visible()
    assert page.evaluate(SMALLEST) >= 10
    pain = page.get_by_role("region", name="Pain", exact=True)
    pain.locator("summary").click()
    pain.get_by_role("link").first.click()
    expect(page.get_by_role("main")).to_contain_text("(4 + 1) / 2 = 2.5")
    expect(page.get_by_role("main")).to_contain_text("(2.5 − 1) / 3 × 100 = 50")


@pytest.mark.requirement("CLI-03")
def test_on_paper_the_charts_stand_without_what_only_a_screen_needs(
    sign_in: Open, hospital: Hospital, patient: Patient
) -> None:
    page = sign_in(Role.NURSE, "en")
    page.goto(f"{hospital.url}/nurse/GIST-IMA/{patient.code}/scores")
    page.emulate_media(media="print")
    expect(page.get_by_role("img", name="Fatigue: 0 on")).to_be_visible()
    expect(page.get_by_text("Table", exact=False).first).not_to_be_visible()
    expect(page.get_by_role("navigation", name="On this page")).to_have_count(0)
