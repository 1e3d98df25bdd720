"""The structure of a questionnaire, read from a TOML file of facts: items, codes, scales."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeVar, get_args

from scoring.errors import UnknownInstrumentError
from scoring.structure import Table, read_table

Better = Literal["higher", "lower"]
ScaleKind = Literal["global", "functional", "symptom"]
ChangeLevel = Literal["group", "individual"]
LANGUAGES = ("en", "fr")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Item:
    """One question. Its codes are the whole numbers from `lowest` to `highest`.

    `kind` names the form of the response ("four-point"), `recall` the period asked about ("week") or None.
    """

    id: str
    number: int
    lowest: int
    highest: int
    recall: str | None
    kind: str

    @property
    def codes(self) -> tuple[int, ...]:
        """The codes an answer may have, ascending."""
        return tuple(range(self.lowest, self.highest + 1))


@dataclass(frozen=True, slots=True)
class Threshold:
    """The threshold of clinical importance of a scale, in score points.

    A score is important when strictly on the worse side of `value`. Unless `confirmed`, the value was not yet
    checked against `source`.
    """

    value: float
    confirmed: bool
    source: str


@dataclass(frozen=True, slots=True)
class MinimalChange:
    """From which size on a change of a scale over time matters, in score points, without a sign.

    `worse` and `better` hold the lower ends of a small, a medium and a large change, as far as published; the
    first is the minimal important difference. `level` "group": found for the means of groups, so not meant to
    judge one patient by. Unless `confirmed`, the sizes were not yet checked against `source`.
    """

    worse: tuple[float, ...]
    better: tuple[float, ...]
    level: ChangeLevel
    confirmed: bool
    source: str


@dataclass(frozen=True, slots=True)
class Scale:
    """A score of 0-100 made from `items`, whose codes all run from `lowest` to `highest`.

    `reversed`: high codes give low scores. `better`: the good end of the score. `fewest`: answers needed.
    """

    code: str
    names: Mapping[str, str] = field(hash=False)
    items: tuple[str, ...]
    lowest: int
    highest: int
    reversed: bool
    better: Better
    kind: ScaleKind
    fewest: int
    threshold: Threshold | None
    minimal_change: MinimalChange | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The mean, 0-100, of `scales`, each turned so that its good end is `better`; it needs them all."""

    code: str
    names: Mapping[str, str] = field(hash=False)
    scales: tuple[str, ...]
    better: Better
    source: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """A questionnaire in one version. `sources` are citations by key, that of the scores as "scoring"."""

    code: str
    version: str
    name: str
    items: tuple[Item, ...]
    scales: tuple[Scale, ...]
    summary: Summary | None
    sources: Mapping[str, str] = field(hash=False)
    items_by_id: Mapping[str, Item] = field(init=False, repr=False, compare=False)
    scales_by_code: Mapping[str, Scale] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "items_by_id", {item.id: item for item in self.items})
        object.__setattr__(self, "scales_by_code", {scale.code: scale for scale in self.scales})

    @property
    def ends(self) -> dict[str, Better]:
        """The good end of each score, that of the summary last."""
        found = {scale.code: scale.better for scale in self.scales}
        return found | ({self.summary.code: self.summary.better} if self.summary else {})

    def item(self, item_id: str) -> Item:
        """The item with this id; KeyError when there is none."""
        return self.items_by_id[item_id]

    def scale(self, code: str) -> Scale:
        """The scale with this code; KeyError when there is none (the summary is not a scale)."""
        return self.scales_by_code[code]


@cache
def load_instrument(code: str) -> Instrument:
    """The instrument that this package describes under `code`, such as "qlq-c30"; read once.

    UnknownInstrumentError when there is none, InstrumentError when its file is malformed.
    """
    path = files("scoring") / "instruments" / f"{code}.toml"
    if not re.fullmatch(r"[a-z0-9-]+", code) or not path.is_file():
        raise UnknownInstrumentError(code)
    return read_instrument(path)


def read_instrument(path: Path | Traversable) -> Instrument:
    """The instrument that the structure file at `path` describes; InstrumentError names the line at fault."""
    top = read_table(path)
    top.only("code", "version", "name", "items", "sources", "kinds", "scales", "summary")
    sources = _texts_by_key(top.table("sources"))
    if "scoring" not in sources:
        raise top.error("sources", "scoring is missing")
    item_rows, scale_rows, kinds = top.tables("items"), top.tables("scales"), top.table("kinds")
    items = _unlike(item_rows, "id", [_item(row, kinds) for row in item_rows])
    _unlike(item_rows, "number", items.values())
    scales = _unlike(scale_rows, "code", [_scale(row, items, sources) for row in scale_rows])
    return Instrument(
        code=top.get("code", str),
        version=top.get("version", str),
        name=top.get("name", str),
        items=tuple(items.values()),
        scales=tuple(scales.values()),
        summary=_summary(top.table("summary"), scales, sources) if "summary" in top else None,
        sources=sources,
    )


