"""The validation report: what was asked for, which tests show it, and with which result."""

import json
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SHOWN, FAILED, NOT_SHOWN, LATER = "shown", "failed", "not shown", "not in this release"


@dataclass(frozen=True)
class Requirement:
    """One entry of docs/requirements.toml; since is the first release that holds it, empty when none does."""

    id: str
    sentence: str
    since: str = ""


@dataclass(frozen=True)
class Specification:
    """All that tests may show, and the release that they are run on."""

    release: str
    requirements: tuple[Requirement, ...]
    threats: tuple[Requirement, ...]

    @property
    def ids(self) -> frozenset[str]:
        """What a marker may name."""
        return frozenset(each.id for each in (*self.requirements, *self.threats))

    def is_due(self, requirement: Requirement) -> bool:
        """Whether this release must show it."""
        return bool(requirement.since) and numbers(requirement.since) <= numbers(self.release)


@dataclass
class Outcome:
    """What became of one test: the ids that it carries and whether all its phases passed."""

    test: str
    ids: frozenset[str]
    result: str


@dataclass
class Row:
    """A requirement with the tests that carry its id: name -> results of its cases."""

    requirement: Requirement
    is_due: bool
    tests: dict[str, list[str]] = field(default_factory=dict)

    @property
    def result(self) -> str:
        """Shown by at least one passing test and contradicted by none."""
        results = [result for each in self.tests.values() for result in each]
        if "failed" in results:
            return FAILED
        if "passed" in results:
            return SHOWN
        return NOT_SHOWN if self.is_due else LATER


@dataclass(frozen=True)
class Report:
    """Everything that is written down."""

    version: str
    built_at: datetime
    requirements: tuple[Row, ...]
    threats: tuple[Row, ...]

    @property
    def missing(self) -> list[Row]:
        """Requirements of this release without a passing test, or with a failing one."""
        return [row for row in self.requirements if row.is_due and row.result != SHOWN]


def numbers(version: str) -> tuple[int, ...]:
    """'0.10.1' as (0, 10, 1), to be compared."""
    return tuple(int(part) for part in version.split("."))


def read_specification(root: Path) -> Specification:
    """What the folder's docs/requirements.toml and pyproject.toml say."""
    document = read_toml(root / "docs" / "requirements.toml")
    requirements = (
        Requirement(name, entry["sentence"], entry.get("since", ""))
        for name, entry in document.get("requirements", {}).items()
    )
    threats = (Requirement(name, sentence) for name, sentence in document.get("threats", {}).items())
    release = read_toml(root / "pyproject.toml").get("project", {}).get("version", "0")
    return Specification(release, tuple(requirements), tuple(threats))


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables; none when there is no file."""
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def build_report(
    specification: Specification, outcomes: Iterable[Outcome], version: str, at: datetime
) -> Report:
    """Each requirement and threat with its tests; parametrised cases stand under one name."""
    by_id: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for outcome in outcomes:
        for name in outcome.ids:
            by_id[name][base_name(outcome.test)].append(outcome.result)

    def row(requirement: Requirement) -> Row:
        tests = {test: sorted(results) for test, results in sorted(by_id[requirement.id].items())}
        return Row(requirement, specification.is_due(requirement), tests)

    threats = tuple(row(each) for each in specification.threats)
    return Report(version, at, tuple(row(each) for each in specification.requirements), threats)


def base_name(node: str) -> str:
    """The test without its parameters and without the worker group that pytest-xdist appends."""
    return node.split("[", 1)[0].split("@", 1)[0]


def software_version(root: Path, release: str) -> str:
    """The release and, in a git checkout, the very commit."""
    command = ["git", "-C", str(root), "describe", "--tags", "--always", "--dirty"]
    try:
        described = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        described = ""
    return f"{release} ({described})" if described else release


def write_report(report: Report, path: Path) -> None:
    """Markdown for people at path, JSON for programs beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_markdown(report), encoding="utf-8")
    path.with_suffix(".json").write_text(as_json(report), encoding="utf-8")


def as_markdown(report: Report) -> str:
    """What is missing first, then what is shown, then what is planned."""
    shown_threats = [row for row in report.threats if row.tests]
    parts = [
        "# Validation report",
        f"Ressenti {report.version}, tested on {report.built_at.astimezone(UTC):%Y-%m-%d at %H:%M} UTC.",
        "## Not shown",
        *(
            [table(report.missing)]
            if report.missing
            else ["Nothing: every requirement of this release has a passing test."]
        ),
        "## Requirements of this release",
        table([row for row in report.requirements if row.is_due]),
        "## Not in this release",
        table([row for row in report.requirements if not row.is_due]),
        "## Threats and faults that tests show to be met",
        table(shown_threats) if shown_threats else "None.",
    ]
    return "\n\n".join(parts) + "\n"


def table(rows: list[Row]) -> str:
    """One line for each requirement."""
    head = ["| id | requirement | result | tests |", "|---|---|---|---|"]
    return "\n".join(head + [f"| {' | '.join(cells(row))} |" for row in rows])


def cells(row: Row) -> list[str]:
    """The columns of one line."""
    tests = "<br>".join(describe(test, results) for test, results in row.tests.items())
    return [row.requirement.id, row.requirement.sentence.replace("|", "\\|"), row.result, tests]


def describe(test: str, results: list[str]) -> str:
    """`test` (how many cases, and what did not pass)."""
    others = sorted({result for result in results if result != "passed"})
    notes = ([f"{len(results)} cases"] if len(results) > 1 else []) + others
    return f"`{test}`" + (f" ({', '.join(notes)})" if notes else "")


def as_json(report: Report) -> str:
    """The same content; keys are stable."""
    document = {
        "software": "Ressenti",
        "version": report.version,
        "built_at": report.built_at.astimezone(UTC).isoformat(timespec="seconds"),
        "missing": [row.requirement.id for row in report.missing],
        "requirements": [row_document(row) for row in report.requirements],
        "threats": [row_document(row) for row in report.threats if row.tests],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def row_document(row: Row) -> dict[str, object]:
    """One requirement."""
    return {**asdict(row.requirement), "in_release": row.is_due, "result": row.result, "tests": row.tests}
