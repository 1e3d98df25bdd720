"""What each page of data managers shows, ready made, in the page's language."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Badge:
    """A state in a word; `key` gives it its look."""

    key: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A name and its value."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class SetRow:
    """The wording of one questionnaire in one language: what is in force, and whether a draft waits."""

    questionnaire: str
    language: str
    state: Badge
    draft: Badge | None
    since: str
    url: str


@dataclass(frozen=True, kw_only=True)
class StudyCard:
    """One study with its wordings; in production only approved wording reaches a patient."""

    code: str
    title: str
    is_production: bool
    sets: tuple[SetRow, ...]
    allocations_url: str | None


@dataclass(frozen=True, kw_only=True)
class TextRow:
    """One text: its id, what it is, the text, and what it replaces where that is another one."""

    id: str
    kind: str
    text: str
    before: str | None = None


@dataclass(frozen=True, kw_only=True)
class PackCard:
    """One pack: its state, its licence, who imported and approved it."""

    state: Badge
    facts: tuple[Fact, ...]
    sha256: str


@dataclass(frozen=True, kw_only=True)
class SetPage:
    """A questionnaire in a language: what is in force, former packs, and the form that takes a file."""

    study: str
    name: str
    language: str
    code: str
    url: str
    state: Badge
    explanation: str
    draft_url: str | None
    in_force: PackCard | None
    former: tuple[PackCard, ...]
    rows: tuple[TextRow, ...]
    faults: tuple[Fact, ...]
    file_name: str
    done: str
    spoiled: str
    columns: str


@dataclass(frozen=True, kw_only=True)
class DraftPage:
    """A draft before its approval: every text, and what differs from what is shown now."""

    study: str
    name: str
    language: str
    code: str
    url: str
    set_url: str
    facts: tuple[Fact, ...]
    sha256: str
    rows: tuple[TextRow, ...]
    compared_with: str
    changed: int
    approver: str


@dataclass(frozen=True, kw_only=True)
class AssignmentRow:
    """One line of a list of assignments that will be recorded."""

    line: int
    patient: str
    arm: str
    day: str
    remark: str


@dataclass(frozen=True, kw_only=True)
class LineFault:
    """What is wrong with a line of a list, and in which column."""

    line: int
    column: str
    text: str


@dataclass(frozen=True, kw_only=True)
class AllocationsPage:
    """The form of a list of assignments, what is wrong with it, or what it would record."""

    study: str
    url: str
    columns: str
    arms: tuple[Fact, ...]
    faults: tuple[LineFault, ...] = ()
    rows: tuple[AssignmentRow, ...] = ()
    unchanged: tuple[str, ...] = ()
    done: str = ""


@dataclass(frozen=True, kw_only=True)
class VisitChange:
    """What becomes of one visit: how it stands, and how it would stand."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class RandomisationPage:
    """What is recorded of a randomisation; with facts the second look at its correction."""

    code: str
    patient_url: str
    url: str
    recorded: str
    facts: tuple[Fact, ...]
    changes: tuple[VisitChange, ...]
    done: str
