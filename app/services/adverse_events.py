"""Adverse events: drafted by the nurse, decided and signed by the investigator; every version is kept.

Nothing is graded, judged or coded by itself: a patient's report is only where a draft may begin.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from app.clock import Clock
from app.models import (
    DECIDED_EVENT,
    DRAFT_EVENT,
    SIGNED_EVENT,
    AdverseEvent,
    AdverseEventVersion,
    EventSignature,
    Patient,
    SymptomReport,
)
from app.services.access import Actor, Permission, require
from app.services.errors import NotFoundError, RuleError
from app.services.event_rules import LONGEST_TEXT, Decision, EventFacts, check_decision, check_facts
from app.services.event_signatures import DECISION_MEANING, signature_sha256
from app.services.rows import hold
from app.services.signing import check_signer
from app.services.terms import terminology


def draft_event(
    session: Session,
    clock: Clock,
    actor: Actor,
    patient: Patient,
    facts: EventFacts,
    report: SymptomReport | None = None,
) -> AdverseEvent:
    """Drafts an event of a patient (loaded with site and milestones), from a report of theirs or from none.

    Raises RuleError where the facts break a rule, AccessDeniedError for who may not draft at the site,
    NotFoundError for a report of another patient.
    """
    _require(actor, Permission.DRAFT_EVENT, patient)
    if report is not None and report.patient_id != patient.id:
        raise NotFoundError("report", report.symptom)
    check_facts(clock, patient, facts)
    hold(session, patient)
    numbers = select(func.max(AdverseEvent.number)).where(AdverseEvent.patient_id == patient.id)
    event = AdverseEvent(
        study_id=patient.study_id,
        patient_id=patient.id,
        patient=patient,
        number=1 + (session.scalar(numbers) or 0),
        response_id=report.response_id if report else None,
        symptom=report.symptom if report else None,
        words=report.words if report else None,
        status=DRAFT_EVENT,
        latest_number=0,
        created_at=clock.now(),
        versions=[],
        signatures=[],
        declarations=[],
    )
    session.add(event)
    _add_version(session, clock, actor, event, vars(facts) | NOT_DECIDED, None)
    return event


def change_event(
    session: Session,
    clock: Clock,
    actor: Actor,
    event: AdverseEvent,
    facts: EventFacts,
    seen: int,
    reason: str,
) -> AdverseEventVersion:
    """Writes a new version of what was drafted, and why; a decision is carried on, to be made anew.

    What was decided to be serious stays on the list of declarations meanwhile. `seen` is the number of the
    version that the writer had before them. Raises RuleError: rules of the facts, no reason, nothing changed,
    or another version written meanwhile.
    """
    _require(actor, Permission.DRAFT_EVENT, event.patient)
    _hold(session, event, seen)
    check_facts(clock, event.patient, facts)
    _check_reason(reason)
    content = event.latest.content() | vars(facts)
    if content == event.latest.content():
        raise RuleError("reason", "nothing_changed")
    event.status = DRAFT_EVENT
    return _add_version(session, clock, actor, event, content, reason)


def decide_event(
    session: Session,
    clock: Clock,
    actor: Actor,
    event: AdverseEvent,
    decision: Decision,
    seen: int,
    reason: str | None = None,
) -> AdverseEventVersion:
    """Writes the version that holds the investigator's decision on seriousness and causality.

    Raises RuleError: rules of the decision, a second decision without a reason, or another version written
    meanwhile; AccessDeniedError for anybody but an investigator of the site.
    """
    _require(actor, Permission.DECIDE_EVENT, event.patient)
    _hold(session, event, seen)
    check_decision(clock, event.patient, event.latest, decision)
    if event.latest.is_serious is not None:
        _check_reason(reason or "")
    decided = vars(decision) | {"criteria": list(decision.criteria), "causes": list(decision.causes)}
    event.status = DECIDED_EVENT
    return _add_version(session, clock, actor, event, event.latest.content() | decided, reason)


def sign_event(
    session: Session,
    clock: Clock,
    actor: Actor,
    event: AdverseEvent,
    seen: int,
    name: str,
    reauthenticated_at: datetime | None,
) -> EventSignature:
    """Signs the latest version under the signer's printed name.

    reauthenticated_at says when the signer last gave the password: at most five minutes ago, by whoever calls
    this. Raises RuleError: password too long ago or not given, no name, not decided since the last change,
    or another version written meanwhile; AccessDeniedError for anybody but an investigator of the site.
    """
    _require(actor, Permission.DECIDE_EVENT, event.patient)
    _hold(session, event, seen)
    check_signer(clock, name, reauthenticated_at)
    if event.status != DECIDED_EVENT:
        raise RuleError("event", "not_decided")
    signature = EventSignature(
        study_id=event.study_id,
        patient_id=event.patient_id,
        version_number=event.latest_number,
        meaning=DECISION_MEANING,
        user_id=actor.user_id,
        account=actor.email,
        name=name.strip(),
        signed_at=clock.now(),
    )
    signature.record_sha256 = signature_sha256(event, event.latest, signature)
    event.status = SIGNED_EVENT
    event.signatures.append(signature)
    session.flush()
    return signature


def events_of(session: Session, patient: Patient) -> Sequence[AdverseEvent]:
    """The events of a patient with all that belongs to them, the latest first; four queries."""
    query = (
        select(AdverseEvent)
        .where(AdverseEvent.study_id == patient.study_id, AdverseEvent.patient_id == patient.id)
        .options(*WHOLE)
        .order_by(AdverseEvent.number.desc())
    )
    events = session.scalars(query).all()
    for event in events:
        set_committed_value(event, "patient", patient)
    return events


def find_event(session: Session, patient: Patient, number: int) -> AdverseEvent:
    """An event of a patient with all that belongs to it; NotFoundError where there is none."""
    found = next((each for each in events_of(session, patient) if each.number == number), None)
    if found is None:
        raise NotFoundError("adverse event", str(number))
    return found


def find_report(session: Session, patient: Patient, response_id: str, symptom: str) -> SymptomReport:
    """A symptom as the patient reported it; NotFoundError where there is none of theirs."""
    query = select(SymptomReport).where(
        SymptomReport.study_id == patient.study_id,
        SymptomReport.patient_id == patient.id,
        SymptomReport.symptom == symptom,
    )
    found = next((each for each in session.scalars(query) if str(each.response_id) == response_id), None)
    if found is None:
        raise NotFoundError("report", symptom)
    return found


WHOLE = (
    selectinload(AdverseEvent.versions),
    selectinload(AdverseEvent.signatures),
    selectinload(AdverseEvent.declarations),
)
NOT_DECIDED: dict[str, Any] = {
    "is_serious": None,
    "criteria": [],
    "causes": [],
    "cause_text": None,
    "aware_at": None,
}


def _require(actor: Actor, permission: Permission, patient: Patient) -> None:
    require(actor, permission, patient.study_id, patient.site_id)


def _hold(session: Session, event: AdverseEvent, seen: int) -> None:
    """Whoever writes the next version has seen the latest one: nothing is overwritten unseen."""
    hold(session, event)
    session.refresh(event, ["status", "latest_number", "versions", "signatures"])
    if event.latest_number != seen:
        raise RuleError("event", "changed_meanwhile", by=event.latest.recorded_by)


def _check_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > LONGEST_TEXT:
        raise RuleError("reason", "no_reason")


def _add_version(
    session: Session,
    clock: Clock,
    actor: Actor,
    event: AdverseEvent,
    content: dict[str, Any],
    reason: str | None,
) -> AdverseEventVersion:
    event.latest_number += 1
    version = AdverseEventVersion(
        **({"terms_version": terminology().version} | content),
        study_id=event.study_id,
        patient_id=event.patient_id,
        number=event.latest_number,
        recorded_by_id=actor.user_id,
        recorded_by=actor.email,
        recorded_at=clock.now(),
        reason=reason,
    )
    event.versions.append(version)
    session.flush()
    return version
