"""What a patient sent, answer by answer; the site's investigator corrects one, beside the original."""

from typing import Any

from flask import current_app, g, redirect, render_template, request, url_for

from app.db import db
from app.forms.corrections import CorrectionForm
from app.nurse import blueprint, show_corrections, words
from app.nurse.views import REFUSED, Reply
from app.services import access, corrections, patients
from app.services.access import Permission
from app.services.correction_rules import LATE, CorrectionFacts
from app.services.errors import NotFoundError, RuleError

PATH = "/<study>/<code>/answers"
FORM = f"{PATH}/<visit>/<questionnaire>"
# What is wrong with the signature is said where one signs; all else where the correction is written.
OF_SIGNATURE = frozenset({"password", "name"})


@blueprint.get(PATH)
@access.staff(Permission.SEE_PATIENTS)
def sent_forms(study: str, code: str) -> Reply:
    """The questionnaires that a patient sent."""
    found = patients.find_patient(db.session, g.actor, study, code)
    return render_template("nurse/sent-forms.html", page=show_corrections.sent_forms_page(found))


@blueprint.get(FORM)
@access.staff(Permission.SEE_PATIENTS)
def sent_form(study: str, code: str, visit: str, questionnaire: str) -> Reply:
    """One questionnaire as sent and as it stands, with its corrections and what came late."""
    sent = _sent(study, code, visit, questionnaire, Permission.SEE_PATIENTS)
    return render_template("nurse/sent-form.html", page=show_corrections.sent_form_page(sent))


@blueprint.route(f"{FORM}/<item>/correction", methods=["GET", "POST"])
@access.staff(Permission.CORRECT)
def correct_answer(study: str, code: str, visit: str, questionnaire: str, item: str) -> Reply:
    """Corrects an answer, after a second look at what follows and with the password once more."""
    place: dict[str, Any] = {"study": study, "code": code, "visit": visit, "questionnaire": questionnaire}
    sent = _sent(**place, permission=Permission.CORRECT)
    if item not in sent.asked.by_id:
        raise NotFoundError("question", item)
    form = _form(sent, item)
    if form.validate_on_submit() and not form.back.data:
        try:
            facts = _facts(form, sent, item)
            if not form.confirm.data:
                corrections.check_facts(current_app.extensions["clock"], sent, facts, _number(form.seen.data))
                return _second_look(form, sent, facts)
            _decide(form, place, facts)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
            sent = _sent(**place, permission=Permission.CORRECT)
            if error.field in OF_SIGNATURE:
                return _second_look(form, sent, facts)
        else:
            db.session.commit()
            return redirect(url_for("nurse.sent_form", **place, done="corrected"), 303)
    page = show_corrections.correction_page(sent, item, _late(form, sent, item))
    status = REFUSED if form.errors else 200
    return render_template("nurse/correction.html", page=page, form=form), status


def _decide(form: Any, place: dict[str, Any], facts: CorrectionFacts) -> None:
    proof = current_app.extensions["confirm_password"](form.password.data or "")
    # The check of the password ended the transaction.
    held = _sent(**place, permission=Permission.CORRECT)
    clock, seen, name = current_app.extensions["clock"], _number(form.seen.data), form.name.data
    corrections.correct_answer(db.session, clock, g.actor, held, facts, seen, name, proof)


def _second_look(form: Any, sent: Any, facts: CorrectionFacts) -> Reply:
    page = show_corrections.second_look(sent, facts, form)
    status = REFUSED if form.errors else 200
    return render_template("nurse/correction-confirm.html", page=page, form=form), status


def _sent(study: str, code: str, visit: str, questionnaire: str, permission: Permission) -> Any:
    found = patients.find_patient(db.session, g.actor, study, code, permission)
    return corrections.find_form(db.session, found, visit, questionnaire)


def _form(sent: Any, item: str) -> Any:
    question = sent.asked.by_id[item]
    form = CorrectionForm(data={"seen": len(sent.corrections), "late": request.args.get("late", "")})
    form.offer(question.kind, show_corrections.answer_choices(sent, question))
    if late := _late(form, sent, item):
        form.source.data = LATE
        if request.method == "GET" and "answer" in form:
            value = late.answer["value"]
            form.answer.data = show_corrections.NO_ANSWER if value is None else str(value)
        elif request.method == "GET" and "text" in form:
            form.text.data = late.answer["value"] or ""
    return form


def _late(form: Any, sent: Any, item: str) -> Any:
    """The late answer to be taken over, if the page was opened from one."""
    if not form.late.data:
        return None
    known = {each.id: each for each in sent.late if each.item == item}
    late = known.get(_number(form.late.data))
    if late is None:
        raise NotFoundError("late answer", str(form.late.data))
    return late


def _facts(form: Any, sent: Any, item: str) -> CorrectionFacts:
    late, value = _late(form, sent, item), form.value
    is_code = bool(sent.asked.by_id[item].codes) and value is not None
    return CorrectionFacts(
        item=item,
        value=int(value) if is_code else value,
        reason=form.reason.data,
        source=form.source.data,
        asked_by=form.asked_by.data,
        late_answer_id=late.id if late else None,
    )


def _number(text: Any) -> int:
    if not str(text or "").isdecimal() or len(str(text)) > 9:
        raise NotFoundError("number", str(text))
    return int(text)
