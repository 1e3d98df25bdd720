"""How a patient can be reached: apart from research, sealed with a key that is not in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, inspect
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

SMS, EMAIL, NO_CHANNEL = "sms", "email", "none"
CHANNELS = (SMS, EMAIL, NO_CHANNEL)
SEALED = ("phone_sealed", "email_sealed")


class Contact(Base):
    """The sealed telephone number and e-mail address of a patient, and which of them is used.

    *_bounced_at: since when what is sent there comes back. version: counted up with each change.
    """

    __tablename__ = "contact"
    __table_args__ = (Index(None, "study_id", "patient_id"),)
    unaudited_columns: ClassVar[frozenset[str]] = frozenset(SEALED)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), unique=True)
    phone_sealed: Mapped[bytes | None]
    email_sealed: Mapped[bytes | None]
    channel: Mapped[str]
    do_not_contact: Mapped[bool]
    phone_bounced_at: Mapped[datetime | None]
    email_bounced_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own name

    def audit_changes(self) -> dict[str, Any] | None:
        """What the trail keeps: of what is sealed only whether there was and is something."""
        changes = super().audit_changes() or {}
        for column in SEALED:
            history = inspect(self).attrs[column].history
            old, new = _trace(history.deleted), _trace(history.added)
            # Sealed anew it is another text as well, whatever is in it.
            if old or new:
                changes[column] = [old, new]
        return changes or None

    def audit_removal(self) -> dict[str, Any]:
        """What the trail keeps of contact details that are erased."""
        return super().audit_removal() | {each: [_trace([getattr(self, each)]), None] for each in SEALED}


def _trace(values: Sequence[bytes | None] | None) -> str | None:
    return "sealed" if values and values[0] is not None else None
