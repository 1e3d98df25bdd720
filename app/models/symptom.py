"""A symptom as a patient reported it, beside the response that it was derived from."""

import uuid
from datetime import date
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base

if TYPE_CHECKING:
    from app.models.response import Response


class SymptomValues:
    """What is derived of one symptom.

    frequency to presence: the codes; 0 where an earlier answer ruled the question out (then in `not_asked`),
    None where the symptom has no such attribute or the patient skipped it (then in `skipped`).
    grade: the composite grade, 0-3, by the published mapping; None where there is none. No CTCAE grade.
    """

    words: Mapped[str | None]
    frequency: Mapped[int | None]
    severity: Mapped[int | None]
    interference: Mapped[int | None]
    amount: Mapped[int | None]
    presence: Mapped[int | None]
    not_asked: Mapped[list[str]]
    skipped: Mapped[list[str]]
    grade: Mapped[int | None]
    onset_on: Mapped[date | None]
    is_ongoing: Mapped[bool | None]
    scorer_version: Mapped[str]


class SymptomReport(SymptomValues, Base):
    """One symptom of a response that was sent."""

    __tablename__ = "symptom_report"
    __table_args__ = (Index(None, "study_id", "patient_id"),)
    # A function of the answers, which the trail keeps at the sending.
    audited: ClassVar[bool] = False

    response_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("response.id"), primary_key=True)
    symptom: Mapped[str] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))

    response: Mapped["Response"] = relationship(lazy="raise_on_sql", back_populates="symptoms")
