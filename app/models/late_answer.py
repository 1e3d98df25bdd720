"""Answers that reached the server after the questionnaire was sent or closed: kept apart, never merged."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Document


class LateAnswer(Base):
    """One answer of one device, as it arrived; the site looks at it, the response does not change."""

    __tablename__ = "late_answer"
    __table_args__ = (
        UniqueConstraint("response_id", "device", "sequence"),
        Index(None, "study_id", "patient_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    response_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("response.id"))
    item: Mapped[str]
    state: Mapped[str]
    # {"value": code, text or None}: a document, as the answer is a number or a text.
    answer: Mapped[dict[str, Any]] = mapped_column(Document)
    language: Mapped[str]
    given_at: Mapped[datetime]
    device_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    device: Mapped[str]
    sequence: Mapped[int]
