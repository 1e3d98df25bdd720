"""From the personal link and its code to the first question of a report between visits."""

from flask import current_app, g, redirect, render_template, session
from werkzeug.wrappers import Response

from app.db import db
from app.i18n import page_language
from app.patient import code, show
from app.patient.document import address
from app.patient.personal_pages import PersonalPage, ReportOverPage
from app.services import links, personal_links
from app.services.audit import AuditContext, act_as
from app.services.links import FoundLink
from app.services.personal_links import LinkOverError
from app.services.questionnaires import REPORT
from app.services.wording import wording_in_use, wording_used

Reply = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]


def landing(found: FoundLink) -> Reply:
    """The beginning of a report; always with the code, whoever has been here before."""
    now = current_app.extensions["clock"].now()
    if not personal_links.takes_reports(found, now):
        return _closed(found)
    return code.locked(found) or _beginning(found)


def start(found: FoundLink, token: str) -> Reply:
    """Exchanges the code for a session and goes to the first open question of the report."""
    if not personal_links.takes_reports(found, current_app.extensions["clock"].now()):
        return _closed(found)
    return code.obstacle(found, token, _beginning) or _begun(found)


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
        action_url=code.here(),
        title=words["title"],
        instructions=words["instructions"],
        error=error,
    )
    return render_template("patient/personal-landing.html", page=page)


def _closed(found: FoundLink) -> Reply:
    return render_template("patient/closed.html", page=show.closed_page(found)), 410
