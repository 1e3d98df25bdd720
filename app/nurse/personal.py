"""Site staff give a patient the personal link, unlock it and take it back."""

from flask import current_app, g, redirect, render_template, url_for

from app.db import db
from app.forms.nurse import RevocationForm
from app.nurse import blueprint, show_personal, words
from app.nurse.views import Reply, patient_page
from app.services import access, codes, links, patients, personal_links
from app.services.access import Permission
from app.services.errors import RuleError
from app.services.studies import definition_in_force


@blueprint.post("/<study>/<code>/personal-link")
@access.staff(Permission.ISSUE_LINKS)
def issue_personal_link(study: str, code: str) -> Reply:
    """Issues a personal link and shows it with its code at once: neither is in any other address."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.ISSUE_LINKS)
    clock, tokens = current_app.extensions["clock"], current_app.extensions["tokens"]
    definition = definition_in_force(db.session, found.study)
    try:
        issued = personal_links.issue_personal_link(db.session, clock, tokens, definition, found)
    except RuleError as error:
        db.session.rollback()
        return patient_page(patients.find_patient(db.session, g.actor, study, code), words.refusal(error))
    db.session.commit()
    return render_template("nurse/personal-link.html", page=show_personal.card(found, issued))


@blueprint.post("/<study>/<code>/personal-link/revoke")
@access.staff(Permission.ISSUE_LINKS)
def revoke_personal_link(study: str, code: str) -> Reply:
    """Ends the personal link and the sessions that it opened."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.ISSUE_LINKS)
    form = RevocationForm()
    if not form.validate():
        return patient_page(found, str(form.reason.errors[0]), revoking=show_personal.PERSONAL)
    clock = current_app.extensions["clock"]
    personal_links.revoke_personal_link(db.session, clock, found, form.reason.data)
    db.session.commit()
    return redirect(url_for("nurse.patient", study=study, code=code, done="revoked"), 303)


@blueprint.post("/<study>/<code>/card/lost")
@access.staff(Permission.ISSUE_LINKS)
def end_card(study: str, code: str) -> Reply:
    """Ends a card that was lost, and every link that it opens."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.ISSUE_LINKS)
    links.end_card(db.session, current_app.extensions["clock"], found)
    db.session.commit()
    return redirect(url_for("nurse.patient", study=study, code=code, done="card_ended"), 303)


@blueprint.post("/<study>/<code>/personal-link/unlock")
@access.staff(Permission.ISSUE_LINKS)
def unlock_personal_link(study: str, code: str) -> Reply:
    """Lets the code of the personal link be typed again."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.ISSUE_LINKS)
    link = personal_links.live_personal_link(db.session, found)
    if link is None:
        return redirect(url_for("nurse.patient", study=study, code=code), 303)
    codes.unlock_link(db.session, link)
    db.session.commit()
    return redirect(url_for("nurse.patient", study=study, code=code, done="unlocked"), 303)
