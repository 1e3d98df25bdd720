"""What the analyst's page shows, ready made."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StudyCard:
    """One study to take data from; `archive` is the name that the file will have."""

    code: str
    title: str
    patients: int
    expected: int
    received: int
    has_arm: bool
    command: str
    export_url: str


@dataclass(frozen=True, kw_only=True)
class FrontPage:
    """The studies whose data the actor may take away, as they stand at the data cut."""

    cut: str
    studies: tuple[StudyCard, ...]
