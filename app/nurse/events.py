"""Site staff record adverse events: the nurse drafts, the investigator decides and signs."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app, g, redirect, render_template, request, url_for

from app.db import db
from app.forms.events import DecisionForm, DeclarationForm, EventForm, SignatureForm
from app.nurse import blueprint, show_events, words
from app.nurse.views import REFUSED, Reply
from app.services import access, adverse_events, declarations, patients
from app.services.access import Permission
from app.services.errors import NotFoundError, RuleError
from app.services.event_rules import Decision, EventFacts
from app.services.terms import search_terms, suggested_terms, terminology

PATH = "/<study>/<code>/events"


@blueprint.get(PATH)
@access.staff(Permission.SEE_PATIENTS)
def events(study: str, code: str) -> Reply:
    """What the patient reported beside the events recorded of them."""
    found = patients.find_patient(db.session, g.actor, study, code)
    return render_template("nurse/events.html", page=show_events.events_page(found))


@blueprint.route(f"{PATH}/new", methods=["GET", "POST"])
@access.staff(Permission.DRAFT_EVENT)
def draft_event(study: str, code: str) -> Reply:
    """Drafts an event, from a report where the address names one."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.DRAFT_EVENT)
    report = _report(found)
    form = EventForm(data={"onset_on": report.onset_on} if report else None)
    clock = current_app.extensions["clock"]

    def save(facts: EventFacts) -> Any:
        return adverse_events.draft_event(db.session, clock, g.actor, found, facts, report)

    said = {"symptom": report.symptom, "said": report.words or ""} if report else {"symptom": "", "said": ""}
    return _event_form(found, form, save, "drafted", is_change=False, **said)


@blueprint.route(f"{PATH}/<number>/change", methods=["GET", "POST"])
@access.staff(Permission.DRAFT_EVENT)
def change_event(study: str, code: str, number: str) -> Reply:
    """Writes a new version of an event."""
    found, event = _event(study, code, number, Permission.DRAFT_EVENT)
    latest = event.latest
    names = ("term", "text", "onset_on", "ended_on", "action", "outcome")
    held = {name: getattr(latest, name) for name in names} | {"term": latest.term or ""}
    form = EventForm(data=held | {"grade": str(latest.grade), "seen": latest.number})
    clock, facts_of = current_app.extensions["clock"], {"symptom": event.symptom or ""}

    def save(facts: EventFacts) -> Any:
        seen, reason = _number(form.seen.data), form.reason.data
        adverse_events.change_event(db.session, clock, g.actor, event, facts, seen, reason)
        return event

    return _event_form(found, form, save, "changed", is_change=True, said=event.words or "", **facts_of)


@blueprint.get(f"{PATH}/<number>")
@access.staff(Permission.SEE_PATIENTS)
def event(study: str, code: str, number: str) -> Reply:
    """One event with its versions, and what is to be done about it."""
    found, wanted = _event(study, code, number, Permission.SEE_PATIENTS)
    return _event_page(found, wanted)


@blueprint.post(f"{PATH}/<number>/decision")
@access.staff(Permission.DECIDE_EVENT)
def decide_event(study: str, code: str, number: str) -> Reply:
    """Records the investigator's decision."""
    found, wanted = _event(study, code, number, Permission.DECIDE_EVENT)
    form, clock = DecisionForm(), current_app.extensions["clock"]

    def save() -> Any:
        decision = Decision(
            is_serious=form.is_serious.data == "yes",
            criteria=tuple(form.criteria.data),
            causes=tuple(form.causes.data),
            cause_text=form.cause_text.data or None,
            aware_at=_instant(form.aware_at.data, found),
        )
        seen, reason = _number(form.seen.data), form.reason.data or None
        adverse_events.decide_event(db.session, clock, g.actor, wanted, decision, seen, reason)

    return _act(found, wanted, form, save, "decided", decision=form)


@blueprint.post(f"{PATH}/<number>/signature")
@access.staff(Permission.DECIDE_EVENT)
def sign_event(study: str, code: str, number: str) -> Reply:
    """Signs an event; the password is asked for once more."""
    found, wanted = _event(study, code, number, Permission.DECIDE_EVENT)
    form, clock = SignatureForm(), current_app.extensions["clock"]

    def save() -> Any:
        proof = current_app.extensions["confirm_password"](form.password.data)
        # The check of the password ended the transaction.
        held = _event(study, code, number, Permission.DECIDE_EVENT)[1]
        seen, name = _number(form.seen.data), form.name.data
        adverse_events.sign_event(db.session, clock, g.actor, held, seen, name, proof)

    return _act(found, wanted, form, save, "signed", signature=form)


