"""Site staff record which drugs a patient takes, from when and until when; they correct and undo it."""

from collections.abc import Callable
from typing import Any

from flask import current_app, g, redirect, render_template, url_for

from app.db import db
from app.forms.steps import ExposureForm, StopForm, UndoForm
from app.i18n import translate
from app.nurse import blueprint, show_treatment, words
from app.nurse.common import address
from app.nurse.step_pages import DrugPage
from app.nurse.views import REFUSED, Reply
from app.services import access, exposure, patients
from app.services.access import Permission
from app.services.errors import NotFoundError, RuleError
from app.services.studies import definition_in_force
from app.services.treatment import Episode, exposures_of

PATH = "/<study>/<code>/treatment"
RECORD = Permission.RECORD_COURSE


@blueprint.get(PATH)
@access.staff(Permission.SEE_PATIENTS)
def treatment(study: str, code: str) -> Reply:
    """The drugs of a patient, and the state of treatment that follows from them."""
    found = patients.find_patient(db.session, g.actor, study, code)
    return render_template("nurse/treatment.html", page=show_treatment.treatment_page(found))


@blueprint.route(f"{PATH}/new", methods=["GET", "POST"])
@access.staff(RECORD)
def record_drug(study: str, code: str) -> Reply:
    """Records a drug, taken still or not."""
    found = patients.find_patient(db.session, g.actor, study, code, RECORD)
    form, clock = ExposureForm(), current_app.extensions["clock"]
    definition = definition_in_force(db.session, found.study)
    where = url_for("nurse.record_drug", **address(found))
    page = show_treatment.drug_page(found, translate("Record a drug"), where)

    def save() -> None:
        exposure.record_exposure(db.session, clock, definition, found, _episode(form))

    return _form(page, form, save, "drug_recorded")


@blueprint.route(f"{PATH}/<number>/stop", methods=["GET", "POST"])
@access.staff(RECORD)
def stop_drug(study: str, code: str, number: str) -> Reply:
    """Records that a drug is no longer taken, and why."""
    found, wanted = _exposure(study, code, number)
    form, clock = StopForm(), current_app.extensions["clock"]
    definition = definition_in_force(db.session, found.study)
    where = url_for("nurse.stop_drug", **address(found), number=wanted.id)
    page = show_treatment.drug_page(found, translate("Record the stop"), where, stopped=wanted)

    def save() -> None:
        day: Any = form.stopped_on.data
        exposure.stop_exposure(db.session, clock, definition, found, wanted.id, day, form.stop_reason.data)

    return _form(page, form, save, "drug_stopped")


@blueprint.route(f"{PATH}/<number>/change", methods=["GET", "POST"])
@access.staff(RECORD)
def correct_drug(study: str, code: str, number: str) -> Reply:
    """Puts right what was recorded wrongly."""
    found, wanted = _exposure(study, code, number)
    form, clock = ExposureForm(data=show_treatment.held(wanted)), current_app.extensions["clock"]
    definition = definition_in_force(db.session, found.study)
    where = url_for("nurse.correct_drug", **address(found), number=wanted.id)
    page = show_treatment.drug_page(found, translate("Correct the drug"), where)

    def save() -> None:
        exposure.correct_exposure(db.session, clock, definition, found, wanted.id, _episode(form))

    return _form(page, form, save, "drug_corrected")


@blueprint.route(f"{PATH}/<number>/undo", methods=["GET", "POST"])
@access.staff(RECORD)
def undo_drug(study: str, code: str, number: str) -> Reply:
    """Takes back a drug that the patient never took, such as another patient's."""
    found, wanted = _exposure(study, code, number)
    form, clock = UndoForm(), current_app.extensions["clock"]
    where = url_for("nurse.undo_drug", **address(found), number=wanted.id)
    page = show_treatment.drug_page(found, translate("Undo the drug"), where, stopped=wanted)

    def save() -> None:
        exposure.undo_exposure(db.session, clock, found, wanted.id, form.reason.data)

    return _form(page, form, save, "drug_undone", "nurse/drug-undo.html")


def _form(
    page: DrugPage, form: Any, save: Callable[[], None], done: str, template: str = "nurse/drug.html"
) -> Reply:
    """Saves what a form holds, or shows the form with what was refused."""
    if form.validate_on_submit():
        try:
            save()
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        else:
            db.session.commit()
            return redirect(f"{page.back_url}?done={done}", 303)
    return render_template(template, page=page, form=form), REFUSED if form.errors else 200


def _episode(form: Any) -> Episode:
    return Episode(form.drug_name, form.started_on.data, form.stopped_on.data, form.stop_reason.data or None)


def _exposure(study: str, code: str, number: str) -> tuple[Any, Any]:
    """A patient and one of their episodes; NotFoundError for another's as for none."""
    found = patients.find_patient(db.session, g.actor, study, code, RECORD)
    episodes = exposures_of(db.session, found.study_id, found.id)
    wanted = next((each for each in episodes if str(each.id) == number), None)
    if wanted is None:
        raise NotFoundError("exposure", number)
    return found, wanted
