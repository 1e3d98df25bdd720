"""An alert: a patient's response reached a threshold of the study, and what the site's staff did about it."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.patient import Patient
from app.models.response import Response

OPEN_ALERT, ACKNOWLEDGED_ALERT = "open", "acknowledged"


class Alert(Base):
    """One rule that one response met; at most one of each.

    rule, definition_version: which rule, and as which version of the definition has it.
    value, threshold: what the response had, and from or down to what (`is_upwards`) the rule alerts.
    due_at: when it escalates if nobody has acknowledged it; told_at, escalated_at: when messages to staff
    were planned, even where there was nobody to tell.
    """

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("response_id", "rule"),
        Index(None, "study_id", "patient_id"),
        Index(None, "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    response_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("response.id"))
    rule: Mapped[str]
    definition_version: Mapped[str]
    value: Mapped[float]
    threshold: Mapped[float]
    is_upwards: Mapped[bool]
    state: Mapped[str] = mapped_column(default=OPEN_ALERT)
    raised_at: Mapped[datetime]
    due_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    acknowledged_by: Mapped[str | None]
    action: Mapped[str | None]
    note: Mapped[str | None]

    patient: Mapped[Patient] = relationship(lazy="raise_on_sql")
    response: Mapped[Response] = relationship(lazy="raise_on_sql")

    @property
    def is_open(self) -> bool:
        """Whether nobody has acknowledged it yet."""
        return self.state == OPEN_ALERT
