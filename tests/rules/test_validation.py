"""VAL-01: one command builds the report; a requirement without a passing test is listed and fails the run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.validation_report import read_specification

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[2]
SPECIFICATION = """
[requirements.ONE-01]
sentence = "The first | of all."
since = "0.1"
[requirements.TWO-02]
sentence = "The second."
since = "0.1"
[requirements.LATER-03]
sentence = "Planned."
[requirements.NEXT-04]
sentence = "The next release's."
since = "0.2"
[threats]
D13 = "clock changes"
D14 = "midnight"
"""
SHOWS_BOTH = """
import pytest

@pytest.mark.requirement("ONE-01", "TWO-02")
@pytest.mark.threat("D13")
@pytest.mark.parametrize("number", [1, 2, 3])
def test_shows_both(number):
    assert number
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project of its own, with a specification of four requirements, two of them due."""
    (pytester.path / "docs").mkdir()
    (pytester.path / "docs" / "requirements.toml").write_text(SPECIFICATION, encoding="utf-8")
    (pytester.path / "pyproject.toml").write_text('[project]\nversion = "0.1.3"\n', encoding="utf-8")
    return pytester


def run(project: pytest.Pytester, source: str, *options: str) -> pytest.RunResult:
    """Runs the source as the project's one test file, with the plugin and a report asked for."""
    project.makepyfile(test_it=source)
    plugins = ["-p", "tests.validation", *(["-p", "xdist"] if options else [])]
    start = project.runpytest_subprocess if options else project.runpytest_inprocess
    return start(*plugins, "-c", "pyproject.toml", "--validation-report", "out/report.md", *options)


@pytest.fixture(autouse=True)
def _plugin_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def document(project: pytest.Pytester) -> dict[str, Any]:
    """The report as programs read it."""
    text = (project.path / "out" / "report.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def by_id(project: pytest.Pytester) -> dict[str, dict[str, Any]]:
    """The report's requirements by their ids."""
    return {row["id"]: row for row in document(project)["requirements"]}


@pytest.mark.requirement("VAL-01")
@pytest.mark.parametrize("options", [(), ("-n", "2", "--dist", "loadgroup")], ids=["alone", "two workers"])
def test_report_names_requirement_tests_result_and_version(
    project: pytest.Pytester, options: tuple[str, ...]
) -> None:
    result = run(project, SHOWS_BOTH, *options)
    assert result.ret == 0
    assert document(project)["missing"] == []
    assert document(project)["version"].startswith("0.1.3")
    row = by_id(project)["ONE-01"]
    assert row["result"] == "shown"
    assert row["tests"] == {"test_it.py::test_shows_both": ["passed"] * 3}
    assert [threat["id"] for threat in document(project)["threats"]] == ["D13"]


@pytest.mark.requirement("VAL-01")
@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_requirement_without_a_passing_test_is_listed_first_and_fails_the_run(
    project: pytest.Pytester, options: tuple[str, ...]
) -> None:
    source = 'import pytest\n\n@pytest.mark.requirement("ONE-01")\ndef test_one():\n    pass\n'
    result = run(project, source, *options)
    assert result.ret == 1
    assert document(project)["missing"] == ["TWO-02"]
    text = (project.path / "out" / "report.md").read_text(encoding="utf-8")
    top = text[: text.index("## Requirements of this release")]
    assert "TWO-02" in top
    assert "ONE-01" not in top
    result.stdout.fnmatch_lines(["not shown: TWO-02 The second."])


def test_later_requirements_are_listed_apart_and_fail_nothing(project: pytest.Pytester) -> None:
    run(project, SHOWS_BOTH)
    text = (project.path / "out" / "report.md").read_text(encoding="utf-8")
    later = text[text.index("## Not in this release") : text.index("## Threats")]
    assert re.findall(r"^\| ([A-Z]+-\d\d)", later, re.MULTILINE) == ["LATER-03", "NEXT-04"]
    assert by_id(project)["NEXT-04"]["result"] == "not in this release"


@pytest.mark.parametrize(
    "body",
    ["assert False", 'pytest.skip("not today")', 'pytest.xfail("known")'],
    ids=["failing", "skipped", "expected to fail"],
)
def test_only_a_passing_test_shows_a_requirement(project: pytest.Pytester, body: str) -> None:
    marks = '@pytest.mark.requirement("ONE-01", "TWO-02")'
    run(project, f"import pytest\n\n{marks}\ndef test_one():\n    {body}\n")
    assert document(project)["missing"] == ["ONE-01", "TWO-02"]


def test_one_failing_test_outweighs_the_passing_ones(project: pytest.Pytester) -> None:
    failing = '@pytest.mark.requirement("TWO-02")\ndef test_two():\n    assert False\n'
    result = run(project, SHOWS_BOTH + "\n\n" + failing)
    assert result.ret == 1
    assert document(project)["missing"] == ["TWO-02"]
    assert by_id(project)["TWO-02"]["result"] == "failed"


def test_failure_while_cleaning_up_counts(project: pytest.Pytester) -> None:
    source = """
import pytest

@pytest.fixture
def resource():
    yield
    raise OSError("left open")

@pytest.mark.requirement("ONE-01")
def test_one(resource):
    pass
"""
    run(project, source)
    assert by_id(project)["ONE-01"]["result"] == "failed"


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "two workers"])
@pytest.mark.parametrize("marker", ["requirement", "threat"])
def test_unknown_id_is_an_error_of_its_test(
    project: pytest.Pytester, marker: str, options: tuple[str, ...]
) -> None:
    source = f'import pytest\n\n@pytest.mark.{marker}("NONE-99")\ndef test_one():\n    pass\n'
    result = run(project, source, *options)
    assert result.ret == 1
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*not in docs/requirements.toml: NONE-99*"])


def test_sentence_cannot_break_the_table(project: pytest.Pytester) -> None:
    run(project, SHOWS_BOTH)
    text = (project.path / "out" / "report.md").read_text(encoding="utf-8")
    assert r"| ONE-01 | The first \| of all. | shown | `test_it.py::test_shows_both` (3 cases) |" in text


def test_every_requirement_of_this_project_has_one_short_sentence() -> None:
    specification = read_specification(ROOT)
    assert len(specification.ids) == len(specification.requirements) + len(specification.threats)
    for requirement in specification.requirements:
        assert re.fullmatch(r"[A-Z][A-Z0-9]+-\d\d", requirement.id), requirement.id
        assert requirement.sentence.endswith("."), requirement.id
        assert len(requirement.sentence) <= 130, requirement.id
