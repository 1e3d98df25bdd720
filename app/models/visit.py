"""A visit of one patient: the stored projection of the study's schedule."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.patient import Patient


class Visit(Base):
    """When one visit opens, is due and closes: local dates of the site, and the instants they mean.

    ends_on: the local date from which nothing is expected of the patient, where the window ends later.
    served_by_id: the visit whose questionnaires serve this one too, as their windows overlap.
    """

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("study_id", "patient_id", "code"),
        Index(None, "study_id", "closes_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    code: Mapped[str]
    anchor: Mapped[str]
    due_on: Mapped[date]
    opens_on: Mapped[date]
    closes_on: Mapped[date]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    questionnaires: Mapped[list[str]]
    definition_version: Mapped[str]
    ends_on: Mapped[date | None]
    served_by_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))

    patient: Mapped[Patient] = relationship(lazy="raise_on_sql")
