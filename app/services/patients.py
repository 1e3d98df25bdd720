"""Patients: registration, randomisation, and who finds whom; every refusal names its field."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.clock import Clock
from app.models import SUBMITTED, Patient, Response, Site, Study, Visit
from app.services.access import Actor, Permission, patients_within, require
from app.services.definition import BASELINE, CONSENT, RANDOMISATION, StudyDefinition
from app.services.errors import NotFoundError, RuleError
from app.services.identifiers import refuse_identifiers
from app.services.milestones import (
    Event,
    add_milestone,
    check_date,
    check_milestone_date,
    check_not_left,
    hold_patient,
)
from app.services.projection import project_visits
from app.services.rows import hold
from app.services.schedule import local_date, nominal_visits


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
    check_date(clock, definition, site, "consent_on", registration.consent_on)
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
    add_milestone(session, clock, patient, Event(CONSENT, registration.consent_on))
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
    hold_patient(session, patient)
    check_randomisation(session, clock, definition, patient, randomised_on, arm, remark)
    patient.arm, patient.arm_disclosed_at = arm, clock.now()
    add_milestone(session, clock, patient, Event(RANDOMISATION, randomised_on, remark=remark or None))
    project_visits(session, clock, definition, patient)


def check_randomisation(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    patient: Patient,
    randomised_on: date,
    arm: str,
    remark: str | None,
) -> None:
    """Raises RuleError as randomise_patient does; writes nothing."""
    if arm not in {each.code for each in definition.arms}:
        raise RuleError("arm", "unknown_arm", arm=arm, study=definition.code)
    if patient.arm is not None:
        raise RuleError("arm", "already_randomised", code=patient.code)
    check_milestone_date(clock, definition, patient, "randomised_on", randomised_on)
    check_not_left(patient, "randomised_on", randomised_on)
    refuse_identifiers(remark or "", "remark", local_date(clock.now(), ZoneInfo(patient.site.timezone)))
    has_initial_visit = any(each.code == BASELINE for each in nominal_visits(definition))
    if has_initial_visit and not remark and not has_completed_baseline(session, patient):
        raise RuleError("remark", "no_baseline", code=patient.code)


def has_completed_baseline(session: Session, patient: Patient) -> bool:
    """Whether the questionnaire of the initial visit was sent."""
    query = (
        select(Response.id)
        .join(Response.visit)
        .where(
            Visit.patient_id == patient.id,
            Visit.code == BASELINE,
            Response.status == SUBMITTED,
            Response.voided_at.is_(None),
        )
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
        .options(joinedload(Patient.site), joinedload(Patient.study), joinedload(Patient.milestones))
    )
    patient = session.scalars(query).unique().one_or_none()
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
    # By the code, which a patient keeps at another site.
    codes = session.scalars(
        select(Patient.code).where(
            Patient.study_id == site.study_id, Patient.code.startswith(f"{site.number}-")
        )
    )
    highest = max((int(code.rsplit("-", 1)[1]) for code in codes), default=0)
    return f"{site.number}-{highest + 1:03}"


def _check_code(session: Session, site: Site, code: str) -> None:
    if not re.fullmatch(r"[0-9]{2,3}-[0-9]{3}", code):
        raise RuleError("code", "code_shape", code=code, example=f"{site.number}-007")
    if not code.startswith(f"{site.number}-"):
        raise RuleError("code", "code_of_other_site", code=code, site=site.number)
    query = select(Patient.id).where(Patient.study_id == site.study_id, Patient.code == code)
    if session.scalar(query) is not None:
        raise RuleError("code", "code_taken", code=code)
