"""Scores of patient-reported outcome questionnaires. Pure: no web, no database; needs Narwhals only.

load_instrument() gives the structure of a questionnaire, score_answers() scores one questionnaire,
score_frame() a table of them.
"""

from __future__ import annotations

from scoring.errors import (
    AnswerError,
    ColumnTypeError,
    InstrumentError,
    MissingColumnError,
    ScoringError,
    TakenColumnError,
    UnknownInstrumentError,
)
from scoring.instrument import (
    Instrument,
    Item,
    Scale,
    Summary,
    Threshold,
    load_instrument,
    read_instrument,
)
from scoring.score import Scores, score_answers, score_frame

__version__ = "0.1.0"

__all__ = [
    "AnswerError",
    "ColumnTypeError",
    "Instrument",
    "InstrumentError",
    "Item",
    "MissingColumnError",
    "Scale",
    "Scores",
    "ScoringError",
    "Summary",
    "TakenColumnError",
    "Threshold",
    "UnknownInstrumentError",
    "__version__",
    "load_instrument",
    "read_instrument",
    "score_answers",
    "score_frame",
]
