"""Responses: begun by the first tap, saved answer by answer, sent once and for all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.attributes import set_committed_value

import scoring
from app.clock import Clock
from app.models import DRAFT, MAIN, SUBMITTED, Patient, Response, Score, Site, Study, Visit
from app.services.alerts import raise_alerts
from app.services.definition import StudyDefinition
from app.services.errors import RuleError
from app.services.questionnaires import REPORT, SYMPTOMS, Question, Questionnaire, questionnaire
from app.services.rows import hold
from app.services.schedule import local_date
from app.services.studies import definition_in_force
from app.services.symptoms import symptom_reports
from app.services.treatment import stamp_treatment
from app.services.visits import is_answerable
from app.version import SOFTWARE_VERSION

STAND_IN = "stand-in"


class AnswerState(StrEnum):
    """What stands at an item; an item that is not in the answers was not reached."""

    ANSWERED = "answered"
    SKIPPED = "skipped"
    ERASED = "erased"
    # Ruled out by an earlier answer; written at sending only.
    NOT_ASKED = "not_asked"


GIVEN = frozenset({AnswerState.ANSWERED, AnswerState.SKIPPED, AnswerState.ERASED})


@dataclass(frozen=True)
class WordingUsed:
    """Which wording the patient reads: its status (stand-in or approved) and its SHA-256."""

    status: str
    sha256: str


@dataclass(frozen=True)
class Answer:
    """What a patient gives at one item: a code or a text, or None when skipped or erased.

    given_at: the instant, corrected by the device's error; None for now.
    device_at: the same as the device's own clock had it.
    device, sequence: which browser, and its running number of the answer: a replay is known by them.
    """

    item: str
    state: AnswerState
    value: int | str | None = None
    language: str = "fr"
    given_at: datetime | None = None
    device_at: datetime | None = None
    device: str = ""
    sequence: int = 0


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
    definition = _definition(session, visit)
    for code in visit.questionnaires:
        if code not in stored:
            asked = questionnaire(definition, code)
            stored[code] = _new_draft(clock, visit, asked, wording[code], language)
            session.add(stored[code])
    session.flush()
    return [stored[code] for code in visit.questionnaires]


def save_answer(session: Session, clock: Clock, response: Response, visit: Visit, answer: Answer) -> None:
    """Keeps one answer, skip or erasure in the draft.

    Raises NotAnswerableError after sending or after the grace; RuleError for an item or an answer that
    the questionnaire has not.
    """
    _require_answerable(clock, response, visit)
    asked = questionnaire(_definition(session, visit), response.instrument)
    question = asked.by_id.get(answer.item)
    is_day = question is not None and question.kind == "date"
    check_answer(asked, answer, _today(session, clock, visit) if is_day else None)
    merge_answers(session, clock, response, [answer])


def merge_answers(session: Session, clock: Clock, response: Response, answers: Iterable[Answer]) -> None:
    """Merges answers into a draft item by item: the one given last stands, in whatever order they arrive."""
    now = clock.now()
    after = merged(response, answers, now)
    if after is not None:
        response.answers, response.languages = after
        response.saved_at = now
        session.flush()


class Stored(Protocol):
    """What merging reads of a draft: the object, or a row of it."""

    @property
    def answers(self) -> dict[str, Any]:
        """What is stored by item."""
        ...

    @property
    def languages(self) -> list[str]:
        """In which languages it was answered."""
        ...

    @property
    def revision(self) -> int:
        """How many times it was written."""
        ...


def merged(
    draft: Stored, answers: Iterable[Answer], now: datetime
) -> tuple[dict[str, Any], list[str]] | None:
    """The answers and languages of a draft with these answers merged in; None where nothing changes."""
    stored, languages = dict(draft.answers), list(draft.languages)
    for answer in answers:
        before = stored.get(answer.item)
        # A form sends what stands on its page with every Continue: that alone is nothing new.
        if not answer.device and _content(before) == (answer.state, answer.value):
            continue
        entry = _entry(answer, now, draft.revision)
        if before is not None and not _is_later(entry, before):
            continue
        stored[answer.item] = entry
        if answer.language not in languages:
            languages.append(answer.language)
    return None if stored == draft.answers else (stored, languages)


def check_answer(asked: Questionnaire, answer: Answer, today: date | None = None) -> None:
    """Raises RuleError for an item that the questionnaire has not, and for what is no answer to it.

    A day after `today`, the site's local date, is none, nor one before the study.
    """
    question = asked.by_id.get(answer.item)
    if question is None:
        raise RuleError(answer.item, "unknown_item", item=answer.item)
    is_answer = question.takes(answer.value) if answer.state == AnswerState.ANSWERED else answer.value is None
    if answer.state not in GIVEN or not is_answer:
        raise RuleError(answer.item, "unknown_code", item=answer.item)
    if question.kind == "date" and isinstance(answer.value, str):
        _check_day(question, date.fromisoformat(answer.value), today)


def _check_day(question: Question, day: date, today: date | None) -> None:
    if question.earliest is not None and day < question.earliest:
        raise RuleError(question.id, "before_study", day=day, starts_on=question.earliest)
    if today is not None and day > today:
        raise RuleError(question.id, "in_future", day=day, today=today)


def submit_responses(
    session: Session,
    clock: Clock,
    visit: Visit,
    used: Mapping[str, WordingUsed] | None = None,
    *,
    is_received: bool = False,
) -> list[Response]:
    """Sends all responses of a visit in one go, scored; sending again changes nothing.

    What was not asked is written into the answers now: 0 where an earlier answer rules the question out.
    used: by which wordings each questionnaire was answered, now that its languages are known; None for those
    that it was begun with.
    is_received: the answers came in time on paper, whatever time it is now.
    Raises UnansweredError while items are open; NotAnswerableError after the grace.
    """
    query = _of_visit(visit).with_for_update().execution_options(populate_existing=True)
    responses = list(session.scalars(query))
    drafts = [response for response in responses if not response.is_submitted]
    definition = _definition(session, visit) if drafts else None
    for draft in drafts if not is_received else ():
        _require_answerable(clock, draft, visit)
    open_ones = [item for draft in drafts for item in open_items(draft, _asked(definition, draft))]
    if open_ones:
        raise UnansweredError(open_ones)
    stamp_treatment(session, drafts)
    for draft in drafts:
        asked = _asked(definition, draft)
        draft.answers = complete_answers(asked, draft.answers, clock.now())
        draft.status, draft.submitted_at = SUBMITTED, clock.now()
        if used:
            read = used[draft.instrument]
            draft.wording_status, draft.wording_sha256 = read.status, read.sha256
        scores, symptoms = score_response(draft), symptom_reports(draft, asked)
        # A draft had neither: known without looking.
        set_committed_value(draft, "scores", scores)
        set_committed_value(draft, "symptoms", symptoms)
        session.add_all([*scores, *symptoms])
    session.flush()
    if definition is not None:
        raise_alerts(session, clock, definition, drafts)
    return responses


def complete_answers(asked: Questionnaire, answers: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The answers with an entry for each question that they rule out, in place of what stood there before."""
    at = now.isoformat(timespec="milliseconds")
    return dict(answers) | {
        item: {"state": AnswerState.NOT_ASKED.value, "value": value, "at": at}
        for item, value in asked.not_asked(answers).items()
    }


