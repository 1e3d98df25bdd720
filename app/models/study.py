"""A study and the versions of its definition."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Study(Base):
    """One trial; its rules are in the definition in force."""

    __tablename__ = "study"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    mode: Mapped[str]
    definition_version: Mapped[str]
    definition_sha256: Mapped[str]

    @property
    def audit_chain(self) -> str:
        """A study's own changes lead its chain."""
        return f"study:{self.id}"


class DefinitionVersion(Base):
    """A definition file as it was loaded; never changed afterwards."""

    __tablename__ = "definition_version"
    __table_args__ = (UniqueConstraint("study_id", "version"),)
    # The whole file is in its own row for good: the trail names its hash.
    unaudited_columns: ClassVar[frozenset[str]] = frozenset({"source"})

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    version: Mapped[str]
    sha256: Mapped[str]
    source: Mapped[str]
    loaded_at: Mapped[datetime]
