"""To which site a patient belonged on a day: their forms stay where they were filled in."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.services.exports.form_query import ENTRY, PART
from app.services.schedule import local_date


@dataclass(frozen=True, order=True)
class Stay:
    """From which local date on a patient belonged to a site; `timezone` is the site's."""

    from_on: date
    site: str
    timezone: str

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the site's clocks."""
        return ZoneInfo(self.timezone)


def stays_in(row: Any) -> list[Stay]:
    """The stays of a row's patient by date; of one who was never transferred the present site alone."""
    if row.stays is None:
        return [Stay(date.min, row.site, row.timezone)]
    parts = (entry.split(PART) for entry in row.stays.split(ENTRY))
    return sorted(Stay(date.fromisoformat(day), site, timezone) for day, site, timezone in parts)


def stay_on(stays: list[Stay], day: date) -> Stay:
    """The stay of a local date; before the first one the first."""
    return next((each for each in reversed(stays) if each.from_on <= day), stays[0])


def stay_at(stays: list[Stay], instant: datetime) -> Stay:
    """The stay of an instant, each site's days by its own clock."""
    begun = (each for each in reversed(stays) if each.from_on <= local_date(instant, each.zone))
    return next(begun, stays[0])
