"""What each patient page shows, ready made: views fill these, templates only lay them out.

Texts of the instrument, dates and times arrive in the page's language; nothing here names an arm.
"""

from dataclasses import dataclass

LANGUAGE_NAMES = {"fr": "Français", "en": "English"}


@dataclass(frozen=True, kw_only=True)
class UnknownPage:
    """A page that tells nothing of any study: the link is unknown.

    can_switch: whether it can be read in the other language.
    """

    language: str
    can_switch: bool = True

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
    draft: str
    title: str
    instructions: str
    total: int
    minutes: int = 10
    answered: int = 0
    asks_code: bool = False
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class NotYetPage(PatientPage):
    """A link whose window has not opened; `opens_on` is a written date."""

    opens_on: str


@dataclass(frozen=True, kw_only=True)
class ClosedPage(PatientPage):
    """An expired or revoked link: both look alike."""


@dataclass(frozen=True, kw_only=True)
class BrokenPage(PatientPage):
    """Instead of texts that are not what was approved; draft: as on the survey."""

    draft: str


@dataclass(frozen=True, kw_only=True)
class Option:
    """One row to tap; `label` is empty where the number says it all. words: by which it is searched for."""

    value: int | str
    label: str = ""
    checked: bool = False
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One question of the document and how it is answered; `kind` names its partial in patient/kinds.

    condition: such as pt009a>0 or other=1, for the script. state: "skipped", else nothing.
    is_same: it bears the number of the question before. notice: the id of what is said about it.
    value: the answer where it is no option: a text or a day. latest: the last day that it may be.
    find: what is searched for in a list, whether nothing was found, and the way back to the whole list.
    """

    id: str
    kind: str
    text: str
    recall: str = ""
    options: tuple[Option, ...] = ()
    value: str = ""
    hint: str = ""
    max_length: int | None = None
    latest: str = ""
    find: str = ""
    is_none_found: bool = False
    find_all_url: str = ""
    condition: str = ""
    state: str = ""
    is_same: bool = False
    is_shown: bool = False
    notice: str = ""


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
class Part:
    """One questionnaire in the document; `line` is its number line with {} for the number.

    questions: all of them, laid out and escaped. rows: what the review shows, none elsewhere.
    """

    name: str
    line: str
    is_of_symptoms: bool
    questions: tuple[str, ...]
    rows: tuple[ReviewRow, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SurveyPage(PatientPage):
    """The one document of a visit: all its questions and the review, of which one place is shown.

    draft: names the link for the phone's store and tells nothing. edition: changes with everything that a
    copy of the document on the phone depends on. is_blank: such a copy, without any answer. is_alone: without
    any other question.
    notice: "ask" (skip?), "error", "passed" (was skipped) or nothing.
    """

    action_url: str
    place: str
    heading: str
    parts: tuple[Part, ...]
    draft: str
    edition: str
    is_blank: bool = False
    is_alone: bool = False
    is_of_symptoms: bool = False
    notice: str = ""
    error: str | None = None
    saved_at: str | None = None
    back_url: str | None = None
    resume_url: str | None = None
    leave_url: str = ""
    find_url: str = ""

    @property
    def is_report(self) -> bool:
        return self.find_url != ""

    @property
    def is_review(self) -> bool:
        return self.place == "review"

    @property
    def rows(self) -> list[ReviewRow]:
        return [row for part in self.parts for row in part.rows]

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
    """After sending, and for a link opened again afterwards; dates are written out, or unknown.

    has_late: whether answers came after the sending.
    """

    draft: str
    sent_at: str | None = None
    next_on: str | None = None
    has_late: bool = False
