"""Responses: begun by the first tap, saved item by item, sent once and for all."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

import scoring
from app.clock import Clock
from app.models import DRAFT, SUBMITTED, Response, Score, Visit
from app.services.errors import RuleError
from app.services.rows import hold
from app.services.visits import is_answerable
from app.version import SOFTWARE_VERSION
from scoring import Instrument

MAIN = "main"
STAND_IN = "stand-in"


class AnswerState(StrEnum):
    """What stands at an item; an item that is not in the answers was not reached."""

    ANSWERED = "answered"
    SKIPPED = "skipped"
    ERASED = "erased"


@dataclass(frozen=True)
class WordingUsed:
    """Which wording the patient reads: its status (stand-in or approved) and its SHA-256."""

    status: str
    sha256: str


@dataclass(frozen=True)
class Answer:
    """What a patient gives at one item: a code, or None when skipped or erased."""

    item: str
    state: AnswerState
    value: int | None = None
    language: str = "fr"


class NotAnswerableError(RuntimeError):
    """The questionnaire takes no answer any more: it was sent, or its time is over."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"response {response.id} takes no answer any more")
        self.is_submitted = response.is_submitted


class UnansweredError(RuntimeError):
    """Items are neither answered nor skipped, so the questionnaire is not sent yet."""

    def __init__(self, items: list[str]) -> None:
        super().__init__(f"neither answered nor skipped: {', '.join(items)}")
        self.items = items


def begin_responses(
    session: Session, clock: Clock, visit: Visit, wording: Mapping[str, WordingUsed], language: str
) -> list[Response]:
    """The visit's drafts, one for each questionnaire; begun now where they were not yet."""
    hold(session, visit)
    stored = {each.instrument: each for each in session.scalars(_of_visit(visit))}
    for code in visit.questionnaires:
        if code not in stored:
            instrument = scoring.load_instrument(code)
            stored[code] = _new_draft(clock, visit, instrument, wording[code], language)
            session.add(stored[code])
    session.flush()
    return [stored[code] for code in visit.questionnaires]


def save_answer(session: Session, clock: Clock, response: Response, visit: Visit, answer: Answer) -> None:
    """Keeps one answer, skip or erasure in the draft; the same one again changes nothing.

    Raises NotAnswerableError after sending or after the grace; RuleError for an item or a code
    that the instrument has not.
    """
    _require_answerable(clock, response, visit)
    _check_answer(scoring.load_instrument(response.instrument), answer)
    stored = response.answers.get(answer.item, {"state": AnswerState.ERASED, "value": None})
    if (stored["state"], stored["value"]) == (answer.state, answer.value):
        return
    response.saved_at = clock.now()
    entry = {
        "state": answer.state.value,
        "value": answer.value,
        "at": response.saved_at.isoformat(timespec="milliseconds"),
        "language": answer.language,
        "sequence": response.revision,
    }
    response.answers = response.answers | {answer.item: entry}
    if answer.language not in response.languages:
        response.languages = [*response.languages, answer.language]
    session.flush()


def submit_responses(session: Session, clock: Clock, visit: Visit) -> list[Response]:
    """Sends all responses of a visit in one go, scored; sending again changes nothing.

    Raises UnansweredError while items are open; NotAnswerableError after the grace.
    """
    query = _of_visit(visit).options(selectinload(Response.scores)).with_for_update()
    responses = list(session.scalars(query.execution_options(populate_existing=True)))
    drafts = [response for response in responses if not response.is_submitted]
    for draft in drafts:
        _require_complete(clock, draft, visit)
    for draft in drafts:
        draft.status, draft.submitted_at = SUBMITTED, clock.now()
        draft.scores = score_response(draft)
    session.flush()
    return responses


def coded_answers(response: Response) -> dict[str, int | None]:
    """The codes by item as the scorer takes them; None where skipped or erased."""
    return {item: entry["value"] for item, entry in response.answers.items()}


def is_settled(entry: Mapping[str, Any] | None) -> bool:
    """Whether an item was answered or skipped."""
    return entry is not None and entry["state"] in {AnswerState.ANSWERED, AnswerState.SKIPPED}


def open_items(response: Response) -> list[str]:
    """The items neither answered nor skipped, in the instrument's order."""
    items = scoring.load_instrument(response.instrument).items
    return [item.id for item in items if not is_settled(response.answers.get(item.id))]


def score_response(response: Response) -> list[Score]:
    """Scores all scales of a response by the published rules (scoring.score_answers)."""
    scores = scoring.score_answers(scoring.load_instrument(response.instrument), coded_answers(response))
    return [
        Score(
            study_id=response.study_id,
            scale=scale,
            value=value,
            n_answered=scores.answered[scale],
            scorer_version=scoring.__version__,
        )
        for scale, value in scores.values.items()
    ]


def verify_scores(session: Session) -> tuple[int, list[str]]:
    """The number of sent responses, and what differs when their scores are computed again."""
    query = select(Response).where(Response.status == SUBMITTED).options(selectinload(Response.scores))
    checked, differences = 0, []
    for response in session.scalars(query.execution_options(yield_per=500)):
        checked += 1
        differences += _score_differences(response)
    return checked, differences


def _score_differences(response: Response) -> list[str]:
    stored = {score.scale: (score.value, score.n_answered) for score in response.scores}
    try:
        scores = score_response(response)
    except scoring.ScoringError as error:
        return [f"response {response.id}: {error}"]
    computed = {score.scale: (score.value, score.n_answered) for score in scores}
    return [
        f"response {response.id}, {scale}: stored {stored.get(scale)}, computed {computed.get(scale)}"
        for scale in sorted(stored.keys() | computed.keys())
        if stored.get(scale) != computed.get(scale)
    ]


def _require_complete(clock: Clock, response: Response, visit: Visit) -> None:
    _require_answerable(clock, response, visit)
    items = open_items(response)
    if items:
        raise UnansweredError(items)


def _require_answerable(clock: Clock, response: Response, visit: Visit) -> None:
    if response.is_submitted or not is_answerable(visit, response, clock.now()):
        raise NotAnswerableError(response)


def _check_answer(instrument: Instrument, answer: Answer) -> None:
    item = next((each for each in instrument.items if each.id == answer.item), None)
    if item is None:
        raise RuleError(answer.item, "unknown_item", item=answer.item)
    is_answered = answer.state == AnswerState.ANSWERED
    if answer.value not in (item.codes if is_answered else (None,)):
        raise RuleError(answer.item, "unknown_code", item=answer.item, value=answer.value)


def _new_draft(
    clock: Clock, visit: Visit, instrument: Instrument, wording: WordingUsed, language: str
) -> Response:
    return Response(
        study_id=visit.study_id,
        patient_id=visit.patient_id,
        visit_id=visit.id,
        instrument=instrument.code,
        instrument_version=instrument.version,
        entry=MAIN,
        wording_status=wording.status,
        wording_sha256=wording.sha256,
        languages=[language],
        mode="web",
        status=DRAFT,
        answers={},
        started_at=clock.now(),
        software_version=SOFTWARE_VERSION,
    )


def _of_visit(visit: Visit) -> Select[Response]:
    return select(Response).where(Response.visit_id == visit.id, Response.entry == MAIN)
