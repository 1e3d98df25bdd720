"""Whoever goes by the keyboard sees where it is: each thing that takes keys shows a ring, in every look."""

from collections.abc import Iterator
from itertools import product

import pytest
from playwright.sync_api import Page

from app.services.access import Role
from tests import factories
from tests.journeys.conftest import Open
from tests.journeys.hospital import Hospital
from tests.journeys.looks import LOOKS, OPEN, RATIO, SCHEMES, WEAR
from tests.journeys.steps import ITEMS, WORDS, is_at, start, tap

pytestmark = pytest.mark.requirement("A11-01")
# What shows no ring of two pixels, three times as light or dark as what is behind it, or shows it always. The
# ring is around the thing itself or, of an option, around the row of its text.
RINGLESS = (
    """() => {"""
    + RATIO
    + """
  const hasRing = (each) => {
    const style = getComputedStyle(each), colour = numbers(style.outlineColor);
    const isSeen = isThere(colour) === 1 && ratioOf(colour, each.parentElement) >= 3;
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && isSeen;
  };
  const rows = (each) => [each, ...(each.matches(".option input") ? each.parentElement.children : [])];
  const isRinged = (each) => rows(each).some(hasRing);
  const takesKeys = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const found = [];
  let count = 0;
  for (const each of document.querySelectorAll(takesKeys)) {
    if (!each.checkVisibility()) continue;
    document.activeElement.blur();
    const isAlways = isRinged(each);
    each.focus({ preventScroll: true });
    if (document.activeElement !== each) continue;
    count += 1;
    if (isAlways || !isRinged(each)) found.push(`${each.tagName} ${each.id || each.name || each.innerText}`);
  }
  return [count, found];
}"""
)


def ringless(page: Page, looks: tuple[str, ...] = ("",)) -> tuple[int, list[str]]:
    """How many things of a page take the focus, and which do not show it in some look."""
    page.evaluate(OPEN, True)
    # The browser takes it from here that a keyboard is used.
    page.keyboard.press("Tab")
    counts, found = set(), []
    for scheme, classes in product(SCHEMES, looks):
        page.emulate_media(color_scheme=scheme)
        if len(looks) > 1:
            page.evaluate(WEAR, classes)
        count, without = page.evaluate(RINGLESS)
        counts.add(count)
        found += [f"{each}, {scheme} {classes}" for each in without]
    assert len(counts) == 1
    return counts.pop(), found


def patients_pages(page: Page, hospital: Hospital) -> Iterator[tuple[str, int]]:
    """Leads through the kinds of pages; yields the name of each, and how many things take keys at least."""
    patient, words = hospital.patient(), WORDS["fr"]
    address = hospital.link(patient)
    page.goto(address)
    yield "welcome", 5
    start(page, address, words)
    yield "item", 9
    hospital.answer(patient, **dict.fromkeys(ITEMS, 2))
    page.goto(f"{hospital.url}/survey/review")
    is_at(page, "review")
    yield "review", 30
    tap(page, words["send"])
    page.locator("#thanks").wait_for()
    yield "sent", 3
    issued = factories.make_personal_link(hospital.session, hospital.clock, patient)
    hospital.session.commit()
    page.goto(f"{hospital.url}/l/{issued.token}")
    yield "code", 5
    page.locator("#code").fill(issued.code or "")
    tap(page, words["start"])
    page.locator("#find").wait_for()
    yield "find", 20


def test_a_patient_sees_what_has_the_focus(device: Open, hospital: Hospital) -> None:
    page, wrong = device(), {}
    for name, least in patients_pages(page, hospital):
        count, found = ringless(page, LOOKS)
        assert count >= least, name
        if found:
            wrong[name] = found
    assert wrong == {}


def test_staff_see_what_has_the_focus(sign_in: Open, hospital: Hospital) -> None:
    page, wrong, patient = sign_in(Role.NURSE), {}, hospital.patient()
    for path, least in (("", 12), ("/events/new", 15)):
        page.goto(f"{hospital.url}/nurse/{hospital.study.code}/{patient.code}{path}")
        count, found = ringless(page)
        assert count >= least, path
        if found:
            wrong[path] = found
    assert wrong == {}