@blueprint.post(f"{PATH}/<number>/declaration")
@access.staff(Permission.DRAFT_EVENT)
def declare_event(study: str, code: str, number: str) -> Reply:
    """Records that a serious event was sent to the sponsor."""
    found, wanted = _event(study, code, number, Permission.DRAFT_EVENT)
    form, clock = DeclarationForm(), current_app.extensions["clock"]

    def save() -> Any:
        sent_at = _instant(form.sent_at.data, found) or clock.now()
        declarations.record_declaration(db.session, clock, g.actor, wanted, sent_at, form.channel.data)

    return _act(found, wanted, form, save, "declared", declaration=form)


def _event(study: str, code: str, number: str, permission: Permission) -> tuple[Any, Any]:
    found = patients.find_patient(db.session, g.actor, study, code, permission)
    return found, adverse_events.find_event(db.session, found, _number(number))


def _event_page(found: Any, wanted: Any, status: int = 200, **forms: Any) -> Reply:
    page = show_events.event_page(found, wanted)
    latest = wanted.latest
    decided = {
        "is_serious": {True: "yes", False: "no"}.get(latest.is_serious),
        "criteria": latest.criteria,
        "causes": latest.causes,
        "cause_text": latest.cause_text,
        "aware_at": _local(latest.aware_at, found),
        "seen": latest.number,
    }
    empty = {
        "decision": DecisionForm(formdata=None, data=decided),
        "signature": SignatureForm(formdata=None, data={"seen": latest.number}),
        "declaration": DeclarationForm(formdata=None),
    }
    return render_template("nurse/event.html", page=page, **(empty | forms)), status


def _act(found: Any, wanted: Any, form: Any, save: Any, done: str, **forms: Any) -> Reply:
    """Does what a form of the event's page asks for, or shows the page again with what was refused."""
    where = {"study": found.study.code, "code": found.code, "number": wanted.number}
    if form.validate():
        try:
            save()
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        else:
            db.session.commit()
            return redirect(url_for("nurse.event", **where, done=done), 303)
    again = _event(found.study.code, found.code, str(where["number"]), Permission.SEE_PATIENTS)
    return _event_page(*again, REFUSED, **forms)


def _event_form(
    found: Any, form: Any, save: Any, done: str, *, is_change: bool, symptom: str, said: str
) -> Reply:
    is_searching = "search" in request.form
    chosen = [terminology().terms[form.term.data]] if form.term.data in terminology().terms else []
    looked_up = search_terms(form.find.data or "")
    form.offer(
        show_events.term_choices([*chosen, *looked_up, *suggested_terms(symptom)]),
        show_events.grade_choices(),
    )
    place = {"study": found.study.code, "code": found.code}
    if not is_searching and form.validate_on_submit():
        try:
            event = save(_facts(form))
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        else:
            db.session.commit()
            return redirect(url_for("nurse.event", **place, number=event.number, done=done), 303)
    found = patients.find_patient(db.session, g.actor, study_code=place["study"], code=place["code"])
    has_found_nothing = bool(form.find.data) and not looked_up
    page = show_events.draft_page(
        found, symptom=symptom, said=said, is_change=is_change, has_found_nothing=has_found_nothing
    )
    return render_template("nurse/event-form.html", page=page, form=form), REFUSED if form.errors else 200


def _facts(form: Any) -> EventFacts:
    return EventFacts(
        term=form.term.data or None,
        text=form.text.data or None,
        grade=int(form.grade.data),
        onset_on=form.onset_on.data,
        ended_on=form.ended_on.data,
        action=form.action.data,
        outcome=form.outcome.data,
    )


def _report(found: Any) -> Any:
    response, symptom = request.args.get("response"), request.args.get("symptom")
    if not response or not symptom:
        return None
    return adverse_events.find_report(db.session, found, response, symptom)


def _number(text: Any) -> int:
    if not str(text or "").isdecimal() or len(str(text)) > 6:
        raise NotFoundError("adverse event", str(text))
    return int(text)


def _instant(local: datetime | None, found: Any) -> datetime | None:
    return local.replace(tzinfo=ZoneInfo(found.site.timezone)) if local else None


def _local(instant: datetime | None, found: Any) -> datetime | None:
    return instant.astimezone(ZoneInfo(found.site.timezone)).replace(tzinfo=None) if instant else None
