"""A patient's way through several visits, with symptoms, and what a site's staff note of it."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import HandoverNote, Patient, PatientNote, Site, Visit
from app.services import handover, notes, responses, studies
from app.services.access import Role
from app.services.questionnaires import questionnaire
from app.services.responses import Answer, AnswerState
from tests import factories


def send_all(
    session: Session, clock: SteppedClock, visit: Visit, values: Mapping[str, int | None] | None = None
) -> None:
    """Answers and sends all questionnaires of a visit: the lowest code unless given, None skips."""
    given = dict(values or {})
    definition = studies.definition_in_force(session, factories.get_study(session, visit.study_id))
    for draft in responses.begin_responses(session, clock, visit, factories.WORDING, "fr"):
        asked = questionnaire(definition, draft.instrument)
        for question in asked.questions:
            if question.id not in asked.not_asked(draft.answers):
                value = given.get(question.id, question.codes[0] if question.codes else None)
                state = AnswerState.SKIPPED if value is None else AnswerState.ANSWERED
                responses.save_answer(session, clock, draft, visit, Answer(question.id, state, value))
    responses.submit_responses(session, clock, visit)


def send_with_symptoms(
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    code: str,
    values: Mapping[str, int | None] | None = None,
) -> None:
    """Sends a visit that asks for symptoms too, on the day it opens or later."""
    visit = factories.get_visit(session, patient, code)
    visit.questionnaires = ["qlq-c30", "symptoms"]
    if clock.now() < visit.opens_at:
        clock.set(visit.opens_at)
    send_all(session, clock, visit, values)


def leave_note(session: Session, clock: SteppedClock, patient: Patient) -> HandoverNote:
    """A handover note of a nurse of the patient's site, until today."""
    site = session.get_one(Site, patient.site_id)
    nurse = factories.actor_of(session, clock, Role.NURSE, patient)
    text = f"{patient.code}: call on Thursday.\nCards: left drawer."
    return handover.write_note(session, clock, nurse, site, text, clock.now().date())


def write_call(session: Session, clock: SteppedClock, patient: Patient) -> PatientNote:
    """A telephone call of a nurse of the patient's site."""
    nurse = factories.actor_of(session, clock, Role.NURSE, patient)
    text = "Feels better.\nCall again on Monday."
    return notes.write_note(session, clock, nurse, patient, notes.NoteKind.CALL, text)
