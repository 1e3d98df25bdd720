"""Site staff hand the ward's tablet to a patient, and unlock the link of a visit."""

from flask import current_app, g, redirect, session, url_for

from app.db import db
from app.nurse import blueprint, words
from app.nurse.views import Reply, patient_page, visit_of
from app.services import access, codes, links, patients, ward
from app.services.access import Permission
from app.services.errors import RuleError


@blueprint.post("/<study>/<code>/visits/<visit>/here")
@access.staff(Permission.ISSUE_LINKS)
def fill_in_here(study: str, code: str, visit: str) -> Reply:
    """Suspends this session and shows the patient the way into the visit, on this very screen."""
    found, wanted = visit_of(study, code, visit)
    clock, own = current_app.extensions["clock"], session.found  # type: ignore[attr-defined]
    try:
        ward.hand_over(db.session, clock, own.id, wanted, found)
    except RuleError as error:
        db.session.rollback()
        return patient_page(patients.find_patient(db.session, g.actor, study, code), words.refusal(error))
    db.session.commit()
    # Of whoever used the tablet before; and no page of staff can be gone back to.
    session.leave_clean()  # type: ignore[attr-defined]
    return redirect(url_for("patient.hand_back"), 303)


@blueprint.post("/<study>/<code>/visits/<visit>/unlock")
@access.staff(Permission.ISSUE_LINKS)
def unlock_link(study: str, code: str, visit: str) -> Reply:
    """Lets the code of a visit's links be typed again."""
    _found, wanted = visit_of(study, code, visit)
    live = links.live_links(db.session, wanted)
    for link in live:
        codes.unlock_link(db.session, link)
    db.session.commit()
    done = "visit_unlocked" if live else None
    return redirect(url_for("nurse.patient", study=study, code=code, done=done), 303)