def _item(row: Table, kinds: Table) -> Item:
    row.only("id", "number", "kind", "recall")
    kind = row.get("kind", str)
    if kind not in kinds:
        raise row.error("kind", f"there is no kind {kind}")
    codes = kinds.table(kind)
    codes.only("lowest", "highest")
    lowest, highest = codes.get("lowest", int), codes.get("highest", int)
    if lowest >= highest:
        raise codes.error("highest", "highest must be above lowest")
    recall = row.get("recall", str) if "recall" in row else None
    return Item(row.get("id", str), row.get("number", int), lowest, highest, recall, kind)


def _scale(row: Table, items: Mapping[str, Item], sources: Mapping[str, str]) -> Scale:
    row.only("code", "names", "kind", "items", "reversed", "better", "fewest", "threshold", "change")
    members = [_known(row, "items", item_id, items) for item_id in row.texts("items")]
    if len({item.codes for item in members}) > 1:
        raise row.error("items", "the items of a scale must have the same codes")
    fewest = row.get("fewest", int)
    if not 1 <= fewest <= len(members):
        raise row.error("fewest", f"fewest must be from 1 to {len(members)}")
    return Scale(
        code=row.get("code", str),
        names=_names(row),
        items=tuple(item.id for item in members),
        lowest=members[0].lowest,
        highest=members[0].highest,
        reversed=row.get("reversed", bool),
        better=_choice(row, "better", get_args(Better)),
        kind=_choice(row, "kind", get_args(ScaleKind)),
        fewest=fewest,
        threshold=_threshold(row.table("threshold"), sources) if "threshold" in row else None,
        minimal_change=_minimal_change(row.table("change"), sources) if "change" in row else None,
    )


def _threshold(row: Table, sources: Mapping[str, str]) -> Threshold:
    row.only("value", "confirmed", "source")
    value = row.get("value", float)
    if not 0 <= value <= 100:
        raise row.error("value", "value must be from 0 to 100")
    source = _known(row, "source", row.get("source", str), sources)
    return Threshold(value, row.get("confirmed", bool), source)


def _minimal_change(row: Table, sources: Mapping[str, str]) -> MinimalChange:
    row.only("worse", "better", "level", "confirmed", "source")
    return MinimalChange(
        worse=_sizes(row, "worse"),
        better=_sizes(row, "better"),
        level=_choice(row, "level", get_args(ChangeLevel)),
        confirmed=row.get("confirmed", bool),
        source=_known(row, "source", row.get("source", str), sources),
    )


def _sizes(row: Table, key: str) -> tuple[float, ...]:
    """One to three sizes of change, each above the one before."""
    values = row.values.get(key)
    given = values if isinstance(values, list) else []
    sizes = [float(size) for size in given if isinstance(size, int | float) and not isinstance(size, bool)]
    rising = all(low < high <= 100 for low, high in pairwise([0.0, *sizes]))
    if not 1 <= len(sizes) <= 3 or len(sizes) < len(given) or not rising:
        raise row.error(key, f"{key} must be one to three rising numbers above 0, at most 100")
    return tuple(sizes)


def _summary(row: Table, scales: Mapping[str, Scale], sources: Mapping[str, str]) -> Summary:
    row.only("code", "names", "scales", "better", "source")
    code = row.get("code", str)
    if code in scales:
        raise row.error("code", f"{code} is the code of a scale")
    return Summary(
        code=code,
        names=_names(row),
        scales=tuple(_known(row, "scales", scale, scales).code for scale in row.texts("scales")),
        better=_choice(row, "better", get_args(Better)),
        source=_known(row, "source", row.get("source", str), sources),
    )


def _names(row: Table) -> dict[str, str]:
    names = row.table("names")
    names.only(*LANGUAGES)
    return {language: names.get(language, str) for language in LANGUAGES}


def _texts_by_key(row: Table) -> dict[str, str]:
    return {key: row.get(key, str) for key in row.values}


def _choice(row: Table, key: str, choices: tuple[T, ...]) -> T:
    value = row.get(key, str)
    for choice in choices:
        if choice == value:
            return choice
    raise row.error(key, f"{key} must be one of {', '.join(map(str, choices))}")


def _known(row: Table, key: str, name: str, known: Mapping[str, T]) -> T:
    if name not in known:
        raise row.error(key, f"there is no {name}")
    return known[name]


def _unlike(rows: Iterable[Table], key: str, made: Iterable[T]) -> dict[str, T]:
    """What was made of `rows`, by their `key`, which no two may share."""
    found: dict[str, T] = {}
    for row, one in zip(rows, made, strict=True):
        name = str(row.values[key])
        if name in found:
            raise row.error(key, f"{name} is there twice")
        found[name] = one
    return found
