"""What data managers do: bring in licensed wording, compare it, approve it."""

from typing import Any

from flask import current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.db import db
from app.forms.wording import ApprovalForm, UploadForm
from app.manager import blueprint, show, words
from app.services import access
from app.services.access import Permission
from app.services.errors import NotFoundError, RuleError
from app.services.studies import definition_in_force
from app.services.wording import (
    Fault,
    Licence,
    RefusedFileError,
    SealBrokenError,
    approve_wording,
    find_draft,
    import_wording,
    is_sealed,
)
from app.services.wording.packs import require_used

Reply = str | Response | tuple[str, int]
REFUSED = 422
MAX_FILE_BYTES = 2 * 1024 * 1024
SET = "/wording/<study>/<questionnaire>/<language>"


@blueprint.url_value_preprocessor
def allow_files(endpoint: str | None, _values: object) -> None:
    """Lets the forms that take a file be larger; before anything reads the form."""
    if endpoint in {"manager.upload", "manager.allocations"}:
        request.max_content_length = MAX_FILE_BYTES


@blueprint.get("/wording/")
@access.staff(Permission.MANAGE_WORDING)
def front() -> Reply:
    """The wordings that the actor's studies need, and how each stands."""
    studies = access.studies_within(db.session, g.actor, Permission.MANAGE_WORDING)
    cards = tuple(show.study_card(each) for each in studies)
    return render_template("manager/wording.html", studies=cards)


@blueprint.get(SET)
@access.staff(Permission.MANAGE_WORDING)
def wording(study: str, questionnaire: str, language: str) -> Reply:
    """One questionnaire in one language: what is in force, what was, and the form for a file."""
    found = _study(study, questionnaire, language)
    page = show.set_page(found, questionnaire, language, done=request.args.get("done", ""))
    return render_template("manager/wording-set.html", page=page, form=UploadForm())


@blueprint.post(SET)
@access.staff(Permission.MANAGE_WORDING)
def upload(study: str, questionnaire: str, language: str) -> Reply:
    """Checks a file; keeps its texts as the draft, or says all that is wrong with it."""
    found, form = _study(study, questionnaire, language), UploadForm()
    faults: tuple[Fault, ...] = ()
    name = form.file.data.filename if form.file.data else ""
    if form.validate_on_submit():
        clock, source = current_app.extensions["clock"], form.file.data.read()
        facts = (questionnaire, language, source, name, g.actor.email)
        try:
            import_wording(db.session, clock, found, *facts)
        except RefusedFileError as error:
            db.session.rollback()
            faults = error.faults
        else:
            db.session.commit()
            return _to("draft", study, questionnaire, language)
    page = show.set_page(found, questionnaire, language, faults=faults, file_name=name)
    return render_template("manager/wording-set.html", page=page, form=form), REFUSED


@blueprint.get(f"{SET}/draft")
@access.staff(Permission.MANAGE_WORDING)
def draft(study: str, questionnaire: str, language: str) -> Reply:
    """Every text of the draft as patients would read it, and the form that approves them."""
    found = _study(study, questionnaire, language)
    draft = find_draft(db.session, found.id, questionnaire, language)
    if draft is None or not is_sealed(draft):
        return _to("wording", study, questionnaire, language, done="" if draft is None else "spoiled")
    return _draft_page(found, draft, ApprovalForm(formdata=None, data={"sha256": draft.sha256}))


@blueprint.post(f"{SET}/draft")
@access.staff(Permission.MANAGE_WORDING)
def approve(study: str, questionnaire: str, language: str) -> Reply:
    """Approves the draft under the actor's name; it never changes afterwards."""
    found, form = _study(study, questionnaire, language), ApprovalForm()
    if form.validate_on_submit():
        key = (questionnaire, language, form.sha256.data or "")
        clock = current_app.extensions["clock"]
        try:
            approve_wording(db.session, clock, g.actor, found, *key, _licence(form))
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        except SealBrokenError:
            db.session.rollback()
        else:
            db.session.commit()
            return _to("wording", study, questionnaire, language, done="approved")
    draft = find_draft(db.session, found.id, questionnaire, language)
    if draft is None or not is_sealed(draft):
        return _to("wording", study, questionnaire, language, done="" if draft is None else "spoiled")
    return _draft_page(found, draft, form)


def _licence(form: Any) -> Licence:
    return Licence(form.reference.data, form.version.data, form.licence_on.data)


def _draft_page(study: Any, draft: Any, form: Any) -> Reply:
    if form.sha256.data != draft.sha256:
        # What is approved is what this page shows, also after another file came in.
        form.sha256.data, form.has_read.data = draft.sha256, False
    page = show.draft_page(study, draft)
    return render_template(
        "manager/wording-draft.html", page=page, form=form
    ), REFUSED if form.errors else 200


def _study(code: str, questionnaire: str, language: str) -> Any:
    allowed = access.studies_within(db.session, g.actor, Permission.MANAGE_WORDING)
    found = next((each for each in allowed if each.code == code), None)
    if found is None:
        raise NotFoundError("study", code)
    require_used(definition_in_force(db.session, found), questionnaire, language)
    return found


def _to(view: str, study: str, questionnaire: str, language: str, done: str = "") -> Response:
    address: dict[str, Any] = {"study": study, "questionnaire": questionnaire, "language": language}
    return redirect(url_for(f"manager.{view}", done=done or None, **address), 303)
