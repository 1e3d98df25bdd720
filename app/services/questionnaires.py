"""What a visit asks, question by question: instruments by their structure, symptoms by the study's list."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property, lru_cache
from typing import Any
from unicodedata import category

import scoring
from app.services.definition import SYMPTOMS, StudyDefinition
from scoring import Instrument

__all__ = ["NOT_ASKED", "REPORT", "SYMPTOMS", "Condition", "Question", "Questionnaire", "questionnaire"]

# A symptom that the patient reports between visits, from the personal link.
REPORT = "report"
ERASED, NOT_ASKED = "erased", "not_asked"
OTHER = "other"
TEXT_LENGTH = 500
ATTRIBUTES = ("frequency", "severity", "interference")
HIGHEST = {"presence": 1}
STEPS = 4
LETTERS = "abc"
# A symptom's code and its attributes.
Listed = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Condition:
    """A question is asked only if the answer to `item` is above a code, or equals one."""

    item: str
    above: int | None = None
    equals: int | str | None = None

    def holds(self, value: int | str) -> bool:
        """Whether that answer leads to the question."""
        return value == self.equals if self.above is None else isinstance(value, int) and value > self.above


@dataclass(frozen=True)
class Question:
    """One question on a screen of its own.

    id: field name, element id, last part of the address and key of the stored answer.
    kind: how it is answered, which names its template: the kind of an instrument's item, the attribute of a
        symptom, "text", "choice" or "date".
    number: what the patient reads; the attributes of one symptom share a number.
    codes: of the responses, ascending; none where the answer is no code.
    earliest: the first day that a date may be.
    """

    id: str
    kind: str
    number: int
    codes: tuple[int, ...] = ()
    recall: str | None = None
    condition: Condition | None = None
    symptom: str | None = None
    attribute: str | None = None
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    earliest: date | None = None

    def takes(self, value: object) -> bool:
        """Whether this is an answer to the question."""
        if self.codes:
            return type(value) is int and value in self.codes
        if self.choices:
            return value in self.choices
        if self.kind == "date":
            return isinstance(value, str) and is_day(value)
        return (
            isinstance(value, str)
            and 0 < len(value) <= (self.max_length or 0)
            and value.strip() != ""
            and not any(_cannot_be_kept(sign) for sign in value)
        )


@dataclass(frozen=True)
class Questionnaire:
    """All questions of one questionnaire in their order; `instrument` where it has scales to score."""

    code: str
    version: str
    questions: tuple[Question, ...] = field(hash=False)
    instrument: Instrument | None = field(default=None, hash=False)

    @cached_property
    def by_id(self) -> Mapping[str, Question]:
        """The questions by id."""
        return {each.id: each for each in self.questions}

    @cached_property
    def total(self) -> int:
        """The highest number that the patient reads."""
        return max(each.number for each in self.questions)

    def not_asked(self, answers: Mapping[str, Mapping[str, Any]]) -> dict[str, int | None]:
        """The questions that these answers rule out, with the code that each then has.

        That is 0 below an answer that rules it out, as the PRO-CTCAE has it; None where the leading question
        was skipped, so that nothing is known, and where the answer would be no code.
        """
        ruled_out: dict[str, int | None] = {}
        for question in self.questions:
            if question.condition is None:
                continue
            lead = question.condition.item
            entry = answers.get(lead)
            if lead in ruled_out:
                ruled_out[question.id] = ruled_out[lead] if question.codes else None
            elif entry is None or entry["state"] == ERASED:
                continue
            elif entry["value"] is None:
                ruled_out[question.id] = None
            elif not question.condition.holds(entry["value"]):
                ruled_out[question.id] = 0 if question.codes else None
        return ruled_out

    def waiting(self, answers: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
        """The questions of which it is not known yet if they are asked: what they depend on is open."""
        waiting: set[str] = set()
        for question in self.questions:
            if question.condition is None:
                continue
            entry = answers.get(question.condition.item)
            if question.condition.item in waiting or entry is None or entry["state"] == ERASED:
                waiting.add(question.id)
        return frozenset(waiting - self.not_asked(answers).keys())


def _cannot_be_kept(sign: str) -> bool:
    # Control characters other than line ends and tabs, which no page shows, and half a sign, which no
    # database holds. Whatever else a keyboard writes is a patient's words, known to our tables or not.
    return category(sign) in {"Cc", "Cs"} and not sign.isspace()


def is_day(text: str) -> bool:
    """Whether a text is a date such as 2026-11-22."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def questionnaire(definition: StudyDefinition, code: str) -> Questionnaire:
    """The questionnaire of a code as this study's definition has it."""
    if code not in {SYMPTOMS, REPORT}:
        return _of_instrument(code)
    listed = definition.listed_symptoms
    if code == REPORT:
        return _report(definition.version, listed, definition.symptom_list.other, definition.starts_on)
    return _symptom_list(definition.version, listed, definition.symptom_list.other)


