"""Site staff send links by e-mail or SMS, and take note of what did not go."""

from flask import current_app, g, redirect, url_for

from app.db import db
from app.forms.messages import SendForm
from app.nurse import blueprint, words
from app.nurse.views import Reply, patient_page
from app.services import access, link_sending, message_list, patients
from app.services.access import Permission
from app.services.errors import NotFoundError, RuleError
from app.services.visits import find_visit


@blueprint.post("/<study>/<code>/visits/<visit>/send")
@access.staff(Permission.ISSUE_LINKS)
def send_link(study: str, code: str, visit: str) -> Reply:
    """Puts a link into the outbox."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.ISSUE_LINKS)
    wanted = find_visit(db.session, found, visit)
    if wanted is None:
        raise NotFoundError("visit", visit)
    form, clock = SendForm(), current_app.extensions["clock"]
    if not form.validate():
        return patient_page(found, str(form.channel.errors[0]))
    try:
        link_sending.send_link(db.session, clock, g.actor, wanted, found, form.channel.data)
    except RuleError as error:
        db.session.rollback()
        return patient_page(patients.find_patient(db.session, g.actor, study, code), words.refusal(error))
    db.session.commit()
    return redirect(url_for("nurse.patient", study=study, code=code, done="queued"), 303)


@blueprint.post("/<study>/<code>/messages/<number>/note")
@access.staff(Permission.ISSUE_LINKS)
def note_message(study: str, code: str, number: str) -> Reply:
    """Takes a message that did not go off the list."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.ISSUE_LINKS)
    clock = current_app.extensions["clock"]
    mine = message_list.messages_of(db.session, clock, g.actor, found)
    message = next((each for each in mine if str(each.id) == number), None)
    if message is None:
        raise NotFoundError("message", number)
    message_list.take_note(db.session, clock, g.actor, message.id)
    db.session.commit()
    return redirect(url_for("nurse.patient", study=study, code=code, done="noted"), 303)
