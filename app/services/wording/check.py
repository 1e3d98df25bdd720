"""Whether the texts of a file are those that a questionnaire needs, each once and in order."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from app.services.wording.faults import Content, Entry, Fault, RefusedFileError, Unit
from app.services.wording.slots import Slot

LONGEST_TEXT = 4000
# What UTF-8 looks like when read as Latin-1 or Windows-1252, and what stands for a lost character.
WRONG_ENCODING = re.compile(
    "\N{REPLACEMENT CHARACTER}|Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€.|Â[\u00a0-\u00bf]"
)
ALLOWED_CONTROLS = "\n"
Placed = tuple[int, Fault]


def check_content(slots: Sequence[Slot], content: Content) -> list[list[str]]:
    """The texts as a pack keeps them: [[id, text], ...] in the order of the structure.

    Raises RefusedFileError with every fault, in the order of the file.
    """
    entries = content.entries
    by_id: dict[str, int] = {}
    for index, entry in enumerate(entries):
        by_id.setdefault(entry.id, index)
    placed = [
        *_unknown_or_twice(slots, entries, by_id),
        *_out_of_order(slots, entries, by_id),
        *_missing(slots, entries, by_id),
        *((index, fault) for index, entry in enumerate(entries) for fault in _text_faults(entry)),
    ]
    faults = [*content.faults, *(fault for _, fault in sorted(placed, key=lambda each: each[0]))]
    if faults:
        raise RefusedFileError(faults)
    texts = {entry.id: entry.text or "" for entry in entries}
    return [[slot.id, texts[slot.id].strip()] for slot in slots]


def _unknown_or_twice(
    slots: Iterable[Slot], entries: Sequence[Entry], first: dict[str, int]
) -> Iterator[Placed]:
    known = {slot.id for slot in slots}
    for index, entry in enumerate(entries):
        if entry.id not in known:
            yield index, entry.fault("unknown_id", id=entry.id or "–")
        elif first[entry.id] != index:
            yield index, entry.fault("duplicate", first=entries[first[entry.id]].at)


def _out_of_order(slots: Iterable[Slot], entries: Sequence[Entry], first: dict[str, int]) -> Iterator[Placed]:
    """The fewest questions that would have to move; what is no question may stand anywhere."""
    present = [slot.id for slot in slots if slot.kind == "question" and slot.id in first]
    in_order = _longest_growing([first[each] for each in present])
    for place, each in enumerate(present):
        if first[each] not in in_order:
            after = present[place - 1] if place else "–"
            yield first[each], entries[first[each]].fault("out_of_order", after=after)


def _missing(slots: Iterable[Slot], entries: Sequence[Entry], first: dict[str, int]) -> Iterator[Placed]:
    """Told at the line after which the text was expected."""
    before: str | None = None
    for slot in slots:
        if slot.id in first:
            before = slot.id
        elif before is None:
            start = entries[0] if entries else None
            yield 0, _nowhere(slot, start)
        else:
            index = first[before]
            yield index, entries[index].fault("missing_after", id=slot.id, after=before)


def _nowhere(slot: Slot, start: Entry | None) -> Fault:
    facts = {"id": slot.id}
    return Fault(start.unit, start.at, "missing", facts) if start else Fault(Unit.FILE, "", "missing", facts)


def _text_faults(entry: Entry) -> Iterator[Fault]:
    text = entry.text
    if text is None:
        return
    if not text.strip():
        yield entry.fault("empty")
    if len(text) > LONGEST_TEXT:
        yield entry.fault("long_text", most=LONGEST_TEXT)
    if wrong := WRONG_ENCODING.search(text):
        yield entry.fault("encoding", found=wrong.group())
    elif any(unicodedata.category(sign) in {"Cc", "Cs"} and sign not in ALLOWED_CONTROLS for sign in text):
        yield entry.fault("control")


def _longest_growing(numbers: Sequence[int]) -> set[int]:
    """A longest growing subsequence of different numbers (patience sorting)."""
    tails: list[int] = []
    before: dict[int, int | None] = {}
    for number in numbers:
        place = bisect_left(tails, number)
        before[number] = tails[place - 1] if place else None
        tails[place : place + 1] = [number]
    found: set[int] = set()
    step = tails[-1] if tails else None
    while step is not None:
        found.add(step)
        step = before[step]
    return found
