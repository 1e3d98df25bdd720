"""What the pages of sent questionnaires show, ready made. Here stand a patient's answers."""

from dataclasses import dataclass

from app.nurse.pages import Badge, Fact


@dataclass(frozen=True, kw_only=True)
class SentFormRow:
    """A questionnaire that was sent, in the list."""

    url: str
    name: str
    sent: str
    corrections: int
    late: int


@dataclass(frozen=True, kw_only=True)
class SentFormsPage:
    """The questionnaires that a patient sent."""

    code: str
    patient_url: str
    rows: tuple[SentFormRow, ...]


@dataclass(frozen=True, kw_only=True)
class CorrectionLine:
    """One correction: from what to what, who decided it, why, and whether its signature holds."""

    change: str
    who: str
    why: str
    signature: Badge


@dataclass(frozen=True, kw_only=True)
class LateLine:
    """An answer that came after sending; where it can be taken over, or that it was."""

    text: str
    take_url: str | None
    is_taken: bool


@dataclass(frozen=True, kw_only=True)
class AnswerRow:
    """One question: as sent, as it stands, its corrections, what came late."""

    item: str
    text: str
    sent: str
    now: str
    is_changed: bool
    corrections: tuple[CorrectionLine, ...]
    late: tuple[LateLine, ...]
    correct_url: str | None


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """A scale or a symptom: its score or grade as sent and as it stands."""

    name: str
    sent: str
    now: str
    is_changed: bool


@dataclass(frozen=True, kw_only=True)
class SentFormPage:
    """A questionnaire that was sent, with its corrections."""

    code: str
    heading: str
    patient_url: str
    forms_url: str
    sent: str
    stand_in: bool
    rows: tuple[AnswerRow, ...]
    scores: tuple[ScoreRow, ...]
    done: str


@dataclass(frozen=True, kw_only=True)
class CorrectionPage:
    """The form of a correction and its second look: what is decided, and what follows."""

    code: str
    heading: str
    patient_url: str
    forms_url: str
    form_url: str
    form_name: str
    url: str
    stand_in: bool
    question: str
    sent: str
    now: str
    late: str
    decided: tuple[Fact, ...]
    follows: tuple[Fact, ...]
    meaning: str
