"""Plausible answers of synthetic patients, the same ones at every run."""

import random
from collections.abc import Iterator

import scoring
from app.services.responses import Answer, AnswerState
from scoring import Item

SKIPPED_SHARE = 0.02
DAYS_OF_DELAY = (1, 5)
SEVEN_POINT = "seven-point"


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

    def answers(self, instrument: str, language: str) -> Iterator[Answer]:
        """One whole questionnaire, item by item."""
        self._level = min(max(self._level + self.chance.gauss(0, 0.08), 0.05), 1.0)
        for item in scoring.load_instrument(instrument).items:
            if self.chance.random() < SKIPPED_SHARE:
                yield Answer(item.id, AnswerState.SKIPPED, None, language)
            else:
                yield Answer(item.id, AnswerState.ANSWERED, self._code(item), language)

    def _code(self, item: Item) -> int:
        # Some complaints trouble a patient more than others, and keep doing so.
        own = self._burdens.setdefault(item.id, self.chance.gauss(0, 0.18))
        burden = 1 - self._level + own + self.chance.gauss(0, 0.1)
        share = 1 - burden if item.kind == SEVEN_POINT else burden
        code = round(item.lowest + share * (item.highest - item.lowest))
        return min(max(code, item.lowest), item.highest)
