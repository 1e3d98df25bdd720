"""Data managers bring in lists of assignments already made, after seeing each line."""

from typing import Any

from flask import current_app, g, redirect, render_template, url_for

from app.db import db
from app.forms.allocations import AllocationForm
from app.manager import allocation_words, blueprint, show_allocations
from app.manager.views import REFUSED, Reply
from app.services import access
from app.services.access import Permission
from app.services.allocations import (
    AllocationPreview,
    apply_allocations,
    parse_allocations,
    preview_allocations,
)
from app.services.errors import NotFoundError, RuleError
from app.services.studies import definition_in_force


@blueprint.route("/allocations/<study>", methods=["GET", "POST"])
@access.staff(Permission.IMPORT_ALLOCATIONS)
def allocations(study: str) -> Reply:
    """Checks a list line by line; records the whole of it once it was seen and has no fault."""
    found, form, preview = _study(study), AllocationForm(), None
    if form.validate_on_submit() and not form.correct.data:
        try:
            preview = _preview(form, found)
        except RuleError as error:
            db.session.rollback()
            form.list.errors = [allocation_words.refusal(error.rule, error.facts)]
    page = show_allocations.allocations_page(_study(study), preview)
    if preview and not preview.faults:
        if form.confirm.data:
            db.session.commit()
            return redirect(url_for("manager.allocations", study=study, done="recorded"), 303)
        return render_template("manager/allocations-confirm.html", page=page, form=form)
    status = REFUSED if form.errors or page.faults else 200
    return render_template("manager/allocations.html", page=page, form=form), status


def _preview(form: Any, study: Any) -> AllocationPreview | None:
    """What the list would do, or did where it was confirmed; None for a file that is no text."""
    if not form.read():
        form.file.errors = [allocation_words.NO_TEXT]
        return None
    definition, clock = definition_in_force(db.session, study), current_app.extensions["clock"]
    lines = parse_allocations(form.list.data)
    preview = preview_allocations(db.session, clock, definition, g.actor, study, lines)
    if form.confirm.data and not preview.faults:
        return apply_allocations(db.session, clock, definition, g.actor, study, lines)
    return preview


def _study(code: str) -> Any:
    allowed = access.studies_within(db.session, g.actor, Permission.IMPORT_ALLOCATIONS)
    found = next((each for each in allowed if each.code == code), None)
    if found is None:
        raise NotFoundError("study", code)
    return found
