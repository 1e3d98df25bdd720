"""Which column of a file holds which item."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scoring.command.problems import FileError, OptionError
from scoring.instrument import Instrument


def item_columns(instrument: Instrument, pattern: str, mapping: str | None) -> dict[str, str]:
    """The column of each item, by id: named by `mapping`, else by `pattern` from the item's number.

    OptionError for a pattern or mapping that cannot be understood or gives one column to two items.
    """
    columns = {item.id: _by_pattern(pattern, item.number) for item in instrument.items}
    for item, column in read_mapping(mapping).items() if mapping else ():
        if item not in columns:
            raise OptionError(f"--map: {instrument.code} has no item {item}")
        columns[item] = column
    if repeated := first_repeated(columns.values()):
        raise OptionError(f"column {repeated} is given to two items; see --items and --map")
    return columns


def read_mapping(text: str) -> dict[str, str]:
    """The columns by item id in `text`: "q01=colA,q02=colB", or in the file of that name, one pair a line."""
    pairs = _lines(Path(text)) if "=" not in text or Path(text).is_file() else text.split(",")
    mapping: dict[str, str] = {}
    for pair in pairs:
        item, equals, column = (part.strip() for part in pair.partition("="))
        if not (item and equals and column):
            raise OptionError(f"--map: {pair!r} is not ITEM=COLUMN")
        if item in mapping:
            raise OptionError(f"--map: {item} is there twice")
        mapping[item] = column
    return mapping


def first_repeated(names: Iterable[str]) -> str | None:
    """The first name that was there before, None when all differ."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _by_pattern(pattern: str, number: int) -> str:
    try:
        return pattern.format(n=number)
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise OptionError(f"--items: {pattern!r} is no pattern such as q{{n:02}}") from error


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(str(path), "not UTF-8") from error
    return [line for line in text.splitlines() if line.strip()]
