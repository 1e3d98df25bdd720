"""From a patient's reports and events to what their pages show."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import current_app, g, request, url_for

from app.db import db
from app.forms.events import ACTIONS, CAUSES, CHANNELS, CRITERIA, OUTCOMES
from app.i18n import day_text, page_language, translate
from app.nurse import event_words as words
from app.nurse.common import address, day_of, in_language, may, moment_of
from app.nurse.event_pages import (
    DisagreementRow,
    DraftPage,
    DueRow,
    EventPage,
    EventRow,
    EventsPage,
    ReportedSymptom,
    Version,
)
from app.nurse.pages import Badge, Fact
from app.services import adverse_events, declarations, discrepancies, symptom_list
from app.services.access import Permission
from app.services.event_signatures import SignatureState, signature_state
from app.services.studies import definition_in_force
from app.services.terms import GRADES, Term, find_term, terminology

LOOKS = {"draft": "draft", "decided": "in_progress", "signed": "received"}
SIGNATURE_LOOKS = {
    SignatureState.NONE: "draft",
    SignatureState.VALID: "approved",
    SignatureState.OUTDATED: "outdated",
    SignatureState.BROKEN: "broken",
}


def events_page(patient: Any) -> EventsPage:
    """What the patient reported, the latest first, beside the events; what is to be declared stands above."""
    names = symptom_names(patient)
    place, clock = address(patient), current_app.extensions["clock"]
    return EventsPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **place),
        done=str(words.DONE.get(request.args.get("done", ""), "")),
        due=tuple(
            _due_row(patient, each)
            for each in declarations.declarations_due(db.session, clock, g.actor, patient)
        ),
        disagreements=tuple(
            _disagreement(patient, names, each)
            for each in discrepancies.discrepancies(db.session, g.actor, patient)
        ),
        reports=tuple(
            _reported(patient, names, *each) for each in symptom_list.reported_symptoms(db.session, patient)
        ),
        events=tuple(_event_row(patient, each) for each in adverse_events.events_of(db.session, patient)),
        new_url=url_for("nurse.draft_event", **place) if may(Permission.DRAFT_EVENT, patient) else None,
    )


def event_page(patient: Any, event: Any) -> EventPage:
    """One event with all its versions, the latest first."""
    clock, zone = current_app.extensions["clock"], patient.site.timezone
    due = declarations.declarations_due(db.session, clock, g.actor, patient)
    mine = next((each for each in due if each.event.id == event.id), None)
    place, may_draft = address(patient), may(Permission.DRAFT_EVENT, patient)
    may_decide = may(Permission.DECIDE_EVENT, patient)
    return EventPage(
        code=patient.code,
        number=event.number,
        url=_url(patient, event),
        patient_url=url_for("nurse.patient", **place),
        events_url=url_for("nurse.events", **place),
        name=event_name(event.latest),
        status=_status(event),
        signature=_signature(event),
        signatures=tuple(_signature_text(each, zone) for each in event.signatures),
        meaning=str(words.MEANING),
        words=event.words or "",
        due=_due_row(patient, mine) if mine else None,
        declarations=tuple(_declaration_text(each, zone) for each in event.declarations),
        versions=tuple(_version(each, zone) for each in reversed(event.versions)),
        change_url=url_for("nurse.change_event", **place, number=event.number) if may_draft else None,
        may_decide=may_decide,
        may_sign=may_decide and event.status == "decided",
        may_declare=may_draft and bool(event.latest.is_serious),
        done=str(words.DONE.get(request.args.get("done", ""), "")),
    )


def draft_page(
    patient: Any, *, symptom: str, said: str, is_change: bool, has_found_nothing: bool
) -> DraftPage:
    """The frame of the form: whose event, and the patient's words beside it."""
    heading = translate("Change of an adverse event") if is_change else translate("New adverse event")
    place = address(patient)
    return DraftPage(
        code=patient.code,
        heading=heading,
        patient_url=url_for("nurse.patient", **place),
        events_url=url_for("nurse.events", **place),
        words=said,
        symptom=symptom_names(patient).get(symptom, symptom),
        is_change=is_change,
        has_found_nothing=has_found_nothing,
        source=terminology().source,
    )


def symptom_names(patient: Any) -> dict[str, str]:
    """The names of the study's symptoms for staff, by code."""
    definition = definition_in_force(db.session, patient.study)
    return {each.code: in_language(each.names) for each in definition.symptoms} | {
        "other": str(translate("Other symptom"))
    }


def term_choices(terms: Iterable[Term]) -> dict[str, str]:
    """Terms to choose from, each once with its system organ class, and the way out of the list."""
    language = page_language()
    found = {each.code: f"{each.names[language]} ({each.system[language]})" for each in terms}
    return found | {"": str(translate("No term: in your own words"))}


