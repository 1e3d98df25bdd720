"""The pytest plugin behind `make validation`: which tests show which requirement, and whether they pass.

Markers carry the ids (@pytest.mark.requirement("SCO-01"), @pytest.mark.threat("D13")); docs/requirements.toml
names them all, and an id that it does not name is an error of the test. With --validation-report PATH the
outcome is written as Markdown to PATH and as JSON beside it, and the run fails when a requirement of this
release lacks a passing test.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.validation_report import (
    Outcome,
    Report,
    Specification,
    build_report,
    read_specification,
    software_version,
    write_report,
)

MARKERS = ("requirement", "threat")
specification_key = pytest.StashKey[Specification]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that asks for the report."""
    parser.addoption("--validation-report", metavar="PATH", help="write the validation report to PATH")


def pytest_configure(config: pytest.Config) -> None:
    """Reads what there is to show; the process that speaks to the person also gathers the outcomes."""
    config.stash[specification_key] = read_specification(config.rootpath)
    path = config.getoption("validation_report")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config, config.invocation_params.dir / path))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hands the ids on with each report, which is all that reaches us from the workers of pytest-xdist."""
    for item in items:
        item.user_properties.extend(marked_ids(item))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """An unknown id would be a requirement that nobody ever sees shown."""
    known = item.config.stash[specification_key].ids
    unknown = [name for _, name in marked_ids(item) if name not in known]
    if unknown:
        pytest.fail(f"not in docs/requirements.toml: {', '.join(unknown)}", pytrace=False)


def marked_ids(item: pytest.Item) -> Iterator[tuple[str, str]]:
    """(marker, id) for each id of the test's markers."""
    for marker in item.iter_markers():
        if marker.name in MARKERS:
            yield from ((marker.name, str(name)) for name in marker.args)


class Recorder:
    """Gathers the outcome of every marked test, and writes the report at the end."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        self.specification = config.stash[specification_key]
        self.root = config.rootpath
        self.path = path
        self.outcomes: dict[str, Outcome] = {}
        self.report: Report | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called for each phase of a test; a failure in any of them is what stays."""
        ids = frozenset(str(value) for name, value in report.user_properties if name in MARKERS)
        if not ids or (report.when != "call" and report.passed):
            return
        before = self.outcomes.get(report.nodeid)
        if before is None or report.failed:
            self.outcomes[report.nodeid] = Outcome(report.nodeid, ids, report.outcome)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Writes the report; what it misses fails a run that would have passed."""
        version = software_version(self.root, self.specification.release)
        self.report = build_report(self.specification, self.outcomes.values(), version, datetime.now(UTC))
        write_report(self.report, self.path)
        if self.report.missing and session.exitstatus in {
            pytest.ExitCode.OK,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        }:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Where the report is, and what it misses."""
        if self.report is None:
            return
        for row in self.report.missing:
            requirement = row.requirement
            terminalreporter.write_line(f"{row.result}: {requirement.id} {requirement.sentence}", red=True)
        terminalreporter.write_line(f"Validation report: {self.path}")
