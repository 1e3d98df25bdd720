"""From a patient's messages and links to what their page says of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import url_for

from app.nurse import morning_words, words
from app.nurse.common import address, day_of, may, moment_of
from app.nurse.pages import Badge, MessageRow
from app.nurse.show_morning import message_text
from app.services.access import Permission
from app.services.link_health import Stage, VisitLinks
from app.services.message_list import MessageLine
from app.services.worklist import LinkHealth, VisitLine

ON_ITS_WAY = ("waiting", "sending")


def message_rows(
    messages: Sequence[MessageLine], patient: Any, names: dict[str, str]
) -> tuple[MessageRow, ...]:
    """All that was or is to be sent to a patient, the latest first."""
    may_note = may(Permission.ISSUE_LINKS, patient)
    return tuple(_row(each, patient, names, may_note=may_note) for each in reversed(messages))


def link_text(line: VisitLine, health: VisitLinks, messages: Sequence[MessageLine], zone: str) -> str:
    """How far the latest link of a visit has come, in words; nothing before anybody expects one."""
    waiting = next((each for each in messages if each.visit == line.code and _is_on_its_way(each)), None)
    if waiting is not None:
        facts = {"channel": str(morning_words.CHANNELS[waiting.channel])}
        return str(morning_words.QUEUED) % facts
    if health.stage in morning_words.STAGES:
        latest = health.links[0]
        facts = {
            "channel": str(morning_words.CHANNELS.get(latest.channel, "")),
            "day": day_of(_since(health) or latest.issued_at, zone),
            "settled": str(health.settled),
            "total": str(health.total),
        }
        return str(morning_words.STAGES[health.stage]) % facts
    if line.link is LinkHealth.NONE and not line.is_current:
        return ""
    return str(words.LINKS[line.link]) % {"day": day_of(line.link_at, zone)}


def no_links() -> VisitLinks:
    """What is known of a visit to which no link was given."""
    return VisitLinks(Stage.NONE, ())


def _since(health: VisitLinks) -> datetime | None:
    """When the latest issue came as far as it has."""
    if health.stage is Stage.OPENED:
        return health.opened_at
    return health.fetched_at if health.stage is Stage.FETCHED else health.links[0].sent_at


def _is_on_its_way(line: MessageLine) -> bool:
    return line.kind == "link" and line.state in ON_ITS_WAY


def _row(line: MessageLine, patient: Any, names: dict[str, str], *, may_note: bool) -> MessageRow:
    zone = patient.site.timezone
    noted = day_of(line.resolved_at, zone)
    return MessageRow(
        moment=moment_of(line.sent_at or line.due_at, zone),
        text=message_text(line, names),
        state=Badge(key=line.state, text=str(morning_words.STATES[line.state])),
        detail=line.error or "" if line.state != "cancelled" else "",
        noted=noted,
        note_url=url_for("nurse.note_message", **address(patient), number=line.id)
        if may_note and line.is_unsent
        else None,
    )
