"""From alerts to what their pages show."""

from typing import Any

from flask import g, request, url_for

from app.db import db
from app.forms.alerts import ACTIONS
from app.i18n import number_text, translate
from app.nurse import alert_words as words
from app.nurse.alert_pages import AlertPage, AlertRow, AlertsPage
from app.nurse.common import address, in_language, may, moment_of, visit_names
from app.nurse.pages import Badge, Fact
from app.nurse.show_events import symptom_names
from app.services import alerts
from app.services.access import Permission
from app.services.definition import StudyDefinition
from app.services.questionnaires import questionnaire
from app.services.studies import definition_in_force


def alerts_page() -> AlertsPage:
    """The open alerts of the actor's patients, the one that escalates first in front."""
    lines = alerts.open_alerts(db.session, g.actor)
    studies = {each.owner.study_id: each.owner.study for each in lines}
    names = {key: visit_names(definition_in_force(db.session, each)) for key, each in studies.items()}
    return AlertsPage(
        rows=tuple(_row(each, names[each.owner.study_id]) for each in lines),
        done=str(words.DONE.get(request.args.get("done", ""), "")),
    )


def alert_page(patient: Any, alert: Any) -> AlertPage:
    """One alert with the facts of its response."""
    place = address(patient)
    rule = alerts.rule_of(db.session, alert)
    return AlertPage(
        code=patient.code,
        url=url_for("nurse.alert", **place, number=alert.id),
        patient_url=url_for("nurse.patient", **place),
        alerts_url=url_for("nurse.alerts"),
        name=in_language(rule.names),
        badge=_badge(is_open=alert.is_open, is_escalated=alert.escalated_at is not None),
        facts=_facts(patient, alert, rule),
        answer=() if alert.is_open else _answer(patient, alert),
        may_answer=alert.is_open and may(Permission.ANSWER_ALERT, patient),
    )


def _row(line: alerts.AlertLine, visits: dict[str, str]) -> AlertRow:
    return AlertRow(
        url=url_for("nurse.alert", study=line.study, code=line.patient, number=line.id),
        code=line.patient,
        name=in_language(line.names),
        visit=visits.get(line.visit, line.visit),
        raised=moment_of(line.raised_at, line.zone),
        until=moment_of(line.due_at, line.zone),
        badge=_badge(is_open=True, is_escalated=line.is_escalated),
    )


def _facts(patient: Any, alert: Any, rule: Any) -> tuple[Fact, ...]:
    zone, visit = patient.site.timezone, alert.response.visit.code
    definition = definition_in_force(db.session, patient.study)
    names = visit_names(definition)
    of = (_scale_names(definition, rule.questionnaire) | symptom_names(patient)).get(rule.of, rule.of)
    template = words.UPWARDS if alert.is_upwards else words.DOWNWARDS
    facts = {
        translate("Visit"): names.get(visit, visit),
        translate("Sent"): moment_of(alert.raised_at, zone),
        words.LOOKS_AT[rule.on]: f"{of} {_number(alert.value)}",
        translate("There is an alert from"): str(template) % {"threshold": _number(alert.threshold)},
        translate("To be answered until"): moment_of(alert.due_at, zone),
        translate("Passed on"): moment_of(alert.escalated_at, zone),
    }
    return tuple(Fact(name=str(name), value=value) for name, value in facts.items() if value)


def _scale_names(definition: StudyDefinition, code: str) -> dict[str, str]:
    """The scores of an instrument by code; none of a list of symptoms."""
    instrument = questionnaire(definition, code).instrument
    scores = (*instrument.scales, instrument.summary) if instrument else ()
    return {each.code: in_language(each.names) for each in scores if each}


def _answer(patient: Any, alert: Any) -> tuple[Fact, ...]:
    facts = {
        translate("What was done"): str(ACTIONS[alert.action]),
        translate("In a few words"): alert.note or "",
        translate("By"): alert.acknowledged_by,
        translate("When"): moment_of(alert.acknowledged_at, patient.site.timezone),
    }
    return tuple(Fact(name=str(name), value=value) for name, value in facts.items() if value)


def _badge(*, is_open: bool, is_escalated: bool) -> Badge:
    if not is_open:
        return Badge(key="received", text=str(words.ANSWERED))
    if is_escalated:
        return Badge(key="missing", text=str(words.ESCALATED))
    return Badge(key="open", text=str(words.OPEN))


def _number(value: float) -> str:
    """A score to one decimal, a code as it is."""
    return f"{value:g}" if value.is_integer() else number_text(value)
