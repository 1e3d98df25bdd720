"""What comes after what in a visit’s questionnaires: the router of the survey."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import scoring
from app.services.links import FoundLink
from app.services.responses import is_settled
from scoring import Instrument, Item

REVIEW = "review"


@dataclass(frozen=True)
class Place:
    """One item of the survey with what is stored at it."""

    position: int
    item: Item
    instrument: Instrument
    entry: dict[str, Any] | None

    @property
    def is_settled(self) -> bool:
        """Whether the item was answered or skipped."""
        return is_settled(self.entry)

    @property
    def is_skipped(self) -> bool:
        """Whether the patient chose to pass the item."""
        return self.is_settled and self.value is None

    @property
    def value(self) -> int | None:
        """The stored code, None without an answer."""
        return self.entry["value"] if self.entry else None


class Survey:
    """All items of a visit's questionnaires, in order, with their stored answers."""

    def __init__(self, found: FoundLink) -> None:
        self.found = found
        by_instrument = {response.instrument: response for response in found.responses}
        self._items: list[tuple[Item, Instrument, dict[str, Any]]] = []
        for code in found.visit.questionnaires:
            instrument = scoring.load_instrument(code)
            answers = by_instrument[code].answers if code in by_instrument else {}
            self._items += [(item, instrument, answers) for item in instrument.items]

    @property
    def total(self) -> int:
        """The number of items."""
        return len(self._items)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every item with its stored answer."""
        return tuple(
            Place(position, item, instrument, answers.get(item.id))
            for position, (item, instrument, answers) in enumerate(self._items, start=1)
        )

    def place(self, item_id: str) -> Place | None:
        """The place of an item; None when the visit has no such item."""
        return next((place for place in self.places if place.item.id == item_id), None)

    def after(self, place: Place) -> str:
        """Where Continue leads: the next item, or the review."""
        return self.places[place.position].item.id if place.position < self.total else REVIEW

    def before(self, place: Place) -> str | None:
        """Where Back leads; None on the first item."""
        return self.places[place.position - 2].item.id if place.position > 1 else None

    def first_open(self) -> str:
        """The first item neither answered nor skipped, or the review when there is none."""
        return next((place.item.id for place in self.places if not place.is_settled), REVIEW)
