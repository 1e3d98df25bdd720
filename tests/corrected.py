"""Questionnaires that were sent, and corrections of their answers, as tests make them."""

from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Correction, Patient
from app.services import corrections
from app.services.access import Role
from app.services.correction_rules import CorrectionFacts
from app.services.corrections import SentForm
from tests.factories import actor_of


def sent_form(
    session: Session, patient: Patient, visit: str = "BASELINE", instrument: str = "qlq-c30"
) -> SentForm:
    """A questionnaire that a patient sent, as the services find it."""
    return corrections.find_form(session, patient, visit, instrument)


def correction_facts(item: str = "q01", value: int | str | None = 2, **changes: object) -> CorrectionFacts:
    """What a correction says that breaks no rule: asked for by the patient on the telephone."""
    facts: dict[str, object] = {
        "reason": "Ticked the wrong line",
        "source": "telephone",
        "asked_by": "patient",
    }
    return CorrectionFacts(item, value, **(facts | changes))  # type: ignore[arg-type]


def correct(
    session: Session,
    clock: SteppedClock,
    form: SentForm,
    item: str = "q01",
    value: int | str | None = 2,
    **changes: object,
) -> Correction:
    """Corrects an answer as an investigator of the patient's site who has just given the password."""
    investigator = actor_of(session, clock, Role.INVESTIGATOR, form.patient)
    held = sent_form(session, form.patient, form.visit.code, form.asked.code)
    facts, seen, now = correction_facts(item, value, **changes), len(held.corrections), clock.now()
    return corrections.correct_answer(session, clock, investigator, held, facts, seen, "Dr A. Martin", now)
