"""From what happens besides the schedule to the pages that show it: more visits, another site, a mix-up."""

from typing import Any

from flask import current_app, request, url_for

from app.db import db
from app.i18n import day_text, translate
from app.nurse import step_words
from app.nurse.common import address, day_of, may, moment_of, state_badge, visit_names
from app.nurse.pages import Action, Fact
from app.nurse.step_pages import TransferPage, UnscheduledPage, UnscheduledRow, WrongPatientPage
from app.services.access import Permission
from app.services.definition import StudyDefinition
from app.services.studies import definition_in_force
from app.services.transfers import stays_of
from app.services.unscheduled import unscheduled_lines
from app.services.visits import VisitState
from app.services.worklist import visit_lines
from app.services.wrong_patient import voided_forms

ANSWERABLE = {VisitState.OPEN, VisitState.IN_PROGRESS}


def steps_of(patient: Any) -> tuple[Action, ...]:
    """Where the patient's page leads to besides visits and links, as far as the actor may go."""
    place = address(patient)
    steps = [
        Action(label=translate("All milestones: record, undo"), url=url_for("nurse.milestones", **place)),
        Action(label=translate("Treatment: record, stop, correct"), url=url_for("nurse.treatment", **place)),
        Action(label=translate("Visits besides the schedule"), url=url_for("nurse.unscheduled", **place)),
        Action(label=translate("Notes and calls"), url=url_for("nurse.notes", **place)),
    ]
    if may(Permission.TRANSFER, patient):
        steps.append(Action(label=translate("Another site"), url=url_for("nurse.transfer", **place)))
    if patient.arm and may(Permission.CORRECT_RANDOMISATION, patient):
        url = url_for("manager.randomisation", **place)
        steps.append(Action(label=translate("Correct the randomisation"), url=url))
    if may(Permission.REATTRIBUTE, patient):
        url = url_for("nurse.wrong_patient", **place)
        steps.append(Action(label=translate("Answers of another patient"), url=url))
    return tuple(steps)


def unscheduled_page(patient: Any, error: str = "") -> UnscheduledPage:
    """The visits of a patient that no schedule knows."""
    place, clock = address(patient), current_app.extensions["clock"]
    lines = unscheduled_lines(db.session, clock, patient)
    return UnscheduledPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **place),
        url=url_for("nurse.unscheduled", **place),
        rows=tuple(_row(visit, state, patient) for visit, state in lines),
        may_plan=may(Permission.RECORD_COURSE, patient),
        done=_done(),
        error=error,
    )


def questionnaires_of(definition: StudyDefinition) -> dict[str, str]:
    """The questionnaires of the study's visits with what they are called, in its order."""
    codes = dict.fromkeys(code for rule in definition.visits for code in rule.questionnaires)
    return {code: step_words.questionnaire_name(code) for code in codes}


def transfer_page(patient: Any, sites: dict[int, str], facts: tuple[Fact, ...] = ()) -> TransferPage:
    """Where a patient is and was; sites by id, with their names; with facts the second look."""
    return TransferPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **address(patient)),
        url=url_for("nurse.transfer", **address(patient)),
        site=patient.site.name,
        stays=tuple(
            Fact(name=day_text(each.from_on), value=sites.get(each.site_id, ""))
            for each in stays_of(db.session, patient)
        ),
        facts=facts,
        done=_done(),
    )


def transfer_facts(former: str, site: str, from_on: Any) -> tuple[Fact, ...]:
    """What the second look at a transfer compares: from which site, to which, from when."""
    return (
        Fact(name=translate("Present site"), value=former),
        Fact(name=translate("New site"), value=site),
        Fact(name=translate("First day at the new site"), value=day_text(from_on, "full")),
    )


def sent_visits(patient: Any) -> dict[str, str]:
    """The visits of a patient that were sent, with their names."""
    clock, names = (
        current_app.extensions["clock"],
        visit_names(definition_in_force(db.session, patient.study)),
    )
    lines = visit_lines(db.session, clock, [patient.id])[patient.id]
    besides = unscheduled_lines(db.session, clock, patient)
    codes = [each.code for each in lines if each.state is VisitState.RECEIVED]
    codes += [visit.code for visit, state in besides if state is VisitState.RECEIVED]
    return {code: names.get(code, code) for code in codes}


def wrong_patient_page(patient: Any, facts: tuple[Fact, ...] = ()) -> WrongPatientPage:
    """The form of a mix-up; with facts the second look."""
    return WrongPatientPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **address(patient)),
        url=url_for("nurse.wrong_patient", **address(patient)),
        void=tuple(_void(each, patient) for each in voided_forms(db.session, patient)),
        facts=facts,
        done=_done(),
    )


def mix_up_facts(patient: Any, form: Any, copies: Any, visits: dict[str, str]) -> tuple[Fact, ...]:
    """What the second look at a mix-up compares: from where the answers go, and where to."""
    sent_at, zone = copies[0].submitted_at, patient.site.timezone
    sent = sent_visits(patient) | visits
    names = ", ".join(step_words.questionnaire_name(each.instrument) for each in copies)
    other = f"{form.other_code.data}, {visits.get(form.other_visit.data, form.other_visit.data)}"
    return (
        Fact(name=translate("Questionnaires"), value=names),
        Fact(name=translate("Sent"), value=moment_of(sent_at, zone)),
        Fact(
            name=translate("Void at"), value=f"{patient.code}, {sent.get(form.visit.data, form.visit.data)}"
        ),
        Fact(name=translate("Copied to"), value=other),
        Fact(name=form.reason.label.text, value=form.reason.data),
    )


def _done() -> str:
    return str(step_words.DONE.get(request.args.get("done", ""), ""))


def _row(visit: Any, state: VisitState, patient: Any) -> UnscheduledRow:
    can_issue = state in ANSWERABLE and may(Permission.ISSUE_LINKS, patient)
    place = {**address(patient), "visit": visit.code}
    first, last = day_text(visit.opens_on, "medium"), day_text(visit.closes_on, "medium")
    return UnscheduledRow(
        code=visit.code,
        asks=", ".join(step_words.questionnaire_name(each) for each in visit.questionnaires),
        window=str(translate("%(first)s to %(last)s", first=first, last=last)),
        state=state_badge(state),
        link_url=url_for("nurse.issue_unscheduled_link", **place) if can_issue else None,
    )


def _void(response: Any, patient: Any) -> Fact:
    zone = patient.site.timezone
    name = step_words.questionnaire_name(response.instrument)
    text = translate(
        "sent on %(sent)s, void since %(day)s: %(reason)s",
        sent=day_of(response.submitted_at, zone),
        day=day_of(response.voided_at, zone),
        reason=response.voided_reason,
    )
    return Fact(name=name, value=str(text))
