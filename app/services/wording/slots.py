"""Which texts a questionnaire needs: one slot for each, from the structure alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.services.definition import StudyDefinition
from app.services.questionnaires import Question, Questionnaire, questionnaire

# Of seven points only the ends have words, the others are bare numbers.
ENDS_ONLY = frozenset({"seven-point"})


@dataclass(frozen=True)
class Slot:
    """A text that the questionnaire needs.

    kind: "title", "instructions", "recall", "question" or "label".
    answer: of a question how it is answered, of a label to which kind of answer it belongs.
    number: of a question what the patient reads; of a label its code.
    codes: of a question, those of its answers.
    """

    id: str
    kind: str
    answer: str = ""
    number: int | None = None
    codes: tuple[int, ...] = ()


def questionnaires_of(definition: StudyDefinition) -> list[str]:
    """The codes of the questionnaires that the study's visits ask for, in the order of their first use."""
    return list(dict.fromkeys(code for visit in definition.visits for code in visit.questionnaires))


def slots_of(definition: StudyDefinition, code: str) -> tuple[Slot, ...]:
    """The texts of a questionnaire in the order in which a pack keeps them."""
    return tuple(_slots(questionnaire(definition, code)))


def structure_version(definition: StudyDefinition, code: str) -> str:
    """The version of the structure: an instrument's own; of the study's list of symptoms the definition's."""
    return questionnaire(definition, code).version


def fits(definition: StudyDefinition, code: str, version: str, ids: set[str]) -> bool:
    """Whether texts serve the questionnaire as it is now.

    A list of symptoms changes its version with each amendment of the study: it is enough that every text of
    today is there.
    """
    asked = questionnaire(definition, code)
    is_version = asked.instrument is None or asked.version == version
    return is_version and {slot.id for slot in _slots(asked)} <= ids


def _slots(asked: Questionnaire) -> Iterator[Slot]:
    yield Slot("title", "title")
    yield Slot("instructions", "instructions")
    for recall in dict.fromkeys(each.recall for each in asked.questions if each.recall):
        yield Slot(f"recall.{recall}", "recall")
    for question in asked.questions:
        yield Slot(question.id, "question", question.kind, question.number, question.codes)
    first_of_kind: dict[str, Question] = {}
    for question in asked.questions:
        first_of_kind.setdefault(question.kind, question)
    for kind, question in first_of_kind.items():
        for code in labelled_codes(question):
            yield Slot(f"{kind}.{code}", "label", kind, code)


def labelled_codes(question: Question) -> tuple[int, ...]:
    """The codes of a question whose answers have words."""
    codes = question.codes
    return (codes[0], codes[-1]) if question.kind in ENDS_ONLY else codes
