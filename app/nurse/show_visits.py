"""From the visits of a patient to the rows of their page: state and what explains it, link, next steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app, g, url_for

from app.db import db
from app.forms.messages import CHANNELS
from app.i18n import day_text, translate
from app.nurse import words
from app.nurse.common import address, lock_text, may, moment_of, state_badge, visit_names, window_text
from app.nurse.pages import Action, Fact, VisitRow
from app.nurse.show_messages import link_text, no_links
from app.services.access import Permission
from app.services.contact import contact_state
from app.services.definition import StudyDefinition
from app.services.link_health import VisitLinks, health_of_patient
from app.services.link_sending import ways_to_reach
from app.services.message_list import MessageLine
from app.services.visits import VisitState
from app.services.worklist import VisitLine

# As many visits to come stand where they are.
FEW = 3


@dataclass(frozen=True)
class Surroundings:
    """What each row of a patient's visits is told beside the visit itself."""

    patient: Any
    names: Mapping[str, str]
    codes: Mapping[int, str]
    coming: str | None
    health: Mapping[int, VisitLinks]
    messages: Sequence[MessageLine]
    ways: tuple[str, ...]
    revoking: str


def visit_rows(
    patient: Any,
    definition: StudyDefinition,
    lines: Sequence[VisitLine],
    messages: Sequence[MessageLine],
    revoking: str,
) -> tuple[VisitRow, ...]:
    """The visits of a patient with what can be done about each. Two queries for all of them."""
    around = Surroundings(
        patient=patient,
        names=visit_names(definition),
        codes={each.id: each.code for each in lines},
        coming=next((each.code for each in lines if each.is_coming), None),
        health=health_of_patient(db.session, definition, patient),
        messages=messages,
        ways=_ways(patient),
        revoking=revoking,
    )
    return tuple(_row(each, around) for each in lines)


def visits_and_later(
    rows: tuple[VisitRow, ...],
) -> tuple[tuple[VisitRow, ...], tuple[VisitRow, ...]]:
    """The rows that are shown at once, and those after them that wait to be opened, if they are many."""
    shown = len(rows)
    while shown and rows[shown - 1].is_idle:
        shown -= 1
    return (rows[:shown], rows[shown:]) if len(rows) - shown > FEW else (rows, ())


def _ways(patient: Any) -> tuple[str, ...]:
    if not (may(Permission.SEE_CONTACT, patient) and may(Permission.ISSUE_LINKS, patient)):
        return ()
    has_keys = bool(current_app.extensions["settings"].contact_keys)
    return ways_to_reach(patient, contact_state(db.session, g.actor, patient)) if has_keys else ()


def _row(line: VisitLine, around: Surroundings) -> VisitRow:
    patient = around.patient
    may_issue = may(Permission.ISSUE_LINKS, patient)
    can_issue = may_issue and (line.is_current or line.code == around.coming)
    can_revoke = may_issue and line.has_live_link and line.state is not VisitState.RECEIVED
    place = {**address(patient), "visit": line.code}
    label = translate("Give a new link") if line.has_live_link else translate("Give the link")
    zone = patient.site.timezone
    return VisitRow(
        code=line.code,
        name=around.names.get(line.code, line.code),
        due=day_text(line.due_on, "medium"),
        window=window_text(line),
        state=state_badge(line.state),
        link=link_text(line, around.health.get(line.id, no_links()), around.messages, zone),
        link_reason=words.reason_text(line.link_reason),
        received=moment_of(line.received_at, zone),
        note=_note(line, around),
        reason=_reason(line, patient),
        issue=Action(label=label, url=url_for("nurse.issue_link", **place), posts=True)
        if can_issue
        else None,
        sends=tuple(Fact(name=way, value=str(CHANNELS[way])) for way in around.ways) if can_issue else (),
        send_url=url_for("nurse.send_link", **place),
        kills_former=line.has_live_link,
        revoke_url=url_for("nurse.revoke_link", **place) if can_revoke else None,
        paper=_paper(line, around.coming, place) if may(Permission.TRANSCRIBE, patient) else None,
        here_url=url_for("nurse.fill_in_here", **place) if may_issue and line.is_current else None,
        lock=lock_text(line.lock, zone),
        unlock_url=url_for("nurse.unlock_link", **place) if may_issue and line.lock else None,
        is_being_revoked=line.code == around.revoking,
    )


def _note(line: VisitLine, around: Surroundings) -> str:
    """What explains the state: the visit whose questionnaire serves this one, the leaving, the reason."""
    if line.served_by_id is not None:
        other = around.codes.get(line.served_by_id, "")
        return str(
            translate("Served by the questionnaire of %(visit)s", visit=around.names.get(other, other))
        )
    if line.state is VisitState.NOT_EXPECTED and line.ends_on is not None:
        return str(translate("Nothing is expected from %(day)s on", day=day_text(line.ends_on, "medium")))
    if line.state in {VisitState.MISSING, VisitState.PARTIAL}:
        return words.missing_text(line.reason, line.reason_text) or str(translate("Reason missing"))
    return ""


def _paper(line: VisitLine, coming: str | None, place: dict[str, Any]) -> Action | None:
    """What leads to the visit's sheet of paper, as long as there is something to do with it."""
    if line.transcriptions:
        twice = line.transcriptions > 1
        label = translate("Settle the two transcriptions") if twice else translate("Second transcription")
    elif line.is_current or line.code == coming:
        label = translate("On paper")
    else:
        return None
    return Action(label=label, url=url_for("nurse.transcribe_paper", **place))


def _reason(line: VisitLine, patient: Any) -> Action | None:
    asks = line.state in {VisitState.MISSING, VisitState.PARTIAL} and line.served_by_id is None
    if not asks or not may(Permission.EXPLAIN_MISSING, patient):
        return None
    label = translate("Change the reason") if line.reason else translate("Give the reason")
    url = url_for("nurse.missing_reason", **address(patient), visit=line.code)
    return Action(label=label, url=url)
