"""Scores of patient-reported outcome questionnaires. Pure: no web, no database; needs Narwhals only.

load_instrument() gives the structure of a questionnaire, score_answers() scores one questionnaire,
score_frame() a table of them, arithmetic() tells how a score came about. change(), important(), responders()
and time_to_deterioration() go on from scores; composite_grade(), score_proctcae_frame() and symptom_summary()
grade patient-reported symptoms.
"""

from __future__ import annotations

from scoring.arithmetic import ScaleArithmetic, SummaryArithmetic, Term, arithmetic
from scoring.change import change, important, is_important, responders
from scoring.deterioration import time_to_deterioration
from scoring.errors import (
    AnswerError,
    ColumnTypeError,
    InstrumentError,
    MissingColumnError,
    OptionError,
    ScoringError,
    TakenColumnError,
    UnknownInstrumentError,
    VisitError,
)
from scoring.instrument import (
    Instrument,
    Item,
    MinimalChange,
    Scale,
    Summary,
    Threshold,
    load_instrument,
    read_instrument,
)
from scoring.proctcae import MISSING, NOT_ASKED, composite_grade
from scoring.proctcae_errors import (
    AttributesError,
    DuplicateCycleError,
    KeyColumnError,
    UnknownColumnError,
    UnknownKindError,
)
from scoring.proctcae_frame import score_proctcae_frame
from scoring.proctcae_summary import symptom_summary
from scoring.proctcae_table import load_proctcae
from scoring.score import Scores, score_answers, score_frame

__version__ = "0.2.0"

__all__ = [
    "MISSING",
    "NOT_ASKED",
    "AnswerError",
    "AttributesError",
    "ColumnTypeError",
    "DuplicateCycleError",
    "Instrument",
    "InstrumentError",
    "Item",
    "KeyColumnError",
    "MinimalChange",
    "MissingColumnError",
    "OptionError",
    "Scale",
    "ScaleArithmetic",
    "Scores",
    "ScoringError",
    "Summary",
    "SummaryArithmetic",
    "TakenColumnError",
    "Term",
    "Threshold",
    "UnknownColumnError",
    "UnknownInstrumentError",
    "UnknownKindError",
    "VisitError",
    "__version__",
    "arithmetic",
    "change",
    "composite_grade",
    "important",
    "is_important",
    "load_instrument",
    "load_proctcae",
    "read_instrument",
    "responders",
    "score_answers",
    "score_frame",
    "score_proctcae_frame",
    "symptom_summary",
    "time_to_deterioration",
]
