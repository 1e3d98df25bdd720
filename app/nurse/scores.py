"""Site staff look at what a patient's questionnaires said over time, and how each score came about."""

from flask import g, render_template

from app.db import db
from app.nurse import blueprint, show_arithmetic, show_scores
from app.nurse.views import Reply
from app.services import access, patients
from app.services.access import Permission


@blueprint.get("/<study>/<code>/scores")
@access.staff(Permission.SEE_PATIENTS)
def scores(study: str, code: str) -> Reply:
    """The scores and symptoms of a patient as charts, each with its table."""
    found = patients.find_patient(db.session, g.actor, study, code)
    return render_template("nurse/scores.html", page=show_scores.scores_page(found))


@blueprint.get("/<study>/<code>/scores/<visit>/<questionnaire>/<scale>")
@access.staff(Permission.SEE_PATIENTS)
def arithmetic(study: str, code: str, visit: str, questionnaire: str, scale: str) -> Reply:
    """How one score came about."""
    found = patients.find_patient(db.session, g.actor, study, code)
    page = show_arithmetic.arithmetic_page(found, visit, questionnaire, scale)
    return render_template("nurse/arithmetic.html", page=page)
