"""Corrections of answers that were sent, by the site's investigator, beside an original that stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import MAIN, SUBMITTED, Correction, LateAnswer, Patient, Response, Visit
from app.services.access import Actor, Permission, require
from app.services.answers_now import answers_now, content
from app.services.corrected_scores import derive
from app.services.correction_rules import CorrectionFacts, check_correction
from app.services.correction_seals import MEANING, correction_sha256
from app.services.errors import NotFoundError, RuleError
from app.services.questionnaires import Questionnaire, questionnaire
from app.services.rows import hold
from app.services.schedule import local_date
from app.services.signing import check_signer
from app.services.studies import definition_at


@dataclass(frozen=True)
class SentForm:
    """A questionnaire that a patient sent: original, corrections in their order, answers that came late."""

    patient: Patient
    visit: Visit
    response: Response
    asked: Questionnaire
    corrections: Sequence[Correction]
    late: Sequence[LateAnswer]

    def answers_after(self, ordinal: int) -> dict[str, dict[str, object]]:
        """The complete answers after so many corrections; 0 is what was sent."""
        decided = ((each.item, each.new) for each in self.corrections[:ordinal])
        return answers_now(self.asked, self.response.answers, decided)

    @property
    def current(self) -> dict[str, dict[str, object]]:
        """The complete answers as they stand now."""
        return self.answers_after(len(self.corrections))

    def answers_with(self, facts: CorrectionFacts) -> dict[str, dict[str, object]]:
        """The complete answers as one more correction would leave them."""
        decided = [(each.item, each.new) for each in self.corrections]
        return answers_now(self.asked, self.response.answers, [*decided, (facts.item, facts.entry)])


@dataclass(frozen=True)
class FormLine:
    """A questionnaire that was sent, in a list: of which visit, how often corrected, how much came late."""

    visit: Visit
    instrument: str
    submitted_at: datetime
    corrections: int
    late: int


def sent_forms(session: Session, patient: Patient) -> list[FormLine]:
    """The questionnaires that a patient sent, the latest first; those between visits too. One query."""
    corrections = _count(Correction.response_id).scalar_subquery()
    late = _count(LateAnswer.response_id).scalar_subquery()
    query = _sent(patient).add_columns(corrections, late)
    rows = session.execute(query.order_by(Response.submitted_at.desc(), Visit.id, Response.instrument))
    return [
        FormLine(visit, response.instrument, response.submitted_at, *counts)
        for response, visit, *counts in rows
        if response.submitted_at is not None
    ]


def find_form(session: Session, patient: Patient, visit: str, instrument: str) -> SentForm:
    """A questionnaire that a patient (loaded with site) sent; NotFoundError where there is none."""
    query = _sent(patient).where(Visit.code == visit, Response.instrument == instrument)
    found = session.execute(query).one_or_none()
    sent_at = found and found[0].submitted_at
    if not found or not sent_at:
        raise NotFoundError("sent questionnaire", f"{visit} {instrument}")
    response, of_visit = found
    definition = definition_at(session, patient.study_id, sent_at)
    late = select(LateAnswer).where(LateAnswer.response_id == response.id).order_by(LateAnswer.id)
    return SentForm(
        patient,
        of_visit,
        response,
        questionnaire(definition, instrument),
        session.scalars(_corrections_of(response)).all(),
        session.scalars(late).all(),
    )


def check_facts(clock: Clock, form: SentForm, facts: CorrectionFacts, seen: int) -> None:
    """Raises RuleError for facts that break a rule, and where another correction was made meanwhile.

    `seen` is how many corrections of the questionnaire the investigator had before them.
    """
    if len(form.corrections) != seen:
        by = form.corrections[-1].decided_by if form.corrections else form.patient.code
        raise RuleError("correction", "corrected_meanwhile", by=by)
    today = local_date(clock.now(), ZoneInfo(form.patient.site.timezone))
    check_correction(form.asked, form.current, form.late, facts, today)


def correct_answer(
    session: Session,
    clock: Clock,
    actor: Actor,
    form: SentForm,
    facts: CorrectionFacts,
    seen: int,
    name: str,
    reauthenticated_at: datetime | None,
) -> Correction:
    """Writes a correction with the scores and symptoms that follow, signed; the response does not change.

    Raises RuleError: see check_facts; password too long ago or not given, no printed name;
    AccessDeniedError for anybody but an investigator of the patient's site.
    """
    patient, response = form.patient, form.response
    require(actor, Permission.CORRECT, patient.study_id, patient.site_id)
    hold(session, response)
    held = find_form(session, patient, form.visit.code, response.instrument)
    check_facts(clock, held, facts, seen)
    check_signer(clock, name, reauthenticated_at)
    correction = Correction(
        study_id=response.study_id,
        patient_id=response.patient_id,
        response_id=response.id,
        ordinal=seen + 1,
        item=facts.item,
        old=content(held.current[facts.item]),
        new=facts.entry,
        answers=held.answers_with(facts),
        reason=facts.reason.strip(),
        source=facts.source,
        asked_by=facts.asked_by,
        late_answer_id=facts.late_answer_id,
        decided_by_id=actor.user_id,
        decided_by=actor.email,
        decided_at=clock.now(),
        name=name.strip(),
        meaning=MEANING,
    )
    correction.record_sha256 = correction_sha256(correction)
    correction.scores, correction.symptoms = derive(held.asked, correction)
    session.add(correction)
    session.flush()
    return correction


def _sent(patient: Patient) -> Select[Response, Visit]:
    return (
        select(Response, Visit)
        .join(Visit, Visit.id == Response.visit_id)
        .where(
            Response.study_id == patient.study_id,
            Response.patient_id == patient.id,
            Response.entry == MAIN,
            Response.voided_at.is_(None),
            Response.status == SUBMITTED,
        )
    )


def _count(of_response: object) -> Select[int]:
    return select(func.count()).where(of_response == Response.id).correlate(Response)


def _corrections_of(response: Response) -> Select[Correction]:
    return select(Correction).where(Correction.response_id == response.id).order_by(Correction.ordinal)
