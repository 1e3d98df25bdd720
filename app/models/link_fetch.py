"""That a patient's link was looked at, by a program or a person; the link itself stays as it is."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class LinkFetch(Base):
    """When the address of a link was fetched, before anybody began: the first time and the last one noted.

    times: how often it was noted, at most once in a while, which is less than how often it was fetched.
    No research data, and nobody knows who it was: it is in no trail.
    """

    __tablename__ = "link_fetch"
    audited: ClassVar[bool] = False

    link_id: Mapped[int] = mapped_column(ForeignKey("link.id"), primary_key=True)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int]
