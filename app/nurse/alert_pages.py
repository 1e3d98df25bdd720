"""What the pages of alerts show, ready made. The page of one alert alone says what was answered."""

from dataclasses import dataclass

from app.nurse.pages import Badge, Fact


@dataclass(frozen=True, kw_only=True)
class AlertRow:
    """An open alert: whose, which rule, since when, and until when it is to be answered."""

    url: str
    code: str
    name: str
    visit: str
    raised: str
    until: str
    badge: Badge


@dataclass(frozen=True, kw_only=True)
class AlertsPage:
    """The open alerts of the actor's patients."""

    rows: tuple[AlertRow, ...]
    done: str


@dataclass(frozen=True, kw_only=True)
class AlertPage:
    """One alert: what was answered, what the rule says, and what was done if anything was."""

    code: str
    url: str
    patient_url: str
    alerts_url: str
    name: str
    badge: Badge
    facts: tuple[Fact, ...]
    answer: tuple[Fact, ...]
    may_answer: bool
