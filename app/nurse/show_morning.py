"""From the morning list to its rows: one sentence, one next step each."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask import url_for

from app.db import db
from app.i18n import day_text, translate
from app.nurse import morning_words, words
from app.nurse.common import address, in_language, may, moment_of, visit_names
from app.nurse.pages import Action, Badge, TaskRow
from app.nurse.show_events import event_name
from app.services.access import Permission
from app.services.alerts import AlertLine
from app.services.declarations import DeclarationDue, EventWaiting
from app.services.message_list import MessageLine
from app.services.missing import UnexplainedForm
from app.services.morning import Matter, MorningRow, OpenForm, Task
from app.services.studies import definition_in_force

# What nobody works off in a morning is counted, not listed.
MOST_ROWS = 100
MESSAGES_HERE = "messages"


def counts(morning: Sequence[MorningRow]) -> tuple[str, ...]:
    """How many rows there are of each matter, those of which there are none left out."""
    found = Counter(row.matter for row in morning)
    return tuple(morning_words.count_text(each, found[each]) for each in Matter if found[each])


def rows(morning: Sequence[MorningRow], *, several: bool) -> tuple[TaskRow, ...]:
    """The first rows of the list, ready to be shown."""
    shown = morning[:MOST_ROWS]
    studies = {each.patient.study_id: each.patient.study for each in shown}
    names = {key: visit_names(definition_in_force(db.session, study)) for key, study in studies.items()}
    return tuple(_row(each, names[each.patient.study_id], several=several) for each in shown)


def message_text(line: MessageLine, names: dict[str, str]) -> str:
    """What a message is about and by which way it goes."""
    facts = {
        "visit": names.get(line.visit or "", line.visit or ""),
        "channel": str(morning_words.CHANNELS[line.channel]),
        "person": line.to_staff or "",
    }
    return str(morning_words.MESSAGES[line.kind]) % facts


def _row(row: MorningRow, names: dict[str, str], *, several: bool) -> TaskRow:
    patient = row.patient
    badge, sentence, action = _said(row, names)
    return TaskRow(
        matter=row.matter.value,
        code=patient.code,
        url=url_for("nurse.patient", **address(patient)),
        place=patient.site.city if several else "",
        badge=badge,
        sentence=sentence,
        action=action or Action(label=translate("See"), url=url_for("nurse.patient", **address(patient))),
    )


def _said(row: MorningRow, names: dict[str, str]) -> tuple[Badge, str, Action | None]:
    match row.subject:
        case AlertLine() as alert:
            return _alert(alert, row.patient, names)
        case MessageLine() as line:
            return _unsent(line, row.patient, names)
        case DeclarationDue() as due:
            return _declaration(due, row.patient)
        case EventWaiting() as event:
            return _waiting(event, row.patient)
        case OpenForm() as form:
            return _open(form, row.patient, names)
        case UnexplainedForm() as form:
            return _unexplained(form, row.patient, names)


def _alert(alert: AlertLine, patient: Any, names: dict[str, str]) -> tuple[Badge, str, Action]:
    facts = {
        "rule": in_language(alert.names),
        "visit": names.get(alert.visit, alert.visit),
        "moment": moment_of(alert.raised_at, alert.zone),
    }
    badge = Badge(key="late" if alert.is_escalated else "serious", text=str(translate("Alert")))
    sentence = str(translate("%(rule)s, %(visit)s, since %(moment)s.", **facts))
    return badge, sentence, _answer(alert.id, patient)


def _answer(alert_id: int, patient: Any) -> Action:
    label = translate("Answer the alert") if may(Permission.ANSWER_ALERT, patient) else translate("See")
    return Action(label=label, url=url_for("nurse.alert", **address(patient), number=alert_id))


def _unsent(line: MessageLine, patient: Any, names: dict[str, str]) -> tuple[Badge, str, Action]:
    facts = {
        "message": message_text(line, names),
        "moment": moment_of(line.due_at, patient.site.timezone),
    }
    badge = Badge(key=line.state, text=str(morning_words.STATES[line.state]))
    if line.alert_id is not None:
        sentence = str(morning_words.UNSENT_TO_STAFF[line.state]) % facts
        return badge, sentence, _answer(line.alert_id, patient)
    sentence = str(morning_words.UNSENT[line.state]) % facts
    # Another link would kill one that may have arrived.
    can_reissue = line.is_unsent and line.state != "uncertain" and line.may_answer
    if can_reissue and may(Permission.ISSUE_LINKS, patient):
        return badge, sentence, _issue(patient, line.visit or "", translate("Show the QR code"))
    url = url_for("nurse.patient", **address(patient), _anchor=MESSAGES_HERE)
    return badge, sentence, Action(label=translate("See"), url=url)


def _declaration(due: DeclarationDue, patient: Any) -> tuple[Badge, str, Action]:
    facts = {"event": event_name(due.version), "moment": moment_of(due.due_at, patient.site.timezone)}
    badge = Badge(key="late" if due.is_late else "serious", text=str(translate("To declare")))
    sentence = translate("%(event)s, serious: to be declared to the sponsor by %(moment)s.", **facts)
    can_record = may(Permission.DRAFT_EVENT, patient)
    label = translate("Record the declaration") if can_record else translate("See")
    url = url_for("nurse.event", **address(patient), number=due.event.number)
    return badge, str(sentence), Action(label=label, url=url)


def _waiting(event: EventWaiting, patient: Any) -> tuple[Badge, str, Action]:
    url = url_for("nurse.event", **address(patient), number=event.event.number)
    name = event_name(event.version)
    if event.is_decided:
        sentence = translate("%(event)s: decided, not signed yet.", event=name)
        badge = Badge(key="to_sign", text=str(translate("To sign")))
        return badge, str(sentence), Action(label=translate("Sign"), url=url)
    badge = Badge(key="to_decide", text=str(translate("To decide")))
    sentence = translate("%(event)s: is it serious, and what caused it?", event=name)
    return badge, str(sentence), Action(label=translate("Decide"), url=url)


def _open(form: OpenForm, patient: Any, names: dict[str, str]) -> tuple[Badge, str, Action | None]:
    visit, task = form.visit, form.task
    facts = {"visit": names.get(visit.code, visit.code), "day": day_text(visit.closes_on, "full")}
    badge = Badge(key=task.value, text=str(words.TASK_BADGES[task]))
    action = None
    if task is Task.RANDOMISE:
        if may(Permission.RANDOMISE, patient):
            url = url_for("nurse.randomise", **address(patient))
            action = Action(label=translate("Record the randomisation"), url=url)
    elif not form.has_link and may(Permission.ISSUE_LINKS, patient):
        action = _issue(patient, visit.code, translate("Give the link"))
    return badge, str(words.TASKS[task]) % facts, action


def _unexplained(
    form: UnexplainedForm, patient: Any, names: dict[str, str]
) -> tuple[Badge, str, Action | None]:
    visit = form.visit
    facts = {"visit": names.get(visit.code, visit.code), "day": day_text(visit.closes_on)}
    badge = Badge(key=form.state.value, text=str(words.STATES[form.state]))
    sentence = str(translate("%(visit)s, closed on %(day)s: the reason is missing.", **facts))
    if not may(Permission.EXPLAIN_MISSING, patient):
        return badge, sentence, None
    url = url_for("nurse.missing_reason", **address(patient), visit=visit.code)
    return badge, sentence, Action(label=translate("Give the reason"), url=url)


def _issue(patient: Any, visit: str, label: Any) -> Action:
    return Action(label=label, url=url_for("nurse.issue_link", **address(patient), visit=visit), posts=True)
