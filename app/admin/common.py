"""What administrators' pages say of a moment, a place, a role, in the page's language."""

from datetime import datetime
from typing import Any

from flask import url_for

from app.admin import words
from app.admin.pages import Badge, RoleRow
from app.i18n import day_text, time_text, translate
from app.services.staff import AccountState, Place, RoleLine


def moment_text(instant: datetime | None) -> str:
    """Date and time of an instant in UTC, since people of several zones are in one list; nothing for none."""
    if instant is None:
        return ""
    facts = {"day": day_text(instant.date(), "medium"), "time": time_text(instant, "UTC")}
    return str(translate("%(day)s at %(time)s UTC", **facts))


def place_text(place: Place) -> str:
    """A place as a person names it."""
    if place.study is None:
        return str(words.EVERYWHERE)
    where = f"{place.site.number} {place.site.name}" if place.site else words.ALL_SITES
    return f"{place.study.code}, {where}"


def state_badge(state: AccountState) -> Badge:
    """The state of an account as a word."""
    return Badge(key=words.LOOKS[state], text=str(words.STATES[state]))


def unsent_badge(message: Any) -> Badge | None:
    """What became of an invitation that did not go; None for none."""
    return Badge(key="late", text=str(words.UNSENT[message.state])) if message is not None else None


def role_row(line: RoleLine, note: str = "", *, may_end: bool = False) -> RoleRow:
    """A role with its dates and who gave and ended it."""
    number, role = line.user.id, line.assignment.id
    return RoleRow(
        email=line.user.email,
        role=str(words.ROLES[line.role]),
        place=place_text(line.place),
        granted=moment_text(line.assignment.granted_at),
        granted_by=line.granted_by,
        ended=moment_text(line.assignment.ended_at),
        ended_by=line.ended_by,
        note=note,
        end_url=url_for("admin.end_role", number=number, role=role) if may_end else "",
    )
