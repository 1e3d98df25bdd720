"""Fills the view models of one person's page, and of a link just made, in the page's language."""

from typing import Any

from flask import current_app, g, url_for

from app.admin import words
from app.admin.common import moment_text, role_row, state_badge, unsent_badge
from app.admin.pages import HistoryRow, LinkPage, PersonPage
from app.i18n import translate
from app.services.password_links import IssuedPasswordLink
from app.services.staff import Person


def person_page(person: Person, done: str = "", error: str = "") -> PersonPage:
    """A person's account, after something was done or refused."""
    user, now = person.user, current_app.extensions["clock"].now()
    present = [each for each in person.roles if each.stands_at(now)]
    former = [each for each in person.roles if not each.stands_at(now)]
    return PersonPage(
        email=user.email,
        url=url_for("admin.person", number=user.id),
        state=state_badge(person.state),
        language=str(words.LANGUAGES[user.language]),
        since=moment_text(user.created_at),
        waiting=moment_text(person.link.expires_at) if person.link else "",
        present=tuple(role_row(each, may_end=True) for each in present),
        former=tuple(role_row(each) for each in former),
        history=tuple(row for each in person.history if (row := _history_row(each))),
        is_governed=person.is_governed,
        is_own=user.id == g.actor.user_id,
        is_active=user.active,
        has_password=user.password is not None,
        unsent=unsent_badge(person.unsent),
        done=str(words.DONE.get(done, "")),
        error=error,
    )


def link_page(user: Any, issued: IssuedPasswordLink) -> LinkPage:
    """The link that was just made, with its address."""
    path = url_for("auth.new_password", token=issued.token)
    return LinkPage(
        email=user.email,
        url=url_for("admin.person", number=user.id),
        address=current_app.extensions["settings"].public_url + path,
        until=moment_text(issued.expires_at),
        is_invitation=issued.kind == "invitation",
    )


def _history_row(entry: Any) -> HistoryRow | None:
    key = entry.action
    if key == "change":
        if "active" not in entry.changes:
            return None
        key = "reactivated" if entry.changes["active"][1] else "deactivated"
    who = entry.actor if entry.action != "set password" else str(translate("by the own link"))
    return HistoryRow(moment=moment_text(entry.at), what=str(words.HISTORY[key]), who=who)
