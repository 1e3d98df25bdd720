"""Forms filled in for the wrong patient: the original stays and is void, a copy stands where it belongs."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import FIRST, MAIN, SECOND, SUBMITTED, Patient, Response, Score, SymptomReport, Visit
from app.services.access import Actor, Permission, require
from app.services.errors import RuleError
from app.services.identifiers import refuse_identifiers
from app.services.rows import hold
from app.services.treatment import stamp_treatment

COPIED = (
    "instrument",
    "instrument_version",
    "entry",
    "wording_status",
    "wording_sha256",
    "languages",
    "mode",
    "place",
    "status",
    "answers",
    "started_at",
    "saved_at",
    "submitted_at",
    "software_version",
    "helper",
    "help_kinds",
    "completed_on",
    "transcribed_by",
    "remark",
)


def reattribute_forms(
    session: Session, clock: Clock, actor: Actor, wrong: Visit, right: Visit, reason: str
) -> list[Response]:
    """Voids what was sent at a visit and gives a copy of it to a visit of another patient; never deletes.

    The wrong patient's visit is free again. The copy is stamped with the right patient's treatment. Raises
    AccessDeniedError for whoever may not at both sites; RuleError: no reason, or an identifier in it; a visit
    of the same patient or of another study; nothing sent at the one, something begun at the other or another
    visit serving it, or another set of questionnaires.
    """
    for visit in (wrong, right):
        patient = session.get_one(Patient, visit.patient_id)
        require(actor, Permission.REATTRIBUTE, visit.study_id, patient.site_id)
    if not reason.strip():
        raise RuleError("reason", "no_reason")
    refuse_identifiers(reason, "reason", clock.now().date())
    if wrong.patient_id == right.patient_id or wrong.study_id != right.study_id:
        raise RuleError("visit", "not_another_patient", visit=right.code)
    # Always in the same order, so that two who do this never wait for each other.
    for visit in sorted((wrong, right), key=lambda each: each.id):
        hold(session, visit)
    originals = _forms(session, wrong)
    if not originals or any(each.status != SUBMITTED for each in originals):
        raise RuleError("visit", "nothing_sent", visit=wrong.code)
    if right.served_by_id is not None:
        raise RuleError("visit", "form_of_other", visit=right.code)
    if _forms(session, right):
        raise RuleError("visit", "form_there", visit=right.code)
    if {each.instrument for each in originals} != set(right.questionnaires):
        raise RuleError("visit", "other_questionnaires", visit=right.code)
    copies = [_copy(session, each, right) for each in originals]
    stamp_treatment(session, copies)
    session.add_all(copies)
    _void(session, clock, wrong, originals, reason)
    return copies


def voided_forms(session: Session, patient: Patient) -> Sequence[Response]:
    """What was filled in under a patient's name and was another's, by the time of voiding."""
    query = select(Response).where(
        Response.study_id == patient.study_id,
        Response.patient_id == patient.id,
        Response.voided_at.is_not(None),
    )
    return session.scalars(query.order_by(Response.voided_at, Response.id)).all()


def _forms(session: Session, visit: Visit) -> Sequence[Response]:
    query = select(Response).where(Response.visit_id == visit.id, Response.entry == MAIN)
    return session.scalars(query.order_by(Response.id)).all()


def _copy(session: Session, original: Response, right: Visit) -> Response:
    copy = Response(
        study_id=right.study_id,
        patient_id=right.patient_id,
        visit_id=right.id,
        **{name: getattr(original, name) for name in COPIED},
    )
    # Not scored anew: the same answers have the same scores, whatever version scored them.
    copy.scores = [
        Score(**_facts(each, {"response_id"}))
        for each in session.scalars(select(Score).where(Score.response_id == original.id))
    ]
    copy.symptoms = [
        SymptomReport(**(_facts(each, {"response_id"}) | {"patient_id": right.patient_id}))
        for each in session.scalars(select(SymptomReport).where(SymptomReport.response_id == original.id))
    ]
    return copy


def _facts(row: Score | SymptomReport, without: set[str]) -> dict[str, object]:
    names = [column.key for column in row.__table__.columns if column.key not in without]
    return {name: getattr(row, name) for name in names}


def _void(session: Session, clock: Clock, wrong: Visit, originals: Sequence[Response], reason: str) -> None:
    former = select(func.count()).where(Response.visit_id == wrong.id, Response.voided_at.is_not(None))
    number = 1 + (session.scalar(former) or 0)
    query = select(Response).where(Response.visit_id == wrong.id, Response.entry.in_((FIRST, SECOND)))
    for typed in session.scalars(query):
        # Of the sheet that was another patient's: the wrong visit takes one of its own.
        typed.entry = f"void-{number}-{typed.entry}"
        typed.voided_at, typed.voided_reason = clock.now(), reason
    for original in originals:
        original.entry = f"void-{number}"
        original.voided_at, original.voided_reason = clock.now(), reason
    session.flush()
