"""What the charts of a patient have in common: the places on the axis of time, and the treatment's marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from string import ascii_uppercase
from typing import Any

from app.db import db
from app.forms.steps import STOP_REASONS
from app.i18n import day_text, translate
from app.nurse import score_words as words
from app.nurse.charts import Moment
from app.nurse.common import may, visit_names
from app.nurse.show_treatment import drug_text
from app.nurse.words import STATES
from app.services.access import Permission
from app.services.course import CourseForm
from app.services.definition import BASELINE, StudyDefinition
from app.services.schedule import nominal_visits
from app.services.treatment import exposures_of
from app.services.visits import VisitState
from app.services.worklist import VisitLine

ABSENT = {VisitState.MISSING, VisitState.PARTIAL}
Forms = Sequence[tuple[CourseForm, Mapping[str, Any]]]


@dataclass(frozen=True)
class Slot:
    """A place on the axis of time: a questionnaire that came in, or (form None) a visit without one."""

    on: date
    label: str
    name: str
    state: str
    form: CourseForm | None = None
    values: Mapping[str, Any] | None = None


def slots_of(definition: StudyDefinition, lines: Sequence[VisitLine], code: str, forms: Forms) -> list[Slot]:
    """The forms of a questionnaire and the visits at which it did not come, in the order of time."""
    names = visit_names(definition)
    asking = {each.code for each in nominal_visits(definition) if code in each.questionnaires}
    received = {form.visit_id for form, _ in forms}
    also = {line.served_by_id: names.get(line.code, line.code) for line in lines if line.is_served}
    slots = [_slot(form, values, names, also.get(form.visit_id)) for form, values in forms]
    slots += [
        Slot(line.due_on, _label(line.code), names.get(line.code, line.code), str(STATES[line.state]))
        for line in lines
        if line.code in asking and line.id not in received and not line.is_served and line.state in ABSENT
    ]
    return sorted(slots, key=lambda slot: slot.on)


def _slot(form: CourseForm, values: Mapping[str, Any], names: Mapping[str, str], also: str | None) -> Slot:
    besides = words.REPORT if form.is_report else words.BESIDES
    name = names.get(form.visit, f"{besides} ({form.visit})")
    if also:
        name = str(translate("%(visit)s, also for %(other)s", visit=name, other=also))
    marks = [words.MODES.get(form.mode), words.PARTIAL if form.is_partial else None]
    marks += [words.LATE if form.is_late else None, words.CORRECTED if form.is_corrected else None]
    state = ", ".join(str(mark) for mark in marks if mark)
    return Slot(form.on, _label(form.visit), name, state, form, values)


def _label(visit: str) -> str:
    return str(words.START) if visit == BASELINE else visit


def moment_of_slot(slot: Slot, value: float | None) -> Moment:
    """What a chart shows of a slot."""
    form = slot.form
    return Moment(
        on=slot.on,
        label=slot.label,
        value=value,
        shape="square" if form and form.mode in words.MODES else "round",
        is_hollow=bool(form and form.is_partial),
        is_ringed=bool(form and form.is_late),
    )


def treatment_events(patient: Any) -> tuple[tuple[date, str, str], ...]:
    """When drugs were begun and stopped, each with its letter; nothing for who may not know the arm."""
    if not may(Permission.SEE_ARM, patient):
        return ()
    found, taken = [], set[str]()
    for each in exposures_of(db.session, patient.study_id, patient.id):
        begun = words.RESTARTED if each.drug in taken else words.STARTED
        found.append((each.started_on, str(begun) % {"drug": drug_text(each.drug)}))
        if each.stopped_on is not None:
            facts = {"drug": drug_text(each.drug), "reason": str(STOP_REASONS[each.stop_reason or "other"])}
            found.append((each.stopped_on, str(words.STOPPED) % {**facts, "reason": facts["reason"].lower()}))
        taken.add(each.drug)
    found.sort(key=lambda pair: pair[0])
    return tuple(
        (day, letter, f"{day_text(day, 'medium')} – {text}")
        for letter, (day, text) in zip(ascii_uppercase, found, strict=False)
    )
