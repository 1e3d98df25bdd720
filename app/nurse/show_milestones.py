"""From a patient's events to the pages that show, record and undo them."""

from typing import Any

from flask import request, url_for

from app.db import db
from app.i18n import day_text, translate
from app.nurse import step_words
from app.nurse.common import address, day_of, in_language, may, visit_names
from app.nurse.pages import Fact
from app.nurse.step_pages import ChangeRow, Consequences, MilestonePage, MilestoneRow, MilestonesPage, Offer
from app.services.access import Permission
from app.services.definition import CONSENT, RANDOMISATION, StudyDefinition
from app.services.milestones import MilestonePreview, answered_after_leaving, undone_milestones
from app.services.studies import definition_in_force

# These have pages of their own.
ELSEWHERE = frozenset({CONSENT, RANDOMISATION})


def milestones_page(patient: Any, error: str = "") -> MilestonesPage:
    """The events of a patient whose site, study and milestones are loaded."""
    definition = definition_in_force(db.session, patient.study)
    kinds = [each for each in definition.milestones if each.code not in ELSEWHERE]
    can_record = may(Permission.RECORD_COURSE, patient)
    standing = sorted(patient.milestones, key=lambda each: (each.occurred_on, each.id))
    offered = [(each, _offer(each, patient, definition)) for each in kinds] if can_record else []
    late = answered_after_leaving(db.session, patient)
    return MilestonesPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **address(patient)),
        url=url_for("nurse.milestones", **address(patient)),
        rows=tuple(_row(each, patient, definition, can_undo=can_record) for each in standing),
        undone=tuple(_row(each, patient, definition) for each in undone_milestones(db.session, patient)),
        late=_visits(late, definition),
        events=tuple(offer for kind, offer in offered if offer and not kind.ends),
        leaving=tuple(offer for kind, offer in offered if offer and kind.ends),
        done=str(step_words.DONE.get(request.args.get("done", ""), "")),
        error=error,
    )


def milestone_page(
    patient: Any, kind: Any, url: str, facts: tuple[Fact, ...] = (), preview: MilestonePreview | None = None
) -> MilestonePage:
    """The form of an event of a kind, or with a preview the second look."""
    place = address(patient)
    definition = definition_in_force(db.session, patient.study)
    return MilestonePage(
        code=patient.code,
        name=in_language(kind.names),
        patient_url=url_for("nurse.patient", **place),
        back_url=url_for("nurse.milestones", **place),
        url=url,
        effect=str((step_words.EFFECTS | step_words.BESIDES).get(kind.ends or kind.code, "")),
        facts=facts,
        consequences=consequences(preview, definition) if preview else None,
    )


def consequences(preview: MilestonePreview, definition: StudyDefinition) -> Consequences:
    """What an event would do to the visits, each once with how it stands and how it would stand."""
    plan, names = preview.visits, visit_names(definition)
    due = {code: visit.due_on for code, visit in plan.stored.items()} | {
        planned.code: planned.due_on for planned in plan.added
    }
    now = {code: day_text(visit.due_on, "medium") for code, visit in plan.stored.items()}
    after = {each.code: day_text(each.due_on, "medium") for each in plan.added}
    after |= {visit.code: day_text(planned.due_on, "medium") for visit, planned in plan.moved}
    due |= {visit.code: planned.due_on for visit, planned in plan.moved}
    after |= {visit.code: str(translate("No longer planned")) for visit in plan.removed}
    after |= {code: _closed(due[code], plan.ends_on[code]) for code in plan.closed}
    after |= {
        code: str(translate("%(day)s, expected again", day=day_text(due[code], "medium")))
        for code in plan.reopened
    }
    rows = (
        ChangeRow(name=names.get(code, code), before=now.get(code, "–"), after=after[code])
        for code in sorted(after, key=lambda each: due[each])
    )
    return Consequences(
        changes=tuple(rows),
        ends_links=preview.ends_links,
        late=_visits(preview.answered_after, definition),
    )


def milestone_facts(on: Any, value: str | None) -> tuple[Fact, ...]:
    """The date of an event, written out, and what was found."""
    facts = (Fact(name=translate("Date of the event"), value=day_text(on, "full")),)
    return (*facts, Fact(name=translate("Result"), value=step_words.value_text(value))) if value else facts


def _closed(due_on: Any, ends_on: Any) -> str:
    if due_on >= ends_on:
        return str(translate("Not expected"))
    return str(translate("Closes early, on %(day)s", day=day_text(ends_on, "medium")))


def _visits(codes: Any, definition: StudyDefinition) -> str:
    names = visit_names(definition)
    return ", ".join(names.get(each, each) for each in codes)


def _row(
    milestone: Any, patient: Any, definition: StudyDefinition, *, can_undo: bool = False
) -> MilestoneRow:
    undoing = can_undo and milestone.kind not in ELSEWHERE
    place = {**address(patient), "number": milestone.id}
    return MilestoneRow(
        name=in_language(definition.milestone(milestone.kind).names),
        day=day_text(milestone.occurred_on, "medium"),
        value=step_words.value_text(milestone.value),
        undo_url=url_for("nurse.undo_milestone", **place) if undoing else None,
        undone=day_of(milestone.undone_at, patient.site.timezone),
        reason=milestone.undone_reason or "",
    )


def _offer(kind: Any, patient: Any, definition: StudyDefinition) -> Offer | None:
    """What is offered of a kind; nothing of one that can happen once and did."""
    recorded = {each.kind for each in patient.milestones}
    if kind.once and kind.code in recorded:
        return None
    effect = str(step_words.EFFECTS.get(kind.ends or "", ""))
    if kind.after and kind.after not in recorded:
        before = in_language(definition.milestone(kind.after).names)
        text = str(translate("To be recorded after: %(event)s.", event=before))
        return Offer(name=in_language(kind.names), url=None, text=f"{effect} {text}".strip())
    url = url_for("nurse.record_milestone", **address(patient), kind=kind.code)
    return Offer(name=in_language(kind.names), url=url, text=effect)
