"""The way back of a member of staff whose session was suspended on the ward's tablet."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, g, redirect, render_template, request, session, url_for
from flask_security.utils import login_user, verify_password
from werkzeug.wrappers import Response

from app.auth import blueprint
from app.db import db
from app.i18n import translate
from app.services import access, links, sign_in, ward
from app.services.audit import AuditContext, act_as, record
from app.services.links import LinkState

REFUSED = 422


@dataclass(frozen=True, kw_only=True)
class ResumePage:
    """Whose tablet it is; while the patient's questionnaire is open, the way back to it."""

    email: str
    is_lent: bool
    go_back_url: str
    error: str = ""


@blueprint.get("/resume")
@access.handed_over
def resume() -> str:
    """Names who handed the tablet over and asks for the password: nothing else of staff is to be seen."""
    return _page(_holder())


@blueprint.post("/resume")
@access.handed_over
def sign_in_again() -> Response | tuple[str, int]:
    """Signs in anew, ends what was lent to the patient, and goes to where the tablet was handed over."""
    user, clock, writer = _holder(), current_app.extensions["clock"], db.session
    if sign_in.is_locked(writer, clock, user.email):
        return _page(user, translate("Too many tries. Wait a few minutes, then try again.")), REFUSED
    # Argon2 takes its time on purpose: a patient's save does not wait for it.
    hashed, email, is_active = user.password or "", user.email, user.active
    place = url_for("nurse.patient", study=g.link.patient.study.code, code=g.link.code)
    with db.reading():
        is_right = is_active and verify_password(request.form.get("password", ""), hashed)
    if not is_right:
        sign_in.count_failure(writer, clock, email)
        writer.commit()
        return _page(_holder(), translate("The password is not right. Try again.")), REFUSED
    login_user(_signed_in(email))
    session.leave_clean()  # type: ignore[attr-defined]
    return redirect(place, 303)


def _signed_in(email: str) -> Any:
    clock, writer = current_app.extensions["clock"], db.session
    sign_in.clear_failures(writer, email)
    user, found = _holder(), links.find_link_by_id(writer, clock, g.handed.handed_link_id)
    act_as(writer, clock, AuditContext(email, "staff"))
    record(writer, "sign in", "user", str(user.id), "system", {"after": "tablet"})
    if found is not None:
        ward.take_back(writer, clock, found.link)
    writer.commit()
    return user


def _holder() -> Any:
    user = ward.holder(db.session, g.handed.id)
    # Read by staff, whoever the patient is.
    g.patient_language = user.language
    return user


def _page(user: Any, error: str = "") -> str:
    is_lent = g.link.state is LinkState.OPEN
    place = "patient.stop_here" if g.link.link.opened_at else "patient.hand_back"
    page = ResumePage(email=user.email, is_lent=is_lent, go_back_url=url_for(place), error=error)
    return render_template("auth/resume.html", page=page)
