"""What a patient took, from when to when."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Exposure(Base):
    """One episode of one drug, in local dates of the site; stopped_on is the first day without it.

    One that was a mistake stays with undone_at and the reason, and counts nowhere.
    """

    __tablename__ = "exposure"
    __table_args__ = (Index(None, "study_id", "patient_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    drug: Mapped[str]
    started_on: Mapped[date]
    stopped_on: Mapped[date | None]
    stop_reason: Mapped[str | None]
    recorded_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_reason: Mapped[str | None]
