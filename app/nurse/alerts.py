"""Site staff look at alerts and write down what was done about each."""

from typing import Any

from flask import current_app, g, redirect, render_template, url_for

from app.db import db
from app.forms.alerts import AcknowledgementForm
from app.nurse import blueprint, show_alerts, words
from app.nurse.views import REFUSED, Reply
from app.services import access, patients
from app.services import alerts as alert_service
from app.services.access import Permission
from app.services.errors import NotFoundError, RuleError


@blueprint.get("/alerts")
@access.staff(Permission.SEE_PATIENTS)
def alerts() -> Reply:
    """The open alerts of the actor's patients."""
    return render_template("nurse/alerts.html", page=show_alerts.alerts_page())


@blueprint.get("/<study>/<code>/alerts/<number>")
@access.staff(Permission.SEE_PATIENTS)
def alert(study: str, code: str, number: str) -> Reply:
    """One alert with its response's facts and what was done, or the form that says so."""
    found, wanted = _alert(study, code, number, Permission.SEE_PATIENTS)
    return _page(found, wanted, AcknowledgementForm())


@blueprint.post("/<study>/<code>/alerts/<number>")
@access.staff(Permission.ANSWER_ALERT)
def acknowledge_alert(study: str, code: str, number: str) -> Reply:
    """Records what was done about an alert."""
    found, wanted = _alert(study, code, number, Permission.ANSWER_ALERT)
    form, clock = AcknowledgementForm(), current_app.extensions["clock"]
    if form.validate():
        action, note = form.action.data, form.note.data or ""
        try:
            alert_service.acknowledge_alert(db.session, clock, g.actor, found, wanted, action, note)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
            found, wanted = _alert(study, code, number, Permission.SEE_PATIENTS)
        else:
            db.session.commit()
            return redirect(url_for("nurse.alerts", done="acknowledged"), 303)
    return _page(found, wanted, form, REFUSED)


def _alert(study: str, code: str, number: str, permission: Permission) -> tuple[Any, Any]:
    found = patients.find_patient(db.session, g.actor, study, code, permission)
    if not number.isdecimal() or len(number) > 9:
        raise NotFoundError("alert", number)
    return found, alert_service.find_alert(db.session, found, int(number))


def _page(found: Any, wanted: Any, form: Any, status: int = 200) -> Reply:
    page = show_alerts.alert_page(found, wanted)
    return render_template("nurse/alert.html", page=page, form=form), status
