"""Where a patient's reports and the recorded events do not go together: for the investigator to look at."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, joinedload

from app.models import SUBMITTED, AdverseEvent, AdverseEventVersion, Patient, Response, SymptomReport
from app.services.access import Actor, Permission, patients_within
from app.services.declarations import latest_version
from app.services.schedule import local_date
from app.services.terms import suggested_terms

TELLING_GRADE, TELLING_GAP, HIGHEST_COMPOSITE = 2, 2, 3
NEAR = timedelta(days=14)
# What the patient answers about: the day and the six before.
RECALL = timedelta(days=6)


class Disagreement(StrEnum):
    """What does not go together."""

    NO_EVENT = "no_event"
    GAP = "gap"


@dataclass(frozen=True)
class Discrepancy:
    """A report with its composite grade, 0-3, and the event with the nearest grade, if any matches.

    composite is the patient's and no CTCAE grade; grade is the CTCAE grade, 1-5, of the event.
    """

    patient: Patient
    report: SymptomReport
    reported_on: date
    kind: Disagreement
    composite: int
    event: AdverseEvent | None
    grade: int | None


Matched = tuple[AdverseEvent, AdverseEventVersion]


def discrepancies(session: Session, actor: Actor, patient: Patient | None = None) -> list[Discrepancy]:
    """The disagreements of the actor's patients, or of one of them, the latest report first; two queries.

    Listed is a composite grade of 2 or more without an event that matches within 14 days of the report, and a
    report that is two levels or more from min(CTCAE grade, 3) of every event that matches. An event matches
    that was drafted from the report, or whose term is one of those for the symptom. One that is graded above
    the report counts only where it was there in the days that the patient was asked about.
    """
    events: dict[int, list[Matched]] = defaultdict(list)
    for event, version in session.execute(_events(actor, patient)).all():
        events[event.patient_id].append((event, version))
    found = [
        _disagreement(each, person, sent_at, events[person.id])
        for each, sent_at, person in session.execute(_reports(actor, patient)).all()
        if sent_at is not None
    ]
    listed = [each for each in found if each is not None]
    return sorted(listed, key=lambda each: (each.reported_on, each.report.symptom), reverse=True)


def matching_events(
    report: SymptomReport, reported_on: date, events: Iterable[Matched], near: timedelta = NEAR
) -> list[Matched]:
    """The events that a report may be of: drafted from it, or of a term for its symptom and `near` it."""
    terms = {each.code for each in suggested_terms(report.symptom)}
    return [
        (event, version)
        for event, version in events
        if _is_drafted_from(event, report)
        or (version.term in terms and _days_between(version, reported_on) <= near)
    ]


def _disagreement(
    report: SymptomReport, patient: Patient, sent_at: datetime, events: Sequence[Matched]
) -> Discrepancy | None:
    composite = report.grade
    if composite is None:
        return None
    reported_on = local_date(sent_at, ZoneInfo(patient.site.timezone))
    near = matching_events(report, reported_on, events)
    if not near:
        if composite < TELLING_GRADE:
            return None
        return Discrepancy(
            patient, report, reported_on, Disagreement.NO_EVENT, composite, event=None, grade=None
        )
    then = [each for each in near if _level(each) <= composite or _was_there(each, report, reported_on)]
    if not then:
        return None
    nearest = min(then, key=lambda each: abs(_level(each) - composite))
    if abs(_level(nearest) - composite) < TELLING_GAP:
        return None
    event, version = nearest
    return Discrepancy(
        patient, report, reported_on, Disagreement.GAP, composite, event=event, grade=version.grade
    )


def _level(matched: Matched) -> int:
    return min(matched[1].grade, HIGHEST_COMPOSITE)


def _was_there(matched: Matched, report: SymptomReport, reported_on: date) -> bool:
    event, version = matched
    recalled = _days_between(version, reported_on) <= RECALL and version.onset_on <= reported_on
    return _is_drafted_from(event, report) or recalled


def _is_drafted_from(event: AdverseEvent, report: SymptomReport) -> bool:
    return event.response_id == report.response_id and event.symptom == report.symptom


def _days_between(version: AdverseEventVersion, day: date) -> timedelta:
    """How far a day is from an event; nothing while it lasted, and it lasts while no end is known."""
    if day < version.onset_on:
        return version.onset_on - day
    return max(day - (version.ended_on or day), timedelta())


def _events(actor: Actor, patient: Patient | None) -> Select[AdverseEvent, AdverseEventVersion]:
    return (
        select(AdverseEvent, AdverseEventVersion)
        .join(AdverseEvent.patient)
        .join(AdverseEventVersion, latest_version())
        .where(*_of(actor, patient))
    )


def _reports(actor: Actor, patient: Patient | None) -> Select[SymptomReport, datetime | None, Patient]:
    with_events = select(AdverseEvent.patient_id)
    tells = or_(SymptomReport.grade >= TELLING_GRADE, SymptomReport.patient_id.in_(with_events))
    return (
        select(SymptomReport, Response.submitted_at, Patient)
        .join(SymptomReport.response)
        .join(Patient, Patient.id == SymptomReport.patient_id)
        .where(
            *_of(actor, patient),
            Response.status == SUBMITTED,
            Response.voided_at.is_(None),
            SymptomReport.grade.is_not(None),
            tells,
        )
        .options(joinedload(Patient.site), joinedload(Patient.study))
    )


def _of(actor: Actor, patient: Patient | None) -> list[ColumnElement[bool]]:
    condition = [patients_within(actor, Permission.SEE_PATIENTS)]
    return condition if patient is None else [*condition, Patient.id == patient.id]
