"""Tests that share something dear run on one worker."""

import re

import pytest

from app.settings import ROOT
from tests.shares import TOGETHER, group_of

pytest_plugins = ["pytester"]
MANY = "import pytest\n\n@pytest.mark.parametrize('number', range(6))\ndef test_it(number):\n    pass\n"
RAN = re.compile(r"^\[(gw\d)\].* PASSED (\S+?)::", re.MULTILINE)


@pytest.fixture
def ran(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """(worker, module) of tests of the same names as ours, shared out among two workers."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    for name in ("journeys/test_nurse", "journeys/test_patient", "services/test_demo", "test_demo_cli"):
        path = pytester.path / "tests" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(MANY, encoding="utf-8")
    options = ("-n", "2", "--dist", "loadgroup", "-v", "--import-mode=importlib", "-p", "no:cacheprovider")
    done = pytester.runpytest_subprocess("-p", "xdist", "-p", "tests.shares", *options)
    done.assert_outcomes(passed=24)
    return set(RAN.findall(done.stdout.str()))


def test_each_group_has_one_worker_and_each_worker_a_group(ran: set[tuple[str, str]]) -> None:
    assert len(ran) == 4
    workers = {module: worker for worker, module in ran}
    assert workers["tests/journeys/test_nurse.py"] == workers["tests/journeys/test_patient.py"]
    assert workers["tests/services/test_demo.py"] == workers["tests/test_demo_cli.py"]
    assert len(set(workers.values())) == 2


def test_whatever_is_named_is_there() -> None:
    assert [each for each in TOGETHER if not (ROOT / each).exists()] == []


def test_a_test_that_shares_nothing_stands_alone() -> None:
    assert group_of("tests/test_cli.py::test_it[a/b]") == "tests/test_cli.py::test_it[a/b]"
    assert group_of("tests/journeys/test_dossier.py::test_it") != group_of(
        "tests/journeys/test_nurse.py::test_it"
    )
