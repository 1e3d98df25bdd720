"""What the pages of a patient's way through the study show, ready made."""

from dataclasses import dataclass

from app.nurse.pages import Badge, Fact


@dataclass(frozen=True, kw_only=True)
class MilestoneRow:
    """One event; undone says when it was taken back, reason why."""

    name: str
    day: str
    value: str
    undo_url: str | None = None
    undone: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A kind of event that can be recorded, or (no url) only after another one; text says what it ends."""

    name: str
    url: str | None
    text: str


@dataclass(frozen=True, kw_only=True)
class MilestonesPage:
    """The events of a patient, those undone included, and what can be recorded."""

    code: str
    patient_url: str
    url: str
    rows: tuple[MilestoneRow, ...]
    undone: tuple[MilestoneRow, ...]
    late: str
    events: tuple[Offer, ...]
    leaving: tuple[Offer, ...]
    done: str
    error: str


@dataclass(frozen=True, kw_only=True)
class ChangeRow:
    """What becomes of one visit: how it stands, and how it would stand."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Consequences:
    """What recording or undoing an event would do; late names visits that were sent after leaving."""

    changes: tuple[ChangeRow, ...]
    ends_links: bool
    late: str


@dataclass(frozen=True, kw_only=True)
class MilestonePage:
    """The form of one event, or the second look at it, or at its undoing."""

    code: str
    name: str
    patient_url: str
    back_url: str
    url: str
    effect: str
    facts: tuple[Fact, ...] = ()
    consequences: Consequences | None = None


@dataclass(frozen=True, kw_only=True)
class EpisodeRow:
    """One drug: from when until when, why it was stopped; what can be done, or when and why it was undone."""

    drug: str
    started: str
    stopped: str
    reason: str
    stop_url: str | None = None
    change_url: str | None = None
    undo_url: str | None = None
    undone: str = ""
    undone_reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TreatmentPage:
    """How a patient is treated today, and the drugs taken until then, those undone apart."""

    code: str
    patient_url: str
    url: str
    state: str
    rows: tuple[EpisodeRow, ...]
    undone: tuple[EpisodeRow, ...]
    new_url: str | None
    done: str


@dataclass(frozen=True, kw_only=True)
class DrugPage:
    """The form of a drug, of its stop, of its correction or of its undoing."""

    code: str
    heading: str
    patient_url: str
    back_url: str
    url: str
    is_stop: bool
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UnscheduledRow:
    """One visit besides the schedule; link_url gives its link."""

    code: str
    asks: str
    window: str
    state: Badge
    link_url: str | None


@dataclass(frozen=True, kw_only=True)
class UnscheduledPage:
    """The visits of a patient besides the schedule, and the form of one more."""

    code: str
    patient_url: str
    url: str
    rows: tuple[UnscheduledRow, ...]
    may_plan: bool
    done: str
    error: str


@dataclass(frozen=True, kw_only=True)
class TransferPage:
    """The form of a transfer, with where the patient was until now; with facts the second look."""

    code: str
    patient_url: str
    url: str
    site: str
    stays: tuple[Fact, ...]
    facts: tuple[Fact, ...]
    done: str


@dataclass(frozen=True, kw_only=True)
class WrongPatientPage:
    """The form of answers of another patient, or (facts) the second look; void lists those found before."""

    code: str
    patient_url: str
    url: str
    void: tuple[Fact, ...]
    facts: tuple[Fact, ...] = ()
    done: str = ""
