"""The survey for everyone: by keyboard, read aloud, in large text, in every choice of colours, on paper."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.journeys.conftest import Open
from tests.journeys.hospital import Hospital
from tests.journeys.looks import ALL_RULES, PALE, misfits, violations
from tests.journeys.steps import ITEMS, WORDS, choose, is_at, is_kept, start, tap

pytestmark = pytest.mark.requirement("A11-01")
PLACES = ("q01", "q29", "pt009a", "other", "othertext", "review")
LOOKS = (
    {"contrast": "contrast-high"},
    {"contrast": "contrast-high", "colours": "colours-dark"},
    {"contrast": "contrast-normal", "colours": "colours-dark"},
    {"colours": "colours-light"},
)
# What reaches beyond the window or out of what holds it.
CUT = """() => {
  const found = [], wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`${wide} px too wide`);
  for (const each of document.querySelectorAll("main *, header *, footer *, details *")) {
    if (!each.checkVisibility() || each.matches(".unseen, option")) continue;
    const box = each.getBoundingClientRect();
    const name = `${each.tagName} ${each.textContent}`;
    if (box.right > innerWidth + 1 || box.left < -1) found.push(`outside: ${name}`);
    const hides = getComputedStyle(each).overflowX !== "visible" && !each.matches("textarea, select, input");
    if (hides && each.scrollWidth > each.clientWidth + 1) found.push(`cut off: ${name}`);
  }
  return found;
}"""
MOVING = """() => [...document.querySelectorAll("*")].flatMap((each) => ["", "::before", "::after"]
  .map((part) => getComputedStyle(each, part || null))
  .filter((style) => style.animationName !== "none" || parseFloat(style.transitionDuration) > 0)).length"""
# Background, border, boldness and tick of an option's row.
ROW = """each => {
  const row = each.nextElementSibling, style = getComputedStyle(row), tick = getComputedStyle(row, "::after");
  return [style.backgroundColor, style.borderColor + style.boxShadow, tick.content];
}"""


@pytest.fixture
def symptoms(hospital: Hospital) -> Callable[..., str]:
    """Makes a link to a visit that asks for symptoms too; gives its address."""

    def make(language: str = "fr") -> str:
        patient = hospital.patient(language)
        link = hospital.link(patient)
        factories.get_visit(hospital.session, patient).questionnaires = ["qlq-c30", "symptoms"]
        hospital.session.commit()
        return link

    return make


def look(page: Page, **choices: str) -> None:
    """Opens the settings, makes choices, closes them."""
    page.locator(".display summary").click()
    page.wait_for_function("() => document.querySelector('script[src*=display]')?.src")
    for name, value in choices.items():
        page.locator(f"select[name={name}]").select_option(value)
    page.wait_for_function(
        "word => document.documentElement.className.includes(word)", arg=[*choices.values()][-1]
    )
    page.locator(".display summary").click()


def foreign(page: Page) -> list[str]:
    """The languages that parts of a page say they are in, and the words in them."""
    name = "each => each.map(part => `${part.lang}: ${part.textContent.trim()}`)"
    found: list[str] = page.eval_on_selector_all("body [lang]", name)
    return found


@pytest.mark.requirement("I18-01")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_place_in_every_look(
    device: Open, hospital: Hospital, symptoms: Callable[..., str], language: str
) -> None:
    page, other = device(language), {"fr": "en: English", "en": "fr: Français"}[language]
    start(page, symptoms(language), WORDS[language])
    wrong: dict[str, Any] = {}
    for place in PLACES:
        if place == "othertext":
            page.goto(f"{hospital.url}/survey/other")
            choose(page, "other", 1)
            tap(page, WORDS[language]["next"])
        page.goto(f"{hospital.url}/survey/{place}")
        is_at(page, place)
        assert page.locator("html").get_attribute("lang") == language
        assert foreign(page) == [other]
        if place.startswith(("q", "pt")):
            page.locator(f"#{place} .option").nth(1).click()
        page.locator(".display summary").click()
        wrong[place] = [*violations(page, ALL_RULES), misfits(page), page.evaluate(PALE)]
        page.locator(".display summary").click()
        for choices in LOOKS if place in {"q01", "othertext", "review"} else ():
            look(page, **choices)
            wrong[f"{place} {choices}"] = [{}, page.evaluate(PALE)]
    assert {name: found for name, found in wrong.items() if any(found)} == {}


@pytest.mark.requirement("SUR-01")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_item_is_a_group_named_by_its_text_with_its_options_in_order(
    device: Open, hospital: Hospital, symptoms: Callable[..., str], language: str
) -> None:
    page = device(language)
    start(page, symptoms(language), WORDS[language])
    for item, count in (("q01", 4), ("q29", 7), ("pt009a", 5), ("other", 2)):
        page.goto(f"{hospital.url}/survey/{item}")
        text = page.locator(f"#{item} .item").inner_text()
        group = page.get_by_role("group", name=text)
        expect(group).to_have_count(1)
        radios = group.get_by_role("radio")
        expect(radios).to_have_count(count)
        names = [" ".join(each.split()) for each in page.locator(f"#{item} .option").all_inner_texts()]
        tree = page.locator("form").first.aria_snapshot()
        assert re.findall(r'radio "([^"]+)"', tree) == names
        assert tree.index('group "') < tree.index("radio") < tree.index(f'button "{WORDS[language]["next"]}"')


def test_by_keyboard_alone_from_the_welcome_to_the_thanks(device: Open, hospital: Hospital) -> None:
    patient = hospital.patient()
    page = device()
    page.goto(hospital.link(patient))
    press_until(page, "Commencer")
    is_at(page, "q01")
    for item in ITEMS:
        is_at(page, item)
        tab_to(page, item)
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        expect(page.locator(f"#{item} input").nth(1)).to_be_checked()
        page.keyboard.press("Enter")
    is_at(page, "review")
    press_until(page, WORDS["fr"]["send"])
    page.locator("#thanks").wait_for()


def tab_to(page: Page, item: str) -> None:
    """Tabs to the options; from the question, which has the focus after a step, by one press."""
    for _ in range(1 if item != ITEMS[0] else 10):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.name") == item:
            return
    raise AssertionError(f"the keyboard does not reach {item}")


def press_until(page: Page, name: str) -> None:
    """Tabs to a button and presses it; fails where the keyboard does not get there."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.innerText") == name:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"the keyboard does not reach {name!r}")


