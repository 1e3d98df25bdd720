"""When visits fall: pure functions from a study's definition and a patient's milestones to local dates.

Dates are local dates of the site; only local_midnight, window and local_date know of time zones.
"""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from app.services.definition import MONTH, RANDOMISATION, REINTRODUCTION, StudyDefinition, VisitRule


class NaiveInstantError(ValueError):
    """An instant without a time zone has no local date."""

    def __init__(self, instant: datetime) -> None:
        super().__init__(f"an aware instant is needed, not {instant.isoformat()}")
        self.instant = instant


class Window(Protocol):
    """Anything with a first and a last local date: a planned visit or a stored one."""

    @property
    def opens_on(self) -> date:
        """The first local date."""
        ...

    @property
    def closes_on(self) -> date:
        """The last local date, which still belongs to the window."""
        ...


@dataclass(frozen=True)
class NominalVisit:
    """A visit as the study plans it for every patient; a series of the definition gives several."""

    code: str
    names: Mapping[str, str] = field(hash=False)
    anchor: str
    days: int
    months: int
    days_before: int
    days_after: int
    arms: tuple[str, ...] | None
    questionnaires: tuple[str, ...]

    def due_on(self, anchor_on: date) -> date:
        """The local date on which the visit is due, given the date of its anchor."""
        return add_months(anchor_on, self.months) + timedelta(days=self.days)


@dataclass(frozen=True)
class PlannedVisit:
    """A visit of one patient, in local dates of the site; closes_on is the last day of the window."""

    code: str
    names: Mapping[str, str] = field(hash=False)
    anchor: str
    due_on: date
    opens_on: date
    closes_on: date
    questionnaires: tuple[str, ...]


def add_months(day: date, months: int) -> date:
    """The same day of the month, that many months later; the month's last day where it has no such day.

    A negative number goes back. 31 August and 6 months: 28 or 29 February.
    """
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def nominal_visits(definition: StudyDefinition) -> tuple[NominalVisit, ...]:
    """Every visit of the study in the order of its definition, the series spelt out."""
    return tuple(visit for rule in definition.visits for visit in _expanded(rule))


def _expanded(rule: VisitRule) -> Iterator[NominalVisit]:
    for months in rule.months or (0,):
        yield NominalVisit(
            code=rule.code.replace(MONTH, str(months)),
            names={language: name.replace(MONTH, str(months)) for language, name in rule.names.items()},
            anchor=rule.anchor,
            days=rule.days or 0,
            months=months,
            days_before=rule.days_before,
            days_after=rule.days_after,
            arms=rule.arms,
            questionnaires=rule.questionnaires,
        )


def plan_visits(
    definition: StudyDefinition, arm: str | None, milestones: Mapping[str, date]
) -> tuple[PlannedVisit, ...]:
    """The visits of a patient, by date due and then in the order of the definition.

    milestones holds the local date of each milestone that has happened, by code; arm is None before
    randomisation. A visit is planned once its anchor has happened, and only for its arms where it names some.
    Where the study closes them on re-introduction, visits anchored on randomisation and due from that date on
    are left out.
    """
    planned = [
        _planned(visit, milestones[visit.anchor])
        for visit in nominal_visits(definition)
        if visit.anchor in milestones and (visit.arms is None or arm in visit.arms)
    ]
    if definition.on_reintroduction == "close" and REINTRODUCTION in milestones:
        ends_on = milestones[REINTRODUCTION]
        planned = [visit for visit in planned if visit.anchor != RANDOMISATION or visit.due_on < ends_on]
    return tuple(sorted(planned, key=lambda visit: visit.due_on))


def _planned(visit: NominalVisit, anchor_on: date) -> PlannedVisit:
    due_on = visit.due_on(anchor_on)
    return PlannedVisit(
        code=visit.code,
        names=visit.names,
        anchor=visit.anchor,
        due_on=due_on,
        opens_on=due_on - timedelta(days=visit.days_before),
        closes_on=due_on + timedelta(days=visit.days_after),
        questionnaires=visit.questionnaires,
    )


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which a local date begins.

    Where clocks skip midnight that is the instant of the change; where midnight comes twice, the first one.
    """
    # A skipped midnight read with fold=0 has the offset before the change: it is the instant of the change.
    return datetime.combine(day, time(fold=0), tzinfo=zone).astimezone(UTC)


def window(dates: Window | tuple[date, date], zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants, in UTC, between which a visit is open: from the first on, and before the second.

    dates is a visit or its (opens_on, closes_on); the second instant is the start of the day after closes_on.
    """
    opens_on, closes_on = dates if isinstance(dates, tuple) else (dates.opens_on, dates.closes_on)
    return local_midnight(opens_on, zone), local_midnight(closes_on + timedelta(days=1), zone)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The date that a calendar on the wall shows at an instant; NaiveInstantError without a time zone."""
    if instant.tzinfo is None:
        raise NaiveInstantError(instant)
    return instant.astimezone(zone).date()
