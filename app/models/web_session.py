"""A browser's session, kept on the server so that it can be ended there."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class WebSession(Base):
    """A signed-in member of staff or a patient who opened a link; found by the hash of its cookie.

    handed_link_id: the session of a member of staff who handed the browser to a patient, to answer by this
    link; it is suspended for good.
    """

    __tablename__ = "web_session"
    __table_args__ = (Index(None, "user_id"), Index(None, "link_id"))
    # No research data; signing in is recorded in the trail by name, the end of a session here.
    audited: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(primary_key=True)
    id_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    link_id: Mapped[int | None] = mapped_column(ForeignKey("link.id"))
    handed_link_id: Mapped[int | None] = mapped_column(ForeignKey("link.id"))
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
