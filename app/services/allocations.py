"""Lists of assignments already made: read, shown line by line before anything changes, then recorded."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.clock import Clock
from app.models import Milestone, Patient, Study
from app.services.access import Actor, Permission, patients_within
from app.services.definition import RANDOMISATION, StudyDefinition
from app.services.errors import RuleError
from app.services.patients import check_randomisation, randomise_patient

COLUMNS = ("site", "patient", "arm", "randomised_on")
# A remark says why a patient was randomised without the initial questionnaire.
OPTIONAL = ("remark",)
LONGEST = 5000


@dataclass(frozen=True)
class Assignment:
    """One line of a list, as it was written; line counts from 1, the heading included."""

    line: int
    site: str
    patient: str
    arm: str
    randomised_on: str
    remark: str = ""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line: the column, the rule and the facts, as a RuleError has them."""

    line: int
    field: str
    rule: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Randomisation:
    """A line that will be recorded."""

    line: int
    patient: Patient
    arm: str
    randomised_on: date
    remark: str | None


@dataclass(frozen=True)
class AllocationPreview:
    """What a list would do: randomise, or leave as it is recorded already; nothing while it has faults."""

    randomised: tuple[Randomisation, ...]
    unchanged: tuple[str, ...]
    faults: tuple[Fault, ...]


def parse_allocations(text: str) -> list[Assignment]:
    """The lines of a CSV list; separated by comma or semicolon, with or without a byte order mark.

    Raises RuleError("list", ...) where the heading lacks a column or has an unknown one, a line has more
    values than the heading, and where there is no line or are too many.
    """
    text = text.removeprefix("\ufeff")
    heading = text.partition("\n")[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    missing = [name for name in COLUMNS if name not in names]
    unknown = [name for name in names if name not in {*COLUMNS, *OPTIONAL} or names.count(name) > 1]
    if missing or unknown:
        raise RuleError("list", "list_columns", missing=", ".join(missing), unknown=", ".join(unknown))
    reader.fieldnames = names
    try:
        found = list(_assignments(reader))
    except csv.Error:
        # A quotation mark that is never closed swallows the rest.
        raise RuleError("list", "list_width", line=reader.line_num + 1) from None
    if not 0 < len(found) <= LONGEST:
        raise RuleError("list", "list_length", lines=len(found), longest=LONGEST)
    return found


def preview_allocations(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    actor: Actor,
    study: Study,
    assignments: Sequence[Assignment],
) -> AllocationPreview:
    """What the list would change, and every fault with its line; writes nothing.

    A patient for whom the actor may not import lists is as unknown as one that is not registered.
    """
    patients = _patients(session, actor, study, assignments)
    randomised: list[Randomisation] = []
    unchanged: list[str] = []
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for each in assignments:
        try:
            found = _checked(session, clock, definition, patients, each, seen)
        except RuleError as error:
            faults.append(Fault(each.line, error.field, error.rule, error.facts))
            continue
        if found is None:
            unchanged.append(each.patient)
        else:
            randomised.append(found)
    return AllocationPreview(tuple(randomised), tuple(unchanged), tuple(faults))


def apply_allocations(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    actor: Actor,
    study: Study,
    assignments: Sequence[Assignment],
) -> AllocationPreview:
    """Records the whole list or nothing of it; what was recorded before stays.

    Raises RuleError("list", "list_faults") while any line has a fault.
    """
    preview = preview_allocations(session, clock, definition, actor, study, assignments)
    if preview.faults:
        raise RuleError("list", "list_faults", lines=", ".join(str(each.line) for each in preview.faults))
    # Always in the same order, so that two lists never wait for each other's patients.
    for each in sorted(preview.randomised, key=lambda line: line.patient.id):
        randomise_patient(session, clock, definition, each.patient, each.randomised_on, each.arm, each.remark)
    return preview


def _assignments(reader: "csv.DictReader[str]") -> Iterator[Assignment]:
    for row in reader:
        if None in row or None in row.values():
            raise RuleError("list", "list_width", line=reader.line_num)
        values = {name: value.strip() for name, value in row.items()}
        if any(values.values()):
            yield Assignment(reader.line_num, **values)


def _patients(
    session: Session, actor: Actor, study: Study, assignments: Sequence[Assignment]
) -> dict[str, Patient]:
    query = (
        select(Patient)
        .where(
            patients_within(actor, Permission.IMPORT_ALLOCATIONS),
            Patient.study_id == study.id,
            Patient.code.in_({each.patient for each in assignments}),
        )
        .options(joinedload(Patient.site), joinedload(Patient.study), selectinload(Patient.milestones))
    )
    return {patient.code: patient for patient in session.scalars(query)}


def _checked(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    patients: Mapping[str, Patient],
    line: Assignment,
    seen: dict[str, int],
) -> Randomisation | None:
    """The randomisation that a line asks for; None where just this is recorded already."""
    if line.site not in {site.number for site in definition.sites}:
        raise RuleError("site", "unknown_site", site=line.site)
    patient = patients.get(line.patient)
    if patient is None:
        raise RuleError("patient", "unknown_patient", code=line.patient)
    if patient.site.number != line.site:
        raise RuleError("site", "patient_of_other_site", code=line.patient, site=line.site)
    if seen.setdefault(line.patient, line.line) != line.line:
        raise RuleError("patient", "listed_twice", code=line.patient, first=seen[line.patient])
    try:
        on = date.fromisoformat(line.randomised_on)
    except ValueError:
        raise RuleError("randomised_on", "no_date", text=line.randomised_on) from None
    recorded = _recorded(patient)
    if recorded is not None and patient.arm == line.arm and recorded.occurred_on == on:
        return None
    check_randomisation(session, clock, definition, patient, on, line.arm, line.remark or None)
    return Randomisation(line.line, patient, line.arm, on, line.remark or None)


def _recorded(patient: Patient) -> Milestone | None:
    return next((each for each in patient.milestones if each.kind == RANDOMISATION), None)
