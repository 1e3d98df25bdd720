"""Episodes of exposure: recorded, stopped, corrected, undone; every refusal names its field."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import Exposure, Patient
from app.services.definition import StudyDefinition
from app.services.errors import NotFoundError, RuleError
from app.services.identifiers import refuse_identifiers
from app.services.milestones import check_date, check_not_left, hold_patient
from app.services.schedule import local_date
from app.services.treatment import Episode, StopReason, exposures_of


def record_exposure(
    session: Session, clock: Clock, definition: StudyDefinition, patient: Patient, episode: Episode
) -> Exposure:
    """Records an episode, over or not.

    Imatinib may have begun long before the study. Raises RuleError: no drug, or an identifier in its name; a
    date in the future or after death; an end before the beginning, or without a known reason; two episodes of
    one drug on one day.
    """
    hold_patient(session, patient)
    _check(session, clock, definition, patient, episode)
    exposure = Exposure(
        study_id=patient.study_id, patient_id=patient.id, recorded_at=clock.now(), **_facts(episode)
    )
    session.add(exposure)
    session.flush()
    return exposure


def stop_exposure(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    patient: Patient,
    exposure_id: int,
    stopped_on: date,
    reason: str,
) -> Exposure:
    """Ends an episode that goes on; stopped_on is the first day without the drug.

    Raises NotFoundError for none of the patient's; RuleError as recording it does, and where it is over.
    """
    hold_patient(session, patient)
    exposure = _find(session, patient, exposure_id)
    if exposure.stopped_on is not None:
        raise RuleError("stopped_on", "stopped_already", stopped_on=exposure.stopped_on)
    episode = Episode(exposure.drug, exposure.started_on, stopped_on, reason)
    return _change(session, clock, definition, patient, exposure, episode)


def correct_exposure(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    patient: Patient,
    exposure_id: int,
    episode: Episode,
) -> Exposure:
    """Puts right an episode recorded wrongly; the trail keeps what stood there. Raises as recording does."""
    hold_patient(session, patient)
    exposure = _find(session, patient, exposure_id)
    return _change(session, clock, definition, patient, exposure, episode)


def undo_exposure(
    session: Session, clock: Clock, patient: Patient, exposure_id: int, reason: str
) -> Exposure:
    """Takes back an episode that never was, such as another patient's; the row stays with the reason.

    Answers keep the treatment that they were stamped with. Raises NotFoundError for none of the patient's
    that stands; RuleError without a reason or with an identifier in it.
    """
    hold_patient(session, patient)
    exposure = _find(session, patient, exposure_id)
    if not reason.strip():
        raise RuleError("reason", "no_reason")
    refuse_identifiers(reason, "reason", local_date(clock.now(), ZoneInfo(patient.site.timezone)))
    exposure.undone_at, exposure.undone_reason = clock.now(), reason
    session.flush()
    return exposure


def undone_exposures(session: Session, patient: Patient) -> Sequence[Exposure]:
    """The episodes of a patient that were a mistake, by when that was found."""
    query = select(Exposure).where(
        Exposure.study_id == patient.study_id,
        Exposure.patient_id == patient.id,
        Exposure.undone_at.is_not(None),
    )
    return session.scalars(query.order_by(Exposure.undone_at, Exposure.id)).all()


def _facts(episode: Episode) -> dict[str, object]:
    return {
        "drug": episode.drug.strip().lower(),
        "started_on": episode.started_on,
        "stopped_on": episode.stopped_on,
        "stop_reason": episode.stop_reason,
    }


def _find(session: Session, patient: Patient, exposure_id: int) -> Exposure:
    found = {each.id: each for each in exposures_of(session, patient.study_id, patient.id)}
    if exposure_id not in found:
        raise NotFoundError("exposure", str(exposure_id))
    return found[exposure_id]


def _change(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    patient: Patient,
    exposure: Exposure,
    episode: Episode,
) -> Exposure:
    _check(session, clock, definition, patient, episode, exposure.id)
    for name, value in _facts(episode).items():
        setattr(exposure, name, value)
    session.flush()
    return exposure


def _check(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    patient: Patient,
    episode: Episode,
    own_id: int | None = None,
) -> None:
    if not episode.drug.strip():
        raise RuleError("drug", "no_drug")
    refuse_identifiers(episode.drug, "drug", local_date(clock.now(), ZoneInfo(patient.site.timezone)))
    # What was begun before the study is no fault: nobody comes to it untreated.
    check_date(clock, definition, patient.site, "started_on", max(episode.started_on, definition.starts_on))
    check_not_left(patient, "started_on", episode.started_on)
    if (episode.stopped_on is None) != (episode.stop_reason is None):
        raise RuleError("stop_reason", "unknown_stop_reason", reason=episode.stop_reason)
    if episode.stopped_on is not None:
        _check_end(clock, definition, patient, episode, episode.stopped_on)
    drug = episode.drug.strip().lower()
    for other in exposures_of(session, patient.study_id, patient.id):
        if other.id != own_id and other.drug == drug and _overlap(episode, other):
            raise RuleError("started_on", "exposure_overlaps", drug=drug, started_on=other.started_on)


def _check_end(
    clock: Clock, definition: StudyDefinition, patient: Patient, episode: Episode, day: date
) -> None:
    if episode.stop_reason not in set(StopReason):
        raise RuleError("stop_reason", "unknown_stop_reason", reason=episode.stop_reason)
    if day < episode.started_on:
        raise RuleError("stopped_on", "before_start", day=day, started_on=episode.started_on)
    check_date(clock, definition, patient.site, "stopped_on", max(day, definition.starts_on))


def _overlap(one: Episode, other: Exposure) -> bool:
    ends_before = one.stopped_on is not None and one.stopped_on <= other.started_on
    begins_after = other.stopped_on is not None and other.stopped_on <= one.started_on
    return not ends_before and not begins_after
