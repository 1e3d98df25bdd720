"""Errors of transcription in a randomisation, put right by the data manager with a reason."""

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import Patient
from app.services.access import Actor, Permission, require
from app.services.definition import RANDOMISATION, StudyDefinition
from app.services.errors import RuleError
from app.services.identifiers import refuse_identifiers
from app.services.milestones import (
    Event,
    add_milestone,
    check_milestone_date,
    check_not_left,
    hold_patient,
    mark_undone,
)
from app.services.projection import Projection, project_visits
from app.services.schedule import local_date


def correct_randomisation(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    actor: Actor,
    patient: Patient,
    arm: str,
    randomised_on: date,
    reason: str,
) -> Projection:
    """Puts right an error of transcription in the arm or the date; the former milestone stays, undone.

    The arm that a patient was randomised to never changes: only what was written down of it. What nobody
    touched moves with it. Raises AccessDeniedError for whoever is no data manager; RuleError without a
    reason or with an identifier in it, for an unknown arm, a patient not randomised, nothing to correct, or
    a date that cannot be.
    """
    require(actor, Permission.CORRECT_RANDOMISATION, patient.study_id, patient.site_id)
    hold_patient(session, patient)
    if not reason.strip():
        raise RuleError("reason", "no_reason")
    refuse_identifiers(reason, "reason", local_date(clock.now(), ZoneInfo(patient.site.timezone)))
    if arm not in {each.code for each in definition.arms}:
        raise RuleError("arm", "unknown_arm", arm=arm, study=definition.code)
    former = next((each for each in patient.milestones if each.kind == RANDOMISATION), None)
    if former is None:
        raise RuleError("arm", "not_randomised", code=patient.code)
    if (patient.arm, former.occurred_on) == (arm, randomised_on):
        raise RuleError("arm", "nothing_to_correct", code=patient.code)
    check_milestone_date(clock, definition, patient, "randomised_on", randomised_on)
    check_not_left(patient, "randomised_on", randomised_on)
    _check_followers(definition, patient, randomised_on)
    mark_undone(session, clock, patient, former, reason)
    patient.arm = arm
    add_milestone(session, clock, patient, Event(RANDOMISATION, randomised_on, remark=former.remark))
    anchors = {
        each.anchor for each in definition.visits if each.arms is not None or each.anchor == RANDOMISATION
    }
    return project_visits(session, clock, definition, patient, anchors)


def _check_followers(definition: StudyDefinition, patient: Patient, randomised_on: date) -> None:
    """What can only follow a randomisation is not dated before it."""
    kinds = {each.code for each in definition.milestones if each.after == RANDOMISATION}
    for each in patient.milestones:
        if each.kind in kinds and each.occurred_on < randomised_on:
            raise RuleError("randomised_on", "milestone_earlier", kind=each.kind, on=each.occurred_on)
