"""The licensed texts of one questionnaire in one language, sealed once a person has approved them."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Document

# A draft in whose place another import came stays as withdrawn.
DRAFT_WORDING, APPROVED_WORDING, WITHDRAWN_WORDING = "draft", "approved", "withdrawn"


class WordingPack(Base):
    """One import. Once approved, the row neither changes nor goes: a later pack takes its place.

    texts: [[id, text], ...] in the order of the structure, no object: PostgreSQL sorts the keys of objects.
    sha256: over the canonical JSON of questionnaire, structure version, language and texts.
    """

    __tablename__ = "wording_pack"
    __table_args__ = (Index(None, "study_id", "questionnaire", "language"),)
    # The texts stay in this row; the trail names their hash.
    unaudited_columns: ClassVar[frozenset[str]] = frozenset({"texts"})

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    questionnaire: Mapped[str]
    structure_version: Mapped[str]
    language: Mapped[str]
    texts: Mapped[list[Any]] = mapped_column(Document)
    sha256: Mapped[str]
    status: Mapped[str]
    source_name: Mapped[str]
    imported_by: Mapped[str]
    imported_at: Mapped[datetime]
    licence_reference: Mapped[str | None]
    licence_version: Mapped[str | None]
    licence_on: Mapped[date | None]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]

    @property
    def is_approved(self) -> bool:
        """Whether a person has approved it."""
        return self.status == APPROVED_WORDING
