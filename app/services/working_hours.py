"""Working hours: Monday to Friday from 9 to 17, local time, without the public holidays of the site."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

# The library's names of the calendars that a study definition knows; None: those of the whole country alone.
SUBDIVISIONS: Mapping[str, str | None] = {
    "metropole": None,
    # Two more, the same in Moselle as in Alsace: Good Friday and 26 December.
    "alsace-moselle": "57",
    "guadeloupe": "GP",
    "martinique": "MQ",
    "guyane": "GY",
    "reunion": "RE",
    "mayotte": "YT",
    "saint-barthelemy": "BL",
    "saint-martin": "MF",
    "saint-pierre-et-miquelon": "PM",
    "nouvelle-caledonie": "NC",
    "polynesie-francaise": "PF",
    "wallis-et-futuna": "WF",
}
BEGINS, ENDS = time(9), time(17)
SATURDAY = 5


def is_working_day(day: date, calendar: str) -> bool:
    """Whether people work on a local date: no Saturday, Sunday or public holiday of the calendar."""
    return day.weekday() < SATURDAY and day not in _holidays(calendar, day.year)


def add_working_hours(start: datetime, hours: int, calendar: str, zone: str) -> datetime:
    """The instant (UTC) when that many working hours have passed since an instant.

    With 0 hours, the start itself or, outside working hours, when they next begin. A day's last hour ends at
    17:00 of that day, not at 9:00 of the next.
    """
    moment, left = start.astimezone(ZoneInfo(zone)), timedelta(hours=hours)
    day = moment.date()
    while True:
        begins = max(moment, _at(day, BEGINS, zone)).astimezone(UTC)
        rest = _at(day, ENDS, zone) - begins
        # A start at 17:00 sharp has nothing left of its day, so that hours add up.
        if is_working_day(day, calendar) and rest > timedelta():
            if left <= rest:
                return begins + left
            left -= rest
        day += timedelta(days=1)


def _at(day: date, clock: time, zone: str) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


@cache
def _holidays(calendar: str, year: int) -> frozenset[date]:
    return frozenset(country_holidays("FR", subdiv=SUBDIVISIONS[calendar], years=year))
