"""Every page and state that a patient meets, in both languages, light and dark, on a narrow phone."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Page

from app.assets import STATIC
from app.models import Patient
from tests.journeys.conftest import Open
from tests.journeys.hospital import Hospital
from tests.journeys.looks import misfits, pale, problems
from tests.journeys.steps import ITEMS, WORDS, choose, is_at, start, tap

# What the browser understands of a style as it is served, and as it stands in the source.
RULES = """async ([address, source]) => {
  const rules = (text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return [...sheet.cssRules].map((each) => each.cssText.replaceAll(", ", ","));
  };
  return [rules(await (await fetch(address)).text()), rules(source)];
}"""


def states(page: Page, other: Page, hospital: Hospital, language: str) -> Iterator[tuple[str, Page]]:
    """Leads through every state; yields its name and the page that shows it."""
    patient, words = hospital.patient(language), WORDS[language]
    address, site = hospital.link(patient), hospital.url
    page.goto(address)
    yield "welcome", page
    start(page, address, words)
    yield "item with four points", page
    tap(page, words["next"])
    yield "question about skipping", page
    tap(page, words["skip"])
    is_at(page, "q02")
    page.get_by_role("link", name=words["back"], exact=True).click()
    yield "skipped item", page
    page.locator("input[name=q01]").first.evaluate("each => { each.value = '9'; each.checked = true; }")
    # As a browser without a script sends it.
    page.evaluate("HTMLFormElement.prototype.submit.call(document.forms[0])")
    page.locator("#error").wait_for()
    yield "refused answer", page
    page.goto(f"{site}/survey/q29")
    choose(page, "q29", 4)
    yield "item with seven points", page
    page.evaluate("() => document.querySelectorAll('.notice').forEach(each => { each.hidden = false; })")
    yield "all that an item may say", page
    page.goto(address)
    yield "welcome again", page
    page.goto(f"{site}/survey/review")
    yield "incomplete review", page
    hospital.answer(patient, **dict.fromkeys(ITEMS[1:], 2))
    page.goto(f"{site}/survey/review")
    yield "complete review", page
    tap(page, words["send"])
    page.locator("#thanks").wait_for()
    yield "sent", page
    yield from dead_ends(page, other, hospital, patient, address)


def dead_ends(
    page: Page, other: Page, hospital: Hospital, patient: Patient, address: str
) -> Iterator[tuple[str, Page]]:
    """The states without a question."""
    language, site = patient.language, hospital.url
    page.goto(hospital.link(patient, "M3"))
    yield "not yet", page
    hospital.revoke(patient)
    page.goto(address)
    yield "closed", page
    page.goto(hospital.broken_link(language))
    yield "not available", page
    page.goto(address)
    page.evaluate("() => { document.querySelector('[name=csrf_token]').value = 'forged'; }")
    with page.expect_navigation():
        page.locator(".display button").evaluate("each => HTMLFormElement.prototype.submit.call(each.form)")
    yield "bad request", page
    for path, name in (("/l/unknown", "unknown"), ("/survey/q01", "signed out"), ("/no", "no such page")):
        other.goto(site + path)
        yield name, other


@pytest.mark.requirement("A11-01")
@pytest.mark.requirement("SUR-01")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_state_is_accessible_and_fits_a_narrow_phone(
    device: Open, hospital: Hospital, language: str
) -> None:
    wrong = {}
    for name, page in states(device(language), device(language), hospital, language):
        assert page.locator("html").get_attribute("lang") == language, name
        found = (problems(page), misfits(page))
        if found != ([], {}):
            wrong[name] = found
    assert wrong == {}


def test_styles_say_on_the_way_what_they_say_in_the_source(device: Open, hospital: Hospital) -> None:
    page, files = device(), sorted(STATIC.glob("*.css"))
    page.goto(f"{hospital.url}/l/unknown")
    for file in files:
        served, own = page.evaluate(RULES, [f"/static/{file.name}", file.read_text("utf-8")])
        assert served == own, file.name
        assert own, file.name


@pytest.mark.requirement("SUR-01")
def test_all_options_of_an_item_are_in_one_column(device: Open, hospital: Hospital) -> None:
    page = device(viewport={"width": 320, "height": 640})
    start(page, hospital.link(hospital.patient()), WORDS["fr"])
    for item in ("q01", "q29"):
        page.goto(f"{hospital.url}/survey/{item}")
        boxes = [each.bounding_box() for each in page.locator(f"#{item} .option").all()]
        assert len(boxes) in {4, 7}
        assert len({box["x"] for box in boxes if box}) == 1
        gaps = [b["y"] - a["y"] - a["height"] for a, b in pairwise(boxes) if a and b]
        assert all(gap >= 8 for gap in gaps)


@pytest.mark.requirement("A11-01")
def test_text_twice_as_large_still_fits(device: Open, hospital: Hospital) -> None:
    page = device(viewport={"width": 360, "height": 740})
    start(page, hospital.link(hospital.patient()), WORDS["fr"])
    for path in ("/survey/q05", "/survey/q30", "/survey/review"):
        page.goto(hospital.url + path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_what_is_too_pale_in_one_look_alone_is_found(device: Open, hospital: Hospital) -> None:
    page = device()
    page.goto(hospital.link(hospital.patient()))
    assert pale(page) == []
    style = ":root.contrast-high.colours-dark h1 { color: #777 }"
    page.evaluate(
        "css => document.adoptedStyleSheets.push(new CSSStyleSheet()) "
        "&& document.adoptedStyleSheets[0].replaceSync(css)",
        style,
    )
    heading = page.locator("h1").inner_text()
    assert {each.split(", ")[-1] for each in pale(page)} == {
        f"{scheme} contrast-high colours-dark" for scheme in ("light", "dark")
    }
    assert all(heading in each for each in pale(page))


def test_what_is_too_small_too_pale_or_too_wide_is_found(device: Open, hospital: Hospital) -> None:
    page = device()
    start(page, hospital.link(hospital.patient()), WORDS["fr"])
    assert (problems(page), misfits(page)) == ([], {})
    page.evaluate(
        """() => {
          document.querySelector("legend .item").style = "font-size: 19px; color: #999";
          document.querySelector(".ways button").style.minHeight = "43px";
          document.querySelector(".option span").style = "min-height: 50px; padding: 0; width: 400px";
        }"""
    )
    assert "color-contrast-enhanced" in {each.split(":")[0] for each in problems(page)}
    assert set(misfits(page)) == {"small", "targets", "options", "wide"}
