"""One plain row for each form: its facts, its state, its answers and its scores."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

import scoring
from app.services.exports.absences import why_missing, why_not_expected
from app.services.exports.form_query import score_names
from app.services.exports.stays import stay_at, stay_on, stays_in
from app.services.responses import AnswerState
from app.services.schedule import local_date
from app.services.treatment import exposures_of, treatment_state
from app.services.visits import UNSCHEDULED, VisitState, visit_state
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
    "served_by",
    "started_at",
    "submitted_at",
    "mode",
    "place",
    "helper",
    "help_kinds",
    "instrument_version",
    "wording_status",
    "wording_sha256",
    "software_version",
    "corrected_flag",
)
DERIVED = (
    "treatment_state",
    "treatment_days",
    "state",
    "not_expected_reason",
    "missing_reason",
    "missing_text_flag",
    "languages",
    "site_of_form",
    "completed_at",
    "completed_on",
)
LISTS = ("items_skipped", "items_erased", "items_not_reached", "items_answered", "items_as_sent")
# A draft that can still be sent gives away nothing: it is never taken for a complete form.
WITH_ANSWERS = frozenset({VisitState.RECEIVED, VisitState.PARTIAL})


def row_names(instrument: Instrument) -> list[str]:
    """The names of the values in a row."""
    return [*FACTS, *DERIVED, *(item.id for item in instrument.items), *LISTS, *score_names(instrument)]


def form_rows(
    session: Session, query: Any, instrument: Instrument, now: datetime, study_ends_on: date | None = None
) -> Iterator[tuple[Any, ...]]:
    """The forms that the query finds, as they stand at an instant, in no order; values as in row_names.

    A visit without this questionnaire gives no row, nor does one of no schedule that nobody filled in: it was
    never expected. Answers and scores are None unless received or partial.
    """
    for row in session.execute(query, execution_options={"yield_per": BATCH}):
        state = _state(row, now)
        is_asked = instrument.code in row.questionnaires or row.started_at is not None
        if is_asked and (row.anchor != UNSCHEDULED or state in WITH_ANSWERS):
            yield _form(row, state, instrument, study_ends_on, _treated(session, row, state))


def _state(row: Any, now: datetime) -> VisitState:
    """The row has all that visit_state looks at, of the visit and of its response."""
    return visit_state(row, row if row.started_at is not None else None, now)


def _treated(session: Session, row: Any, state: VisitState) -> tuple[str | None, int | None]:
    """As stamped on the response; of a partial form that no tick has closed, as closing it would stamp."""
    if state is not VisitState.PARTIAL or row.treatment_state is not None:
        return row.treatment_state, row.treatment_days
    episodes = exposures_of(session, row.study_id, row.patient_id)
    found = treatment_state(episodes, _completion(row)[1])
    return found.code.value, found.days


def _form(
    row: Any,
    state: VisitState,
    instrument: Instrument,
    study_ends_on: date | None,
    treated: tuple[str | None, int | None],
) -> tuple[Any, ...]:
    facts = (*(getattr(row, name) for name in FACTS), *treated)
    absence = (why_not_expected(row, state, study_ends_on), *why_missing(row, state))
    languages = None if row.languages is None else " ".join(row.languages)
    if state not in WITH_ANSWERS:
        site = stay_on(stays_in(row), row.due_on).site
        return (*facts, state.value, *absence, languages, site, None, None, *_nothing(instrument))
    site, completed_on = _completion(row)
    answers = (*_answers(instrument, row.answers), _as_sent(instrument, row))
    names = score_names(instrument)
    scores = row[-len(names) :] if state == VisitState.RECEIVED else _scores(instrument, row.answers)
    known = (*facts, state.value, *absence, languages, site, row.saved_at, completed_on)
    return (*known, *answers, *scores)


def _completion(row: Any) -> tuple[str, date]:
    """Where and when: the date on the sheet, or that of the last answer on the screen by the site's clock."""
    stays = stays_in(row)
    if row.completed_on is not None:
        return stay_on(stays, row.completed_on).site, row.completed_on
    stay = stay_at(stays, row.saved_at)
    return stay.site, local_date(row.saved_at, stay.zone)


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
