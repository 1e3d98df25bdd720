"""What synthetic patients take: imatinib for ten years and more, stopped and taken again as the arm asks."""

from datetime import date

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import Patient
from app.services.definition import RANDOMISATION, REINTRODUCTION, StudyDefinition
from app.services.demo.plan import INTERRUPTION
from app.services.exposure import record_exposure, stop_exposure
from app.services.schedule import add_months
from app.services.treatment import IMATINIB, Episode, StopReason, exposures_of

TEN_YEARS = 120


def begin_treatment(
    session: Session, clock: Clock, definition: StudyDefinition, patient: Patient, consent_on: date
) -> None:
    """Records the drug that every patient of the study comes with, for somewhat more than ten years."""
    months = TEN_YEARS + int(patient.code.split("-")[-1])
    episode = Episode(IMATINIB, add_months(consent_on, -months))
    record_exposure(session, clock, definition, patient, episode)


def follow_arm(
    session: Session, clock: Clock, definition: StudyDefinition, patient: Patient, kind: str, day: date
) -> None:
    """Stops the drug at randomisation where the arm asks for it, and begins it again at re-introduction."""
    rest = (session, clock, definition, patient)
    if kind == RANDOMISATION and patient.arm == INTERRUPTION:
        (taken,) = exposures_of(session, patient.study_id, patient.id)
        stop_exposure(*rest, taken.id, day, StopReason.PROTOCOL)
    elif kind == REINTRODUCTION:
        record_exposure(*rest, Episode(IMATINIB, day))
