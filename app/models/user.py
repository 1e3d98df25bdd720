"""A member of staff and the dated roles that say what they may see and do."""

from datetime import datetime
from typing import ClassVar

from flask_security.core import UserMixin
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class User(Base, UserMixin):
    """A staff account. Signing in is by e-mail and password (Argon2id)."""

    __tablename__ = "user"
    unaudited_columns: ClassVar[frozenset[str]] = frozenset({"password", "fs_uniquifier"})

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str | None]
    active: Mapped[bool]
    language: Mapped[str]
    created_at: Mapped[datetime]
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    # Roles are dated rows per study and site (RoleAssignment); the sign-in library's own stay empty.
    roles = ()  # type: ignore[assignment]


class RoleAssignment(Base):
    """A role held in a study, at one site or (site_id empty) at all, from one instant to another."""

    __tablename__ = "role_assignment"
    __table_args__ = (Index(None, "user_id"), Index(None, "study_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    study_id: Mapped[int | None] = mapped_column(ForeignKey("study.id"))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"))
    role: Mapped[str]
    granted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
