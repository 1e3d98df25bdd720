"""The study definition file: what a study is made of, read from TOML and checked in one go.

A file at fault is refused with every problem it holds: the line, what was found and what was expected.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from app.services.definition.alerts import AlertRule, alert_faults
from app.services.definition.fields import SUPPORTED_LANGUAGES, SYMPTOMS, Known, zone_names
from app.services.definition.lines import DefinitionError, Lines, Path, Problem, find_lines, shown, where
from app.services.definition.messages import Messages, Reminders, sms_faults
from app.services.definition.model import (
    BASELINE,
    CONSENT,
    MONTH,
    RANDOMISATION,
    REINTRODUCTION,
    Arm,
    Links,
    MilestoneKind,
    Paper,
    Schedule,
    Site,
    Study,
    StudyDefinition,
    VisitRule,
)
from app.services.definition.symptoms import Symptom, SymptomList

__all__ = [
    "BASELINE",
    "CONSENT",
    "MONTH",
    "RANDOMISATION",
    "REINTRODUCTION",
    "SYMPTOMS",
    "AlertRule",
    "Arm",
    "DefinitionError",
    "Messages",
    "MilestoneKind",
    "Problem",
    "Reminders",
    "Site",
    "StudyDefinition",
    "Symptom",
    "VisitRule",
    "parse_definition",
]


def parse_definition(source: str, filename: str) -> StudyDefinition:
    """Reads a definition from the text of its file; the filename is for the messages only.

    Raises DefinitionError with all problems of the file at once (a text that is no TOML has one: the first).
    """
    source = source.removeprefix("\ufeff")
    data, lines = _read(source, filename)
    known = _gather(data)
    faults = [*_repeats(data, lines), *_misnumbered(data), *_missing_milestones(data), *_misdated(data)]
    try:
        definition = StudyDefinition.model_validate(_completed(data, known), context=known)
        faults += sms_faults(
            definition.messages, definition.languages, definition.sites, definition.public_name
        )
        faults += alert_faults(
            definition.alerts, definition.symptoms, has_other=definition.symptom_list.other
        )
    except ValidationError as error:
        faults += [_fault(details) for details in error.errors() if not _is_echo(details)]
    if faults:
        raise DefinitionError(
            Problem(filename, lines.of(path), where(path), message) for path, message in faults
        )
    return definition


def _read(source: str, filename: str) -> tuple[dict[str, Any], Lines]:
    try:
        data = tomllib.loads(source)
        return {key: _frozen(value) for key, value in data.items()}, find_lines(source)
    except RecursionError:
        message = "found lists or tables nested too deeply, expected a few levels"
        raise DefinitionError([Problem(filename, 1, "file", message)]) from None
    except ValueError as error:
        message, _, position = str(error).partition(" (at ")
        at = re.match(r"line (\d+)", position)
        line = int(at[1]) if at else source.rstrip().count("\n") + 1
        message = f"found no valid TOML ({message}), expected keys, values and tables as TOML writes them"
        raise DefinitionError([Problem(filename, line, "file", message)]) from None


def _frozen(value: Any) -> Any:
    """The same value with tuples for lists, since a definition is never changed once read."""
    if isinstance(value, list):
        return tuple(_frozen(entry) for entry in value)
    if isinstance(value, dict):
        return {key: _frozen(entry) for key, entry in value.items()}
    return value


def _entries(data: Mapping[str, Any], table: str) -> list[tuple[int, dict[str, Any]]]:
    """The tables of an array that are tables at all, with their positions: the rest is found by the model."""
    entries = data.get(table)
    entries = entries if isinstance(entries, tuple) else ()
    return [(index, entry) for index, entry in enumerate(entries) if isinstance(entry, dict)]


def _gather(data: Mapping[str, Any]) -> Known:
    study = data.get("study")
    study = study if isinstance(study, dict) else {}
    timezone = study.get("timezone")
    milestones = [entry for _, entry in _entries(data, "milestones")]
    return Known(
        languages=_languages(study.get("languages")),
        timezone=timezone if isinstance(timezone, str) and timezone in zone_names() else "UTC",
        arms=_strings(entry.get("code") for _, entry in _entries(data, "arms")),
        milestones=_strings(entry.get("code") for entry in milestones),
        repeatable=_strings(entry.get("code") for entry in milestones if entry.get("once") is False),
        symptoms=bool(data.get("symptoms")),
    )


def _languages(value: Any) -> tuple[str, ...]:
    if not isinstance(value, tuple) or any(code not in SUPPORTED_LANGUAGES for code in value):
        return ()
    return value if len(set(value)) == len(value) else ()


def _strings(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str))


def _completed(data: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """The data with the study's time zone at each site that names none."""
    completed = dict(data)
    if isinstance(data.get("sites"), tuple):
        completed["sites"] = tuple(
            {"timezone": known.timezone} | site if isinstance(site, dict) else site for site in data["sites"]
        )
    return completed


