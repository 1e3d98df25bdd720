"""Site staff leave a note for whoever covers for them, and take it down again."""

from typing import Any

from flask import current_app, g, redirect, render_template, url_for

from app.db import db
from app.forms.handover import HandoverForm
from app.nurse import blueprint, words
from app.nurse.pages import HandoverPage
from app.nurse.views import REFUSED, Reply
from app.services import access
from app.services import handover as service
from app.services.access import Permission
from app.services.errors import NotFoundError, RuleError


@blueprint.route("/handover", methods=["GET", "POST"])
@access.staff(Permission.WRITE_HANDOVER)
def handover() -> Reply:
    """Leaves a note at a site of the actor's."""
    sites = {
        str(each.id): each for each in access.sites_within(db.session, g.actor, Permission.WRITE_HANDOVER)
    }
    form: Any = HandoverForm()
    clock = current_app.extensions["clock"]
    form.offer({key: f"{site.number} {site.name}" for key, site in sites.items()})
    if form.validate_on_submit():
        site = sites[form.site.data] if form.site else next(iter(sites.values()))
        text, until = form.text.data or "", form.stands_until.data
        try:
            service.write_note(db.session, clock, g.actor, site, text, until)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        else:
            db.session.commit()
            return redirect(url_for("nurse.front"), 303)
    only = next(iter(sites.values())).name if len(sites) == 1 else ""
    page = HandoverPage(site=only, longest=service.LONGEST)
    return render_template("nurse/handover.html", page=page, form=form), REFUSED if form.errors else 200


@blueprint.post("/handover/<note>/down")
@access.staff(Permission.WRITE_HANDOVER)
def take_down_note(note: str) -> Reply:
    """Takes a note off the front page."""
    if not note.isdecimal() or len(note) > 9:
        raise NotFoundError("handover note", note)
    service.take_down(db.session, current_app.extensions["clock"], g.actor, int(note))
    db.session.commit()
    return redirect(url_for("nurse.front"), 303)
