"""How a patient is treated on a day, from dated episodes of exposure: never concluded from the arm."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from app.models import Exposure, Patient, Response, Site
from app.services.schedule import local_date

IMATINIB = "imatinib"
# Built once: every sending runs it, and building it takes longer than running it.
WITH_ZONE = (
    select(Site.timezone, Exposure)
    .join(Patient, Patient.site_id == Site.id)
    .outerjoin(
        Exposure,
        and_(
            Exposure.study_id == bindparam("of_study"),
            Exposure.patient_id == Patient.id,
            Exposure.undone_at.is_(None),
        ),
    )
    .where(Patient.id == bindparam("of_patient"))
    .order_by(Exposure.started_on, Exposure.id)
)


class StopReason(StrEnum):
    """Why an episode ended."""

    PROTOCOL = "protocol"
    TOXICITY = "toxicity"
    PROGRESSION = "progression"
    PATIENT_CHOICE = "patient_choice"
    OTHER = "other"


class Treatment(StrEnum):
    """How a patient is treated on a day."""

    ON_IMATINIB = "on_imatinib"
    INTERRUPTED_PER_PROTOCOL = "interrupted_per_protocol"
    INTERRUPTED_OTHERWISE = "interrupted_otherwise"
    REINTRODUCED = "reintroduced"
    OTHER_TREATMENT = "other_treatment"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class TreatmentState:
    """How a patient is treated: since which local date, and for how many days by then (0 on the first)."""

    code: Treatment
    since_on: date | None = None
    days: int | None = None


@dataclass(frozen=True)
class Episode:
    """One drug from one local date up to, not including, another."""

    drug: str
    started_on: date
    stopped_on: date | None = None
    stop_reason: str | None = None


def exposures_of(session: Session, study_id: int, patient_id: int) -> Sequence[Exposure]:
    """The episodes of a patient that stand, by their beginning."""
    query = select(Exposure).where(
        Exposure.study_id == study_id, Exposure.patient_id == patient_id, Exposure.undone_at.is_(None)
    )
    return session.scalars(query.order_by(Exposure.started_on, Exposure.id)).all()


def exposures_with_zone(session: Session, study_id: int, patient_id: int) -> tuple[list[Exposure], ZoneInfo]:
    """The episodes of a patient that stand, by their beginning, and the zone of their site; one query."""
    rows = session.execute(WITH_ZONE, {"of_study": study_id, "of_patient": patient_id}).all()
    return [episode for _, episode in rows if episode is not None], ZoneInfo(rows[0][0])


def treatment_state(episodes: Iterable[Exposure | Episode], on: date) -> TreatmentState:
    """How a patient with these episodes is treated on a local date.

    Imatinib taken again after a stop that the protocol asked for is a re-introduction; a drug begun last
    counts where two are taken. Before the first episode nothing is known.
    """
    begun = sorted((each for each in episodes if each.started_on <= on), key=lambda each: each.started_on)
    current = [each for each in begun if each.stopped_on is None or on < each.stopped_on]
    if current:
        return _on_drug(current[-1], begun, on)
    ended = [each for each in begun if each.stopped_on is not None]
    if not ended:
        return TreatmentState(Treatment.UNKNOWN)
    last = max(ended, key=lambda each: (each.stopped_on or on, each.started_on))
    per_protocol = last.drug == IMATINIB and last.stop_reason == StopReason.PROTOCOL
    code = Treatment.INTERRUPTED_PER_PROTOCOL if per_protocol else Treatment.INTERRUPTED_OTHERWISE
    return _since(code, last.stopped_on or on, on)


def _on_drug(current: Exposure | Episode, begun: Iterable[Exposure | Episode], on: date) -> TreatmentState:
    if current.drug != IMATINIB:
        return _since(Treatment.OTHER_TREATMENT, current.started_on, on)
    is_again = any(
        each.drug == IMATINIB
        and each.stop_reason == StopReason.PROTOCOL
        and each.stopped_on is not None
        and each.stopped_on <= current.started_on
        for each in begun
    )
    code = Treatment.REINTRODUCED if is_again else Treatment.ON_IMATINIB
    return _since(code, current.started_on, on)


def _since(code: Treatment, since_on: date, on: date) -> TreatmentState:
    return TreatmentState(code, since_on, (on - since_on).days)


def stamp_treatment(session: Session, responses: Sequence[Response]) -> None:
    """Writes on a patient's responses how they were treated on the local date of the last answer of each.

    Unknown where no exposure was recorded by now.
    """
    if not responses:
        return
    first = responses[0]
    episodes, zone = exposures_with_zone(session, first.study_id, first.patient_id)
    for response in responses:
        state = TreatmentState(Treatment.UNKNOWN)
        if episodes:
            state = treatment_state(episodes, response.completed_on or _answered_on(response, zone))
        response.treatment_state, response.treatment_days = state.code.value, state.days


def _answered_on(response: Response, zone: ZoneInfo) -> date:
    last = max(entry["at"] for entry in response.answers.values())
    return local_date(datetime.fromisoformat(last), zone)