def _is_echo(details: ErrorDetails) -> bool:
    """Whether a list is called too short only because its entries, each at fault, were left out."""
    return details["type"] == "too_short" and bool(details["input"])


def _fault(details: ErrorDetails) -> tuple[Path, str]:
    path, found = details["loc"], shown(details["input"])
    table: type[BaseModel] = _TABLES.get(path[0], StudyDefinition) if len(path) > 1 else StudyDefinition
    if details["type"] == "extra_forbidden":
        return path, f"found an unknown key, expected only {', '.join(table.model_fields)}"
    if details["type"] == "definition":
        return path, f"found {found}, expected {details['msg']}"
    if details["type"] == "missing":
        found = "nothing"
    return path, f"found {found}, expected {_description(table, path)}"


def _description(table: type[BaseModel], path: Path) -> str | None:
    """What the field at or above a path expects; an entry of an array of tables has its table's words."""
    for key in reversed(path):
        if key in table.model_fields:
            return table.model_fields[str(key)].description
    return StudyDefinition.model_fields[str(path[0])].description


_TABLES: Mapping[str | int, type[BaseModel]] = {
    "study": Study,
    "schedule": Schedule,
    "arms": Arm,
    "sites": Site,
    "milestones": MilestoneKind,
    "symptom_list": SymptomList,
    "symptoms": Symptom,
    "visits": VisitRule,
    "reminders": Reminders,
    "messages": Messages,
    "paper": Paper,
    "alerts": AlertRule,
    "links": Links,
}


_CODES = (
    ("arms", "code"),
    ("sites", "number"),
    ("milestones", "code"),
    ("symptoms", "code"),
    ("alerts", "code"),
)


def _repeats(data: Mapping[str, Any], lines: Lines) -> Iterator[tuple[Path, str]]:
    """Codes that stand twice where each must be there once."""
    for table, key in _CODES:
        yield from _twice([((table, i, key), entry.get(key)) for i, entry in _entries(data, table)], lines)
    visits: list[tuple[Path, Any]] = []
    for i, entry in _entries(data, "visits"):
        code, months = entry.get("code"), entry.get("months")
        if isinstance(code, str):
            numbers = months if isinstance(months, tuple) else (MONTH,)
            visits += [(("visits", i, "code"), code.replace(MONTH, str(number))) for number in numbers]
    yield from _twice(visits, lines)


def _twice(codes: Iterable[tuple[Path, Any]], lines: Lines) -> Iterator[tuple[Path, str]]:
    first: dict[str, Path] = {}
    for path, code in codes:
        if isinstance(code, str) and first.setdefault(code, path) != path:
            line = lines.of(first[code])
            yield path, f"found {shown(code)} a second time, expected it once (first on line {line})"


def _misnumbered(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Visits that are neither one visit nor a series, or both, or whose texts do not say which."""
    for i, entry in _entries(data, "visits"):
        series = "months" in entry
        if series == ("days" in entry):
            found = "both" if series else "neither"
            yield (
                ("visits", i, "months"),
                f"found {found}, expected either days (one visit) or months (a series)",
            )
        names = entry.get("names")
        texts: dict[Path, Any] = {("visits", i, "code"): entry.get("code")}
        if isinstance(names, dict):
            texts |= {("visits", i, "names", language): text for language, text in names.items()}
        for path, text in texts.items():
            if isinstance(text, str) and (MONTH in text) != series:
                expected = f"{MONTH} where the number goes" if series else f"no {MONTH} in one visit"
                yield path, f"found {shown(text)}, expected {expected}"


def _misdated(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """A study that ends before it starts."""
    study = data.get("study")
    starts_on, ends_on = (
        study.get(key) if isinstance(study, dict) else None for key in ("starts_on", "ends_on")
    )
    if type(starts_on) is type(ends_on) is date and ends_on <= starts_on:
        yield ("study", "ends_on"), f"found {shown(ends_on)}, expected a date after starts_on ({starts_on})"


def _missing_milestones(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The milestones that the software itself refers to; without any at all the model says so."""
    known = _gather(data).milestones
    schedule = data.get("schedule")
    closes = isinstance(schedule, dict) and schedule.get("on_reintroduction") == "close"
    for code in (CONSENT, RANDOMISATION, REINTRODUCTION)[: 3 if closes else 2]:
        if _entries(data, "milestones") and code not in known:
            yield ("milestones",), f"found no milestone {shown(code)}, expected one with this code"
