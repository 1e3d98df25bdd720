"""Makes an environment and installs one requirements file into it: python3 scripts/environment.py FILE STAMP.

Runs before anything is installed, so it uses the standard library alone. The environment is the folder of
the stamp, and the stamp holds a digest of what was installed: a file that was only touched costs nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

NO_INSTALLER = """\
No pip was found to install the packages with. One of these helps:
  apt-get install python3-venv     (Debian, Ubuntu)
  https://docs.astral.sh/uv/       (any system)"""


class InstallerError(Exception):
    """Nothing on this machine can install packages."""


def main(requirements: Path, stamp: Path) -> int:
    """Brings the stamp's folder to the state that the requirements file asks for."""
    folder, python = stamp.parent, stamp.parent / "bin" / "python"
    wanted = digest(requirements)
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        stamp.touch()
        return 0
    try:
        if not python.exists():
            make_environment(folder)
        say(f"Installing {requirements} into {folder} (a minute or two the first time)")
        run([*installer(python), "-r", str(requirements)])
    except InstallerError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return int(error.returncode) or 1
    stamp.write_text(wanted, encoding="utf-8")
    return 0


def digest(requirements: Path) -> str:
    """Of the requirements file, the files that it includes, and the interpreter's version."""
    text = requirements.read_text(encoding="utf-8")
    included = [line.split(maxsplit=1)[1] for line in text.splitlines() if line.startswith("-r ")]
    parts = [sys.version, text, *(Path(name.strip()).read_text(encoding="utf-8") for name in included)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def make_environment(folder: Path) -> None:
    """An empty environment; without pip inside, since Debian may lack ensurepip."""
    say(f"Making {folder} with Python {sys.version.split()[0]}")
    run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)])


def installer(python: Path) -> list[str]:
    """The command that installs for this interpreter: uv, the environment's own pip, or any other pip."""
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", str(python)]
    found = find_pip(python)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        say("No pip: installing it from the system's packages")
        run(["apt-get", "update", "-q"])
        run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "python3-pip"])
        found = find_pip(python)
    if found is None:
        raise InstallerError(NO_INSTALLER)
    return [*found, "install", "--disable-pip-version-check", "--no-input"]


def find_pip(python: Path) -> list[str] | None:
    """A pip that can install for this interpreter: --python needs pip 22.3 or newer."""
    candidates = [[str(python), "-m", "pip"]]
    others = [sys.executable, *(path for path in (shutil.which("python3"), "/usr/bin/python3") if path)]
    candidates += [[other, "-m", "pip", "--python", str(python)] for other in dict.fromkeys(others)]
    candidates += [
        [pip, "--python", str(python)] for pip in (shutil.which("pip3"), shutil.which("pip")) if pip
    ]
    return next((command for command in candidates if answers(command)), None)


def answers(command: list[str]) -> bool:
    """Whether the command is there and works."""
    try:
        return subprocess.run([*command, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def run(command: list[str]) -> None:
    """Runs the command with its output shown."""
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore", "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=True, env=environment)


def say(line: str) -> None:
    """A step, told before it is taken."""
    print(f"== {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
