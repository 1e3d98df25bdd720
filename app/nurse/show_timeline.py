"""A patient's way through the study as one line: visits, milestones and treatment in the order of time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from operator import attrgetter
from typing import Any

from app.i18n import day_text, translate, translate_plural
from app.nurse import score_words, step_words, words
from app.nurse.common import in_language, may
from app.nurse.pages import Stop, Timeline
from app.nurse.show_treatment import drug_text
from app.services.access import Permission
from app.services.definition import BASELINE, REINTRODUCTION, StudyDefinition
from app.services.visits import VisitState
from app.services.worklist import VisitLine

AHEAD = {VisitState.NOT_YET_EXPECTED, VisitState.NOT_EXPECTED}
# Of one day, what happened stands before the visits that follow from it, and today after all of them.
ORDER = ("milestone", "begun", "stopped", "visit", "today", "rest")
MONTH = "MM/yyyy"


def timeline(
    patient: Any,
    definition: StudyDefinition,
    lines: Sequence[VisitLine],
    episodes: Sequence[Any],
    today: date,
) -> Timeline:
    """What was and what comes next; the visits beyond the next one are counted, not drawn."""
    coming = next((each for each in lines if each.is_coming), None)
    drawn = [each for each in lines if each.state not in AHEAD or each is coming]
    codes = {each.id: _label(each.code) for each in lines}
    stops = [_visit(each, codes) for each in drawn]
    stops += [_milestone(each, definition) for each in patient.milestones]
    stops += _treatment(patient, episodes)
    stops.append(
        Stop(kind="today", key="today", on=today, label=translate("Today"), day=day_text(today, "medium"))
    )
    stops.sort(key=lambda stop: (stop.on, ORDER.index(stop.kind)))
    rest = [each for each in lines if each.state is VisitState.NOT_YET_EXPECTED and each is not coming]
    return Timeline(stops=(*stops, *_rest(rest)), states=_states(drawn))


def _visit(line: VisitLine, codes: Mapping[int, str]) -> Stop:
    text = str(words.STATES[line.state])
    if line.served_by_id is not None:
        text = str(translate("with %(visit)s", visit=codes.get(line.served_by_id, "")))
    return Stop(
        kind="visit",
        key="served" if line.is_served else line.state.value,
        on=line.due_on,
        label=_label(line.code),
        day=day_text(line.due_on, MONTH),
        text=text,
        is_telling=line.is_served or line.state not in {VisitState.RECEIVED, VisitState.NOT_YET_EXPECTED},
    )


def _label(visit: str) -> str:
    return str(score_words.START) if visit == BASELINE else visit


def _milestone(milestone: Any, definition: StudyDefinition) -> Stop:
    return Stop(
        kind="milestone",
        key="milestone",
        on=milestone.occurred_on,
        label=in_language(definition.milestone(milestone.kind).names),
        day=day_text(milestone.occurred_on, "medium"),
        text=step_words.value_text(milestone.value),
        is_telling=bool(milestone.value),
    )


def _treatment(patient: Any, episodes: Iterable[Any]) -> Iterable[Stop]:
    """Drugs begun and stopped since the consent; a re-introduction is a milestone and stands there."""
    if not may(Permission.SEE_ARM, patient):
        return
    since = min((each.occurred_on for each in patient.milestones), default=date.max)
    told = {each.occurred_on for each in patient.milestones if each.kind == REINTRODUCTION}
    for each in episodes:
        drug = drug_text(each.drug)
        if each.started_on >= since and each.started_on not in told:
            yield _of_drug("begun", each.started_on, str(translate("%(drug)s begun", drug=drug)))
        if each.stopped_on is not None and each.stopped_on >= since:
            yield _of_drug("stopped", each.stopped_on, str(translate("%(drug)s stopped", drug=drug)))


def _of_drug(kind: str, on: date, label: str) -> Stop:
    return Stop(kind=kind, key=kind, on=on, label=label, day=day_text(on, "medium"))


def _rest(lines: Sequence[VisitLine]) -> Iterable[Stop]:
    """How many visits follow, in one stop."""
    if lines:
        last = max(lines, key=attrgetter("due_on"))
        label = translate_plural("%(num)s more visit", "%(num)s more visits", len(lines))
        until = translate("until %(month)s", month=day_text(last.due_on, MONTH))
        yield Stop(kind="rest", key="rest", on=last.due_on, label=str(label), day=str(until))


def _states(lines: Iterable[VisitLine]) -> tuple[tuple[str, str], ...]:
    """The states that the line shows, for its legend, in their own order."""
    shown = {each.state for each in lines if not each.is_served}
    return tuple((state.value, str(words.STATES[state])) for state in VisitState if state in shown)
