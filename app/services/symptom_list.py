"""What a patient reported, for the site to read."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.models import SUBMITTED, Patient, Response, SymptomReport

ATTRIBUTES = (
    SymptomReport.frequency,
    SymptomReport.severity,
    SymptomReport.interference,
    SymptomReport.amount,
    SymptomReport.presence,
)


def reported_symptoms(session: Session, patient: Patient) -> list[tuple[SymptomReport, datetime]]:
    """The symptoms that a patient said to have, each with when it was sent, the latest first. One query.

    Those of a list that were answered with 0 throughout are left out.
    """
    query = (
        select(SymptomReport, Response.submitted_at)
        .join(SymptomReport.response)
        .where(
            SymptomReport.study_id == patient.study_id,
            SymptomReport.patient_id == patient.id,
            Response.status == SUBMITTED,
            Response.voided_at.is_(None),
            or_(SymptomReport.words.is_not(None), *(column > 0 for column in ATTRIBUTES)),
        )
        .order_by(Response.submitted_at.desc(), SymptomReport.symptom)
    )
    return [(report, sent_at) for report, sent_at in session.execute(query).all() if sent_at is not None]
