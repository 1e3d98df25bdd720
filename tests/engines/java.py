"""The Java of PySpark: python -m tests.engines.java finds it, or installs it, and prints where it is."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.system_packages import can_install, install, is_ci

OLDEST = 17
PACKAGE = "openjdk-17-jre-headless"
HELP = (
    f"PySpark needs Java {OLDEST} or newer, and none was found: "
    f"apt-get install {PACKAGE}, or set JAVA_HOME, or put java on PATH."
)


class NoJavaError(Exception):
    """No Java that is new enough; says how to get one."""

    def __init__(self) -> None:
        super().__init__(HELP)


def java_home() -> Path:
    """The folder to set JAVA_HOME to. Raises NoJavaError: the tests then fail, they are never left out."""
    named = Path(os.environ["JAVA_HOME"]) if os.environ.get("JAVA_HOME") else None
    on_path = shutil.which("java")
    candidates = [named, Path(on_path).resolve().parent.parent if on_path else None]
    found = next((home for home in candidates if home and is_new_enough(home / "bin" / "java")), None)
    if found is None:
        raise NoJavaError
    return found


def is_new_enough(java: Path) -> bool:
    """Whether the program runs and is of that version."""
    try:
        run = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    version = re.search(r'version "(\d+)', run.stderr)
    return version is not None and int(version[1]) >= OLDEST


def prepare() -> Path:
    """As java_home, after an attempt to install the system's package."""
    try:
        return java_home()
    except NoJavaError:
        if can_install() and install(PACKAGE):
            return java_home()
        raise


def main() -> int:
    """Prints the folder. Without Java: a failure with CI=true, else a notice before the tests fail."""
    try:
        sys.stdout.write(f"Java: {prepare()}\n")
    except NoJavaError as error:
        sys.stderr.write(f"{error}\n")
        return 1 if is_ci() else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
