"""A correction of one answer after sending: a row of its own, beside the response that never changes."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.response import ScoreValues
from app.models.symptom import SymptomValues


class Correction(Base):
    """What the site's investigator decided about one answer; never changed, undone by another one only.

    ordinal: its number among those of the response, from 1. old, new: {"state", "value"} of the item before
    and after it. answers: {item: {"state", "value"}} of the whole questionnaire as it stands after it, with
    what the change rules out or in. source: where the new answer comes from; asked_by: who asked for it.
    name, meaning, decided_at, record_sha256: the signature, bound to the row by its SHA-256.
    """

    __tablename__ = "correction"
    __table_args__ = (UniqueConstraint("response_id", "ordinal"), Index(None, "study_id", "patient_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    response_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("response.id"))
    ordinal: Mapped[int]
    item: Mapped[str]
    old: Mapped[dict[str, Any]]
    new: Mapped[dict[str, Any]]
    answers: Mapped[dict[str, Any]]
    reason: Mapped[str]
    source: Mapped[str]
    asked_by: Mapped[str]
    late_answer_id: Mapped[int | None] = mapped_column(ForeignKey("late_answer.id"))
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]
    name: Mapped[str]
    meaning: Mapped[str]
    record_sha256: Mapped[str]

    scores: Mapped[list["CorrectedScore"]] = relationship(lazy="raise_on_sql", back_populates="correction")
    symptoms: Mapped[list["CorrectedSymptom"]] = relationship(
        lazy="raise_on_sql", back_populates="correction"
    )

    def audit_changes(self) -> dict[str, Any] | None:
        """The whole row with the scores that follow from it."""
        changes = super().audit_changes()
        return changes and changes | {"scores": [None, {each.scale: each.value for each in self.scores}]}


class CorrectedScore(ScoreValues, Base):
    """A scale's score as computed from the answers that stand after a correction."""

    __tablename__ = "corrected_score"
    # A function of the answers, which the trail keeps together with the scores at the correction.
    audited: ClassVar[bool] = False

    correction_id: Mapped[int] = mapped_column(ForeignKey("correction.id"), primary_key=True)
    scale: Mapped[str] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))

    correction: Mapped[Correction] = relationship(lazy="raise_on_sql", back_populates="scores")


class CorrectedSymptom(SymptomValues, Base):
    """A symptom as derived from the answers that stand after a correction."""

    __tablename__ = "corrected_symptom"
    # A function of the answers, which the trail keeps at the correction.
    audited: ClassVar[bool] = False

    correction_id: Mapped[int] = mapped_column(ForeignKey("correction.id"), primary_key=True)
    symptom: Mapped[str] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))

    correction: Mapped[Correction] = relationship(lazy="raise_on_sql", back_populates="symptoms")
