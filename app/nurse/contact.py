"""Site staff see, write down and erase how a patient is reached.

The page itself opens nothing; opening is a press of a button, which the trail names.
"""

from typing import Any

from flask import current_app, g, redirect, render_template, request, url_for

from app.db import db
from app.forms.contact import ContactForm
from app.nurse import blueprint, show_contact, words
from app.nurse.common import address
from app.nurse.views import REFUSED, Reply
from app.services import access, contact, patients
from app.services.access import Permission
from app.services.contact import ContactWish
from app.services.errors import RuleError
from app.services.sealing import Keys


@blueprint.get("/<study>/<code>/contact")
@access.staff(Permission.SEE_CONTACT)
def contact_details(study: str, code: str) -> Reply:
    """What is kept of a patient's contact details, unopened; the form where there is nothing to open."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.SEE_CONTACT)
    done = str(words.DONE.get(request.args.get("done", ""), ""))
    return _page(found, done=done)


@blueprint.post("/<study>/<code>/contact/show")
@access.staff(Permission.SEE_CONTACT)
def open_contact(study: str, code: str) -> Reply:
    """Opens the contact details; who opened them is in the trail before they leave."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.SEE_CONTACT)
    try:
        details = contact.show_contact(db.session, g.actor, _keys(), found)
    except RuleError as error:
        db.session.rollback()
        form = show_contact.unopened_form(contact.contact_state(db.session, g.actor, found))
        words.refuse(form, error)
        return _page(found, form), REFUSED
    db.session.commit()
    return _page(found, show_contact.opened_form(details))


@blueprint.post("/<study>/<code>/contact")
@access.staff(Permission.CHANGE_CONTACT)
def save_contact(study: str, code: str) -> Reply:
    """Keeps the contact details that were written down."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.CHANGE_CONTACT)
    form = ContactForm()
    if form.validate():
        try:
            clock = current_app.extensions["clock"]
            contact.save_contact(db.session, clock, g.actor, _keys(), found, _wish(form))
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        else:
            db.session.commit()
            return _back(found, "contact_kept")
    found = patients.find_patient(db.session, g.actor, study, code, Permission.CHANGE_CONTACT)
    return _page(found, form), REFUSED


@blueprint.post("/<study>/<code>/contact/erase")
@access.staff(Permission.CHANGE_CONTACT)
def erase_contact(study: str, code: str) -> Reply:
    """Erases the contact details; the trail keeps the fact."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.CHANGE_CONTACT)
    contact.erase_contact(db.session, found)
    db.session.commit()
    return _back(found, "contact_erased")


def _page(found: Any, form: ContactForm | None = None, done: str = "") -> str:
    state = contact.contact_state(db.session, g.actor, found)
    has_keys = bool(_keys())
    if form is None and state is None and has_keys:
        form = show_contact.unopened_form(None)
    page = show_contact.contact_page(found, state, has_keys=has_keys, done=done)
    return render_template("nurse/contact.html", page=page, form=form)


def _wish(form: ContactForm) -> ContactWish:
    return ContactWish(
        phone=form.phone.data or "",
        email=form.email.data or "",
        channel=form.channel.data,
        do_not_contact=form.do_not_contact.data,
        version=form.seen_version,
    )


def _back(found: Any, done: str) -> Reply:
    return redirect(url_for("nurse.contact_details", **address(found), done=done), 303)


def _keys() -> Keys:
    keys: Keys = current_app.extensions["settings"].contact_keys
    return keys
