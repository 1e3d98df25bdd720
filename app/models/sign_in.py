"""How often in a row signing in to an address went wrong, known account or not."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class SignInFailures(Base):
    """Counted in the database, so that every worker sees the same number."""

    __tablename__ = "sign_in_failures"
    # A counter of attempts, no research data.
    audited: ClassVar[bool] = False

    email_hash: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    locked_until: Mapped[datetime | None]
