"""Answers that arrive after sending or closing: kept apart for the site to look at, never merged."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import LateAnswer, Patient, Response, Visit
from app.services.responses import Answer


def keep_late_answers(session: Session, clock: Clock, response: Response, answers: Iterable[Answer]) -> None:
    """Keeps what the response does not hold and did not hold before; a replay adds nothing."""
    query = select(LateAnswer.device, LateAnswer.sequence).where(LateAnswer.response_id == response.id)
    known = {(device, sequence) for device, sequence in session.execute(query)}
    for answer in answers:
        if _is_in(response, answer) or (answer.device, answer.sequence) in known:
            continue
        known.add((answer.device, answer.sequence))
        session.add(
            LateAnswer(
                study_id=response.study_id,
                patient_id=response.patient_id,
                response_id=response.id,
                item=answer.item,
                state=answer.state.value,
                answer={"value": answer.value},
                language=answer.language,
                given_at=answer.given_at or clock.now(),
                device_at=answer.device_at,
                received_at=clock.now(),
                device=answer.device,
                sequence=answer.sequence,
            )
        )
    session.flush()


def late_answers(session: Session, patient: Patient) -> list[tuple[str, LateAnswer]]:
    """What came too late from a patient, each with the code of its visit, in the order of arrival."""
    query = (
        select(Visit.code, LateAnswer)
        .join(Response, Response.id == LateAnswer.response_id)
        .join(Visit, Visit.id == Response.visit_id)
        .where(LateAnswer.study_id == patient.study_id, LateAnswer.patient_id == patient.id)
        .order_by(LateAnswer.received_at, LateAnswer.id)
    )
    return [(code, answer) for code, answer in session.execute(query)]


def has_late_answers(session: Session, visit: Visit) -> bool:
    """Whether anything came too late for a visit."""
    query = (
        select(LateAnswer.id)
        .join(Response, Response.id == LateAnswer.response_id)
        .where(Response.study_id == visit.study_id, Response.visit_id == visit.id)
    )
    return session.scalar(query.limit(1)) is not None


def _is_in(response: Response, answer: Answer) -> bool:
    """Whether the response took this answer, or a later one of the same device in its place."""
    entry = response.answers.get(answer.item, {})
    return bool(entry.get("device") == answer.device and entry.get("sequence", -1) >= answer.sequence)
