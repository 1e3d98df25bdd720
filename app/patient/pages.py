"""What each patient page shows, ready made: views fill these, templates only lay them out.

Texts of the instrument, dates and times arrive in the page's language; nothing here names an arm.
"""

from dataclasses import dataclass

LANGUAGE_NAMES = {"fr": "Français", "en": "English"}


@dataclass(frozen=True, kw_only=True)
class UnknownPage:
    """A page that tells nothing of any study: the link is unknown."""

    language: str

    @property
    def other_language(self) -> str:
        return "en" if self.language == "fr" else "fr"

    @property
    def other_language_name(self) -> str:
        return LANGUAGE_NAMES[self.other_language]


@dataclass(frozen=True, kw_only=True)
class PatientPage(UnknownPage):
    """What every page of a known patient holds; study and site bear their neutral public names."""

    study_name: str
    site_name: str
    site_phone: str
    stand_in: bool = False

    @property
    def phone_href(self) -> str:
        return "tel:" + "".join(sign for sign in self.site_phone if sign.isdigit() or sign == "+")


@dataclass(frozen=True, kw_only=True)
class WelcomePage(PatientPage):
    """An open link: who asks, how long, who reads; the button posts to `action_url`."""

    action_url: str
    title: str
    instructions: str
    total: int
    minutes: int = 10
    answered: int = 0


@dataclass(frozen=True, kw_only=True)
class NotYetPage(PatientPage):
    """A link whose window has not opened; `opens_on` is a written date."""

    opens_on: str


@dataclass(frozen=True, kw_only=True)
class ClosedPage(PatientPage):
    """An expired or revoked link: both look alike."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One row to tap; `label` is empty where the number says it all."""

    value: int
    label: str = ""
    checked: bool = False


@dataclass(frozen=True, kw_only=True)
class ItemPage(PatientPage):
    """One item; `kind` names its partial in patient/kinds."""

    action_url: str
    number: int
    total: int
    item_id: str
    kind: str
    text: str
    options: tuple[Option, ...]
    recall: str = ""
    error: str | None = None
    ask_skip: bool = False
    was_skipped: bool = False
    saved_at: str | None = None
    back_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReviewRow:
    """One line of the review: `answer` is None when there is none, skipped or not."""

    number: int
    item_id: str
    text: str
    change_url: str
    answer: str | None = None
    skipped: bool = False
    recall: str = ""


@dataclass(frozen=True, kw_only=True)
class ReviewPage(PatientPage):
    """Every item with its answer; without `can_send`, `resume_url` leads to the first one open."""

    action_url: str
    rows: tuple[ReviewRow, ...]
    can_send: bool
    resume_url: str | None = None

    @property
    def skipped(self) -> int:
        return sum(row.skipped for row in self.rows)

    @property
    def answered(self) -> int:
        return sum(row.answer is not None for row in self.rows)

    @property
    def unanswered(self) -> int:
        return len(self.rows) - self.skipped - self.answered


@dataclass(frozen=True, kw_only=True)
class SentPage(PatientPage):
    """After sending, and for a link opened again afterwards; dates are written out, or unknown."""

    sent_at: str | None = None
    next_on: str | None = None
