"""What each page of administrators shows, ready made, in the page's language."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Badge:
    """A state in a word; `key` gives it its look."""

    key: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Option:
    """A place that a list can be kept to."""

    key: str
    text: str
    is_chosen: bool


@dataclass(frozen=True, kw_only=True)
class StaffRow:
    """A person with the present roles, each as a line of text; unsent: the invitation that did not go."""

    email: str
    url: str
    state: Badge
    roles: tuple[str, ...]
    unsent: Badge | None = None


@dataclass(frozen=True, kw_only=True)
class RoleRow:
    """A role: where, since when, by whom, and its end where it has one; `end_url` where it can be ended."""

    email: str
    role: str
    place: str
    granted: str
    granted_by: str
    ended: str
    ended_by: str
    note: str = ""
    end_url: str = ""


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """What became of an account, when, by whom."""

    moment: str
    what: str
    who: str


@dataclass(frozen=True, kw_only=True)
class ListPage:
    """A page of people or of roles, with what it is kept to."""

    total: int
    rows: tuple[StaffRow, ...] | tuple[RoleRow, ...]
    search: str
    places: tuple[Option, ...]
    is_first: bool
    is_kept: bool
    next_url: str
    first_url: str
    printed: str


@dataclass(frozen=True, kw_only=True)
class PersonPage:
    """One account: what it is, its roles, its history, and what can be done."""

    email: str
    url: str
    state: Badge
    language: str
    since: str
    waiting: str
    present: tuple[RoleRow, ...]
    former: tuple[RoleRow, ...]
    history: tuple[HistoryRow, ...]
    is_governed: bool
    is_own: bool
    is_active: bool
    has_password: bool
    done: str
    error: str
    unsent: Badge | None = None


@dataclass(frozen=True, kw_only=True)
class LinkPage:
    """A link that was just made: shown once, to be handed over."""

    email: str
    url: str
    address: str
    until: str
    is_invitation: bool


@dataclass(frozen=True, kw_only=True)
class SiteRow:
    """A site as the study's definition has it."""

    number: str
    name: str
    city: str
    recruiting: Badge
    calendar: str
    zone: str


@dataclass(frozen=True, kw_only=True)
class StudySites:
    """The sites of a study."""

    code: str
    version: str
    sites: tuple[SiteRow, ...]
