"""Sheets of paper taken in: typed once, or by two persons independently and settled by a third look.

What is typed where a study asks for two transcriptions is kept beside what counts; the response itself is
written, scored and sent when both agree or a third look has settled the differences.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import DRAFT, FIRST, MAIN, SECOND, TRANSCRIBED, Patient, Response, Visit
from app.services.access import Actor
from app.services.errors import RuleError
from app.services.event_rules import DEATH
from app.services.links import are_sent
from app.services.questionnaires import Question, Questionnaire, questionnaire
from app.services.responses import (
    Answer,
    AnswerState,
    WordingUsed,
    begin_responses,
    complete_answers,
    is_settled,
    merge_answers,
    submit_responses,
)
from app.services.rows import hold
from app.services.schedule import local_date
from app.services.sheets import Bounds, Sheet, SheetError, Values, faults_of_frame, read_answers
from app.services.studies import definition_in_force
from app.services.visits import is_answerable
from app.services.wording import (
    NoWordingError,
    SealBrokenError,
    WordingInUse,
    wordings_in_use,
    wordings_used,
)
from app.version import SOFTWARE_VERSION

# What two transcriptions may differ in besides the answers.
FRAME = ("mode", "completed_on", "helper", "help_kinds")


class Step(StrEnum):
    """What can be done with a visit's sheet now."""

    NOT_YET = "not_yet"
    FIRST = "first"
    SECOND = "second"
    OTHER_PERSON = "other_person"
    SETTLE = "settle"
    RECEIVED = "received"
    CLOSED = "closed"
    SERVED = "served"


@dataclass(frozen=True)
class Difference:
    """A question at which two transcriptions differ; an entry is a stored answer."""

    question: Question
    questionnaire: Questionnaire
    first: Mapping[str, Any]
    second: Mapping[str, Any]


@dataclass(frozen=True)
class Paper:
    """Where a visit's sheet stands, for one person. Rows by questionnaire.

    on_screen: the number of answers that the patient has given on the screen and not sent.
    needs_second: whether the study asks for two transcriptions.
    """

    step: Step
    questionnaires: tuple[Questionnaire, ...]
    first: Mapping[str, Response]
    second: Mapping[str, Response]
    on_screen: int
    needs_second: bool

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """The questions read differently, in order, each with those that are asked only because of it.

        None before there are two transcriptions.
        """
        found: dict[str, Difference] = {}
        for asked in self.questionnaires if self.first and self.second else ():
            one, other = self.first[asked.code].answers, self.second[asked.code].answers
            for each in asked.questions:
                depends = each.condition is not None and each.condition.item in found
                if depends or _content(one[each.id]) != _content(other[each.id]):
                    found[each.id] = Difference(each, asked, one[each.id], other[each.id])
        return tuple(found.values())

    @cached_property
    def frame_differences(self) -> tuple[str, ...]:
        """The names of what else was read differently: of FRAME."""
        if not self.first or not self.second:
            return ()
        one, other = next(iter(self.first.values())), next(iter(self.second.values()))
        return tuple(name for name in FRAME if getattr(one, name) != getattr(other, name))


@dataclass(frozen=True)
class _Begun:
    """A sheet in the eyes of the visit's window: begun in it, since its date is checked against it."""

    started_at: datetime
    status: str = DRAFT
    is_submitted: bool = False


def find_paper(
    session: Session, clock: Clock, actor: Actor, patient: Patient, visit: Visit, *, to_change: bool = False
) -> Paper:
    """Where the sheet of a patient's visit stands for this person. One query.

    With `to_change` the rows are held until the transaction ends: an answer from the screen waits.
    """
    definition = definition_in_force(session, patient.study)
    query = select(Response).where(Response.visit_id == visit.id)
    query = query.with_for_update() if to_change else query
    rows = session.scalars(query.execution_options(populate_existing=True)).all()
    by_entry = {
        entry: {each.instrument: each for each in rows if each.entry == entry}
        for entry in (MAIN, FIRST, SECOND)
    }
    main = list(by_entry[MAIN].values())
    drafts = [each for each in main if not each.is_submitted]
    return Paper(
        step=_step(clock, actor, visit, by_entry),
        questionnaires=tuple(questionnaire(definition, code) for code in visit.questionnaires),
        first=by_entry[FIRST],
        second=by_entry[SECOND],
        on_screen=sum(is_settled(entry) for each in drafts for entry in each.answers.values()),
        needs_second=definition.needs_second_transcription,
    )


