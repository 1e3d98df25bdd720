"""python -m benchmarks.page: what the first item's page costs a phone, in bytes on the wire and requests."""

import secrets
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.processes import serve
from benchmarks.study import ScratchStudy
from tests.chromium import LAUNCH_FLAGS, chromium_path

MOST_BYTES, MOST_REQUESTS = 30_000, 3
PHONE = {"width": 360, "height": 740}


@dataclass
class Wire:
    """What the browser sent and received, heads of the replies included."""

    addresses: list[str] = field(default_factory=list)
    received: float = 0

    def watch(self, page: Page) -> Any:
        """Counts from now on, with the browser's cache switched off."""
        tools = page.context.new_cdp_session(page)
        tools.send("Network.enable")
        tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
        tools.on("Network.requestWillBeSent", lambda event: self.addresses.append(event["request"]["url"]))
        tools.on("Network.loadingFinished", self._add)
        return tools

    def _add(self, event: dict[str, Any]) -> None:
        self.received += event["encodedDataLength"]


def main() -> int:
    """Prints the figures in each language; 1 when they exceed what was promised."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        key, url = secrets.token_urlsafe(48), f"sqlite:///{Path(folder) / 'page.sqlite'}"
        study = ScratchStudy(url, key)
        links = [task.path for task in study.make_tasks(2)]
        environment = {"MODE": "demonstration", "SECRET_KEY": key, "DATABASE_URL": url, "PUBLIC_URL": ""}
        with serve("wsgi:application", environment, Path(folder)) as server:
            base = f"http://127.0.0.1:{server.port}"
            wires = [
                measure(f"{base}{path}?lang={language}")
                for path, language in zip(links, ("fr", "en"), strict=True)
            ]
        study.close()
    for language, wire in zip(("fr", "en"), wires, strict=True):
        print(
            f"first item, {language}: {wire.received:.0f} bytes (at most {MOST_BYTES})"
            f" in {len(wire.addresses)} requests (at most {MOST_REQUESTS})"
        )
    kept = [wire.received <= MOST_BYTES and 0 < len(wire.addresses) <= MOST_REQUESTS for wire in wires]
    return 0 if all(kept) else 1


def measure(link: str) -> Wire:
    """Opens a link, taps the button, and loads the first item's page again with an empty cache."""
    wire = Wire()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=LAUNCH_FLAGS)
        page = browser.new_page(viewport=PHONE)  # type: ignore[arg-type]
        page.goto(link)
        page.locator("main button").click()
        page.wait_for_url("**/survey/q01")
        wire.watch(page)
        page.reload(wait_until="networkidle")
        page.locator("fieldset#q01").wait_for()
        browser.close()
    return wire


if __name__ == "__main__":
    sys.exit(main())
