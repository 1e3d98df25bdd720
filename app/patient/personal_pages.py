"""What the pages of a personal link show; they lay out no question and no former report."""

from dataclasses import dataclass

from app.patient.pages import PatientPage, UnknownPage


@dataclass(frozen=True, kw_only=True)
class PersonalPage(PatientPage):
    """The beginning of a report: who asks, and the field of the code; the button posts to `action_url`."""

    action_url: str
    title: str
    instructions: str
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class RefusedPage(UnknownPage):
    """A code that does not fit the link, or a link that is none: the page is the same for both."""

    action_url: str


@dataclass(frozen=True, kw_only=True)
class LockedPage(PatientPage):
    """A link on which too many codes were tried; `until` is a time of today, or nothing for good."""

    until: str


@dataclass(frozen=True, kw_only=True)
class ReportOverPage(PatientPage):
    """A report whose days are over, while the link itself still works."""
