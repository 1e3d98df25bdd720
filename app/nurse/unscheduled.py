"""Site staff ask for questionnaires besides the schedule, and give their links."""

from typing import Any

from flask import current_app, g, redirect, render_template, url_for

from app.db import db
from app.forms.steps import UnscheduledForm
from app.nurse import blueprint, show_moves, show_patient, words
from app.nurse.views import REFUSED, Reply
from app.services import access, links, patients
from app.services.access import Permission
from app.services.errors import NotFoundError, RuleError
from app.services.studies import definition_in_force
from app.services.unscheduled import plan_unscheduled_visit, unscheduled_visits

PATH = "/<study>/<code>/unscheduled"


@blueprint.get(PATH)
@access.staff(Permission.SEE_PATIENTS)
def unscheduled(study: str, code: str) -> Reply:
    """The visits of a patient besides the schedule."""
    found = patients.find_patient(db.session, g.actor, study, code)
    return _page(found, _form(found))


@blueprint.post(PATH)
@access.staff(Permission.RECORD_COURSE)
def plan_unscheduled(study: str, code: str) -> Reply:
    """Plans a visit that is open from today on."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.RECORD_COURSE)
    form, clock = _form(found), current_app.extensions["clock"]
    if form.validate():
        try:
            definition = definition_in_force(db.session, found.study)
            plan_unscheduled_visit(db.session, clock, definition, found, form.questionnaires.data)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        else:
            db.session.commit()
            return redirect(url_for("nurse.unscheduled", study=study, code=code, done="planned"), 303)
    found = patients.find_patient(db.session, g.actor, study, code, Permission.RECORD_COURSE)
    return _page(found, form)


@blueprint.post(f"{PATH}/<visit>/link")
@access.staff(Permission.ISSUE_LINKS)
def issue_unscheduled_link(study: str, code: str, visit: str) -> Reply:
    """Issues the link of such a visit and shows it at once: its token is in no other address."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.ISSUE_LINKS)
    wanted = next((each for each in unscheduled_visits(db.session, found) if each.code == visit), None)
    if wanted is None:
        raise NotFoundError("visit", visit)
    clock, tokens = current_app.extensions["clock"], current_app.extensions["tokens"]
    try:
        issued = links.issue_link(db.session, clock, tokens, wanted, found)
    except RuleError as error:
        db.session.rollback()
        found = patients.find_patient(db.session, g.actor, study, code)
        return _page(found, _form(found), words.refusal(error))
    db.session.commit()
    return render_template("nurse/link.html", page=show_patient.link_page(found, wanted, issued))


def _form(found: Any) -> Any:
    form = UnscheduledForm()
    form.offer(show_moves.questionnaires_of(definition_in_force(db.session, found.study)))
    return form


def _page(found: Any, form: Any, error: str = "") -> Reply:
    page = show_moves.unscheduled_page(found, error)
    is_refused = bool(form.errors or error)
    return render_template("nurse/unscheduled.html", page=page, form=form), REFUSED if is_refused else 200
