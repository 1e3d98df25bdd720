"""The browser of the tests: python -m tests.chromium finds it, or installs it, and prints where it is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.system_packages import can_install, install, is_ci

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Quiet: nothing is fetched in the background, and nothing but the tested server is talked to.
LAUNCH_FLAGS = [
    "--headless",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HELP = (
    "The browser tests need Chromium, and none was found: "
    "apt-get install chromium, or put chromium, chromium-browser or google-chrome on PATH."
)


class NoChromiumError(Exception):
    """No browser on this machine; says how to get one."""

    def __init__(self) -> None:
        super().__init__(HELP)


def chromium_path() -> Path:
    """The browser to start. Raises NoChromiumError: a browser test then fails, it is never left out."""
    found = on_path() or playwright_build()
    if found is None:
        raise NoChromiumError
    return found


def on_path() -> Path | None:
    """The system's own browser."""
    return next((Path(path) for name in NAMES if (path := shutil.which(name))), None)


def playwright_build() -> Path | None:
    """The build that Playwright downloaded earlier."""
    caches = (
        Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright")),
        Path.home() / "Library" / "Caches" / "ms-playwright",
    )
    patterns = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")
    return next((path for cache in caches for each in patterns for path in sorted(cache.glob(each))), None)


def prepare() -> Path:
    """As chromium_path, after an attempt to install one: the system's package, else Playwright's own."""
    if found := on_path() or playwright_build():
        return found
    if can_install() and install("chromium") and (found := on_path()):
        return found
    print("== Downloading Playwright's Chromium", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    return chromium_path()


def main() -> int:
    """Prints the path. Without a browser: a failure with CI=true, else a notice before the tests fail."""
    try:
        print(f"Chromium: {prepare()}")
    except NoChromiumError as error:
        print(error, file=sys.stderr)
        return 1 if is_ci() else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
