"""What a site's staff leave for whoever covers for them."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class HandoverNote(Base):
    """A note that stands on the front page of a site's staff through a local date, unless it is taken down.

    written_by, taken_down_by: the accounts' addresses, as they were then.
    """

    __tablename__ = "handover_note"
    __table_args__ = (Index(None, "study_id", "site_id", "stands_until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    text: Mapped[str]
    stands_until: Mapped[date]
    written_at: Mapped[datetime]
    written_by: Mapped[str]
    taken_down_at: Mapped[datetime | None]
    taken_down_by: Mapped[str | None]
