"""Where the parts of a chart stand."""

from datetime import date, timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.nurse.charts import APART, BOTTOM, LEFT, LETTER, RIGHT, TOP, WIDTH, Moment, Scale, draw

pytestmark = pytest.mark.requirement("CLI-03")
FIRST = date(2026, 1, 5)
DAYS = st.integers(0, 1900).map(lambda days: FIRST + timedelta(days=days))
VALUES = st.none() | st.floats(0, 100)
MOMENTS = st.lists(
    st.builds(Moment, on=DAYS, label=st.sampled_from(["Initial", "M3", "M60", "RI24"]), value=VALUES),
    min_size=1,
).map(lambda moments: sorted(moments, key=lambda each: each.on))


def scale(*days: date, highest: float = 100) -> Scale:
    return Scale(first=min(days), last=max(days), highest=highest, grid=(0, 50, 100))


def at(days: int, value: float | None, **more: object) -> Moment:
    return Moment(on=FIRST + timedelta(days=days), label=f"D{days}", value=value, **more)  # type: ignore[arg-type]


@given(MOMENTS)
def test_everything_stands_within_the_chart(moments: list[Moment]) -> None:
    chart = draw(scale(*(each.on for each in moments)), moments)
    assert all(LEFT <= point.x <= RIGHT and TOP <= point.y <= BOTTOM for point in chart.points)
    assert all(LEFT <= x <= RIGHT for x in chart.gaps)
    assert len(chart.points) + len(chart.gaps) == len(moments)


@given(MOMENTS)
def test_labels_never_touch_and_never_leave_the_chart(moments: list[Moment]) -> None:
    ticks = draw(scale(*(each.on for each in moments)), moments).ticks
    assert ticks
    for one, other in combinations(ticks, 2):
        assert abs(one.at - other.at) >= (len(one.text) + len(other.text)) * LETTER / 2 + APART
    for tick in ticks:
        assert 0 <= tick.at - len(tick.text) * LETTER / 2 <= WIDTH - len(tick.text) * LETTER


@given(MOMENTS)
def test_lines_join_neighbours_and_break_at_every_gap(moments: list[Moment]) -> None:
    chart = draw(scale(*(each.on for each in moments)), moments)
    joined = sum(len(line.split()) - 1 for line in chart.lines)
    neighbours = pairwise(moments)
    assert joined == sum(one.value is not None and other.value is not None for one, other in neighbours)


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_higher_value_stands_higher(one: float, other: float) -> None:
    axis = scale(FIRST)
    assert (axis.y(one) <= axis.y(other)) or one < other


def test_the_ends_of_the_axes() -> None:
    axis = scale(FIRST, FIRST + timedelta(days=100))
    assert (axis.y(0), axis.y(100), axis.y(50)) == (BOTTOM, TOP, (TOP + BOTTOM) / 2)
    assert axis.x(FIRST) < axis.x(FIRST + timedelta(days=50)) < axis.x(FIRST + timedelta(days=100))
    assert scale(FIRST).x(FIRST) == (LEFT + RIGHT) / 2


def test_time_keeps_its_proportions() -> None:
    points = draw(scale(FIRST, FIRST + timedelta(days=100)), [at(0, 1), at(25, 1), at(100, 1)]).points
    first, second, third = (point.x for point in points)
    assert second - first == pytest.approx((third - first) / 4, abs=0.2)


@pytest.mark.parametrize(("is_low_bad", "top", "bottom"), [(True, 83, 0), (False, 100, 83)])
def test_the_side_past_the_threshold_is_the_worse_one(is_low_bad: bool, top: int, bottom: int) -> None:
    axis = scale(FIRST)
    area = draw(axis, [at(0, 1)], threshold=(83, is_low_bad)).area
    assert area is not None
    assert (area.line, area.text) == (axis.y(83), "83")
    assert area.top == axis.y(top)
    assert area.top + area.height == pytest.approx(axis.y(bottom))


def test_without_a_threshold_no_side_is_shaded() -> None:
    assert draw(scale(FIRST), [at(0, 1)]).area is None


def test_marks_of_one_time_share_a_label_and_those_outside_are_left_out() -> None:
    events = [
        (FIRST + timedelta(days=days), letter)
        for days, letter in ((-1, "A"), (10, "B"), (12, "C"), (90, "D"))
    ]
    found = draw(scale(FIRST, FIRST + timedelta(days=100)), [at(0, 1), at(100, 1)], events).events
    assert [mark.text for mark in found] == ["BC", "", "D"]
    assert [mark.at for mark in found] == sorted(mark.at for mark in found)


def test_grades_stand_on_stems_without_a_line() -> None:
    chart = draw(scale(FIRST, highest=3), [at(0, 1), at(9, 3)], as_stems=True)
    assert (chart.lines, len(chart.stems), len(chart.points)) == ((), 2, 2)


def test_a_point_keeps_its_marks() -> None:
    (point,) = draw(scale(FIRST), [at(0, 5, shape="square", is_hollow=True, is_ringed=True)]).points
    assert (point.shape, point.is_hollow, point.is_ringed) == ("square", True, True)
