"""What the pages of adverse events show, ready made. Here, unlike elsewhere, stand a patient's reports."""

from dataclasses import dataclass

from app.nurse.pages import Badge, Fact


@dataclass(frozen=True, kw_only=True)
class ReportedSymptom:
    """A symptom as reported: day, name, the patient's words, the composite grade; where a draft begins."""

    day: str
    name: str
    words: str
    composite: str
    since: str
    draft_url: str | None


@dataclass(frozen=True, kw_only=True)
class EventRow:
    """An event as it stands."""

    url: str
    number: int
    name: str
    grade: int
    dates: str
    status: Badge
    signature: Badge | None
    serious: str


@dataclass(frozen=True, kw_only=True)
class DueRow:
    """A serious event to be declared."""

    url: str
    name: str
    until: str
    is_late: bool


@dataclass(frozen=True, kw_only=True)
class DisagreementRow:
    """A report and an event that do not go together."""

    day: str
    name: str
    text: str
    event_url: str | None


@dataclass(frozen=True, kw_only=True)
class EventsPage:
    """A patient's reports beside the events recorded of them."""

    code: str
    patient_url: str
    done: str
    due: tuple[DueRow, ...]
    disagreements: tuple[DisagreementRow, ...]
    reports: tuple[ReportedSymptom, ...]
    events: tuple[EventRow, ...]
    new_url: str | None


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version: who wrote it when and why, and what it says."""

    number: int
    who: str
    reason: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, kw_only=True)
class EventPage:
    """One event: the patient's words, every version, signatures, the declaration, and what can be done."""

    code: str
    number: int
    url: str
    patient_url: str
    events_url: str
    name: str
    status: Badge
    signature: Badge
    signatures: tuple[str, ...]
    meaning: str
    words: str
    due: DueRow | None
    declarations: tuple[str, ...]
    versions: tuple[Version, ...]
    change_url: str | None
    may_decide: bool
    may_sign: bool
    may_declare: bool
    done: str


@dataclass(frozen=True, kw_only=True)
class DraftPage:
    """The form of a draft or of a change."""

    code: str
    heading: str
    patient_url: str
    events_url: str
    words: str
    symptom: str
    is_change: bool
    has_found_nothing: bool
    source: str
