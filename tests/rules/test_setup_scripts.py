"""What the Makefile calls before anything is installed, and what it calls to begin a migration."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from app.version import SOFTWARE_VERSION
from scripts.environment import digest
from scripts.environment import main as make_environment
from scripts.migration import main as begin_migration

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A development file that includes the runtime one, as ours does."""
    monkeypatch.chdir(tmp_path)
    Path("requirements.txt").write_text("flask==3\n", encoding="utf-8")
    path = Path("requirements-dev.txt")
    path.write_text("-r requirements.txt\npytest==9\n", encoding="utf-8")
    return path


def test_stamp_changes_with_the_file_and_with_what_it_includes(requirements: Path) -> None:
    before = digest(requirements)
    assert digest(requirements) == before
    Path("requirements.txt").write_text("flask==4\n", encoding="utf-8")
    after = digest(requirements)
    assert after != before
    requirements.write_text("-r requirements.txt\n", encoding="utf-8")
    assert digest(requirements) not in {before, after}


def test_the_environment_is_the_folder_of_the_stamp(tmp_path: Path) -> None:
    requirements, stamp = tmp_path / "requirements.txt", tmp_path / "environment é" / ".done"
    requirements.write_text("# nothing\n", encoding="utf-8")
    assert make_environment(requirements, stamp) == 0
    assert stamp.read_text(encoding="utf-8") == digest(requirements)
    command = [stamp.parent / "bin" / "python", "-c", "import sys; print(sys.prefix)"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()) == stamp.parent


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "-C", str(ROOT), "--no-print-directory", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_make_alone_names_every_target_that_people_use() -> None:
    help_text = make().stdout
    for target in (
        "run",
        "setup",
        "test",
        "test-engines",
        "lint",
        "bench",
        "validation",
        "strings",
        "migration",
        "format",
        "clean",
    ):
        assert f"  make {target} " in help_text


def old_python(folder: Path) -> Path:
    """An interpreter that says it is 3.9, to whoever asks by -c or by --version."""
    path = folder / "python3.9"
    path.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2"\nexit 1\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def test_too_old_a_python_is_told_in_one_line(tmp_path: Path) -> None:
    result = make("-W", "requirements.txt", ".venv/.runtime", f"PYTHON={old_python(tmp_path)}")
    assert result.returncode != 0
    assert "needs Python 3.11 or newer" in result.stderr
    assert "Python 3.9.2" in result.stderr


def test_missing_python_is_told_in_one_line() -> None:
    result = make("-W", "requirements.txt", ".venv/.runtime", "PYTHON=no-such-python")
    assert result.returncode != 0
    assert "found no no-such-python" in result.stderr


def test_migration_follows_the_latest_one(tmp_path: Path) -> None:
    (tmp_path / "0001_create_tables.py").write_text("", encoding="utf-8")
    (tmp_path / "0002_add_symptoms.py").write_text("", encoding="utf-8")
    assert begin_migration("rename_sites", tmp_path) == 0
    text = (tmp_path / "0003_rename_sites.py").read_text(encoding="utf-8")
    assert '"""Rename sites."""' in text
    assert 'revision = "0003"' in text
    assert 'down_revision = "0002"' in text
    compile(text, "migration", "exec")


def test_first_migration_follows_none(tmp_path: Path) -> None:
    assert begin_migration("create_tables", tmp_path) == 0
    assert "down_revision = None" in (tmp_path / "0001_create_tables.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["", "symptoms", "Add_Symptoms", "../add_symptoms", "add symptoms"])
def test_migration_is_named_by_verb_and_subject(tmp_path: Path, name: str) -> None:
    assert begin_migration(name, tmp_path) == 2
    assert list(tmp_path.iterdir()) == []


def test_script_that_sets_up_needs_nothing_installed() -> None:
    command = [sys.executable, "-I", "-S", "-c", "import runpy; runpy.run_path('scripts/environment.py')"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_project_and_application_name_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == SOFTWARE_VERSION