def transcribe(
    session: Session,
    clock: Clock,
    actor: Actor,
    patient: Patient,
    visit: Visit,
    sheet: Sheet,
) -> Step:
    """Takes a sheet in: sends it, or keeps it as the first or the second of two transcriptions.

    Two that agree are sent at once. Returns the step that follows. Raises SheetError with every fault of the
    sheet; RuleError where the visit takes no sheet now, or a second one from another person only.
    """
    hold(session, visit)
    paper = find_paper(session, clock, actor, patient, visit, to_change=True)
    if paper.step not in {Step.FIRST, Step.SECOND}:
        raise _refusal(paper, visit)
    values = _checked(clock, patient, visit, paper, sheet)
    if paper.step is Step.FIRST and not paper.needs_second:
        _send(session, clock, actor, patient, visit, sheet, values)
        return Step.RECEIVED
    _keep(session, clock, actor, patient, visit, sheet, values, paper)
    paper = find_paper(session, clock, actor, patient, visit)
    if paper.step is Step.SETTLE and not paper.differences and not paper.frame_differences:
        _send(session, clock, actor, patient, visit, sheet, values)
        return Step.RECEIVED
    return paper.step


def settle(
    session: Session,
    clock: Clock,
    actor: Actor,
    patient: Patient,
    visit: Visit,
    sheet: Sheet,
) -> None:
    """Sends what a third look at the sheet found where two transcriptions differ, and what both read alike.

    The sheet's answers need hold the differing items alone; its remark says what the sheet shows. Raises
    SheetError and RuleError as transcribe does.
    """
    hold(session, visit)
    paper = find_paper(session, clock, actor, patient, visit, to_change=True)
    if paper.step is not Step.SETTLE:
        raise _refusal(paper, visit)
    differing = {each.question.id for each in paper.differences}
    agreed = {
        item: _typed(entry)
        for response in paper.first.values()
        for item, entry in response.answers.items()
        if item not in differing
    }
    typed = {item: text for item, text in sheet.answers.items() if item in differing}
    values = _checked(clock, patient, visit, paper, sheet, agreed | typed)
    _send(session, clock, actor, patient, visit, sheet, values)


def sheet_wordings(session: Session, patient: Patient, visit: Visit) -> dict[str, WordingInUse]:
    """The wording of a visit's sheet in the patient's language, by questionnaire.

    Raises RuleError where there is none that may be shown.
    """
    try:
        return wordings_in_use(session, patient.study, visit.questionnaires, patient.language)
    except (NoWordingError, SealBrokenError):
        raise RuleError("visit", "sheet_without_wording", visit=visit.code) from None


def _step(clock: Clock, actor: Actor, visit: Visit, rows: Mapping[str, Mapping[str, Response]]) -> Step:
    now, first = clock.now(), next(iter(rows[FIRST].values()), None)
    if visit.served_by_id is not None:
        return Step.SERVED
    if are_sent(list(rows[MAIN].values())):
        return Step.RECEIVED
    if rows[SECOND]:
        return Step.SETTLE
    if first is not None:
        return Step.OTHER_PERSON if first.transcribed_by == actor.email else Step.SECOND
    if now < visit.opens_at:
        return Step.NOT_YET
    return Step.FIRST if is_answerable(visit, _Begun(visit.opens_at), now) else Step.CLOSED


def _refusal(paper: Paper, visit: Visit) -> RuleError:
    facts = {"visit": visit.code, "opens_on": visit.opens_on, "closes_on": visit.closes_on}
    return RuleError("visit", f"sheet_{paper.step.value}", **facts)


