"""What comes after what in a visit’s questionnaires: the router of the survey."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from app.services.definition import StudyDefinition
from app.services.links import FoundLink
from app.services.questionnaires import Question, Questionnaire, questionnaire
from app.services.responses import is_settled

REVIEW = "review"


class Place(NamedTuple):
    """One question of the survey with what is stored at it.

    is_asked: False where an earlier answer rules the question out.
    is_waiting: True while that answer is not there yet.
    """

    question: Question
    questionnaire: Questionnaire
    entry: Mapping[str, Any] | None
    is_asked: bool = True
    is_waiting: bool = False

    @property
    def item_id(self) -> str:
        """The question's id."""
        return self.question.id

    @property
    def number(self) -> int:
        """What the patient reads: the number of the question in its questionnaire."""
        return self.question.number

    @property
    def total(self) -> int:
        """The highest number in its questionnaire."""
        return self.questionnaire.total

    @property
    def is_settled(self) -> bool:
        """Whether the question was answered or skipped, or is not asked."""
        return not self.is_asked or is_settled(self.entry)

    @property
    def is_skipped(self) -> bool:
        """Whether the patient chose to pass the question."""
        return self.is_asked and is_settled(self.entry) and self.value is None

    @property
    def value(self) -> int | str | None:
        """The stored answer, None without one and where the question is not asked."""
        return self.entry["value"] if self.entry and self.is_asked else None


class Survey:
    """All questions of a visit's questionnaires, in order, with their stored answers."""

    def __init__(self, found: FoundLink, definition: StudyDefinition) -> None:
        self.found = found
        self.questionnaires = tuple(questionnaire(definition, code) for code in found.visit.questionnaires)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every question with its stored answer, those that are not asked too."""
        stored = {response.instrument: response.answers for response in self.found.responses}
        return tuple(_places(self.questionnaires, stored))

    @cached_property
    def asked(self) -> tuple[Place, ...]:
        """The questions that are asked for certain, going by the answers so far."""
        return tuple(place for place in self.places if place.is_asked and not place.is_waiting)

    def show_typed(self, place: Place, text: str) -> Place:
        """From now on shows at a question what was typed there and is not stored; the place as it is then."""
        typed = place._replace(entry={"state": "answered", "value": text})
        self.places = tuple(typed if each == place else each for each in self.places)
        return typed

    def place(self, item_id: str) -> Place | None:
        """The place of a question; None when the visit has no such one."""
        return next((place for place in self.places if place.item_id == item_id), None)

    def after(self, place: Place) -> str:
        """Where Continue leads: the next question that is asked, or the review."""
        later = self.places[self.places.index(place) + 1 :]
        return next((each.item_id for each in later if each.is_asked), REVIEW)

    def before(self, place: Place) -> str | None:
        """Where Back leads; None on the first question."""
        earlier = self.places[: self.places.index(place)]
        return next((each.item_id for each in reversed(earlier) if each.is_asked), None)

    def first_open(self) -> str:
        """The first question neither answered nor skipped, or the review when there is none."""
        return next((place.item_id for place in self.places if not place.is_settled), REVIEW)


def progress(
    definition: StudyDefinition, codes: Iterable[str], stored: Mapping[str, Mapping[str, Any]]
) -> tuple[int, int]:
    """How many of the questions that are asked were answered or skipped, and how many there are.

    stored: the answers of each questionnaire by its code.
    """
    places = _places([questionnaire(definition, code) for code in codes], stored)
    asked = [place for place in places if place.is_asked and not place.is_waiting]
    return sum(place.is_settled for place in asked), len(asked)


def _places(
    questionnaires: Iterable[Questionnaire], stored: Mapping[str, Mapping[str, Any]]
) -> Iterator[Place]:
    for each in questionnaires:
        answers = stored.get(each.code, {})
        ruled_out, waiting = each.not_asked(answers), each.waiting(answers)
        for question in each.questions:
            yield Place(
                question,
                each,
                answers.get(question.id),
                is_asked=question.id not in ruled_out,
                is_waiting=question.id in waiting,
            )
