"""Site staff note what there is to know about a patient, and their calls; nothing of it is taken back."""

from typing import Any

from flask import current_app, g, redirect, render_template, url_for

from app.db import db
from app.forms.notes import NoteForm
from app.nurse import blueprint, show_notes, words
from app.nurse.views import REFUSED, Reply
from app.services import access, patients
from app.services import notes as service
from app.services.access import Permission
from app.services.errors import RuleError

PATH = "/<study>/<code>/notes"


@blueprint.get(PATH)
@access.staff(Permission.SEE_PATIENTS)
def notes(study: str, code: str) -> Reply:
    """The notes and calls of a patient, with the form of one more."""
    return _page(study, code, NoteForm())


@blueprint.post(PATH)
@access.staff(Permission.WRITE_NOTE)
def write_note(study: str, code: str) -> Reply:
    """Writes a note or a call down."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.WRITE_NOTE)
    form: Any = NoteForm()
    if form.validate():
        kind, clock = service.NoteKind(form.kind.data), current_app.extensions["clock"]
        try:
            service.write_note(db.session, clock, g.actor, found, kind, form.text.data)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        else:
            db.session.commit()
            return redirect(url_for("nurse.notes", study=study, code=code, done="written"), 303)
    return _page(study, code, form)


def _page(study: str, code: str, form: Any) -> Reply:
    found = patients.find_patient(db.session, g.actor, study, code)
    page = show_notes.notes_page(found)
    return render_template("nurse/notes.html", page=page, form=form), REFUSED if form.errors else 200
