"""A patient's way in: a secret address of which only the hash is kept."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.link_fetch import LinkFetch
from app.models.patient import Patient
from app.models.visit import Visit

ON_SCREEN, ON_PAPER = "screen", "paper"
VISIT_LINK, PERSONAL_LINK, WARD_LINK = "visit", "personal", "ward"


class Link(Base):
    """A link to one visit's questionnaires, or a patient's own to report symptoms between visits.

    One of the ward leads to a visit as well, from a tablet that a nurse hands over: nobody knows its token.

    visit_id: of a personal link the unscheduled visit of its latest report, None before the first.
    ordinal: the number of the issue; the links of one issue, each by a channel of its own, share it.
    channel: how it was given: "screen", "paper", "email" or "sms".
    code_hash: of token and printed code together, so that whoever has the database cannot search the codes.
    wrong_tries: codes that were wrong since the last right one or since it was unlocked.
    """

    __tablename__ = "link"
    __table_args__ = (Index(None, "study_id", "visit_id"), Index(None, "study_id", "patient_id", "kind"))
    unaudited_columns: ClassVar[frozenset[str]] = frozenset({"token_hash", "code_hash"})

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[str] = mapped_column(default=VISIT_LINK)
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    code_hash: Mapped[str | None]
    ordinal: Mapped[int]
    channel: Mapped[str] = mapped_column(default=ON_SCREEN)
    issued_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]
    wrong_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    locked_for_good: Mapped[bool] = mapped_column(default=False)

    visit: Mapped[Visit | None] = relationship(lazy="raise_on_sql")
    patient: Mapped[Patient] = relationship(lazy="raise_on_sql")
    fetch: Mapped[LinkFetch | None] = relationship(lazy="raise_on_sql", viewonly=True)

    @property
    def is_personal(self) -> bool:
        """Whether it is the patient's own, from which symptoms are reported between visits."""
        return self.kind == PERSONAL_LINK

    @property
    def is_of_ward(self) -> bool:
        """Whether it is answered on the ward's tablet."""
        return self.kind == WARD_LINK

    @property
    def asks_code(self) -> bool:
        """Whether it opens with the printed code alone."""
        return self.code_hash is not None
