"""Data managers put right what was written down wrongly of a randomisation, after a second look."""

from typing import Any

from flask import current_app, g, redirect, render_template, url_for

from app.db import db
from app.forms.randomisation import RandomisationCorrectionForm
from app.manager import blueprint, randomisation_words, show_randomisation
from app.manager.views import REFUSED, Reply
from app.services import access
from app.services.access import Permission
from app.services.errors import RuleError
from app.services.patients import find_patient
from app.services.randomisation import correct_randomisation
from app.services.studies import definition_in_force

CORRECT = Permission.CORRECT_RANDOMISATION


@blueprint.route("/randomisation/<study>/<code>", methods=["GET", "POST"])
@access.staff(CORRECT)
def randomisation(study: str, code: str) -> Reply:
    """What is recorded of a randomisation, and the form that corrects it."""
    found = find_patient(db.session, g.actor, study, code, CORRECT)
    form = RandomisationCorrectionForm(data=show_randomisation.held(found))
    form.offer(show_randomisation.arms_of(found))
    if form.validate_on_submit() and not form.correct.data:
        try:
            return _look_or_correct(form, found)
        except RuleError as error:
            db.session.rollback()
            randomisation_words.refuse(form, error)
    found = find_patient(db.session, g.actor, study, code, CORRECT)
    page = show_randomisation.randomisation_page(found)
    return render_template(
        "manager/randomisation.html", page=page, form=form
    ), REFUSED if form.errors else 200


def _look_or_correct(form: Any, found: Any) -> Reply:
    """The second look, which is taken back, or the correction made; raises RuleError where it cannot be."""
    definition, clock = definition_in_force(db.session, found.study), current_app.extensions["clock"]
    study, code = found.study.code, found.code
    former, before = show_randomisation.recorded(found), show_randomisation.due_days(found)
    arm, day, reason = form.arm.data, form.randomised_on.data, form.reason.data
    correct_randomisation(db.session, clock, definition, g.actor, found, arm, day, reason)
    if form.confirm.data:
        db.session.commit()
        return redirect(url_for("manager.randomisation", study=study, code=code, done="corrected"), 303)
    facts = show_randomisation.look_facts(former, show_randomisation.recorded(found), reason)
    changes = show_randomisation.changed_visits(found, before, show_randomisation.due_days(found))
    db.session.rollback()
    found = find_patient(db.session, g.actor, study, code, CORRECT)
    page = show_randomisation.randomisation_page(found, facts, changes)
    return render_template("manager/randomisation-confirm.html", page=page, form=form)
