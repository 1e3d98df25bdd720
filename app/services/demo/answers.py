"""Plausible answers of synthetic patients, the same ones at every run."""

import random
from collections.abc import Iterator
from typing import Any

from app.services.questionnaires import Question, Questionnaire
from app.services.responses import Answer, AnswerState

SKIPPED_SHARE = 0.02
DAYS_OF_DELAY = (1, 5)
SEVEN_POINT = "seven-point"
# Most patients have few of the symptoms.
RARER = {"frequency": 0.15, "severity": 0.1, "presence": 0.2}
WORDS = {
    "fr": ("Bouche sèche le matin", "Des bourdonnements d’oreille le soir"),
    "en": ("A dry mouth in the morning", "A buzzing in the ears at night"),
}


class Health:
    """The latent health of one synthetic patient, 0 (worst) to 1 (best), which drifts from visit to visit."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - reproducible on purpose, nothing secret
        self._level = self.chance.betavariate(5, 2)
        self._burdens: dict[str, float] = {}
        self._delays: dict[str, int] = {}

    def delay(self, visit: str) -> int:
        """The days after which the patient turns to a visit's questionnaires."""
        return self._delays.setdefault(visit, self.chance.randint(*DAYS_OF_DELAY))

    def answers(self, asked: Questionnaire, language: str) -> Iterator[Answer]:
        """One whole questionnaire, question by question; what the answers rule out is not asked."""
        self._level = min(max(self._level + self.chance.gauss(0, 0.08), 0.05), 1.0)
        given: dict[str, dict[str, Any]] = {}
        for question in asked.questions:
            if question.id in asked.not_asked(given):
                continue
            answer = self._answer(question, language)
            given[question.id] = {"state": answer.state, "value": answer.value}
            yield answer

    def _answer(self, question: Question, language: str) -> Answer:
        if question.kind == "text":
            return Answer(question.id, AnswerState.ANSWERED, self.chance.choice(WORDS[language]), language)
        if self.chance.random() < SKIPPED_SHARE:
            return Answer(question.id, AnswerState.SKIPPED, None, language)
        return Answer(question.id, AnswerState.ANSWERED, self._code(question), language)

    def _code(self, question: Question) -> int:
        # Some complaints trouble a patient more than others, and keep doing so.
        own = self._burdens.setdefault(question.id, self.chance.gauss(0, 0.18))
        burden = 1 - self._level + own + self.chance.gauss(0, 0.1)
        share = 1 - burden if question.kind == SEVEN_POINT else burden
        if question.symptom:
            share -= RARER.get(question.kind, 0.1)
        lowest, highest = question.codes[0], question.codes[-1]
        return min(max(round(lowest + share * (highest - lowest)), lowest), highest)
