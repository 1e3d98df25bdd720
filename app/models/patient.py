"""A patient under a study code, and the dated events of their way through the study."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.site import Site
from app.models.study import Study


class Patient(Base):
    """A pseudonymous participant: the code, the site, the language and, once randomised, the arm."""

    __tablename__ = "patient"
    __table_args__ = (UniqueConstraint("study_id", "code"), Index(None, "study_id", "site_id"))
    unaudited_columns: ClassVar[frozenset[str]] = frozenset({"card_sealed"})

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str]
    language: Mapped[str]
    arm: Mapped[str | None]
    # When the arm became known here: a questionnaire sent later is no baseline in an open-label study.
    arm_disclosed_at: Mapped[datetime | None]
    registered_at: Mapped[datetime]
    # The digits of the printed card that opens the patient's links.
    card_sealed: Mapped[bytes | None]
    version: Mapped[int] = mapped_column()

    study: Mapped[Study] = relationship(lazy="raise_on_sql")
    site: Mapped[Site] = relationship(lazy="raise_on_sql")
    # Those that stand: one that was undone counts nowhere.
    milestones: Mapped[list["Milestone"]] = relationship(
        lazy="raise_on_sql",
        primaryjoin="and_(Patient.id == Milestone.patient_id, Milestone.undone_at.is_(None))",
        order_by="Milestone.occurred_on, Milestone.id",
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own name

    @property
    def audit_chain(self) -> str:
        """A patient's own changes lead the chain of all that concerns them."""
        return f"patient:{self.id}"


class Milestone(Base):
    """A dated event that visits may be computed from: consent, randomisation, re-introduction...

    value: what was found, where the kind has values (a response: "CR", "PR", "SD" or "PD").
    ends: what it ends, as the definition said when it was recorded, so that queries need no definition.
    undone_at, undone_reason: when and why it was found to be a mistake.
    """

    __tablename__ = "milestone"
    __table_args__ = (Index(None, "study_id", "patient_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[str]
    occurred_on: Mapped[date]
    recorded_at: Mapped[datetime]
    # Why it was recorded although something was amiss, such as a baseline that is missing.
    remark: Mapped[str | None]
    value: Mapped[str | None]
    ends: Mapped[str | None]
    undone_at: Mapped[datetime | None]
    undone_reason: Mapped[str | None]


class SiteStay(Base):
    """From which local date on a patient belonged to a site; written once a patient is transferred."""

    __tablename__ = "site_stay"
    __table_args__ = (UniqueConstraint("patient_id", "from_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    from_on: Mapped[date]
    recorded_at: Mapped[datetime]
