"""The geometry of a small chart over time: where lines, points and marks stand, in units of its view box."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 320, 152
LEFT, RIGHT, TOP, BOTTOM = 30, 308, 22, 120
# Below it two labels of the time axis would touch: a unit for each letter, and what keeps them apart.
LETTER, APART = 6.2, 8
# Marks nearer to each other than this share a label.
CLOSE = 12


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What a chart shows of one visit: a value, or None where there is none. label: on the time axis.

    shape: "round" for the patient's own answers on a screen, "square" for a sheet typed by the site.
    is_hollow: not all items were answered. is_ringed: it came late.
    """

    on: date
    label: str
    value: float | None
    shape: str = "round"
    is_hollow: bool = False
    is_ringed: bool = False


@dataclass(frozen=True, kw_only=True)
class Point:
    """A value in its place."""

    x: float
    y: float
    shape: str
    is_hollow: bool
    is_ringed: bool


@dataclass(frozen=True, kw_only=True)
class Label:
    """A text at a place of an axis."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Area:
    """The threshold and the side of it that asks for attention."""

    line: float
    top: float
    height: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart ready to be drawn; a line breaks where a value is missing."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    grid: tuple[Label, ...]
    ticks: tuple[Label, ...]
    events: tuple[Label, ...]
    area: Area | None
    lines: tuple[str, ...]
    stems: tuple[Point, ...]
    points: tuple[Point, ...]
    gaps: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What a chart is measured by: its span of time, its highest value, the values that have a grid line."""

    first: date
    last: date
    highest: float
    grid: tuple[int, ...]

    def x(self, day: date) -> float:
        """Where a day stands; all of them in the middle where there is but one."""
        span = (self.last - self.first).days
        share = (day - self.first).days / span if span else 0.5
        return round(LEFT + 6 + share * (RIGHT - LEFT - 12), 1)

    def y(self, value: float) -> float:
        """Where a value stands."""
        return round(BOTTOM - value / self.highest * (BOTTOM - TOP), 1)


def draw(
    scale: Scale,
    moments: Sequence[Moment],
    events: Iterable[tuple[date, str]] = (),
    threshold: tuple[float, bool] | None = None,
    *,
    as_stems: bool = False,
) -> Chart:
    """Puts each moment, by date, in its place.

    events: days with the letter that marks each. threshold: its value, and whether what is below it asks for
    attention, else what is above. as_stems: values that are ranks stand on stems, with no line between them.
    """
    points = tuple(_point(scale, each) for each in moments if each.value is not None)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=RIGHT,
        top=TOP,
        bottom=BOTTOM,
        grid=tuple(Label(at=scale.y(value), text=str(value)) for value in scale.grid),
        ticks=tuple(_ticks(scale, moments)),
        events=_events(scale, events),
        area=_area(scale, *threshold) if threshold else None,
        lines=() if as_stems else tuple(_lines(scale, moments)),
        stems=points if as_stems else (),
        points=points,
        gaps=tuple(scale.x(each.on) for each in moments if each.value is None),
    )


def _point(scale: Scale, moment: Moment) -> Point:
    return Point(
        x=scale.x(moment.on),
        y=scale.y(moment.value or 0),
        shape=moment.shape,
        is_hollow=moment.is_hollow,
        is_ringed=moment.is_ringed,
    )


def _lines(scale: Scale, moments: Iterable[Moment]) -> Iterable[str]:
    """The stretches between values that follow one another, each as the points of a line."""
    stretch: list[str] = []
    for each in moments:
        if each.value is not None:
            stretch.append(f"{scale.x(each.on)},{scale.y(each.value)}")
            continue
        yield from _line(stretch)
        stretch = []
    yield from _line(stretch)


def _line(stretch: list[str]) -> Iterable[str]:
    if len(stretch) > 1:
        yield " ".join(stretch)


def _ticks(scale: Scale, moments: Sequence[Moment]) -> list[Label]:
    """The names under the axis, as many as fit: the first and the last, then those between them in time."""
    kept: list[Label] = []
    for each in [*moments[:1], *moments[:0:-1][:1], *moments[1:-1]]:
        half = len(each.label) * LETTER / 2
        label = Label(at=min(max(scale.x(each.on), half), WIDTH - half), text=each.label)
        if all(_are_apart(label, other) for other in kept):
            kept.append(label)
    return sorted(kept, key=lambda label: label.at)


def _are_apart(one: Label, other: Label) -> bool:
    return abs(one.at - other.at) >= (len(one.text) + len(other.text)) * LETTER / 2 + APART


def _events(scale: Scale, events: Iterable[tuple[date, str]]) -> tuple[Label, ...]:
    """The marks of what happened within the span; where two would touch, the first bears both letters."""
    marks: list[tuple[float, str]] = []
    bearer = 0
    for day, letter in sorted(each for each in events if scale.first <= each[0] <= scale.last):
        x = scale.x(day)
        if marks and x - marks[bearer][0] < CLOSE:
            marks[bearer] = (marks[bearer][0], marks[bearer][1] + letter)
            marks.append((x, ""))
        else:
            bearer = len(marks)
            marks.append((x, letter))
    return tuple(Label(at=x, text=letters) for x, letters in marks)


def _area(scale: Scale, value: float, is_low_bad: bool) -> Area:
    line = scale.y(value)
    top, bottom = (line, BOTTOM) if is_low_bad else (TOP, line)
    return Area(line=line, top=top, height=round(bottom - top, 1), text=f"{value:g}")
