"""Patients: registration, randomisation, milestones; every refusal names its field."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.clock import Clock
from app.models import SUBMITTED, Milestone, Patient, Response, Site, Study, Visit
from app.services.access import Actor, Permission, patients_within, require
from app.services.definition import CONSENT, RANDOMISATION, StudyDefinition
from app.services.errors import NotFoundError, RuleError
from app.services.identifiers import refuse_identifiers
from app.services.rows import hold
from app.services.schedule import local_date, nominal_visits
from app.services.visits import project_visits

BASELINE = "BASELINE"


@dataclass(frozen=True)
class Registration:
    """What is needed to register a patient; without a code, the site's next one is taken."""

    code: str | None
    consent_on: date
    language: str


def register_patient(
    session: Session, clock: Clock, definition: StudyDefinition, site: Site, registration: Registration
) -> Patient:
    """Registers a consenting patient at a site and computes the visits that consent anchors.

    Raises RuleError: a site that does not recruit yet; code shape, site or duplicate; consent before
    the study or in the future; a language that the study has not.
    """
    hold(session, site)
    if not site.recruiting:
        raise RuleError("site", "not_recruiting", site=site.name)
    code = next_code(session, site) if registration.code is None else registration.code
    _check_code(session, site, code)
    _check_date(clock, definition, site, "consent_on", registration.consent_on)
    if registration.language not in definition.languages:
        raise RuleError("language", "unknown_language", language=registration.language)
    patient = Patient(
        study_id=site.study_id,
        site_id=site.id,
        site=site,
        code=code,
        language=registration.language,
        registered_at=clock.now(),
        milestones=[],
    )
    session.add(patient)
    session.flush()
    _add_milestone(session, clock, patient, CONSENT, registration.consent_on)
    project_visits(session, clock, definition, patient)
    return patient


def randomise_patient(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    patient: Patient,
    randomised_on: date,
    arm: str,
    remark: str | None = None,
) -> None:
    """Records a randomisation already made, and computes the visits that it anchors.

    Raises RuleError: an arm not in the study; already randomised; a date before the study or
    the consent, or in the future; no completed baseline and no remark that says why; a remark
    with a national number or a date that may be of birth.
    """
    if arm not in {each.code for each in definition.arms}:
        raise RuleError("arm", "unknown_arm", arm=arm, study=definition.code)
    _hold(session, patient)
    if patient.arm is not None:
        raise RuleError("arm", "already_randomised", code=patient.code)
    _check_milestone_date(clock, definition, patient, "randomised_on", randomised_on)
    has_initial_visit = any(each.code == BASELINE for each in nominal_visits(definition))
    refuse_identifiers(remark or "", "remark", local_date(clock.now(), ZoneInfo(patient.site.timezone)))
    if has_initial_visit and not remark and not has_completed_baseline(session, patient):
        raise RuleError("remark", "no_baseline", code=patient.code)
    patient.arm, patient.arm_disclosed_at = arm, clock.now()
    _add_milestone(session, clock, patient, RANDOMISATION, randomised_on, remark or None)
    project_visits(session, clock, definition, patient)


def record_milestone(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    patient: Patient,
    kind: str,
    occurred_on: date,
) -> None:
    """Records a dated event and computes the visits that it anchors.

    Raises RuleError: an event that the study has not, that can happen once only and did, or
    whose date is before the study or the consent, or in the future.
    """
    kinds = {each.code: each for each in definition.milestones}
    if kind not in kinds or kind in {CONSENT, RANDOMISATION}:
        raise RuleError("kind", "unknown_milestone", kind=kind)
    _hold(session, patient)
    if kinds[kind].once and any(each.kind == kind for each in patient.milestones):
        raise RuleError("kind", "milestone_recorded", kind=kind)
    _check_milestone_date(clock, definition, patient, "occurred_on", occurred_on)
    _add_milestone(session, clock, patient, kind, occurred_on)
    project_visits(session, clock, definition, patient)


