"""A questionnaire as one patient answers it, and its scores once sent."""

import uuid
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, uuid7
from app.models.symptom import SymptomReport
from app.models.visit import Visit

# A draft whose time is over is partial: frozen like one that was sent.
DRAFT, PARTIAL, SUBMITTED = "draft", "partial", "submitted"
# Read from a sheet of paper and kept beside what counts: neither a draft of it nor sent.
TRANSCRIBED = "transcribed"
# The entry that counts, and the two transcriptions that it was made of where a study asks for two.
MAIN, FIRST, SECOND = "main", "first", "second"
WARD = "ward"
# What each tap on a draft changes; of these the trail keeps the saved answers that another one replaces.
CHANGED_BY_TAPS = frozenset({"answers", "languages", "saved_at"})


class Response(Base):
    """One document row: the answers by item, a draft until it is sent and frozen from then on.

    answers: {item id: {"state": "answered" | "skipped" | "erased" | "not_asked", "value": code, text or None,
    "at": ISO instant in UTC when it was given, "language": language of the screen, "sequence": running
    number}}, and where a script carried it: "device", whose running number it is, "received_at", and
    "device_at", the instant by the device's own clock.
    treatment_state, treatment_days: how the patient was treated on the local date of the last answer, and for
    how many days by then, as known at the sending.
    voided_at, voided_reason: it was another patient's; a copy stands where it belongs.
    entry: MAIN counts, and nothing else does; FIRST and SECOND are transcriptions.
    mode: "web", "paper", "interview" (somebody asked the questions) or "proxy" (somebody answered them).
    helper, help_kinds: who helped and how, the ways separated by a space.
    completed_on: the date on the sheet. remark: what else it shows.
    transcribed_by: the account that wrote the row from it.
    place: WARD where it was answered on the ward's tablet, wholly or in part.
    """

    __tablename__ = "response"
    __table_args__ = (
        UniqueConstraint("visit_id", "instrument", "entry"),
        Index(None, "study_id", "patient_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    instrument: Mapped[str]
    instrument_version: Mapped[str]
    entry: Mapped[str]
    wording_status: Mapped[str]
    wording_sha256: Mapped[str]
    languages: Mapped[list[str]]
    mode: Mapped[str]
    place: Mapped[str | None]
    status: Mapped[str]
    answers: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column()
    started_at: Mapped[datetime]
    saved_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    software_version: Mapped[str]
    treatment_state: Mapped[str | None]
    treatment_days: Mapped[int | None]
    voided_at: Mapped[datetime | None]
    voided_reason: Mapped[str | None]
    helper: Mapped[str | None]
    help_kinds: Mapped[str | None]
    completed_on: Mapped[date | None]
    transcribed_by: Mapped[str | None]
    remark: Mapped[str | None]

    visit: Mapped[Visit] = relationship(lazy="raise_on_sql")
    scores: Mapped[list["Score"]] = relationship(lazy="raise_on_sql", back_populates="response")
    symptoms: Mapped[list[SymptomReport]] = relationship(lazy="raise_on_sql", back_populates="response")

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 - SQLAlchemy's own name

    @property
    def is_submitted(self) -> bool:
        """Whether the patient has sent it."""
        return self.status == SUBMITTED

    def audit_changes(self) -> dict[str, Any] | None:
        """The start and the sending in full; between them only saved answers that were changed.

        A first answer to an item is no change of research data; the sending keeps all of them.
        """
        changes = super().audit_changes() or {}
        if "status" in changes:
            return changes | (self._sent() if self.is_submitted else {})
        before = changes.get("answers", [{}])[0]
        replaced = replaced_answers(before, self.answers)
        kept = {name: pair for name, pair in changes.items() if name not in CHANGED_BY_TAPS}
        return kept | ({"answers": replaced} if replaced else {}) or None

    def _sent(self) -> dict[str, Any]:
        scores = {score.scale: score.value for score in self.scores}
        return {"answers": [None, self.answers], "scores": [None, scores]}


def replaced_answers(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """The saved answers that others replace, by item: [old, new]; a first answer replaces none."""
    return {
        item: [old, after.get(item)]
        for item, old in before.items()
        if old is not after.get(item) and _given(old) != _given(after.get(item))
    }


def _given(entry: dict[str, Any] | None) -> tuple[str, Any] | None:
    """What the patient said, without when and from where."""
    return None if entry is None else (entry["state"], entry["value"])


class ScoreValues:
    """What is known of a scale's score, 0-100 (None where it cannot be computed)."""

    value: Mapped[float | None]
    n_answered: Mapped[int]
    scorer_version: Mapped[str]


class Score(ScoreValues, Base):
    """A scale's score, 0-100 (None where it cannot be computed), as computed when the answers were sent."""

    __tablename__ = "score"
    # A function of the answers, which the trail keeps together with the scores at the sending.
    audited: ClassVar[bool] = False

    response_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("response.id"), primary_key=True)
    scale: Mapped[str] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))

    response: Mapped[Response] = relationship(lazy="raise_on_sql", back_populates="scores")
