"""The audit trail: entries that are only ever added, chained by their hashes."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class AuditEntry(Base):
    """Who did what, when, to which row, and why; `hash` covers all of it and the entry before."""

    __tablename__ = "audit_entry"
    __table_args__ = (UniqueConstraint("chain", "sequence"), Index(None, "entity", "entity_id"))
    audited: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(primary_key=True)
    chain: Mapped[str]
    sequence: Mapped[int]
    at: Mapped[datetime]
    actor: Mapped[str]
    role: Mapped[str]
    action: Mapped[str]
    entity: Mapped[str]
    entity_id: Mapped[str]
    changes: Mapped[dict[str, Any]]
    reason: Mapped[str | None]
    software_version: Mapped[str]
    previous_hash: Mapped[str]
    hash: Mapped[str]


class AuditHead(Base):
    """The last entry of each chain; its row is locked while the chain grows."""

    __tablename__ = "audit_head"
    audited: ClassVar[bool] = False

    chain: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int]
    hash: Mapped[str]