def grade_choices() -> dict[str, str]:
    """The grades with their general meaning."""
    return {str(grade): f"{grade} – {in_language(terminology().meanings[grade])}" for grade in GRADES}


def event_name(version: Any) -> str:
    """The term in the page's language, or the text that stands for one."""
    return find_term(version.term).names[page_language()] if version.term else str(version.text)


def _url(patient: Any, event: Any) -> str:
    return url_for("nurse.event", **address(patient), number=event.number)


def _status(event: Any) -> Badge:
    return Badge(key=LOOKS[event.status], text=str(words.STATUSES[event.status]))


def _signature(event: Any) -> Badge:
    state = signature_state(event)
    return Badge(key=SIGNATURE_LOOKS[state], text=str(words.SIGNATURES[state]))


def _event_row(patient: Any, event: Any) -> EventRow:
    latest = event.latest
    return EventRow(
        url=_url(patient, event),
        number=event.number,
        name=event_name(latest),
        grade=latest.grade,
        dates=_dates(latest),
        status=_status(event),
        signature=_signature(event) if event.signatures else None,
        serious=_seriousness(latest.is_serious),
    )


def _due_row(patient: Any, due: Any) -> DueRow:
    return DueRow(
        url=_url(patient, due.event),
        name=event_name(due.version),
        until=moment_of(due.due_at, patient.site.timezone),
        is_late=due.is_late,
    )


def _disagreement(patient: Any, names: Mapping[str, str], found: Any) -> DisagreementRow:
    facts = {"composite": found.composite, "grade": found.grade}
    return DisagreementRow(
        day=day_text(found.reported_on, "medium"),
        name=names.get(found.report.symptom, found.report.symptom),
        text=str(words.DISAGREEMENTS[found.kind]) % facts,
        event_url=_url(patient, found.event) if found.event else None,
    )


def _reported(patient: Any, names: Mapping[str, str], report: Any, sent_at: Any) -> ReportedSymptom:
    place = address(patient)
    source = {"response": report.response_id, "symptom": report.symptom}
    may_draft = may(Permission.DRAFT_EVENT, patient)
    return ReportedSymptom(
        day=day_of(sent_at, patient.site.timezone),
        name=names.get(report.symptom, report.symptom),
        words=report.words or "",
        composite="–" if report.grade is None else str(report.grade),
        since=day_text(report.onset_on, "medium") if report.onset_on else "",
        draft_url=url_for("nurse.draft_event", **place, **source) if may_draft else None,
    )


def _version(version: Any, zone: str) -> Version:
    who = translate(
        "%(name)s on %(moment)s", name=version.recorded_by, moment=moment_of(version.recorded_at, zone)
    )
    pairs = {
        translate("Term"): event_name(version),
        translate("CTCAE grade"): str(version.grade),
        translate("Dates"): _dates(version),
        translate("Action taken with the treatment"): str(ACTIONS[version.action]),
        translate("Outcome"): str(OUTCOMES[version.outcome]),
        translate("Seriousness"): _seriousness(version.is_serious),
        translate("Criteria of seriousness"): _list(CRITERIA, version.criteria),
        translate("When the site learnt that it is serious"): moment_of(version.aware_at, zone),
        translate("Causes that can be suspected"): _list(CAUSES, version.causes),
        translate("Which other cause"): version.cause_text or "",
    }
    facts = tuple(Fact(name=str(name), value=value) for name, value in pairs.items() if value)
    return Version(number=version.number, who=str(who), reason=version.reason or "", facts=facts)


def _list(known: Mapping[str, Any], keys: Iterable[str]) -> str:
    return ", ".join(str(known[key]) for key in keys)


def _seriousness(is_serious: bool | None) -> str:
    if is_serious is None:
        return str(translate("Not decided yet"))
    return str(translate("Serious") if is_serious else translate("Not serious"))


def _dates(version: Any) -> str:
    onset = day_text(version.onset_on, "medium")
    if version.ended_on is None:
        return str(translate("Since %(day)s", day=onset))
    return str(translate("%(first)s to %(last)s", first=onset, last=day_text(version.ended_on, "medium")))


def _signature_text(signature: Any, zone: str) -> str:
    return str(
        translate(
            "%(name)s (%(account)s) signed version %(number)s on %(moment)s",
            name=signature.name,
            account=signature.account,
            number=signature.version_number,
            moment=moment_of(signature.signed_at, zone),
        )
    )


def _declaration_text(declaration: Any, zone: str) -> str:
    return str(
        translate(
            "Sent on %(moment)s by %(channel)s: %(name)s",
            moment=moment_of(declaration.sent_at, zone),
            channel=str(CHANNELS[declaration.channel]),
            name=declaration.sent_by,
        )
    )
