"""One plain row for each form: its facts, its state, its answers and its scores."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

import scoring
from app.services.exports.form_query import score_names
from app.services.responses import AnswerState
from app.services.schedule import local_date
from app.services.visits import VisitState, visit_state
from scoring import Instrument

# Held at a time with all that their answers carry; of the rows read before, only the codes are kept.
BATCH = 1000
FACTS = (
    "site",
    "patient",
    "patient_language",
    "arm",
    "arm_disclosed_at",
    "consent_on",
    "randomised_on",
    "reintroduced_on",
    "visit",
    "anchor",
    "due_on",
    "opens_on",
    "closes_on",
    "opens_at",
    "closes_at",
    "definition_version",
    "started_at",
    "submitted_at",
    "mode",
    "helper",
    "help_kinds",
    "instrument_version",
    "wording_status",
    "wording_sha256",
    "software_version",
    "corrected_flag",
)
DERIVED = ("state", "languages", "completed_at", "completed_on")
LISTS = ("items_skipped", "items_erased", "items_not_reached", "items_answered", "items_as_sent")
# A draft that can still be sent gives away nothing: it is never taken for a complete form.
WITH_ANSWERS = frozenset({VisitState.RECEIVED, VisitState.PARTIAL})


def row_names(instrument: Instrument) -> list[str]:
    """The names of the values in a row."""
    return [*FACTS, *DERIVED, *(item.id for item in instrument.items), *LISTS, *score_names(instrument)]


def form_rows(
    session: Session, query: Any, instrument: Instrument, now: datetime
) -> Iterator[tuple[Any, ...]]:
    """The forms that the query finds, as they stand at an instant, in no order; values as in row_names.

    A visit without this questionnaire gives no row. Answers and scores are None unless received or partial.
    """
    for row in session.execute(query, execution_options={"yield_per": BATCH}):
        if instrument.code in row.questionnaires or row.started_at is not None:
            yield _form(row, instrument, now)


def _form(row: Any, instrument: Instrument, now: datetime) -> tuple[Any, ...]:
    # The row has all that visit_state looks at, of the visit and of its response.
    state = visit_state(row, row if row.started_at is not None else None, now)
    facts = tuple(getattr(row, name) for name in FACTS)
    languages = None if row.languages is None else " ".join(row.languages)
    if state not in WITH_ANSWERS:
        return (*facts, state.value, languages, None, None, *_nothing(instrument))
    answers = (*_answers(instrument, row.answers), _as_sent(instrument, row))
    names = score_names(instrument)
    scores = row[-len(names) :] if state == VisitState.RECEIVED else _scores(instrument, row.answers)
    return (*facts, state.value, languages, row.saved_at, _completed_on(row), *answers, *scores)


def _completed_on(row: Any) -> date | None:
    """The date on the sheet, or the local date of the last answer on the screen."""
    if row.completed_on is not None:
        on_sheet: date = row.completed_on
        return on_sheet
    return None if row.saved_at is None else local_date(row.saved_at, ZoneInfo(row.timezone))


def _nothing(instrument: Instrument) -> tuple[None, ...]:
    return (None,) * (len(instrument.items) + len(LISTS) + len(score_names(instrument)))


def _answers(instrument: Instrument, answers: Mapping[str, Mapping[str, Any]]) -> tuple[Any, ...]:
    """The codes, then the items without one by the reason why, then the number of codes."""
    entries = [(item.id, answers.get(item.id)) for item in instrument.items]
    codes = [None if entry is None else entry["value"] for _, entry in entries]
    skipped = _listed(item for item, entry in entries if entry and entry["state"] == AnswerState.SKIPPED)
    erased = _listed(item for item, entry in entries if entry and entry["state"] == AnswerState.ERASED)
    not_reached = _listed(item for item, entry in entries if entry is None)
    return *codes, skipped, erased, not_reached, sum(code is not None for code in codes)


def _as_sent(instrument: Instrument, row: Any) -> str | None:
    """The codes as sent where others stand now, such as "q01=2 q30=": the original can be had from these."""
    pairs = ((item.id, row.sent_answers.get(item.id, {}).get("value")) for item in instrument.items)
    return _listed(
        f"{item}={'' if code is None else code}"
        for item, code in pairs
        if row.corrected_flag and code != row.answers[item]["value"]
    )


def _listed(items: Iterator[str]) -> str | None:
    return " ".join(items) or None


def _scores(instrument: Instrument, answers: Mapping[str, Mapping[str, Any]]) -> tuple[Any, ...]:
    """The scores of a form never sent, which has none stored; in the order of score_names."""
    scores = scoring.score_answers(instrument, {item: entry["value"] for item, entry in answers.items()})
    values = [each for code, value in scores.values.items() for each in (value, scores.answered[code])]
    return *values, scoring.__version__
