"""From a list of assignments to the page that shows its faults, or what it would record."""

from typing import Any

from flask import request, url_for

from app.db import db
from app.i18n import day_text, page_language
from app.manager import allocation_words
from app.manager.pages import AllocationsPage, AssignmentRow, Fact, LineFault
from app.services.allocations import COLUMNS, OPTIONAL, AllocationPreview
from app.services.definition import StudyDefinition
from app.services.studies import definition_in_force


def allocations_page(study: Any, preview: AllocationPreview | None = None) -> AllocationsPage:
    """The form of a study's list; with a preview, what is wrong with it or what it would record."""
    definition = definition_in_force(db.session, study)
    return AllocationsPage(
        study=study.code,
        url=url_for("manager.allocations", study=study.code),
        columns=";".join([*COLUMNS, *OPTIONAL]),
        arms=tuple(Fact(name=each.code, value=_arm(definition, each.code)) for each in definition.arms),
        faults=tuple(_fault(each) for each in preview.faults) if preview else (),
        rows=tuple(_row(each, definition) for each in preview.randomised) if preview else (),
        unchanged=preview.unchanged if preview else (),
        done=str(allocation_words.DONE.get(request.args.get("done", ""), "")),
    )


def _arm(definition: StudyDefinition, code: str) -> str:
    names = definition.arm(code).names
    return names.get(page_language()) or next(iter(names.values()))


def _fault(fault: Any) -> LineFault:
    return LineFault(
        line=fault.line,
        column=str(allocation_words.COLUMNS.get(fault.field, fault.field)),
        text=allocation_words.refusal(fault.rule, fault.facts),
    )


def _row(line: Any, definition: StudyDefinition) -> AssignmentRow:
    return AssignmentRow(
        line=line.line,
        patient=line.patient.code,
        arm=_arm(definition, line.arm),
        day=day_text(line.randomised_on, "medium"),
        remark=line.remark or "",
    )
