"""The package can be installed and run without the application."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import scoring

ROOT = Path(scoring.__file__).parent.parent
LOADED = (
    "import sys; before = set(sys.modules); import scoring; scoring.load_instrument('qlq-c30'); "
    "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
)


@pytest.mark.requirement("SCO-03")
def test_importing_it_loads_only_the_standard_library_and_narwhals() -> None:
    command = [sys.executable, "-W", "error", "-c", LOADED]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert loaded >= {"scoring", "narwhals"}
    assert loaded - sys.stdlib_module_names <= {"scoring", "narwhals", "numpy"}
    assert not loaded & {"flask", "sqlalchemy", "pandas", "app"}


def test_it_is_marked_as_typed_and_carries_its_structure_files() -> None:
    assert (files("scoring") / "py.typed").is_file()
    assert (files("scoring") / "instruments" / "qlq-c30.toml").is_file()


def test_every_public_name_has_a_docstring() -> None:
    for name in scoring.__all__:
        if not name.startswith("__"):
            assert getattr(scoring, name).__doc__, name
