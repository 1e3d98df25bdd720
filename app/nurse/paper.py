"""Site staff print the sheet of a visit and type what came back on it."""

from typing import Any

from flask import current_app, g, redirect, render_template, request, url_for

from app.db import db
from app.forms.paper import sheet_form
from app.i18n import speaking
from app.nurse import blueprint, show_paper, words
from app.nurse.common import address
from app.nurse.views import REFUSED, Reply, patient_page
from app.services import access, paper, patients
from app.services.access import Permission
from app.services.errors import NotFoundError, RuleError
from app.services.paper import Step
from app.services.sheets import Sheet, SheetError
from app.services.visits import find_visit

PATH = "/<study>/<code>/visits/<visit>"


@blueprint.get(f"{PATH}/sheet")
@access.staff(Permission.TRANSCRIBE)
def sheet(study: str, code: str, visit: str) -> Reply:
    """The blank questionnaire of a visit, to be printed: in the patient's language."""
    found, wanted = _visit(study, code, visit)
    try:
        texts = paper.sheet_wordings(db.session, found, wanted)
    except RuleError as error:
        return patient_page(found, words.refusal(error))
    with speaking(found.language):
        return render_template("nurse/sheet.html", page=show_paper.sheet_page(found, wanted, texts))


@blueprint.route(f"{PATH}/paper", methods=["GET", "POST"])
@access.staff(Permission.TRANSCRIBE)
def transcribe_paper(study: str, code: str, visit: str) -> Reply:
    """What can be done with the visit's sheet now; takes a transcription in."""
    found, wanted = _visit(study, code, visit)
    state = show_paper.paper_of(found, wanted)
    is_settling = state.step is Step.SETTLE and request.method == "GET"
    if request.method == "GET":
        return _page(found, wanted, _form(state, is_settling=is_settling), is_settling=is_settling)
    return _take(found, wanted, _form(state, is_settling=False), paper.transcribe, is_settling=False)


@blueprint.post(f"{PATH}/paper/settle")
@access.staff(Permission.TRANSCRIBE)
def settle_paper(study: str, code: str, visit: str) -> Reply:
    """Takes the third look at a sheet that two persons read differently."""
    found, wanted = _visit(study, code, visit)
    form = _form(show_paper.paper_of(found, wanted), is_settling=True)

    def settle(*facts: Any) -> Step:
        paper.settle(*facts)
        return Step.RECEIVED

    return _take(found, wanted, form, settle, is_settling=True)


def _take(found: Any, wanted: Any, form: Any, save: Any, *, is_settling: bool) -> Reply:
    """Saves what was typed and goes on; or shows the page again, with what was typed and what is wrong."""
    if form.validate():
        try:
            step = save(db.session, current_app.extensions["clock"], g.actor, found, wanted, _sheet(form))
        except (RuleError, SheetError) as error:
            db.session.rollback()
            for fault in error.faults if isinstance(error, SheetError) else [error]:
                words.refuse(form, fault)
        else:
            db.session.commit()
            return _next(found, wanted, step)
    again = _visit(found.study.code, found.code, wanted.code)
    return _page(*again, form, is_settling=is_settling)


def _next(found: Any, wanted: Any, step: Step) -> Reply:
    place = address(found)
    if step is Step.SETTLE:
        return redirect(url_for("nurse.transcribe_paper", **place, visit=wanted.code), 303)
    return redirect(url_for("nurse.patient", **place, done=f"sheet_{step.value}"), 303)


def _form(state: paper.Paper, *, is_settling: bool) -> Any:
    items = show_paper.fields_of(state, is_settling=is_settling)
    return sheet_form(items)(data=show_paper.frame_of(state) if is_settling else {"mode": "paper"})


def _page(found: Any, wanted: Any, form: Any, *, is_settling: bool) -> Reply:
    try:
        texts = paper.sheet_wordings(db.session, found, wanted)
    except RuleError as error:
        return patient_page(found, words.refusal(error))
    state = show_paper.paper_of(found, wanted)
    page = show_paper.paper_page(found, wanted, state, texts, is_settling=is_settling)
    return render_template("nurse/paper.html", page=page, form=form), REFUSED if form.errors else 200


def _sheet(form: Any) -> Sheet:
    frame = {"csrf_token", "mode", "completed_on", "helper", "help_kinds", "remark", "replaces"}
    return Sheet(
        mode=form.mode.data,
        completed_on=form.completed_on.data,
        answers={each.name: each.data or "" for each in form if each.name not in frame},
        helper=form.helper.data or None,
        help_kinds=tuple(form.help_kinds.data),
        remark=form.remark.data or None,
        replaces=form.replaces.data,
    )


def _visit(study: str, code: str, visit: str) -> tuple[Any, Any]:
    found = patients.find_patient(db.session, g.actor, study, code, Permission.TRANSCRIBE)
    wanted = find_visit(db.session, found, visit)
    if wanted is None:
        raise NotFoundError("visit", visit)
    return found, wanted
