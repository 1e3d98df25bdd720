"""Why an expected form is not there."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class MissingReason(Base):
    """The reason of one visit's missing or partial form, by its code; text only where the code is "other"."""

    __tablename__ = "missing_reason"

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), unique=True)
    reason: Mapped[str]
    text: Mapped[str | None]
    recorded_at: Mapped[datetime]
