"""A patient moves to another site: the code stays, the stays are dated, the other site sees them now."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import Patient, Site, SiteStay
from app.services.access import Actor, Permission, require
from app.services.definition import CONSENT, StudyDefinition
from app.services.errors import RuleError
from app.services.milestones import check_milestone_date, hold_patient
from app.services.projection import Projection, project_visits


def transfer_patient(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    actor: Actor,
    patient: Patient,
    site: Site,
    from_on: date,
) -> Projection:
    """Moves a patient to another site of the study; visits nobody touched open at its midnight.

    The former site's staff see the patient no more, the links go on. Raises AccessDeniedError for whoever may
    not transfer; RuleError: the same site or one of another study; a date in the future, before the consent
    or not after the beginning of the stay before.
    """
    require(actor, Permission.TRANSFER, patient.study_id, None)
    hold_patient(session, patient)
    if site.study_id != patient.study_id:
        raise RuleError("site", "unknown_site", site=site.number)
    if site.id == patient.site_id:
        raise RuleError("site", "same_site", site=site.number)
    check_milestone_date(clock, definition, patient, "from_on", from_on)
    since_on = _first_stay(session, clock, patient).from_on
    if from_on <= since_on:
        raise RuleError("from_on", "before_stay", day=from_on, since_on=since_on)
    _add_stay(session, clock, patient, site.id, from_on)
    patient.site_id, patient.site = site.id, site
    session.flush()
    return project_visits(session, clock, definition, patient)


def stays_of(session: Session, patient: Patient) -> Sequence[SiteStay]:
    """The stays of a patient who was transferred, by date; none of one who never was."""
    query = select(SiteStay).where(SiteStay.patient_id == patient.id)
    return session.scalars(query.order_by(SiteStay.from_on)).all()


def _first_stay(session: Session, clock: Clock, patient: Patient) -> SiteStay:
    """The stay that ends now; of the first transfer the one that the consent began."""
    stays = stays_of(session, patient)
    if stays:
        return stays[-1]
    consent_on = next(each.occurred_on for each in patient.milestones if each.kind == CONSENT)
    return _add_stay(session, clock, patient, patient.site_id, consent_on)


def _add_stay(session: Session, clock: Clock, patient: Patient, site_id: int, from_on: date) -> SiteStay:
    stay = SiteStay(
        study_id=patient.study_id,
        patient_id=patient.id,
        site_id=site_id,
        from_on=from_on,
        recorded_at=clock.now(),
    )
    session.add(stay)
    session.flush()
    return stay
