"""What a sheet of paper says, as somebody typed it: read against the questions, every fault at once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.services.errors import RuleError
from app.services.identifiers import refuse_identifiers
from app.services.questionnaires import Question, Questionnaire

PAPER, INTERVIEW, PROXY = MODES = ("paper", "interview", "proxy")
HELPERS = ("family", "caregiver", "staff")
DECIDING = "deciding"
HELP_KINDS = ("reading", "writing", "translating", DECIDING)
# What is typed where the sheet has no answer: a field left empty is one that was forgotten.
NOT_ANSWERED = frozenset({"-", "–", "—"})
LONGEST_REMARK = 500
# By item: a code or a text, None where the sheet has no answer.
Values = dict[str, int | str | None]


class SheetError(ValueError):
    """A sheet breaks rules; carries every one of them as a RuleError at its field."""

    def __init__(self, faults: Iterable[RuleError]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(str(each) for each in self.faults))


@dataclass(frozen=True)
class Sheet:
    """A sheet as typed: how and when it was filled in, who helped, and by item what stands there.

    replaces: the sheet counts instead of what the patient began on the screen.
    """

    mode: str
    completed_on: date
    answers: Mapping[str, str]
    helper: str | None = None
    help_kinds: tuple[str, ...] = ()
    remark: str | None = None
    replaces: bool = False


@dataclass(frozen=True)
class Bounds:
    """The local dates that a sheet may bear: those of the visit's window, up to today and to a death."""

    opens_on: date
    closes_on: date
    today: date
    died_on: date | None


def faults_of_frame(sheet: Sheet, bounds: Bounds) -> Iterator[RuleError]:
    """What is wrong with how and when a sheet was filled in."""
    yield from _faults_of_day(sheet.completed_on, bounds)
    yield from _faults_of_help(sheet)
    yield from _faults_of_remark(sheet.remark or "", bounds.today)


def read_answers(
    questionnaires: Iterable[Questionnaire], typed: Mapping[str, str]
) -> tuple[dict[str, Values], list[RuleError]]:
    """The values by questionnaire and item, and what is wrong with what was typed.

    Nothing is asked of a question that the answer to an earlier one rules out; of every other one, the
    answer or the mark that the sheet has none.
    """
    values: dict[str, Values] = {}
    faults: list[RuleError] = []
    for asked in questionnaires:
        values[asked.code], unread = _read(asked, typed)
        faults += _faults_of(asked, values[asked.code], unread)
    return values, faults


def _read(asked: Questionnaire, typed: Mapping[str, str]) -> tuple[Values, set[str]]:
    """The values of a questionnaire, and the items at which no answer to the question was typed."""
    values: Values = {}
    unread: set[str] = set()
    for question in asked.questions:
        text = typed.get(question.id, "").replace("\r\n", "\n").strip()
        value = _value(question, text)
        if text in NOT_ANSWERED:
            values[question.id] = None
        elif text and question.takes(value):
            values[question.id] = value
        elif text:
            unread.add(question.id)
    return values, unread


def _value(question: Question, text: str) -> int | str:
    is_code = question.codes and text.isascii() and text.isdecimal() and len(text) < 3
    return int(text) if is_code else text


def _faults_of(asked: Questionnaire, values: Values, unread: set[str]) -> Iterator[RuleError]:
    entries = entries_of(values)
    ruled_out, waiting = asked.not_asked(entries), asked.waiting(entries)
    for question in asked.questions:
        item = question.id
        if item in unread:
            yield _unread(question)
        elif item in ruled_out and values.get(item) is not None:
            yield RuleError(item, "ruled_out", number=question.number)
        elif item not in values and item not in ruled_out and item not in waiting:
            yield RuleError(item, "nothing_typed", number=question.number)


def entries_of(values: Values) -> dict[str, dict[str, Any]]:
    """Values in the shape of stored answers, as far as the conditions of questions look at them."""
    return {
        item: {"state": "skipped" if value is None else "answered", "value": value}
        for item, value in values.items()
    }


def _unread(question: Question) -> RuleError:
    if not question.codes:
        return RuleError(question.id, "text_too_long", longest=question.max_length)
    codes = f"{question.codes[0]}–{question.codes[-1]}"
    return RuleError(question.id, "unknown_answer", number=question.number, codes=codes)


def _faults_of_day(day: date, bounds: Bounds) -> Iterator[RuleError]:
    if day > bounds.today:
        yield RuleError("completed_on", "in_future", day=day, today=bounds.today)
    elif day < bounds.opens_on:
        yield RuleError("completed_on", "sheet_before_window", day=day, opens_on=bounds.opens_on)
    elif day > bounds.closes_on:
        yield RuleError("completed_on", "sheet_after_window", day=day, closes_on=bounds.closes_on)
    elif bounds.died_on is not None and day > bounds.died_on:
        yield RuleError("completed_on", "after_death", day=day, died_on=bounds.died_on)


def _faults_of_help(sheet: Sheet) -> Iterator[RuleError]:
    kinds = set(sheet.help_kinds)
    if sheet.mode not in MODES:
        yield RuleError("mode", "unknown_mode")
    if sheet.helper is None and (kinds or sheet.mode in {INTERVIEW, PROXY}):
        yield RuleError("helper", "helper_missing")
    elif sheet.helper is not None and sheet.helper not in HELPERS:
        yield RuleError("helper", "unknown_helper")
    if sheet.helper is not None and not kinds:
        yield RuleError("help_kinds", "help_missing")
    elif not kinds <= set(HELP_KINDS):
        yield RuleError("help_kinds", "unknown_help")
    elif (sheet.mode == PROXY) != (DECIDING in kinds):
        yield RuleError("help_kinds", "deciding_is_proxy")


def _faults_of_remark(remark: str, today: date) -> Iterator[RuleError]:
    if len(remark) > LONGEST_REMARK:
        yield RuleError("remark", "text_too_long", longest=LONGEST_REMARK)
    try:
        refuse_identifiers(remark, "remark", today)
    except RuleError as error:
        yield error
