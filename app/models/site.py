"""A hospital that takes part in a study."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Site(Base):
    """A site: what its patients see of it is the neutral public name and the telephone."""

    __tablename__ = "site"
    __table_args__ = (UniqueConstraint("study_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    number: Mapped[str]
    name: Mapped[str]
    city: Mapped[str]
    public_name: Mapped[str]
    phone: Mapped[str]
    timezone: Mapped[str]
    # Whose public holidays it keeps: "metropole", "alsace-moselle", or an overseas one such as "reunion".
    calendar: Mapped[str] = mapped_column(default="metropole")
    recruiting: Mapped[bool]
