"""Site staff say why a questionnaire did not come: one tap for a coded reason, a few words for another."""

from typing import Any

from flask import current_app, g, redirect, render_template, url_for

from app.db import db
from app.forms.missing import ReasonForm
from app.nurse import blueprint, words
from app.nurse.common import address, state_badge, visit_names
from app.nurse.pages import Fact, ReasonPage
from app.nurse.views import REFUSED, Reply
from app.services import access, missing, patients
from app.services.access import Permission
from app.services.errors import NotFoundError, RuleError
from app.services.missing import Reason
from app.services.studies import definition_in_force
from app.services.visits import find_visit


@blueprint.route("/<study>/<code>/visits/<visit>/reason", methods=["GET", "POST"])
@access.staff(Permission.EXPLAIN_MISSING)
def missing_reason(study: str, code: str, visit: str) -> Reply:
    """The reasons of a form that did not come, and the one that was chosen."""
    found, wanted = _visit(study, code, visit)
    form, clock = ReasonForm(), current_app.extensions["clock"]
    if form.validate_on_submit():
        try:
            missing.record_missing_reason(db.session, clock, wanted, form.reason.data or "", form.words)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
            found, wanted = _visit(study, code, visit)
        else:
            db.session.commit()
            return redirect(url_for("nurse.patient", **address(found), done="reason"), 303)
    page = _page(found, wanted)
    return render_template("nurse/reason.html", page=page, form=form), REFUSED if form.errors else 200


def _visit(study: str, code: str, visit: str) -> tuple[Any, Any]:
    found = patients.find_patient(db.session, g.actor, study, code, Permission.EXPLAIN_MISSING)
    wanted = find_visit(db.session, found, visit)
    if wanted is None:
        raise NotFoundError("visit", visit)
    return found, wanted


def _page(patient: Any, visit: Any) -> ReasonPage:
    form = missing.form_of(db.session, current_app.extensions["clock"], visit)
    names = visit_names(definition_in_force(db.session, patient.study))
    coded = [each for each in Reason if each is not Reason.OTHER]
    return ReasonPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **address(patient)),
        url=url_for("nurse.missing_reason", **address(patient), visit=visit.code),
        visit=names.get(visit.code, visit.code),
        state=state_badge(form.state),
        given=words.missing_text(form.reason, form.text),
        reasons=tuple(Fact(name=each.value, value=str(words.MISSING[each])) for each in coded)
        if form.is_asked
        else (),
    )