def coded_answers(response: Response) -> dict[str, int | None]:
    """The codes by item as the scorer takes them; None where skipped or erased."""
    return {item: entry["value"] for item, entry in response.answers.items()}


def is_settled(entry: Mapping[str, Any] | None) -> bool:
    """Whether an item was answered or skipped."""
    return entry is not None and entry["state"] in {AnswerState.ANSWERED, AnswerState.SKIPPED}


def open_items(response: Response, asked: Questionnaire) -> list[str]:
    """The items that are asked and neither answered nor skipped, in the questionnaire's order."""
    ruled_out = asked.not_asked(response.answers)
    return [
        each.id
        for each in asked.questions
        if each.id not in ruled_out and not is_settled(response.answers.get(each.id))
    ]


def score_response(response: Response) -> list[Score]:
    """Scores all scales of a response by the published rules (scoring.score_answers); symptoms have none."""
    values = score_values(response.instrument, coded_answers(response))
    return [Score(response_id=response.id, study_id=response.study_id, **each) for each in values]


def score_values(instrument: str, codes: Mapping[str, int | None]) -> list[dict[str, Any]]:
    """What is computed of each scale from the codes by item, by column; of symptoms nothing."""
    if instrument in {SYMPTOMS, REPORT}:
        return []
    scores = scoring.score_answers(scoring.load_instrument(instrument), codes)
    return [
        {
            "scale": scale,
            "value": value,
            "n_answered": scores.answered[scale],
            "scorer_version": scoring.__version__,
        }
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


def _require_answerable(clock: Clock, response: Response, visit: Visit) -> None:
    if response.is_submitted or not is_answerable(visit, response, clock.now()):
        raise NotAnswerableError(response)


def _entry(answer: Answer, now: datetime, revision: int) -> dict[str, Any]:
    given_at = now if answer.given_at is None else min(answer.given_at, now)
    entry = {
        "state": answer.state.value,
        "value": answer.value,
        "at": _instant(given_at),
        "language": answer.language,
        "sequence": answer.sequence if answer.device else revision,
    }
    if answer.device:
        entry |= {"received_at": _instant(now), "device": answer.device}
        entry |= {"device_at": _instant(answer.device_at)} if answer.device_at else {}
    return entry


def _is_later(entry: dict[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether an answer was given after the one that stands; then it bears no earlier instant than that.

    Of one device the running number tells: what its clock is wrong by is measured anew with each request, and
    never quite the same. Instants of one form sort as text.
    """
    if entry.get("device") and entry["device"] == before.get("device"):
        entry["at"] = max(entry["at"], before["at"])
        return bool(entry["sequence"] > before["sequence"])
    return _order(entry) > _order(before)


def _content(entry: Mapping[str, Any] | None) -> tuple[str, Any]:
    return (AnswerState.ERASED, None) if entry is None else (entry["state"], entry["value"])


def _order(entry: Mapping[str, Any]) -> tuple[str, int, str]:
    return entry["at"], entry["sequence"], entry.get("device", "")


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")


def _today(session: Session, clock: Clock, visit: Visit) -> date:
    """The date on the wall of the patient's site."""
    return local_date(clock.now(), _zone(session, visit.patient_id))


def _zone(session: Session, patient_id: int) -> ZoneInfo:
    query = select(Site.timezone).join(Patient, Patient.site_id == Site.id)
    return ZoneInfo(session.scalars(query.where(Patient.id == patient_id)).one())


def _definition(session: Session, visit: Visit) -> StudyDefinition:
    return definition_in_force(session, session.get_one(Study, visit.study_id))


def _asked(definition: StudyDefinition | None, response: Response) -> Questionnaire:
    assert definition is not None, "a draft belongs to a study"
    return questionnaire(definition, response.instrument)


def _new_draft(
    clock: Clock, visit: Visit, asked: Questionnaire, wording: WordingUsed, language: str
) -> Response:
    return Response(
        study_id=visit.study_id,
        patient_id=visit.patient_id,
        visit_id=visit.id,
        instrument=asked.code,
        instrument_version=asked.version,
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
