"""From a patient's rows to the pages of that patient: visits, randomisation, a link just issued."""

from collections.abc import Iterable
from typing import Any

from flask import current_app, g, request, url_for

from app.db import db
from app.i18n import translate
from app.nurse import (
    cards,
    show_messages,
    show_moves,
    show_personal,
    show_timeline,
    show_treatment,
    show_visits,
    words,
)
from app.nurse.common import (
    address,
    arm_text,
    may,
    moment_of,
    visit_names,
)
from app.nurse.pages import Fact, LateRow, LinkPage, PatientPage, RandomisationPage
from app.services.access import Permission
from app.services.definition import StudyDefinition
from app.services.late_answers import late_answers
from app.services.links import IssuedLink
from app.services.message_list import messages_of
from app.services.patients import has_completed_baseline
from app.services.studies import definition_in_force
from app.services.treatment import exposures_of
from app.services.worklist import today_at, visit_lines


def patient_page(patient: Any, error: str = "", revoking: str = "") -> PatientPage:
    """The page of a patient whose site, study and milestones are loaded."""
    definition = definition_in_force(db.session, patient.study)
    clock, names = current_app.extensions["clock"], visit_names(definition)
    lines = visit_lines(db.session, clock, [patient.id])[patient.id]
    today = today_at(clock, patient.site.timezone)
    episodes = exposures_of(db.session, patient.study_id, patient.id)
    messages = messages_of(db.session, clock, g.actor, patient)
    visits, later = show_visits.visits_and_later(
        show_visits.visit_rows(patient, definition, lines, messages, revoking)
    )
    is_open = patient.arm is None and may(Permission.RANDOMISE, patient)
    return PatientPage(
        code=patient.code,
        url=url_for("nurse.patient", **address(patient)),
        facts=_facts(patient, definition, show_treatment.state_on(episodes, today)),
        timeline=show_timeline.timeline(patient, definition, lines, episodes, today),
        steps=show_moves.steps_of(patient),
        visits=visits,
        later=later,
        messages=show_messages.message_rows(messages, patient, names),
        late=tuple(_late_row(*each, patient, names) for each in late_answers(db.session, patient)),
        personal=show_personal.box(patient, lines, revoking),
        reports=show_personal.report_rows(patient),
        randomise_url=url_for("nurse.randomise", **address(patient)) if is_open else None,
        contact_url=url_for("nurse.contact_details", **address(patient))
        if may(Permission.SEE_CONTACT, patient)
        else None,
        done=str(words.DONE.get(request.args.get("done", ""), "")),
        error=error,
    )


def randomisation_page(
    patient: Any, recorded: Iterable[Fact] = (), visits: Iterable[Fact] = ()
) -> RandomisationPage:
    """The form of a randomisation; asks for a remark where the initial questionnaire is missing."""
    return RandomisationPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **address(patient)),
        asks_remark=not has_completed_baseline(db.session, patient),
        recorded=tuple(recorded),
        visits=tuple(visits),
    )


def link_page(patient: Any, visit: Any, issued: IssuedLink) -> LinkPage:
    """A link just issued, with its card."""
    definition = definition_in_force(db.session, patient.study)
    return LinkPage(
        code=patient.code,
        visit=visit_names(definition).get(visit.code, visit.code),
        patient_url=url_for("nurse.patient", **address(patient)),
        card=cards.visit_card(patient, visit, issued),
    )


def _facts(patient: Any, definition: StudyDefinition, treatment: str) -> tuple[Fact, ...]:
    return (
        Fact(name=translate("Arm"), value=arm_text(patient, definition)),
        Fact(name=translate("Treatment"), value=treatment),
        Fact(name=translate("Language"), value=str(words.LANGUAGES[patient.language])),
        Fact(name=translate("Site"), value=patient.site.name),
        Fact(name=translate("Study"), value=patient.study.code),
    )


def _late_row(visit: str, late: Any, patient: Any, names: dict[str, str]) -> LateRow:
    value = late.answer["value"]
    return LateRow(
        received=moment_of(late.received_at, patient.site.timezone),
        visit=names.get(visit, visit),
        item=late.item,
        answer=str(words.NO_ANSWER[late.state]) if value is None else str(value),
    )
