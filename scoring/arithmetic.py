"""How one score came about, step by step, for a reader who checks it; the score is score_answers() alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scoring.instrument import Instrument, Scale, Summary
from scoring.score import score_answers


@dataclass(frozen=True, slots=True)
class ScaleArithmetic:
    """One scale of one questionnaire.

    codes: the answers by item in the scale's order, None where there is none. total, count: of the answers
    given. raw: their mean, None without any. value: the score, 0-100, not rounded, whose good end is
    `scale.better`; None where fewer than `scale.fewest` items were answered.
    """

    scale: Scale
    codes: Mapping[str, int | None]
    total: int
    count: int
    raw: float | None
    value: float | None

    @property
    def range(self) -> int:
        """The distance from the lowest code to the highest."""
        return self.scale.highest - self.scale.lowest


@dataclass(frozen=True, slots=True)
class Term:
    """A score that the summary is the mean of: `value` as scored, `counted` as it counts, None if missing.

    Where the scale's good end is the other one (`is_turned`) it counts as 100 - value.
    """

    scale: Scale
    value: float | None
    counted: float | None
    is_turned: bool


@dataclass(frozen=True, slots=True)
class SummaryArithmetic:
    """The summary of one questionnaire; value: 0-100, not rounded, None where a term is missing."""

    summary: Summary
    terms: tuple[Term, ...]
    value: float | None


def arithmetic(
    instrument: Instrument, answers: Mapping[str, int | None], code: str
) -> ScaleArithmetic | SummaryArithmetic:
    """How the score of a scale, or of the summary, follows from these answers.

    Formulas and sources as in scoring.score. KeyError for a code that the instrument has not; AnswerError as
    in score_answers().
    """
    values = score_answers(instrument, answers).values
    if instrument.summary and code == instrument.summary.code:
        terms = tuple(
            _term(instrument, instrument.summary, each, values) for each in instrument.summary.scales
        )
        return SummaryArithmetic(instrument.summary, terms, values[code])
    scale = instrument.scale(code)
    codes = {item: answers.get(item) for item in scale.items}
    given = [each for each in codes.values() if each is not None]
    raw = sum(given) / len(given) if given else None
    return ScaleArithmetic(scale, codes, sum(given), len(given), raw, values[code])


def _term(instrument: Instrument, summary: Summary, code: str, values: Mapping[str, float | None]) -> Term:
    scale, value = instrument.scale(code), values[code]
    is_turned = scale.better != summary.better
    counted = 100 - value if is_turned and value is not None else value
    return Term(scale, value, counted, is_turned)