def _checked(
    clock: Clock,
    patient: Patient,
    visit: Visit,
    paper: Paper,
    sheet: Sheet,
    settled: Mapping[str, str] | None = None,
) -> dict[str, Values]:
    """The sheet's values by questionnaire; SheetError with all that is wrong."""
    died_on = next((each.occurred_on for each in patient.milestones if each.kind == DEATH), None)
    today = local_date(clock.now(), ZoneInfo(patient.site.timezone))
    faults = list(faults_of_frame(sheet, Bounds(visit.opens_on, visit.closes_on, today, died_on)))
    if paper.on_screen and not sheet.replaces:
        faults.append(RuleError("replaces", "begun_on_screen", count=paper.on_screen))
    if settled is not None and not sheet.remark:
        faults.append(RuleError("remark", "no_remark"))
    values, more = read_answers(paper.questionnaires, sheet.answers if settled is None else settled)
    if faults or more:
        raise SheetError([*faults, *more])
    return values


def _keep(
    session: Session,
    clock: Clock,
    actor: Actor,
    patient: Patient,
    visit: Visit,
    sheet: Sheet,
    values: Mapping[str, Values],
    paper: Paper,
) -> None:
    """Keeps a transcription beside what counts."""
    wording, now = _wording(session, patient, visit), clock.now()
    for asked in paper.questionnaires:
        stored = {item: _entry(value, now, patient.language) for item, value in values[asked.code].items()}
        row = Response(
            study_id=visit.study_id,
            patient_id=visit.patient_id,
            visit_id=visit.id,
            instrument=asked.code,
            instrument_version=asked.version,
            entry=SECOND if paper.first else FIRST,
            wording_status=wording[asked.code].status,
            wording_sha256=wording[asked.code].sha256,
            languages=[patient.language],
            status=TRANSCRIBED,
            answers=complete_answers(asked, stored, now),
            started_at=now,
            saved_at=now,
            software_version=SOFTWARE_VERSION,
        )
        _frame(row, actor, sheet)
        session.add(row)
    session.flush()


def _send(
    session: Session,
    clock: Clock,
    actor: Actor,
    patient: Patient,
    visit: Visit,
    sheet: Sheet,
    values: Mapping[str, Values],
) -> None:
    """Writes and sends the responses that count."""
    drafts = begin_responses(session, clock, visit, _wording(session, patient, visit), patient.language)
    for draft in drafts:
        if draft.status != DRAFT:
            raise RuleError("visit", "sheet_closed", visit=visit.code, closes_on=visit.closes_on)
        read, language = values[draft.instrument], patient.language
        answers = [Answer(item, _state(value), value, language) for item, value in read.items()]
        # What the screen held and the sheet does not: the trail keeps that it was taken out.
        gone = [item for item in draft.answers if item not in read]
        answers += [Answer(item, AnswerState.ERASED, None, language) for item in gone]
        merge_answers(session, clock, draft, answers)
    used = wordings_used(session, patient.study, {each.instrument: each.languages for each in drafts})
    for draft in drafts:
        _frame(draft, actor, sheet)
    submit_responses(session, clock, visit, used, is_received=True)


def _frame(row: Response, actor: Actor, sheet: Sheet) -> None:
    row.mode, row.completed_on = sheet.mode, sheet.completed_on
    row.helper, row.help_kinds = sheet.helper, " ".join(sheet.help_kinds) or None
    row.transcribed_by, row.remark = actor.email, sheet.remark


def _wording(session: Session, patient: Patient, visit: Visit) -> dict[str, WordingUsed]:
    found = sheet_wordings(session, patient, visit)
    return {code: WordingUsed(each.status, each.sha256) for code, each in found.items()}


def _entry(value: int | str | None, now: datetime, language: str) -> dict[str, Any]:
    at = now.isoformat(timespec="milliseconds")
    return {"state": _state(value).value, "value": value, "at": at, "language": language, "sequence": 0}


def _state(value: int | str | None) -> AnswerState:
    return AnswerState.SKIPPED if value is None else AnswerState.ANSWERED


def _content(entry: Mapping[str, Any]) -> tuple[str, Any]:
    return entry["state"], entry["value"]


def _typed(entry: Mapping[str, Any]) -> str:
    """What was typed for a stored answer: nothing where the question was not asked."""
    if entry["state"] == AnswerState.NOT_ASKED:
        return ""
    return "-" if entry["value"] is None else str(entry["value"])