@pytest.mark.requirement("SUR-01")
@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(320, 640, "100%"), (360, 740, "200%"), (740, 360, "100%"), (360, 740, "150%")],
)
def test_nothing_is_cut_off(
    device: Open, hospital: Hospital, symptoms: Callable[..., str], width: int, height: int, size: str
) -> None:
    page = device(viewport={"width": width, "height": height})
    address = symptoms()
    page.goto(address)
    page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
    wrong = {"welcome": page.evaluate(CUT)}
    page.evaluate("() => { document.documentElement.style.fontSize = '' }")
    start(page, address, WORDS["fr"])
    for place in ("q04", "q29", "pt009a", "review"):
        page.goto(f"{hospital.url}/survey/{place}")
        page.locator(".display summary").click()
        page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
        wrong[place] = page.evaluate(CUT)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_nothing_moves_and_a_choice_shows_in_three_ways(device: Open, hospital: Hospital) -> None:
    page = device(reduced_motion="reduce")
    start(page, hospital.link(hospital.patient()), WORDS["fr"])
    assert page.evaluate(MOVING) == 0
    choose(page, "q01", 2)
    for choices in (None, *LOOKS):
        if choices:
            look(page, **choices)
        plain, chosen = (page.locator(f"#q01 input[value='{code}']").evaluate(ROW) for code in (1, 2))
        assert all(one != other for one, other in zip(plain, chosen, strict=True)), choices


def test_a_look_is_put_on_at_once_and_stays_also_without_a_network(device: Open, hospital: Hospital) -> None:
    page, root = device(), "html"
    start(page, hospital.link(hospital.patient()), WORDS["fr"])
    is_kept(page)
    page.context.set_offline(True)
    choose(page, "q01", 2)
    tap(page, WORDS["fr"]["next"])
    is_at(page, "q02")
    look(page, size="text-largest", colours="colours-dark")
    is_at(page, "q02")
    assert page.evaluate("() => parseFloat(getComputedStyle(document.body).fontSize)") == 30
    page.locator(".display summary").click()
    tap(page, "Appliquer")
    expect(page.locator(".display summary")).to_be_focused()
    page.reload()
    expect(page.locator(root)).to_have_class(re.compile("text-largest"))
    is_at(page, "q02")
    expect(page.locator("select[name=colours]")).to_have_value("colours-dark")
    page.context.set_offline(False)
    page.reload()
    expect(page.locator(root)).to_have_class(re.compile("colours-dark"))
    expect(page.locator(root)).to_have_class(re.compile("text-largest"))


def test_without_a_script_the_button_does_it(device: Open, hospital: Hospital) -> None:
    page = device(java_script_enabled=False)
    start(page, hospital.link(hospital.patient()), WORDS["fr"])
    page.locator(".display summary").click()
    page.locator("select[name=contrast]").select_option("contrast-high")
    tap(page, "Appliquer")
    is_at(page, "q01")
    expect(page.locator("html")).to_have_class("contrast-high")


def test_the_paper_twin_holds_every_question_and_no_button(
    device: Open, hospital: Hospital, symptoms: Callable[..., str], tmp_path: Path
) -> None:
    page = device(color_scheme="dark")
    start(page, symptoms(), WORDS["fr"])
    choose(page, "q01", 2)
    page.goto(f"{hospital.url}/survey/q04")
    look(page, size="text-largest", contrast="contrast-high")
    page.emulate_media(media="print")
    assert (
        page.evaluate("() => getComputedStyle(document.querySelector('.option span')).fontSize")
        == "14.6667px"
    )
    items = page.locator("#survey fieldset")
    assert items.count() > len(ITEMS) + 20
    assert page.locator("#survey fieldset:visible").count() == items.count()
    assert page.locator("button:visible, #review:visible, .display:visible").count() == 0
    expect(page.locator(".stand-in:visible")).to_have_count(1)
    assert page.locator("#survey fieldset").evaluate_all(
        "all => all.every(e => getComputedStyle(e).breakInside === 'avoid')"
    )
    assert page.evaluate(PALE) == []
    paper = page.pdf(path=tmp_path / "paper.pdf", format="A4")
    assert 5 < len(re.findall(rb"/Type ?/Page\b", paper)) < 20


def test_the_page_for_no_network_speaks_both_languages(device: Open, hospital: Hospital) -> None:
    page = device()
    start(page, hospital.link(hospital.patient()), WORDS["fr"])
    is_kept(page)
    page.context.set_offline(True)
    page.goto(f"{hospital.url}/l/another")
    assert page.locator("html").get_attribute("lang") == "fr"
    assert foreign(page)[0] == page.locator("section").evaluate("each => `en: ${each.textContent.trim()}`")
    assert [misfits(page), page.evaluate(PALE), page.evaluate(CUT)] == [{}, [], []]
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(PALE) == []
