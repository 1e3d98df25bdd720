"""Installs, where that is allowed, the programs that the tests run against."""

import os
import shutil
import subprocess


def is_ci() -> bool:
    """Whether a missing program is a failure rather than a notice."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def can_install() -> bool:
    """Only the superuser of a Debian-like machine."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(package: str) -> bool:
    """Installs a package of the system, its progress shown; says whether it went well."""
    print(f"== Installing {package} from the system's packages", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=False, env=environment)
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", package]
    return subprocess.run(command, check=False, env=environment).returncode == 0
