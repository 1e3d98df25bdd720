"""Working hours at the sites: nights, week-ends, public holidays of each calendar, both clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.definition.fields import Calendar
from app.services.working_hours import SUBDIVISIONS, add_working_hours, is_working_day

pytestmark = pytest.mark.requirement("ALR-02")
PARIS, REUNION = "Europe/Paris", "Indian/Reunion"
ZONES = {"metropole": PARIS, "alsace-moselle": PARIS, "reunion": REUNION, "martinique": "America/Martinique"}
INSTANTS = st.datetimes(
    datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2030-12-31"), timezones=st.just(UTC)
)


def local(text: str, zone: str = PARIS) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def after(start: str, hours: int, calendar: str = "metropole", zone: str = PARIS) -> str:
    found = add_working_hours(local(start, zone), hours, calendar, zone)
    assert found.tzinfo is UTC
    return found.astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-23 10:00", 4, "Mon 2026-11-23 14:00"),
        ("2026-11-23 10:00", 7, "Mon 2026-11-23 17:00"),
        ("2026-11-23 10:00", 8, "Tue 2026-11-24 10:00"),
        ("2026-11-23 16:30", 1, "Tue 2026-11-24 09:30"),
        ("2026-11-23 17:00", 1, "Tue 2026-11-24 10:00"),
        ("2026-11-23 03:00", 1, "Mon 2026-11-23 10:00"),
        ("2026-11-23 23:59", 1, "Tue 2026-11-24 10:00"),
        ("2026-11-27 16:00", 2, "Mon 2026-11-30 10:00"),
        ("2026-11-28 12:00", 2, "Mon 2026-11-30 11:00"),
        ("2026-11-23 10:00", 40, "Mon 2026-11-30 10:00"),
        ("2026-11-23 10:00", 0, "Mon 2026-11-23 10:00"),
        ("2026-11-28 12:00", 0, "Mon 2026-11-30 09:00"),
    ],
)
def test_nights_and_week_ends_do_not_count(start: str, hours: int, end: str) -> None:
    assert after(start, hours) == end


@pytest.mark.parametrize(
    ("start", "calendar", "end"),
    [
        # 1 May 2026 is a Friday.
        ("2026-04-30 16:00", "metropole", "Mon 2026-05-04 10:00"),
        # Easter Monday 2026 is 6 April; the Friday before is a holiday at Strasbourg alone.
        ("2026-04-03 16:00", "metropole", "Tue 2026-04-07 10:00"),
        ("2026-04-02 16:00", "metropole", "Fri 2026-04-03 10:00"),
        ("2026-04-02 16:00", "alsace-moselle", "Tue 2026-04-07 10:00"),
        # 25 December 2025 is a Thursday.
        ("2025-12-24 16:00", "metropole", "Fri 2025-12-26 10:00"),
        ("2025-12-24 16:00", "alsace-moselle", "Mon 2025-12-29 10:00"),
        ("2026-12-31 16:00", "metropole", "Mon 2027-01-04 10:00"),
        ("2027-12-31 16:00", "metropole", "Mon 2028-01-03 10:00"),
    ],
)
def test_public_holidays_do_not_count_where_they_are_kept(start: str, calendar: str, end: str) -> None:
    assert after(start, 2, calendar) == end


def test_overseas_keeps_its_own_holidays_and_hours() -> None:
    # 20 December is the abolition of slavery at La Réunion, 22 May at Martinique.
    assert after("2027-12-17 16:00", 2, "reunion", REUNION) == "Tue 2027-12-21 10:00"  # the 20th is a Monday
    assert after("2027-12-17 16:00", 2) == "Mon 2027-12-20 10:00"
    assert after("2026-05-21 16:00", 2, "martinique", "America/Martinique") == "Tue 2026-05-26 10:00"
    start = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    assert add_working_hours(start, 1, "reunion", REUNION) == datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    assert add_working_hours(start, 1, "metropole", PARIS) == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "hours_between"),
    [
        # The clocks go forward on Sunday 29 March 2026, back on Sunday 25 October.
        ("2026-03-27 16:00", "2026-03-30 10:00", 65),
        ("2026-10-23 16:00", "2026-10-26 10:00", 67),
    ],
)
def test_over_a_change_of_the_clocks_work_begins_at_nine_by_the_clock(
    start: str, end: str, hours_between: int
) -> None:
    found = add_working_hours(local(start), 2, "metropole", PARIS)
    assert found == local(end)
    assert found - local(start).astimezone(UTC) == timedelta(hours=hours_between)


def test_every_calendar_of_a_definition_is_known_and_keeps_the_national_holidays() -> None:
    assert set(SUBDIVISIONS) == set(Calendar.__args__)
    for calendar in SUBDIVISIONS:
        assert not is_working_day(date(2026, 5, 1), calendar)
        assert not is_working_day(date(2026, 7, 14), calendar)
        assert is_working_day(date(2026, 9, 9), calendar)


@given(INSTANTS, st.integers(0, 100), st.integers(1, 100), st.sampled_from(sorted(ZONES)))
def test_hours_add_up_and_end_in_working_time(start: datetime, some: int, more: int, calendar: str) -> None:
    zone = ZONES[calendar]
    first = add_working_hours(start, some, calendar, zone)
    assert start <= first
    assert add_working_hours(first, more, calendar, zone) == add_working_hours(
        start, some + more, calendar, zone
    )
    there = first.astimezone(ZoneInfo(zone))
    assert is_working_day(there.date(), calendar)
    assert (9, 0) <= (there.hour, there.minute) <= (17, 0)
