"""Forms that did not come: what was begun is kept as partial at the close, and the reason is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager, defer, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from app.clock import Clock
from app.models import DRAFT, MAIN, PARTIAL, SUBMITTED, MissingReason, Patient, Response, Site, Visit
from app.services.access import Actor, Permission, patients_within
from app.services.errors import RuleError
from app.services.identifiers import refuse_identifiers
from app.services.responses import score_response
from app.services.rows import hold
from app.services.schedule import local_date
from app.services.treatment import stamp_treatment
from app.services.visits import GRACE, UNSCHEDULED, VisitState, telling_response, visit_state

BATCH = 100


class Reason(StrEnum):
    """Why an expected form is missing or partial."""

    TOO_ILL_PATIENT = "too_ill_patient"
    TOO_ILL_STAFF = "too_ill_staff"
    DECLINED = "declined"
    FORGOT = "forgot"
    NOT_OFFERED = "not_offered"
    TECHNICAL = "technical"
    LANGUAGE = "language"
    LOST = "lost"
    OTHER = "other"


@dataclass(frozen=True)
class UnexplainedForm:
    """A form that is missing or partial and whose reason nobody has given yet."""

    patient: Patient
    visit: Visit
    state: VisitState


@dataclass(frozen=True)
class FormState:
    """Where the form of a visit stands, with the reason on record if it did not come."""

    state: VisitState
    reason: str | None
    text: str | None

    @property
    def is_asked(self) -> bool:
        """Whether the reason of such a form is asked for."""
        return self.state in {VisitState.MISSING, VisitState.PARTIAL}


def form_of(session: Session, clock: Clock, visit: Visit) -> FormState:
    """The form of a visit. The caller has made sure that the visit may be seen."""
    row = session.scalar(select(MissingReason).where(MissingReason.visit_id == visit.id))
    state = _state(session, clock, visit)
    return FormState(state, row.reason if row else None, row.text if row else None)


def record_missing_reason(
    session: Session, clock: Clock, visit: Visit, reason: str, text: str | None = None
) -> MissingReason:
    """Keeps the reason of a visit's missing or partial form; a second one takes the place of the first.

    Raises RuleError: an unknown reason; another one without words, or words beside a coded one; words that
    identify the patient; a form that was received, is not expected or can still come.
    """
    if reason not in set(Reason):
        raise RuleError("reason", "unknown_reason", reason=reason)
    words = (text or "").strip() or None
    _refuse_identifiers(session, clock, visit, words)
    if (reason == Reason.OTHER) != (words is not None):
        raise RuleError("text", "other_in_words")
    hold(session, visit)
    state = _state(session, clock, visit)
    if state not in {VisitState.MISSING, VisitState.PARTIAL}:
        raise RuleError("visit", "not_missing", visit=visit.code, state=state.value)
    row = session.scalar(select(MissingReason).where(MissingReason.visit_id == visit.id))
    if row is None:
        row = MissingReason(study_id=visit.study_id, patient_id=visit.patient_id, visit_id=visit.id)
        session.add(row)
    row.reason, row.text, row.recorded_at = reason, words, clock.now()
    session.flush()
    return row


def unexplained_forms(session: Session, clock: Clock, actor: Actor) -> list[UnexplainedForm]:
    """The missing and partial forms without a reason of the actor's patients, the latest to close first.

    One query.
    """
    now, mine = clock.now(), patients_within(actor, Permission.SEE_PATIENTS)
    query = (
        select(Visit, Response)
        .join(Visit.patient)
        .outerjoin(
            Response,
            and_(Response.visit_id == Visit.id, Response.entry == MAIN, Response.voided_at.is_(None)),
        )
        .where(
            mine,
            # So that the visits are found by patient, whatever the number of other sites' visits.
            Visit.study_id == Patient.study_id,
            Visit.patient_id.in_(select(Patient.id).where(mine).correlate(None)),
            Visit.anchor != UNSCHEDULED,
            Visit.served_by_id.is_(None),
            or_(Visit.closes_at <= now, Visit.ends_on.is_not(None)),
            or_(Visit.ends_on.is_(None), Visit.due_on < Visit.ends_on),
            ~_is_sent(),
            ~exists().where(MissingReason.visit_id == Visit.id),
        )
        .options(
            contains_eager(Visit.patient).options(joinedload(Patient.site), joinedload(Patient.study)),
            defer(Response.answers),
        )
        # Ordered by the instant only afterwards: else the index of all sites' visits is gone through.
        .order_by(Visit.patient_id, Visit.id)
    )
    found: dict[int, tuple[Visit, list[Response]]] = {}
    for visit, response in session.execute(query):
        responses = found.setdefault(visit.id, (visit, []))[1]
        if response is not None:
            responses.append(response)
    forms = (
        UnexplainedForm(visit.patient, visit, visit_state(visit, telling_response(responses), now))
        for visit, responses in found.values()
    )
    asked = [form for form in forms if form.state in {VisitState.MISSING, VisitState.PARTIAL}]
    return sorted(asked, key=lambda form: form.visit.closes_at, reverse=True)


def close_forms(session: Session, clock: Clock) -> int:
    """Makes partial the drafts whose time is over: kept, scored by the half rule, never to be sent.

    The number of drafts closed, a batch at most: call it again until there are none. Safe in several places
    at once. A draft without any answer stays as it is: its form is missing.
    """
    now = clock.now()
    query = (
        select(Response)
        .join(Response.visit)
        .where(
            Response.status == DRAFT,
            Response.entry == MAIN,
            Response.voided_at.is_(None),
            Response.saved_at.is_not(None),
            Visit.closes_at <= now - GRACE,
        )
        .order_by(Response.id)
        .limit(BATCH)
        .with_for_update(of=Response, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    drafts = session.scalars(query).all()
    for draft in drafts:
        stamp_treatment(session, [draft])
        draft.status = PARTIAL
        # A draft has none: known without looking.
        set_committed_value(draft, "scores", [])
        draft.scores = score_response(draft)
    session.flush()
    return len(drafts)


def reasons_of(session: Session, patient: Patient) -> Sequence[MissingReason]:
    """The reasons recorded for a patient's visits."""
    query = select(MissingReason).where(
        MissingReason.study_id == patient.study_id, MissingReason.patient_id == patient.id
    )
    return session.scalars(query.order_by(MissingReason.id)).all()


def _refuse_identifiers(session: Session, clock: Clock, visit: Visit, words: str | None) -> None:
    if words is not None:
        site = session.get_one(Site, session.get_one(Patient, visit.patient_id).site_id)
        refuse_identifiers(words, "text", local_date(clock.now(), ZoneInfo(site.timezone)))


def _state(session: Session, clock: Clock, visit: Visit) -> VisitState:
    query = select(Response).where(
        Response.visit_id == (visit.served_by_id or visit.id),
        Response.entry == MAIN,
        Response.voided_at.is_(None),
    )
    return visit_state(visit, telling_response(session.scalars(query)), clock.now())


def _is_sent() -> ColumnElement[bool]:
    sent = aliased(Response)
    return exists().where(sent.visit_id == Visit.id, sent.status == SUBMITTED, sent.voided_at.is_(None))
