"""A link by which a person sets the own password: an invitation, or a reset."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.user import User

INVITATION, RESET = "invitation", "reset"


class PasswordLink(Base):
    """Opens once, until it expires; only the hash of its secret is kept.

    ended_at: when another link took its place, or the account was deactivated.
    """

    __tablename__ = "password_link"
    __table_args__ = (Index(None, "user_id"),)
    unaudited_columns: ClassVar[frozenset[str]] = frozenset({"token_hash"})

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="raise_on_sql")
