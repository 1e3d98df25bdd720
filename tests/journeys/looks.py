"""What every page must be like for its reader: measured in the browser, and judged by axe."""

from itertools import product
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

from app.forms.display import COLOURS, CONTRASTS

NARROW: ViewportSize = {"width": 320, "height": 640}
ALL_RULES: dict[str, Any] = {"resultTypes": ["violations"]}
CONTRAST = {"runOnly": ["color-contrast", "color-contrast-enhanced"], "resultTypes": ["violations"]}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LOOKS = tuple(
    " ".join(filter(None, each)) for each in product(("", CONTRASTS[1]), ("", COLOURS[1], COLOURS[2]))
)
# The ratio of a colour and what is behind an element, computed from what the browser draws.
RATIO = """
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const channel = (each) => (each /= 255) <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const isThere = ([, , , alpha = 1]) => alpha;
  const behind = (each) => {
    for (; each; each = each.parentElement) {
      const colour = numbers(getComputedStyle(each).backgroundColor);
      if (isThere(colour)) return colour;
    }
    return [255, 255, 255];
  };
  const ratioOf = (colour, each) => {
    const [a, b] = [light(colour), light(behind(each))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };"""
# The texts that are too pale: below 7 to 1.
PALE = (
    """() => {"""
    + RATIO
    + """
  const found = [];
  const judge = (each, text) => {
    const style = getComputedStyle(each), colour = numbers(style.color), ratio = ratioOf(colour, each);
    if (ratio < 7 || isThere(colour) < 1 || style.opacity < 1) found.push(`${ratio.toFixed(1)}: ${text}`);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = texts.nextNode());) {
    const each = node.parentElement;
    if (node.data.trim() && each.checkVisibility()) judge(each, node.data.trim());
  }
  for (const each of document.querySelectorAll("input:not([type=radio]), textarea, select")) {
    if (each.checkVisibility()) judge(each, `${each.tagName} ${each.name}`);
  }
  return found;
}"""
)
# What the script of the choice does: the classes, and the style that knows them.
WEAR = """async (classes) => {
  document.documentElement.className = classes;
  if (document.querySelector("link[href*=patient-display]")) return;
  const style = document.createElement("link"), loaded = new Promise((done) => { style.onload = done; });
  Object.assign(style, { rel: "stylesheet", href: "/static/patient-display.css" });
  document.head.append(style);
  await loaded;
}"""
OPEN = "isOpen => document.querySelectorAll('details').forEach(each => { each.open = isOpen; })"
MEASURE = """() => {
  const shown = (each) => each.checkVisibility() && each.getBoundingClientRect().width > 1;
  const name = (each) => `${each.tagName} ${each.innerText || each.value || each.id}`.slice(0, 60);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const wide = document.documentElement.scrollWidth - innerWidth;
  const found = { small: [], targets: [], options: [], wide };
  for (let node; (node = texts.nextNode());) {
    const holder = node.parentElement;
    if (!node.data.trim() || !shown(holder)) continue;
    const size = parseFloat(getComputedStyle(holder).fontSize);
    if (size < 20) found.small.push(`${size}: ${node.data.trim()}`);
  }
  for (const each of document.querySelectorAll("a, button, .option, summary, select")) {
    if (!shown(each)) continue;
    const box = each.getBoundingClientRect();
    const measure = `${box.width}x${box.height} ${name(each)}`;
    if (Math.min(box.height, box.width) < 43.99) found.targets.push(measure);
  }
  for (const each of document.querySelectorAll(".option span, .primary")) {
    if (!shown(each)) continue;
    const box = each.getBoundingClientRect();
    if (box.height < 55.99) found.options.push(`${box.height} ${name(each)}`);
  }
  return found;
}"""


def violations(page: Page, options: dict[str, Any]) -> list[str]:
    """What axe finds wrong: rule and element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


def problems(page: Page) -> list[str]:
    """What axe finds on a page, and contrast below 7:1, with the choice of the look open, in every look."""
    page.evaluate(OPEN, True)
    found = violations(page, ALL_RULES | {"rules": {"color-contrast-enhanced": {"enabled": True}}})
    page.emulate_media(color_scheme="dark")
    found += [f"{each}, dark" for each in violations(page, CONTRAST)]
    found += pale(page)
    page.evaluate(OPEN, False)
    return found


def pale(page: Page) -> list[str]:
    """The texts whose contrast is below 7:1 in some look; leaves the page in its own, in light."""
    own, found = page.locator("html").get_attribute("class"), []
    for scheme, classes in product(SCHEMES, LOOKS):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(WEAR, classes)
        found += [f"{each}, {scheme} {classes}" for each in page.evaluate(PALE)]
    page.emulate_media(color_scheme="light")
    page.evaluate(WEAR, own or "")
    return found


def misfits(page: Page) -> dict[str, Any]:
    """Text below 20 px, targets below 44, options below 56, and scrolling sideways, at 320 px."""
    before = page.viewport_size
    page.set_viewport_size(NARROW)
    found: dict[str, Any] = page.evaluate(MEASURE)
    if before:
        page.set_viewport_size(before)
    return {name: value for name, value in found.items() if value}
