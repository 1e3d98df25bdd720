"""Data managers move a patient to another site, and give answers to the patient whose they are."""

from typing import Any

from flask import current_app, g, redirect, render_template, url_for

from app.db import db
from app.forms.steps import TransferForm, WrongPatientForm
from app.i18n import translate
from app.nurse import blueprint, show_moves, words
from app.nurse.common import visit_names
from app.nurse.views import REFUSED, Reply
from app.services import access, patients
from app.services.access import Permission
from app.services.errors import NotFoundError, RuleError
from app.services.studies import definition_in_force
from app.services.transfers import transfer_patient
from app.services.unscheduled import unscheduled_visits
from app.services.visits import find_visit
from app.services.wrong_patient import reattribute_forms


@blueprint.route("/<study>/<code>/transfer", methods=["GET", "POST"])
@access.staff(Permission.TRANSFER)
def transfer(study: str, code: str) -> Reply:
    """Moves a patient to another site of the study, after a second look."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.TRANSFER)
    sites = _sites(found)
    form = TransferForm()
    form.offer({each.number: each.name for each in sites.values() if each.id != found.site_id})
    if form.validate_on_submit() and not form.correct.data:
        try:
            return _look_or_transfer(form, found, sites)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
    page = show_moves.transfer_page(found, _names(sites))
    return render_template("nurse/transfer.html", page=page, form=form), REFUSED if form.errors else 200


@blueprint.route("/<study>/<code>/wrong-patient", methods=["GET", "POST"])
@access.staff(Permission.REATTRIBUTE)
def wrong_patient(study: str, code: str) -> Reply:
    """Gives what was sent under this patient's name to the one who answered, after a second look."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.REATTRIBUTE)
    names = visit_names(definition_in_force(db.session, found.study))
    form = WrongPatientForm()
    form.offer(show_moves.sent_visits(found), names)
    if form.validate_on_submit() and not form.correct.data:
        try:
            return _look_or_move(form, found, names)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        except NotFoundError as error:
            db.session.rollback()
            _refuse_unknown(form, error)
    found = patients.find_patient(db.session, g.actor, study, code, Permission.REATTRIBUTE)
    page = show_moves.wrong_patient_page(found)
    return render_template("nurse/wrong-patient.html", page=page, form=form), REFUSED if form.errors else 200


def _look_or_transfer(form: Any, found: Any, sites: dict[int, Any]) -> Reply:
    """The second look, which is taken back, or the patient moved; raises RuleError where it cannot be."""
    definition, clock = definition_in_force(db.session, found.study), current_app.extensions["clock"]
    study, code, former = found.study.code, found.code, found.site.name
    site = next(each for each in sites.values() if each.number == form.site.data)
    transfer_patient(db.session, clock, definition, g.actor, found, site, form.from_on.data)
    if form.confirm.data:
        db.session.commit()
        return redirect(url_for("nurse.transfer", study=study, code=code, done="transferred"), 303)
    facts = show_moves.transfer_facts(former, site.name, form.from_on.data)
    db.session.rollback()
    found = patients.find_patient(db.session, g.actor, study, code, Permission.TRANSFER)
    page = show_moves.transfer_page(found, _names(sites), facts)
    return render_template("nurse/transfer-confirm.html", page=page, form=form)


def _look_or_move(form: Any, found: Any, names: dict[str, str]) -> Reply:
    """The second look, which is taken back, or the copy made; raises what the services do."""
    study, code = found.study.code, found.code
    other = patients.find_patient(db.session, g.actor, study, form.other_code.data, Permission.REATTRIBUTE)
    wrong, right = _visit(found, form.visit.data), _visit(other, form.other_visit.data)
    clock, reason = current_app.extensions["clock"], form.reason.data
    copies = reattribute_forms(db.session, clock, g.actor, wrong, right, reason)
    if form.confirm.data:
        db.session.commit()
        return redirect(url_for("nurse.wrong_patient", study=study, code=code, done="reattributed"), 303)
    facts = show_moves.mix_up_facts(found, form, copies, names)
    db.session.rollback()
    found = patients.find_patient(db.session, g.actor, study, code, Permission.REATTRIBUTE)
    page = show_moves.wrong_patient_page(found, facts)
    return render_template("nurse/wrong-patient-confirm.html", page=page, form=form)


def _visit(patient: Any, code: str) -> Any:
    """A visit of a patient, of the schedule or besides it."""
    besides = {each.code: each for each in unscheduled_visits(db.session, patient)}
    found = find_visit(db.session, patient, code) or besides.get(code)
    if found is None:
        raise NotFoundError("visit", code)
    return found


def _refuse_unknown(form: Any, error: NotFoundError) -> None:
    if error.kind == "visit":
        form.other_visit.errors = [translate("This patient has no such visit.")]
    else:
        form.other_code.errors = [translate("No patient of this code is registered in the study.")]


def _names(sites: dict[int, Any]) -> dict[int, str]:
    return {key: each.name for key, each in sites.items()}


def _sites(found: Any) -> dict[int, Any]:
    """The sites of the patient's study by id, in their order."""
    allowed = access.sites_within(db.session, g.actor, Permission.TRANSFER)
    return {each.id: each for each in allowed if each.study_id == found.study_id}
