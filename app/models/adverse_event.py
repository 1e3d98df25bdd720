"""An adverse event as the site's staff record it: its versions, the signature under one, its declaration."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.patient import Patient

DRAFT_EVENT, DECIDED_EVENT, SIGNED_EVENT = "draft", "decided", "signed"


class AdverseEvent(Base):
    """One event of a patient under its running number; what is said of it is in its versions.

    response_id, symptom: the report that it was drafted from, if any; words: what the patient wrote there,
    never changed afterwards. status: draft, decided or signed; latest_number: the version that holds now.
    """

    __tablename__ = "adverse_event"
    __table_args__ = (UniqueConstraint("patient_id", "number"), Index(None, "study_id", "patient_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    number: Mapped[int]
    response_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("response.id"))
    symptom: Mapped[str | None]
    words: Mapped[str | None]
    status: Mapped[str]
    latest_number: Mapped[int]
    created_at: Mapped[datetime]

    patient: Mapped[Patient] = relationship(lazy="raise_on_sql")
    versions: Mapped[list["AdverseEventVersion"]] = relationship(
        lazy="raise_on_sql", order_by="AdverseEventVersion.number", back_populates="event"
    )
    signatures: Mapped[list["EventSignature"]] = relationship(
        lazy="raise_on_sql", order_by="EventSignature.id", back_populates="event"
    )
    declarations: Mapped[list["EventDeclaration"]] = relationship(
        lazy="raise_on_sql", order_by="EventDeclaration.id", back_populates="event"
    )

    @property
    def latest(self) -> "AdverseEventVersion":
        """The version that holds now."""
        return self.versions[-1]


class AdverseEventVersion(Base):
    """What was said of an event from one change to the next; never changed itself.

    term: a CTCAE name (of the list named in terms_version) or None where text says it; grade: 1-5.
    is_serious, criteria, causes, cause_text, aware_at: the investigator's, None until decided; carried on by
    later versions. aware_at: when the site became aware that the event is serious.
    """

    __tablename__ = "adverse_event_version"
    __table_args__ = (UniqueConstraint("event_id", "number"), Index(None, "study_id", "patient_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id"))
    number: Mapped[int]
    terms_version: Mapped[str]
    term: Mapped[str | None]
    text: Mapped[str | None]
    grade: Mapped[int]
    onset_on: Mapped[date]
    ended_on: Mapped[date | None]
    action: Mapped[str]
    outcome: Mapped[str]
    is_serious: Mapped[bool | None]
    criteria: Mapped[list[str]]
    causes: Mapped[list[str]]
    cause_text: Mapped[str | None]
    aware_at: Mapped[datetime | None]
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
    reason: Mapped[str | None]

    event: Mapped[AdverseEvent] = relationship(lazy="raise_on_sql", back_populates="versions")

    def content(self) -> dict[str, Any]:
        """What this version says, by column, without who wrote it down and when."""
        return {name: getattr(self, name) for name in CONTENT}


CONTENT = (
    "terms_version",
    "term",
    "text",
    "grade",
    "onset_on",
    "ended_on",
    "action",
    "outcome",
    "is_serious",
    "criteria",
    "causes",
    "cause_text",
    "aware_at",
)


class EventSignature(Base):
    """A signature under one version: meaning, printed name and time, bound to the record by its SHA-256."""

    __tablename__ = "event_signature"
    __table_args__ = (Index(None, "study_id", "patient_id"), Index(None, "event_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id"))
    version_number: Mapped[int]
    meaning: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    account: Mapped[str]
    name: Mapped[str]
    signed_at: Mapped[datetime]
    record_sha256: Mapped[str]

    event: Mapped[AdverseEvent] = relationship(lazy="raise_on_sql", back_populates="signatures")


class EventDeclaration(Base):
    """That a serious event was sent to the sponsor: when, how, by whom; the sending is done elsewhere."""

    __tablename__ = "event_declaration"
    __table_args__ = (Index(None, "study_id", "patient_id"), Index(None, "event_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id"))
    version_number: Mapped[int]
    channel: Mapped[str]
    sent_at: Mapped[datetime]
    sent_by: Mapped[str]
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    recorded_at: Mapped[datetime]

    event: Mapped[AdverseEvent] = relationship(lazy="raise_on_sql", back_populates="declarations")
