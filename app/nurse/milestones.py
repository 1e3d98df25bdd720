"""Site staff record the events of a patient's way, and undo what was a mistake, after a second look."""

from typing import Any

from flask import current_app, g, redirect, render_template, url_for

from app.db import db
from app.forms.steps import MilestoneForm, UndoForm
from app.nurse import blueprint, show_milestones, step_words, words
from app.nurse.common import address
from app.nurse.views import REFUSED, Reply
from app.services import access, milestones, patients
from app.services.access import Permission
from app.services.definition import StudyDefinition
from app.services.errors import NotFoundError, RuleError
from app.services.milestones import Event
from app.services.studies import definition_in_force

PATH = "/<study>/<code>/milestones"
RECORD = Permission.RECORD_COURSE


@blueprint.get(PATH, endpoint="milestones")
@access.staff(Permission.SEE_PATIENTS)
def list_milestones(study: str, code: str) -> Reply:
    """The events of a patient, and what can be recorded."""
    found = patients.find_patient(db.session, g.actor, study, code)
    return render_template("nurse/milestones.html", page=show_milestones.milestones_page(found))


@blueprint.route(f"{PATH}/new/<kind>", methods=["GET", "POST"])
@access.staff(RECORD)
def record_milestone(study: str, code: str, kind: str) -> Reply:
    """Records an event, after a second look at what it brings about."""
    found = patients.find_patient(db.session, g.actor, study, code, RECORD)
    definition = definition_in_force(db.session, found.study)
    wanted = next((each for each in definition.milestones if each.code == kind), None)
    if wanted is None or kind in show_milestones.ELSEWHERE:
        raise NotFoundError("kind of milestone", kind)
    form = MilestoneForm()
    form.offer({each: step_words.value_text(each) for each in wanted.values or ()})
    if form.validate_on_submit() and not form.correct.data:
        try:
            return _look_or_record(form, definition, found, wanted)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
    found = patients.find_patient(db.session, g.actor, study, code, RECORD)
    page = show_milestones.milestone_page(found, wanted, _url(found, wanted))
    return render_template("nurse/milestone.html", page=page, form=form), REFUSED if form.errors else 200


@blueprint.route(f"{PATH}/<number>/undo", methods=["GET", "POST"])
@access.staff(RECORD)
def undo_milestone(study: str, code: str, number: str) -> Reply:
    """Takes back an event that was a mistake; the page says first what that does."""
    found = patients.find_patient(db.session, g.actor, study, code, RECORD)
    wanted = _milestone(found, number)
    definition, clock = definition_in_force(db.session, found.study), current_app.extensions["clock"]
    try:
        preview = milestones.preview_undoing(db.session, clock, definition, found, wanted.id)
    except RuleError as error:
        listed = show_milestones.milestones_page(found, words.refusal(error))
        return render_template("nurse/milestones.html", page=listed), REFUSED
    form = UndoForm()
    facts = show_milestones.milestone_facts(wanted.occurred_on, wanted.value)
    where = url_for("nurse.undo_milestone", **address(found), number=wanted.id)
    kind = definition.milestone(wanted.kind)
    page = show_milestones.milestone_page(found, kind, where, facts, preview)
    if form.validate_on_submit():
        try:
            milestones.undo_milestone(db.session, clock, definition, found, wanted.id, form.reason.data)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        else:
            db.session.commit()
            return redirect(url_for("nurse.milestones", study=study, code=code, done="undone"), 303)
    return render_template("nurse/milestone-undo.html", page=page, form=form), REFUSED if form.errors else 200


def _look_or_record(form: Any, definition: StudyDefinition, found: Any, kind: Any) -> Reply:
    """The second look, or the event recorded; RuleError where it cannot be."""
    clock, value = current_app.extensions["clock"], form.value.data if form.value else None
    event = Event(kind.code, form.occurred_on.data, value)
    if form.confirm.data:
        where = address(found)
        milestones.record_milestone(db.session, clock, definition, found, event)
        db.session.commit()
        return redirect(url_for("nurse.milestones", **where, done="recorded"), 303)
    preview = milestones.preview_milestone(db.session, clock, definition, found, event)
    facts = show_milestones.milestone_facts(event.occurred_on, event.value)
    page = show_milestones.milestone_page(found, kind, _url(found, kind), facts, preview)
    return render_template("nurse/milestone-confirm.html", page=page, form=form)


def _url(found: Any, kind: Any) -> str:
    return url_for("nurse.record_milestone", **address(found), kind=kind.code)


def _milestone(found: Any, number: str) -> Any:
    """A milestone of the patient that stands; NotFoundError for another's as for none."""
    wanted = next((each for each in found.milestones if str(each.id) == number), None)
    if wanted is None:
        raise NotFoundError("milestone", number)
    return wanted
