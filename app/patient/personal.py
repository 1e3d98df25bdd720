"""From the personal link and its code to the first question of a report between visits."""

from flask import current_app, g, redirect, render_template, request, session
from werkzeug.wrappers import Response

from app.db import db
from app.forms.code import CodeForm
from app.i18n import page_language, time_text, translate
from app.patient import show
from app.patient.document import address
from app.patient.personal_pages import LockedPage, PersonalPage, RefusedPage, ReportOverPage
from app.services import codes, links, personal_links
from app.services.audit import AuditContext, act_as
from app.services.codes import CodeCheck
from app.services.links import FoundLink
from app.services.personal_links import LinkOverError
from app.services.questionnaires import REPORT
from app.services.wording import wording_in_use, wording_used

Reply = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]
FORBIDDEN, TOO_MANY = 403, 429


def landing(found: FoundLink) -> Reply:
    """The beginning of a report; always with the code, whoever has been here before."""
    now = current_app.extensions["clock"].now()
    if not personal_links.takes_reports(found, now):
        return _closed(found)
    if codes.is_locked(found.link, now):
        return _locked(found)
    return _beginning(found)


def start(found: FoundLink, token: str) -> Reply:
    """Exchanges the code for a session and goes to the first open question of the report."""
    clock, writer = current_app.extensions["clock"], db.session
    if not personal_links.takes_reports(found, clock.now()):
        return _closed(found)
    form = CodeForm()
    if not form.validate():
        return _beginning(found, translate("Type the six digits of your card.")), 422
    # Whose try it is nobody knows before the code is right.
    act_as(writer, clock, AuditContext(f"link of {found.patient.code}", "patient"))
    tried = codes.check_code(writer, clock, found.link, token, form.code.data or "")
    if tried is CodeCheck.RIGHT:
        return _begun(found)
    writer.commit()
    return _locked(found) if tried is CodeCheck.LOCKED else refused()


def refused() -> Reply:
    """The code does not fit, or the link is none: neither is told."""
    page = RefusedPage(language=page_language(), action_url=_here())
    return render_template("patient/personal-refused.html", page=page), FORBIDDEN


def over(found: FoundLink) -> Reply:
    """A report that takes no answer any more, from a link that takes another one; else a closed link."""
    if not personal_links.takes_reports(found, current_app.extensions["clock"].now()):
        return _closed(found)
    page = ReportOverPage(**show.frame(found))
    return render_template("patient/personal-over.html", page=page), 410


def _begun(found: FoundLink) -> Reply:
    clock, writer, language = current_app.extensions["clock"], db.session, page_language()
    act_as(writer, clock, AuditContext(f"patient {found.patient.code}", "patient"))
    wording = {REPORT: wording_used(writer, found.patient.study, REPORT, [language])}
    try:
        personal_links.begin_report(writer, clock, found.link, wording, language)
    except LinkOverError:
        writer.rollback()
        return _closed(found)
    report = links.find_link_by_id(writer, clock, found.link.id) or found
    data: dict[str, object] = {"language": language}
    if not g.is_another_patient:
        # A second tap on the same page is no failure; a form that another patient left open is one.
        data["csrf_token"] = session["csrf_token"]
    secret = links.begin(writer, clock, report, data)
    writer.commit()
    session.adopt(secret, links.last_use(report.visit))  # type: ignore[attr-defined]
    return redirect(address(show.survey_of(report).first_open()), 303)


def _beginning(found: FoundLink, error: str = "") -> str:
    words = wording_in_use(db.session, found.patient.study, REPORT, page_language())
    page = PersonalPage(
        **show.frame(found),
        stand_in=words.is_stand_in,
        action_url=_here(),
        title=words["title"],
        instructions=words["instructions"],
        error=error,
    )
    return render_template("patient/personal-landing.html", page=page)


def _locked(found: FoundLink) -> Reply:
    until, now = found.link.locked_until, current_app.extensions["clock"].now()
    if found.link.locked_for_good or until is None:
        page = LockedPage(**show.frame(found), until="")
        return render_template("patient/personal-locked.html", page=page), FORBIDDEN
    page = LockedPage(**show.frame(found), until=time_text(until, found.patient.site.timezone))
    wait = {"Retry-After": str(max(1, round((until - now).total_seconds())))}
    return render_template("patient/personal-locked.html", page=page), TOO_MANY, wait


def _closed(found: FoundLink) -> Reply:
    return render_template("patient/closed.html", page=show.closed_page(found)), 410


def _here() -> str:
    return request.full_path.rstrip("?")
