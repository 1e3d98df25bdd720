"""The ward's tablet in a patient's hands: confirm, answer, give it back with nothing left on it."""

from dataclasses import replace

from flask import current_app, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from app.db import db
from app.i18n import day_text, page_language
from app.patient import blueprint, show
from app.patient.document import address
from app.patient.views import moved, wordings
from app.patient.ward_pages import BackPage, HandedPage, StopPage
from app.services import access, links, ward
from app.services.audit import AuditContext, act_as
from app.services.links import FoundLink, LinkState
from app.services.visits import next_visit

Reply = str | Response
YES = "yes"


@blueprint.get("/ward")
@access.handed_over
def hand_back() -> Reply:
    """Whether code and visit are the patient's; once sent or stopped, that the tablet goes back."""
    found = _handed()
    if found.state is not LinkState.OPEN:
        session.leave_clean()  # type: ignore[attr-defined]
        return render_template("patient/ward-back.html", page=_back_page(found))
    page = HandedPage(
        **show.frame(found),
        action_url=request.full_path.rstrip("?"),
        code=found.code,
        due_on=day_text(found.visit.due_on),
    )
    return render_template("patient/ward.html", page=page)


@blueprint.post("/ward")
@access.handed_over
def confirm() -> Reply:
    """Begins for the right patient; for any other the tablet goes back unused."""
    found, clock, writer = _handed(), current_app.extensions["clock"], db.session
    if found.state is not LinkState.OPEN:
        return moved(url_for("patient.hand_back"))
    if request.form.get("mine") != YES:
        ward.take_back(writer, clock, found.link)
        writer.commit()
        return moved(url_for("patient.hand_back"))
    act_as(writer, clock, AuditContext(f"patient {found.code}", "patient"))
    secret, ends_at = ward.begin_on_ward(writer, clock, found, wordings(found), page_language())
    writer.commit()
    session.lend(secret, ends_at)  # type: ignore[attr-defined]
    begun = links.find_link_by_id(db.session, clock, found.link.id) or found
    return redirect(address(show.survey_of(begun).first_open()), 303)


@blueprint.get("/ward/leave")
@access.patient
def stop_here() -> Reply:
    """Asks whether to stop; meanwhile the script carries what still waits on the tablet."""
    found: FoundLink = g.link
    if not found.link.is_of_ward or found.state is not LinkState.OPEN:
        return moved(url_for("patient.sent"))
    page = StopPage(
        **show.frame(found),
        action_url=url_for("patient.leave"),
        draft=show.draft_id(found),
        go_on_url=address(show.survey_of(found).first_open()),
    )
    return render_template("patient/ward-leave.html", page=page)


@blueprint.post("/ward/leave")
@access.patient
def leave() -> Reply:
    """Ends what was lent; the answers stay, for another link or another time on the ward."""
    found: FoundLink = g.link
    if found.link.is_of_ward:
        ward.take_back(db.session, current_app.extensions["clock"], found.link)
        db.session.commit()
    return moved(url_for("patient.hand_back"))


def _handed() -> FoundLink:
    found: FoundLink = g.link
    g.patient_language = found.language
    # The link has ended with the sending.
    return replace(found, state=LinkState.SENT) if links.are_sent(found.responses) else found


def _back_page(found: FoundLink) -> BackPage:
    following = next_visit(db.session, current_app.extensions["clock"], found.visit)
    return BackPage(
        **show.frame(found),
        is_sent=found.state is LinkState.SENT,
        resume_url=url_for("auth.resume"),
        next_on=day_text(following.opens_on) if following else None,
    )
