"""What every page must be like for its reader: measured in the browser, and judged by axe."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

NARROW: ViewportSize = {"width": 320, "height": 640}
ALL_RULES: dict[str, Any] = {"resultTypes": ["violations"]}
CONTRAST = {"runOnly": ["color-contrast", "color-contrast-enhanced"], "resultTypes": ["violations"]}
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
  for (const each of document.querySelectorAll("a, button, .option")) {
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
    """What axe finds on a page, and contrast below 7:1, in light and in dark."""
    found = violations(page, ALL_RULES | {"rules": {"color-contrast-enhanced": {"enabled": True}}})
    page.emulate_media(color_scheme="dark")
    found += [f"{each}, dark" for each in violations(page, CONTRAST)]
    page.emulate_media(color_scheme="light")
    return found


def misfits(page: Page) -> dict[str, Any]:
    """Text below 20 px, targets below 44, options below 56, and scrolling sideways, at 320 px."""
    before = page.viewport_size
    page.set_viewport_size(NARROW)
    found: dict[str, Any] = page.evaluate(MEASURE)
    if before:
        page.set_viewport_size(before)
    return {name: value for name, value in found.items() if value}
