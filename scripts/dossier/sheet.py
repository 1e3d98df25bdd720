"""The pages of the dossier: what stands on each, and where its pictures go."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from flask import Flask

from scripts.dossier.phone import WIDTHS
from scripts.dossier.pictures import Band
from scripts.dossier.screens import Screen
from scripts.dossier.words import LANGUAGES, SHEET, code_name

# Millimetres, of a landscape A4.
PAPER_WIDTH, PAPER_HEIGHT, MARGIN = 297, 210, 10
PICTURES_TOP = 30
PER_PIXEL = 0.118
GAP = (PAPER_WIDTH - 2 * MARGIN - PER_PIXEL * sum(WIDTHS)) / (len(WIDTHS) - 1)
LINES_OF_CONTENTS = 160
TEMPLATE = Path(__file__).with_name("sheet.html")
Slices = tuple[tuple[Band, ...], ...]


@dataclass(frozen=True)
class Taken:
    """One screen in one language: the line above it and its slices, by width."""

    heading: str
    slices: Mapping[int, Slices]


@dataclass(frozen=True)
class Stripe:
    """Where a stored stripe is drawn: millimetres from the upper left corner of the paper."""

    key: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Figure:
    """One width on a page."""

    width: int
    x: float
    y: float
    paper_width: float
    paper_height: float
    stripes: tuple[Stripe, ...]


@dataclass(frozen=True)
class Leaf:
    """One page of pictures; `turn` of `turns` where a screen needs more than one."""

    number: int
    language: str
    screen: Screen
    title: str
    turn: int
    turns: int
    figures: tuple[Figure, ...]
    begins_language: bool
    begins_part: bool

    @property
    def anchor(self) -> str:
        """What a line of the contents leads to."""
        return f"{self.language}-{self.screen.id}"


def leaves(
    screens: Sequence[Screen], languages: Sequence[str], taken: Mapping[tuple[str, str], Taken]
) -> list[Leaf]:
    """All pages of pictures in their order, numbered as they are bound."""
    found: list[Leaf] = []
    first = 2 + len(languages) * contents_pages(len(screens))
    for language in languages:
        part = None
        for screen in screens:
            one = taken[language, screen.id]
            turns = list(zip_longest(*(one.slices[width] for width in WIDTHS)))
            for turn, slices in enumerate(turns, start=1):
                leaf = Leaf(
                    number=first + len(found),
                    language=language,
                    screen=screen,
                    title=screen.title(language, one.heading),
                    turn=turn,
                    turns=len(turns),
                    figures=tuple(_figures(slices)),
                    begins_language=part is None,
                    begins_part=screen.part is not part,
                )
                found.append(leaf)
                part = screen.part
    return found


def contents_pages(screens: int) -> int:
    """How many pages the contents of one language take."""
    return -(-screens // LINES_OF_CONTENTS)


def page_count(bound: Sequence[Leaf]) -> int:
    """How many pages the dossier has."""
    return bound[-1].number


def html(app: Flask, facts: Mapping[str, object], languages: Sequence[str], bound: Sequence[Leaf]) -> str:
    """The document that the browser prints: all but the pictures, for which it leaves room."""
    contents = [chunk for language in languages for chunk in _contents(language, bound)]
    return app.jinja_env.from_string(TEMPLATE.read_text("utf-8")).render(
        **facts,
        languages=languages,
        names=LANGUAGES,
        words=SHEET,
        code_name=code_name,
        contents=contents,
        leaves=bound,
        pages=page_count(bound),
        margin=MARGIN,
        widths=WIDTHS,
    )


def _contents(language: str, bound: Sequence[Leaf]) -> Iterator[tuple[str, Sequence[Leaf]]]:
    lines = [leaf for leaf in bound if leaf.language == language and leaf.turn == 1]
    for start in range(0, len(lines), LINES_OF_CONTENTS):
        yield language, lines[start : start + LINES_OF_CONTENTS]


def _figures(slices: Sequence[tuple[Band, ...] | None]) -> Iterator[Figure]:
    x: float = MARGIN
    for width, bands in zip(WIDTHS, slices, strict=True):
        paper_width = width * PER_PIXEL
        if bands:
            stripes = tuple(
                Stripe(each.key, x, PICTURES_TOP + each.top * PER_PIXEL, paper_width, each.height * PER_PIXEL)
                for each in bands
            )
            height = sum(each.height for each in stripes)
            yield Figure(width, x, PICTURES_TOP, paper_width, height, stripes)
        x += paper_width + GAP
