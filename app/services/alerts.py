"""Alerts: raised when a response is sent, acknowledged by the staff of the patient's site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, defer, joinedload

from app.clock import Clock
from app.models import (
    ACKNOWLEDGED_ALERT,
    OPEN_ALERT,
    SUBMITTED,
    Alert,
    DefinitionVersion,
    Patient,
    Response,
    Score,
    Site,
    Visit,
)
from app.services.access import Actor, Permission, patients_within, require
from app.services.definition import BASELINE, AlertRule, StudyDefinition
from app.services.errors import NotFoundError, RuleError
from app.services.identifiers import refuse_identifiers
from app.services.questionnaires import REPORT, SYMPTOMS
from app.services.rows import hold
from app.services.schedule import local_date
from app.services.studies import definition_of
from app.services.working_hours import add_working_hours

LONGEST_NOTE = 500
# Scores are sums of thirds: a change of 25 is not to be missed for the last binary digits.
DECIMALS = 6


class AlertAction(StrEnum):
    """What was done about an alert."""

    CALLED = "called"
    PHYSICIAN_TOLD = "physician_told"
    NO_ACTION = "no_action"
    OTHER = "other"


# These alone say nothing: the note does.
NEEDS_NOTE = frozenset({AlertAction.NO_ACTION, AlertAction.OTHER})


@dataclass(frozen=True)
class AlertLine:
    """An open alert as the site's list has it: no answer, no score. names: the rule's, by language.

    study, patient, visit: codes; zone: the site's time zone; owner: the patient with site and study.
    """

    id: int
    study: str
    patient: str
    visit: str
    names: Mapping[str, str]
    raised_at: datetime
    due_at: datetime
    is_escalated: bool
    zone: str
    owner: Patient


def raise_alerts(
    session: Session, clock: Clock, definition: StudyDefinition, responses: Sequence[Response]
) -> None:
    """Adds an alert for each rule in force that a response, sent and scored just now, meets; one of each.

    Reads nothing where no rule is on; messages are for the tick.
    """
    rules = [rule for rule in definition.alerts if rule.enabled]
    found = [each for response in responses for each in _met(session, rules, response)] if rules else []
    if not found:
        return
    patient_id = responses[0].patient_id
    site = session.scalars(select(Site).join(Patient).where(Patient.id == patient_id)).one()
    known = select(Alert.response_id, Alert.rule).where(Alert.patient_id == patient_id)
    known = known.where(Alert.study_id == responses[0].study_id)
    have = {(response_id, rule) for response_id, rule in session.execute(known)}
    session.add_all(
        _alert(clock, definition, site, *each) for each in found if (each[1].id, each[0].code) not in have
    )
    session.flush()


def baseline_scores(session: Session, response: Response) -> dict[str, float | None]:
    """The scores of the initial visit's response to the same questionnaire, by scale.

    None at all where it was not sent, or only once the arm was known; a response is not its own baseline.
    """
    query = (
        select(Score.scale, Score.value)
        .join(Response, Response.id == Score.response_id)
        .join(Visit, Visit.id == Response.visit_id)
        .join(Patient, Patient.id == Response.patient_id)
        .where(
            Response.study_id == response.study_id,
            Response.patient_id == response.patient_id,
            Response.instrument == response.instrument,
            Response.entry == response.entry,
            Response.status == SUBMITTED,
            Response.id != response.id,
            Visit.code == BASELINE,
            or_(Patient.arm_disclosed_at.is_(None), Response.submitted_at < Patient.arm_disclosed_at),
        )
    )
    return {row.scale: row.value for row in session.execute(query)}


def open_alerts(session: Session, actor: Actor) -> list[AlertLine]:
    """The alerts of the actor's patients that nobody has acknowledged, the one that escalates first in front.

    One query, besides the definitions that this process has not read yet.
    """
    query = (
        select(Alert, Patient, Visit.code, DefinitionVersion.sha256)
        .join(Patient, Patient.id == Alert.patient_id)
        .join(Response, Response.id == Alert.response_id)
        .join(Visit, Visit.id == Response.visit_id)
        .join(DefinitionVersion, _as_raised())
        .where(patients_within(actor, Permission.SEE_PATIENTS), Alert.state == OPEN_ALERT)
        .options(joinedload(Patient.site), joinedload(Patient.study))
        .order_by(Alert.due_at, Alert.id)
    )
    return [
        AlertLine(
            id=alert.id,
            study=patient.study.code,
            patient=patient.code,
            visit=visit,
            names=_rule(session, alert, sha256).names,
            raised_at=alert.raised_at,
            due_at=alert.due_at,
            is_escalated=alert.escalated_at is not None,
            zone=patient.site.timezone,
            owner=patient,
        )
        for alert, patient, visit, sha256 in session.execute(query)
    ]


def find_alert(session: Session, patient: Patient, alert_id: int) -> Alert:
    """An alert of a patient with its response and visit; NotFoundError where there is none."""
    response = joinedload(Alert.response)
    query = (
        select(Alert)
        .where(Alert.id == alert_id, Alert.study_id == patient.study_id, Alert.patient_id == patient.id)
        .options(response.joinedload(Response.visit), response.options(defer(Response.answers)))
    )
    found = session.scalar(query)
    if found is None:
        raise NotFoundError("alert", str(alert_id))
    return found


def rule_of(session: Session, alert: Alert) -> AlertRule:
    """The rule as the definition had it when the alert was raised."""
    query = select(DefinitionVersion.sha256).where(
        DefinitionVersion.study_id == alert.study_id, DefinitionVersion.version == alert.definition_version
    )
    return _rule(session, alert, session.scalars(query).one())


def acknowledge_alert(
    session: Session, clock: Clock, actor: Actor, patient: Patient, alert: Alert, action: str, note: str
) -> None:
    """Records what was done about an alert; from then on it is answered, once and for all.

    patient: the alert's, with the site. Raises AccessDeniedError for anybody but staff of the patient's site;
    RuleError: acknowledged meanwhile, no action, no note where the action says nothing, a note that is too
    long or identifies somebody.
    """
    require(actor, Permission.ANSWER_ALERT, patient.study_id, patient.site_id)
    hold(session, alert)
    session.refresh(alert, ["state", "acknowledged_by"])
    if not alert.is_open:
        raise RuleError("alert", "already_acknowledged", by=alert.acknowledged_by)
    if action not in set(AlertAction):
        raise RuleError("action", "unknown_alert_action")
    text = note.strip()
    if not text and action in NEEDS_NOTE:
        raise RuleError("note", "no_alert_note")
    if len(text) > LONGEST_NOTE:
        raise RuleError("note", "text_too_long", longest=LONGEST_NOTE)
    refuse_identifiers(text, "note", local_date(clock.now(), ZoneInfo(patient.site.timezone)))
    alert.state, alert.acknowledged_at = ACKNOWLEDGED_ALERT, clock.now()
    alert.acknowledged_by_id, alert.acknowledged_by = actor.user_id, actor.email
    alert.action, alert.note = action, text or None
    session.flush()


def _as_raised() -> ColumnElement[bool]:
    return and_(
        DefinitionVersion.study_id == Alert.study_id, DefinitionVersion.version == Alert.definition_version
    )


def _rule(session: Session, alert: Alert, sha256: str) -> AlertRule:
    return definition_of(session, alert.study_id, alert.definition_version, sha256).alert(alert.rule)


def _met(
    session: Session, rules: Sequence[AlertRule], response: Response
) -> list[tuple[AlertRule, Response, float]]:
    """The rules that a response meets, each with the value that does."""
    mine = [rule for rule in rules if _looks_at(rule, response.instrument)]
    before = baseline_scores(session, response) if any(rule.on == "change" for rule in mine) else {}
    found = ((rule, _value(rule, response, before)) for rule in mine)
    return [
        (rule, response, value) for rule, value in found if value is not None and rule.is_reached_by(value)
    ]


def _looks_at(rule: AlertRule, instrument: str) -> bool:
    """A report between visits asks about its symptom as the list does."""
    return instrument == rule.questionnaire or (instrument == REPORT and rule.questionnaire == SYMPTOMS)


def _value(rule: AlertRule, response: Response, before: Mapping[str, float | None]) -> float | None:
    """What a rule looks at in a response; None where the patient gave nothing that tells."""
    if rule.on == "item":
        entry = response.answers.get(rule.of)
        return float(entry["value"]) if entry is not None and entry["state"] == "answered" else None
    if rule.on == "composite":
        grades = {each.symptom: each.grade for each in response.symptoms}
        return _number(grades.get(rule.of))
    now = {each.scale: each.value for each in response.scores}.get(rule.of)
    if rule.on == "scale":
        return _number(now)
    then = before.get(rule.of)
    return None if now is None or then is None else round(now - then, DECIMALS)


def _number(value: float | None) -> float | None:
    return None if value is None else round(float(value), DECIMALS)


def _alert(
    clock: Clock, definition: StudyDefinition, site: Site, rule: AlertRule, response: Response, value: float
) -> Alert:
    hours, now = rule.escalates_after_hours, clock.now()
    return Alert(
        study_id=response.study_id,
        patient_id=response.patient_id,
        response_id=response.id,
        rule=rule.code,
        definition_version=definition.version,
        value=value,
        threshold=rule.threshold,
        is_upwards=rule.at_least is not None,
        raised_at=now,
        due_at=add_working_hours(now, hours, site.calendar, site.timezone),
    )
