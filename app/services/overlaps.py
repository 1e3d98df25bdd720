"""One questionnaire for two visits whose windows overlap: a pure function from windows to pairs.

A visit of re-introduction is served by one of randomisation, whose dates stay comparable between the arms.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from app.services.definition import RANDOMISATION, REINTRODUCTION


@dataclass(frozen=True)
class Slot:
    """A visit as pairing looks at it. is_free: new, or neither open nor touched. server: its pair so far."""

    code: str
    anchor: str
    opens_at: datetime
    closes_at: datetime
    due_on: date
    questionnaires: frozenset[str]
    is_free: bool
    is_begun: bool
    server: str | None

    def overlaps(self, other: "Slot") -> bool:
        """Whether there is an instant at which both are open."""
        return self.opens_at < other.closes_at and other.opens_at < self.closes_at


def served_by(slots: Iterable[Slot], now: datetime) -> dict[str, str | None]:
    """The code of the visit whose questionnaires serve each visit, None for those that have their own.

    A pair is made where neither is answered or past, each visit in one pair at most, the nearest first
    come by the date due; a pair stays as it is once one of them is open or begun, while the windows overlap.
    """
    by_code = {each.code: each for each in slots}
    pairs: dict[str, str | None] = dict.fromkeys(by_code)
    pairs.update(_settled(by_code))
    taken = {server for server in pairs.values() if server}
    wanting = [each for each in by_code.values() if _may_be_served(each, now) and pairs[each.code] is None]
    for slot in sorted(wanting, key=lambda each: (each.due_on, each.code)):
        fitting = [each for each in by_code.values() if each.code not in taken and _fits(slot, each, now)]
        if fitting:
            nearest = min(fitting, key=lambda each: (abs(each.due_on - slot.due_on), each.due_on, each.code))
            pairs[slot.code] = nearest.code
            taken.add(nearest.code)
    return pairs


def _settled(by_code: dict[str, Slot]) -> Iterator[tuple[str, str]]:
    """The pairs of which one visit is open or begun, so that they are not made anew."""
    for slot in by_code.values():
        server = by_code.get(slot.server or "")
        if server is not None and slot.overlaps(server) and (server.is_begun or not slot.is_free):
            yield slot.code, server.code


def _may_be_served(slot: Slot, now: datetime) -> bool:
    return slot.anchor == REINTRODUCTION and slot.is_free and not slot.is_begun and slot.closes_at > now


def _fits(slot: Slot, server: Slot, now: datetime) -> bool:
    return (
        server.anchor == RANDOMISATION
        and not server.is_begun
        and server.closes_at > now
        and server.questionnaires >= slot.questionnaires
        and slot.overlaps(server)
    )
