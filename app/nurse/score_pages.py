"""What the pages of a patient's scores and symptoms over time show, ready made."""

from dataclasses import dataclass

from app.nurse.charts import Chart
from app.nurse.pages import Fact


@dataclass(frozen=True, kw_only=True)
class ValueRow:
    """One visit in the table of a chart; marks: what the reader of the value must know, in words."""

    visit: str
    day: str
    value: str
    url: str | None
    answered: str
    marks: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A scale or a symptom over time: its latest value in words, its chart, its table.

    text: what the chart shows, for who does not see it. threshold: from where on it asks for attention.
    """

    id: str
    name: str
    better: str
    latest: str
    latest_on: str
    is_important: bool
    threshold: str
    text: str
    chart: Chart
    rows: tuple[ValueRow, ...]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Figures under one heading."""

    id: str
    heading: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, kw_only=True)
class ScoresPage:
    """All charts of a patient. events: the treatment by letter. sources: of thresholds not checked yet."""

    code: str
    patient_url: str
    events_url: str
    latest: str
    important: tuple[str, ...]
    has_thresholds: bool
    events: tuple[Fact, ...]
    marks: tuple[Fact, ...]
    sources: tuple[str, ...]
    groups: tuple[Group, ...]
    symptoms: tuple[Figure, ...]
    silent: str
    has_symptoms: bool


@dataclass(frozen=True, kw_only=True)
class AnswerRow:
    """One answer, or one score that the summary is made of: how it counts, and how that follows if turned."""

    name: str
    value: str
    counted: str = ""
    how: str = ""


@dataclass(frozen=True, kw_only=True)
class ArithmeticPage:
    """How one score came about. steps: sentences; formula: with the numbers; differs: the score on record."""

    code: str
    patient_url: str
    scores_url: str
    name: str
    scale: str
    visit: str
    facts: tuple[Fact, ...]
    rows: tuple[AnswerRow, ...]
    is_summary: bool
    steps: tuple[Fact, ...]
    value: str
    better: str
    is_corrected: bool
    differs: str
    source: str
    version: str
