"""When reminders fall due: by the days of the window, outside of the quiet hours, whatever the clocks do."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.definition import Reminders
from app.services.reminders import leaves_at, steps

pytestmark = pytest.mark.requirement("REM-01")
PARIS = ZoneInfo("Europe/Paris")
ZONES = [ZoneInfo(each) for each in ("Europe/Paris", "Indian/Reunion", "America/Cayenne", "Pacific/Noumea")]
hours = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59))


@dataclass(frozen=True)
class Days:
    """A window."""

    opens_on: date
    closes_on: date


def ordinals(reminders: Reminders, days: int) -> list[int]:
    """The messages of a window of so many days."""
    first = date(2026, 3, 1)
    return [each.ordinal for each in steps(reminders, Days(first, first + timedelta(days=days - 1)))]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (29, [0, 3, -2]),
        (6, [0, 3, -2]),
        (5, [0, -2, 3]),
        (4, [0, -2, 3]),
        (3, [0]),
        (1, [0]),
    ],
)
def test_steps_stand_in_the_order_of_their_days_and_inside_the_window(days: int, expected: list[int]) -> None:
    assert ordinals(Reminders(), days) == expected


def test_an_amendment_renames_no_step() -> None:
    before = set(ordinals(Reminders(after_opening_days=(3,)), 29))
    after = set(ordinals(Reminders(after_opening_days=(1, 3, 7), before_closing_days=(5, 2)), 29))
    assert before < after == {0, 1, 3, 7, -5, -2}
    assert 0 not in ordinals(Reminders(on_opening=False), 29)


@pytest.mark.threat("F8")
@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-11-23 08:59", "2026-11-23 09:00"),
        ("2026-11-23 09:00", "2026-11-23 09:00"),
        ("2026-11-23 19:59", "2026-11-23 19:59"),
        ("2026-11-23 20:00", "2026-11-24 09:00"),
        ("2026-11-23 23:59", "2026-11-24 09:00"),
        ("2026-11-24 00:00", "2026-11-24 09:00"),
        # The night in which the clocks go back, and the one in which they go forward.
        ("2026-10-24 22:00", "2026-10-25 09:00"),
        ("2027-03-27 22:00", "2027-03-28 09:00"),
    ],
)
def test_the_quiet_hours_are_those_of_the_wall_clock(local: str, expected: str) -> None:
    instant = datetime.fromisoformat(local).replace(tzinfo=PARIS).astimezone(UTC)
    left = leaves_at(Reminders(), instant, PARIS)
    assert left.astimezone(PARIS).strftime("%Y-%m-%d %H:%M") == expected


@pytest.mark.threat("F8")
@given(hours, hours, st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001 - made aware
def test_nothing_leaves_in_quiet_hours_and_nothing_waits_for_more_than_a_day(
    start: str, end: str, naive: datetime, zone: ZoneInfo
) -> None:
    if start == end:
        return
    instant = naive.replace(tzinfo=UTC)
    left = leaves_at(Reminders(quiet_from=start, quiet_to=end), instant, zone)
    assert instant <= left <= instant + timedelta(hours=25)
    assert leaves_at(Reminders(quiet_from=start, quiet_to=end), left, zone) == left
    if left != instant:
        assert left.astimezone(zone).time() >= time.fromisoformat(end)
