"""A patient's way in: a secret address of which only the hash is kept."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.visit import Visit


class Link(Base):
    """A link to one visit's questionnaires."""

    __tablename__ = "link"
    __table_args__ = (Index(None, "study_id", "visit_id"),)
    unaudited_columns: ClassVar[frozenset[str]] = frozenset({"token_hash"})

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    ordinal: Mapped[int]
    issued_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]

    visit: Mapped[Visit] = relationship(lazy="raise_on_sql")
