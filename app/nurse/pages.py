"""What each page of site staff shows, ready made: views fill these, templates only lay them out.

Dates, states and names arrive as text of the page's language. No page holds a patient's answer.
"""

from dataclasses import dataclass
from datetime import date

from app.nurse.cards import Card
from app.services.visits import VisitState


@dataclass(frozen=True, kw_only=True)
class Badge:
    """A state in a word; `key` gives it its look."""

    key: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Action:
    """The next step as a button: a form that posts, or a link."""

    label: str
    url: str
    posts: bool = False


@dataclass(frozen=True, kw_only=True)
class TaskRow:
    """One thing to do for a patient: what, until when, and its button; `matter` gives the row its look."""

    matter: str
    code: str
    url: str
    place: str
    badge: Badge
    sentence: str
    action: Action


@dataclass(frozen=True, kw_only=True)
class PatientRow:
    """One patient of the list; `visit` is the open one or the next."""

    code: str
    url: str
    place: str
    arm: str
    visit: str
    window: str
    state: Badge | None
    received: str


@dataclass(frozen=True, kw_only=True)
class NoteRow:
    """A handover note: who left it where and when, until when it stands, and how it is taken down."""

    text: str
    place: str
    written: str
    until: str
    down_url: str | None


@dataclass(frozen=True, kw_only=True)
class HandoverPage:
    """The form of a handover note; site: the only one that can be meant, else nothing."""

    site: str
    longest: int


@dataclass(frozen=True, kw_only=True)
class FrontPage:
    """The list of the actor's patients, what is to be done first."""

    heading: str
    sites: str
    notes: tuple[NoteRow, ...]
    handover_url: str | None
    total: int
    search: str
    counts: tuple[str, ...]
    to_do: tuple[TaskRow, ...]
    more_to_do: int
    rows: tuple[PatientRow, ...]
    next_url: str | None
    is_first: bool
    has_places: bool
    register_url: str | None


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A name and its value."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class VisitRow:
    """One visit: dates, state with what explains it, link, and what can be done about them."""

    code: str
    name: str
    due: str
    window: str
    state: Badge
    link: str
    link_reason: str
    received: str
    note: str
    reason: Action | None
    issue: Action | None
    sends: tuple[Fact, ...]
    send_url: str
    kills_former: bool
    revoke_url: str | None
    paper: Action | None
    here_url: str | None
    lock: str
    unlock_url: str | None
    is_being_revoked: bool = False

    @property
    def is_idle(self) -> bool:
        """Whether it is still to come, with nothing to do about it and nothing done."""
        is_touched = (
            self.link or self.issue or self.here_url or self.paper or self.revoke_url or self.unlock_url
        )
        return self.state.key == VisitState.NOT_YET_EXPECTED and not is_touched


@dataclass(frozen=True, kw_only=True)
class MessageRow:
    """A message to the patient: when, what, where it stands; detail: why it did not go, in a word or two."""

    moment: str
    text: str
    state: Badge
    detail: str
    noted: str
    note_url: str | None


@dataclass(frozen=True, kw_only=True)
class PersonalLinkBox:
    """The patient's own link: how it stands, and what can be done about it."""

    lines: tuple[str, ...]
    lock: str
    issue: Action | None
    kills_former: bool
    unlock_url: str | None
    revoke_url: str | None
    lost_url: str | None
    is_being_revoked: bool = False


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """A report between visits: when it was begun, where it stands; no answer."""

    begun: str
    state: Badge
    received: str


@dataclass(frozen=True, kw_only=True)
class LateRow:
    """An answer that came after its questionnaire was sent or closed, and so is no part of it."""

    received: str
    visit: str
    item: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One place on a patient's time line; kind and key give it its shape, is_telling its text in sight."""

    kind: str
    key: str
    on: date
    label: str
    day: str
    text: str = ""
    is_telling: bool = False


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A patient's way through the study, with the states of visits that its shapes stand for."""

    stops: tuple[Stop, ...]
    states: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class PatientPage:
    """One patient: facts, time line, visits, what came too late, the personal link and its reports.

    later: the last of the visits, where nothing is to be done yet: a phone would scroll for years.
    """

    code: str
    url: str
    facts: tuple[Fact, ...]
    timeline: Timeline
    steps: tuple[Action, ...]
    visits: tuple[VisitRow, ...]
    later: tuple[VisitRow, ...]
    messages: tuple[MessageRow, ...]
    late: tuple[LateRow, ...]
    personal: PersonalLinkBox
    reports: tuple[ReportRow, ...]
    randomise_url: str | None
    contact_url: str | None
    done: str
    error: str


@dataclass(frozen=True, kw_only=True)
class ContactPage:
    """What is kept to reach a patient; number and address stand in the form alone, once opened."""

    code: str
    patient_url: str
    url: str
    site: str
    facts: tuple[Fact, ...]
    has_keys: bool
    open_url: str | None
    save_url: str
    erase_url: str | None
    done: str


@dataclass(frozen=True, kw_only=True)
class PatientNoteRow:
    """A note about the patient or a call: when, what it is, what there is to know, by whom."""

    moment: str
    kind: str
    text: str
    written_by: str


@dataclass(frozen=True, kw_only=True)
class NotesPage:
    """What was written down about a patient, the newest first, and whether the actor may add to it."""

    code: str
    patient_url: str
    url: str
    rows: tuple[PatientNoteRow, ...]
    may_write: bool
    longest: int
    done: str


@dataclass(frozen=True, kw_only=True)
class RegistrationPage:
    """The form of a new patient; without sites it says so."""

    has_sites: bool
    site: str
    example: str


@dataclass(frozen=True, kw_only=True)
class RandomisationPage:
    """The form of a randomisation, and before it is recorded what it would bring about."""

    code: str
    patient_url: str
    asks_remark: bool
    recorded: tuple[Fact, ...] = ()
    visits: tuple[Fact, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReasonPage:
    """A missing or partial form and the reasons to choose from; `given` is the one on record."""

    code: str
    patient_url: str
    url: str
    visit: str
    state: Badge
    given: str
    reasons: tuple[Fact, ...]


@dataclass(frozen=True, kw_only=True)
class LinkPage:
    """A link just issued; its card is shown this once. Nothing here names an arm."""

    code: str
    visit: str
    patient_url: str
    card: Card


@dataclass(frozen=True, kw_only=True)
class PersonalLinkPage:
    """A personal link just issued; its card is shown this once, to be printed."""

    code: str
    patient_url: str
    card: Card
