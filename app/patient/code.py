"""The printed code that stands before a link: asked for, refused, locked; personal links and visits alike."""

from collections.abc import Callable

from flask import current_app, render_template, request
from werkzeug.wrappers import Response

from app.db import db
from app.forms.code import CodeForm
from app.i18n import page_language, time_text, translate
from app.patient import show
from app.patient.personal_pages import LockedPage, RefusedPage
from app.services import codes
from app.services.audit import AuditContext, act_as
from app.services.codes import CodeCheck
from app.services.links import FoundLink

Reply = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]
FORBIDDEN, TOO_MANY = 403, 429


def obstacle(found: FoundLink, token: str, beginning: Callable[[FoundLink, str], str]) -> Reply | None:
    """The page that meets whoever sent no right code for the link; None for the right one.

    beginning: the page that asks for the code, with what is wrong about it. A try that counts is committed;
    after the right code the transaction goes on.
    """
    clock, writer, form = current_app.extensions["clock"], db.session, CodeForm()
    if not form.validate():
        return beginning(found, translate("Type the six digits of your card.")), 422
    # Whose try it is nobody knows before the code is right.
    act_as(writer, clock, AuditContext(f"link of {found.patient.code}", "patient"))
    tried = codes.check_code(writer, clock, found.link, token, form.code.data or "")
    if tried is CodeCheck.RIGHT:
        return None
    writer.commit()
    return (locked(found) if tried is CodeCheck.LOCKED else None) or refused()


def refused() -> Reply:
    """The code does not fit, or the link is none: neither is told."""
    page = RefusedPage(language=page_language(), action_url=here())
    return render_template("patient/personal-refused.html", page=page), FORBIDDEN


def locked(found: FoundLink) -> Reply | None:
    """Says until when no code is looked at; None for a link that is not locked."""
    until, now = found.link.locked_until, current_app.extensions["clock"].now()
    if not codes.is_locked(found.link, now):
        return None
    if found.link.locked_for_good or until is None:
        page = LockedPage(**show.frame(found), until="")
        return render_template("patient/personal-locked.html", page=page), FORBIDDEN
    page = LockedPage(**show.frame(found), until=time_text(until, found.patient.site.timezone))
    wait = {"Retry-After": str(max(1, round((until - now).total_seconds())))}
    return render_template("patient/personal-locked.html", page=page), TOO_MANY, wait


def here() -> str:
    """The address that the form goes back to."""
    return request.full_path.rstrip("?")