def has_completed_baseline(session: Session, patient: Patient) -> bool:
    """Whether the questionnaire of the initial visit was sent."""
    query = (
        select(Response.id)
        .join(Response.visit)
        .where(Visit.patient_id == patient.id, Visit.code == BASELINE, Response.status == SUBMITTED)
    )
    return session.scalars(query.limit(1)).one_or_none() is not None


def find_patient(
    session: Session,
    actor: Actor,
    study_code: str,
    code: str,
    permission: Permission = Permission.SEE_PATIENTS,
) -> Patient:
    """A patient with site and milestones, for an actor who may see them.

    Raises NotFoundError for patients of other sites as for none; AccessDeniedError when the
    patient may be seen but not changed.
    """
    query = (
        select(Patient)
        .join(Patient.study)
        .where(
            patients_within(actor, Permission.SEE_PATIENTS), Study.code == study_code, Patient.code == code
        )
        .options(joinedload(Patient.site), joinedload(Patient.study), selectinload(Patient.milestones))
    )
    patient = session.scalar(query)
    if patient is None:
        raise NotFoundError("patient", code)
    require(actor, permission, patient.study_id, patient.site_id)
    return patient


def patients_of(session: Session, actor: Actor) -> Sequence[Patient]:
    """The patients whom the actor may see, by study and code."""
    query = (
        select(Patient)
        .where(patients_within(actor, Permission.SEE_PATIENTS))
        .options(joinedload(Patient.site), joinedload(Patient.study))
        .order_by(Patient.study_id, Patient.code)
    )
    return session.scalars(query).all()


def next_code(session: Session, site: Site) -> str:
    """The running number that a new patient of the site would bear, such as 03-007."""
    codes = session.scalars(
        select(Patient.code).where(Patient.study_id == site.study_id, Patient.site_id == site.id)
    )
    highest = max((int(code.rsplit("-", 1)[1]) for code in codes), default=0)
    return f"{site.number}-{highest + 1:03}"


def _hold(session: Session, patient: Patient) -> None:
    """A second tap waits for the first one, and then sees what it recorded."""
    hold(session, patient)
    session.refresh(patient, ["arm", "version", "milestones"])


def _check_code(session: Session, site: Site, code: str) -> None:
    if not re.fullmatch(r"[0-9]{2,3}-[0-9]{3}", code):
        raise RuleError("code", "code_shape", code=code, example=f"{site.number}-007")
    if not code.startswith(f"{site.number}-"):
        raise RuleError("code", "code_of_other_site", code=code, site=site.number)
    query = select(Patient.id).where(Patient.study_id == site.study_id, Patient.code == code)
    if session.scalar(query) is not None:
        raise RuleError("code", "code_taken", code=code)


def _check_milestone_date(
    clock: Clock, definition: StudyDefinition, patient: Patient, field: str, day: date
) -> None:
    _check_date(clock, definition, patient.site, field, day)
    consent_on = next(each.occurred_on for each in patient.milestones if each.kind == CONSENT)
    if day < consent_on:
        raise RuleError(field, "before_consent", day=day, consent_on=consent_on)


def _check_date(clock: Clock, definition: StudyDefinition, site: Site, field: str, day: date) -> None:
    if day < definition.starts_on:
        raise RuleError(field, "before_study", day=day, starts_on=definition.starts_on)
    today = local_date(clock.now(), ZoneInfo(site.timezone))
    if day > today:
        raise RuleError(field, "in_future", day=day, today=today)


def _add_milestone(
    session: Session, clock: Clock, patient: Patient, kind: str, occurred_on: date, remark: str | None = None
) -> None:
    patient.milestones.append(
        Milestone(
            study_id=patient.study_id,
            patient_id=patient.id,
            kind=kind,
            occurred_on=occurred_on,
            recorded_at=clock.now(),
            remark=remark,
        )
    )
    session.flush()
