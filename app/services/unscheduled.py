"""Visits that no schedule knows: reports between visits, and questionnaires that a site asks for besides."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, defer

from app.clock import Clock
from app.models import Patient, Response, Site, Study, Visit
from app.services.definition import StudyDefinition
from app.services.errors import RuleError
from app.services.leaving import expects_nothing_from
from app.services.questionnaires import REPORT
from app.services.rows import hold
from app.services.schedule import local_date, window
from app.services.visits import UNSCHEDULED, VisitState, telling_response, visit_state

# What is felt now is asked for: open on the day of its beginning and on two more.
DAYS_OPEN = timedelta(days=2)


def plan_unscheduled_visit(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    patient: Patient,
    questionnaires: Sequence[str],
) -> Visit:
    """A visit besides the schedule, open from today on, in the order of the questionnaires given.

    Nobody expects it: it is in no denominator. Raises RuleError for no questionnaire of the study's visits,
    for one named twice, and for a patient who has left.
    """
    known = {code for rule in definition.visits for code in rule.questionnaires}
    if not questionnaires or set(questionnaires) - known or len(set(questionnaires)) < len(questionnaires):
        raise RuleError("questionnaires", "unknown_questionnaire", known=", ".join(sorted(known)))
    left_on = expects_nothing_from(patient.milestones)
    if left_on is not None:
        raise RuleError("visit", "patient_left", visit="", ends_on=left_on)
    hold(session, patient)
    return add_unscheduled_visit(session, clock, patient.study_id, patient.id, questionnaires)


def add_unscheduled_visit(
    session: Session, clock: Clock, study_id: int, patient_id: int, questionnaires: Sequence[str]
) -> Visit:
    """Adds the next visit of a patient that no schedule knows, such as U2; the caller holds their row."""
    query = select(Site.timezone).join(Patient, Patient.site_id == Site.id)
    zone = ZoneInfo(session.scalars(query.where(Patient.id == patient_id)).one())
    former = select(func.count()).where(of_no_schedule(study_id, patient_id))
    today = local_date(clock.now(), zone)
    opens_at, closes_at = window((today, today + DAYS_OPEN), zone)
    visit = Visit(
        study_id=study_id,
        patient_id=patient_id,
        code=f"U{1 + (session.scalar(former) or 0)}",
        anchor=UNSCHEDULED,
        due_on=today,
        opens_on=today,
        closes_on=today + DAYS_OPEN,
        opens_at=opens_at,
        closes_at=closes_at,
        questionnaires=list(questionnaires),
        definition_version=session.get_one(Study, study_id).definition_version,
    )
    session.add(visit)
    session.flush()
    return visit


def unscheduled_visits(session: Session, patient: Patient) -> list[Visit]:
    """The visits that the site asked for besides the schedule, by code; a patient's reports are none."""
    query = select(Visit).where(of_no_schedule(patient.study_id, patient.id)).order_by(Visit.id)
    return [visit for visit in session.scalars(query) if REPORT not in visit.questionnaires]


def unscheduled_lines(session: Session, clock: Clock, patient: Patient) -> list[tuple[Visit, VisitState]]:
    """The visits that the site asked for, the latest first, each with where its form stands now."""
    found = unscheduled_visits(session, patient)
    query = (
        select(Response)
        .where(Response.visit_id.in_([each.id for each in found]), Response.voided_at.is_(None))
        .options(defer(Response.answers))
    )
    forms: dict[int, list[Response]] = {}
    for response in session.scalars(query):
        forms.setdefault(response.visit_id, []).append(response)
    return [
        (each, visit_state(each, telling_response(forms.get(each.id, ())), clock.now()))
        for each in reversed(found)
    ]


def of_no_schedule(study_id: int, patient_id: int) -> ColumnElement[bool]:
    """The condition that a visit is a patient's and none of the schedule's."""
    return and_(Visit.study_id == study_id, Visit.patient_id == patient_id, Visit.anchor == UNSCHEDULED)
