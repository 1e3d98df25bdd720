"""A message to a patient or a member of staff: that it is to go, when it went, never what it said."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.link import Link
from app.models.patient import Patient
from app.models.visit import Visit

LINK_MESSAGE, REMINDER = "link", "reminder"
# Those to staff.
ALERT_MESSAGE, ESCALATION_MESSAGE, INVITATION_MESSAGE = "alert", "escalation", "invitation"

WAITING, SENDING, SENT = "waiting", "sending", "sent"
FAILED, UNCERTAIN, BOUNCED, CANCELLED = "failed", "uncertain", "bounced", "cancelled"
# What did not go, or perhaps did not.
UNSENT = (FAILED, BOUNCED, UNCERTAIN)


class Message(Base):
    """One message by one channel; no text, no token and no address is kept.

    ordinal: of a link the number of its issue, of a reminder its number among those of the visit.
    idempotency_key: the same for the same message, whoever plans it and however often.
    leased_until: until then one process alone works on it; a sending that outlives it has an unknown outcome.
    error: why it did not go, in a word or two such as "smtp 550"; never what a server wrote, which may quote
    the address.
    resolved_at: when somebody of the site took note that it did not go.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index(None, "study_id", "patient_id"),
        Index(None, "state", "due_at"),
        Index(None, "visit_id"),
    )
    unaudited_columns: ClassVar[frozenset[str]] = frozenset({"leased_until"})

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))
    link_id: Mapped[int | None] = mapped_column(ForeignKey("link.id"))
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"))
    kind: Mapped[str]
    ordinal: Mapped[int]
    channel: Mapped[str]
    language: Mapped[str]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(default=WAITING)
    planned_at: Mapped[datetime]
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    provider_id: Mapped[str | None]
    resolved_at: Mapped[datetime | None]

    patient: Mapped[Patient | None] = relationship(lazy="raise_on_sql")
    visit: Mapped[Visit | None] = relationship(lazy="raise_on_sql")
    link: Mapped[Link | None] = relationship(lazy="raise_on_sql")
