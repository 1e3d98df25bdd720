"""What a site's staff note about a patient, and their telephone calls."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class PatientNote(Base):
    """A note or a telephone call, by its kind; never changed: what was wrong is put right by another one.

    written_by: the account's address, as it was then. text is empty where nobody answered and nothing was
    said of it.
    """

    __tablename__ = "patient_note"
    __table_args__ = (Index(None, "study_id", "patient_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[str]
    text: Mapped[str]
    written_at: Mapped[datetime]
    written_by: Mapped[str]