@cache
def _of_instrument(code: str) -> Questionnaire:
    instrument = scoring.load_instrument(code)
    questions = (
        Question(item.id, item.kind, item.number, item.codes, item.recall or None)
        for item in instrument.items
    )
    return Questionnaire(code, instrument.version, tuple(questions), instrument)


@lru_cache(maxsize=64)
def _symptom_list(version: str, listed: tuple[Listed, ...], other: bool) -> Questionnaire:
    questions = [
        question
        for number, (symptom, attributes) in enumerate(listed, start=1)
        for question in attribute_questions(symptom, attributes, number)
    ]
    if other:
        questions += other_questions(len(listed) + 1)
    return Questionnaire(SYMPTOMS, version, tuple(questions))


def attribute_questions(
    symptom: str, attributes: tuple[str, ...], number: int, first: Condition | None = None
) -> Iterator[Question]:
    """The questions about one symptom; each after the first is asked if the one before is above 0."""
    condition = first
    for letter, attribute in zip(LETTERS, attributes, strict=False):
        item = f"{symptom}{letter}"
        codes = tuple(range(HIGHEST.get(attribute, STEPS) + 1))
        yield Question(item, attribute, number, codes, "week", condition, symptom, attribute)
        condition = Condition(item, above=0)


def other_questions(number: int) -> Iterator[Question]:
    """A symptom that is not on the list: whether there was one, in the patient's words, and how it was."""
    yield Question(OTHER, "presence", number, (0, 1), "week", None, OTHER, "presence")
    there_is = Condition(OTHER, equals=1)
    yield Question(f"{OTHER}text", "text", number, condition=there_is, symptom=OTHER, max_length=TEXT_LENGTH)
    yield from attribute_questions(OTHER, ATTRIBUTES, number, there_is)


@lru_cache(maxsize=64)
def _report(version: str, listed: tuple[Listed, ...], other: bool, starts_on: date) -> Questionnaire:
    choices = (*(symptom for symptom, _ in listed), *((OTHER,) if other else ()))
    questions = [Question("symptom", "choice", 1, choices=choices)]
    for symptom, attributes in listed:
        questions += attribute_questions(symptom, attributes, 2, Condition("symptom", equals=symptom))
    if other:
        questions += _reported_other(2)
    questions.append(Question("onset", "date", 3, earliest=starts_on))
    questions.append(Question("ongoing", "presence", 4, (0, 1)))
    return Questionnaire(REPORT, version, tuple(questions))


def _reported_other(number: int) -> Iterator[Question]:
    """A symptom that is not on the list, as other_questions; that there is one was said by choosing it."""
    is_other = Condition("symptom", equals=OTHER)
    yield Question(f"{OTHER}text", "text", number, condition=is_other, symptom=OTHER, max_length=TEXT_LENGTH)
    yield from attribute_questions(OTHER, ATTRIBUTES, number, is_other)
