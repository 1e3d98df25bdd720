"""A patient's own link: symptoms reported between visits, until the follow-up ends, always with the code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, defer

from app.clock import Clock
from app.models import PERSONAL_LINK, Link, Patient, Response, Visit, WebSession
from app.services.codes import Lock, give_card, hold_link, lock_of, set_code
from app.services.definition import StudyDefinition
from app.services.errors import RuleError
from app.services.links import REISSUED, FoundLink, IssuedLink, are_sent, end_links, require_wording
from app.services.questionnaires import REPORT, questionnaire
from app.services.responses import WordingUsed, begin_responses
from app.services.sessions import end_sessions_of_links
from app.services.tokens import TokenSource, hash_secret
from app.services.unscheduled import add_unscheduled_visit, of_no_schedule
from app.services.visits import (
    VisitState,
    follow_up_ends_at,
    is_answerable,
    telling_response,
    visit_state,
)


class LinkOverError(RuntimeError):
    """No report can be begun from the link any more: it was revoked, or the follow-up is over."""

    def __init__(self, link: Link) -> None:
        super().__init__(f"link {link.id} takes no report any more")
        self.link_id = link.id


@dataclass(frozen=True)
class PersonalLink:
    """A personal link as staff see it: instants, no token and no code. used_at: when it was last opened."""

    issued_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    revoked_reason: str | None
    wrong_tries: int
    lock: Lock | None


@dataclass(frozen=True)
class ReportLine:
    """A report between visits as staff see it; no answer."""

    code: str
    begun_at: datetime
    state: VisitState
    received_at: datetime | None


def issue_personal_link(
    session: Session, clock: Clock, tokens: TokenSource, definition: StudyDefinition, patient: Patient
) -> IssuedLink:
    """Issues a personal link, which opens with the code of the card; the former one and its sessions die.

    Raises RuleError when the follow-up is over, the study has no symptom to choose from, the study is in
    production and the wording is not approved in the patient's language, or approved wording was changed; as
    give_card does.
    """
    require_wording(session, patient.study_id, [REPORT], patient.language)
    if not questionnaire(definition, REPORT).questions[0].choices:
        raise RuleError("link", "no_symptoms", study=definition.code)
    code = give_card(session, tokens, patient)
    ends_at = follow_up_ends_at(session, patient.study_id, patient.id)
    if ends_at is None or clock.now() >= ends_at:
        raise RuleError("link", "follow_up_over", code=patient.code)
    revoke_personal_link(session, clock, patient, REISSUED)
    ordinal = 1 + (session.scalar(select(func.count()).where(_of_patient(patient))) or 0)
    token = tokens.personal_token(patient.study_id, patient.code, ordinal)
    link = Link(
        study_id=patient.study_id,
        patient_id=patient.id,
        kind=PERSONAL_LINK,
        token_hash=hash_secret(token),
        ordinal=ordinal,
        issued_at=clock.now(),
    )
    set_code(link, token, code)
    session.add(link)
    session.flush()
    return IssuedLink(link, token, code)


def revoke_personal_link(session: Session, clock: Clock, patient: Patient, reason: str) -> None:
    """Ends a patient's personal link and its sessions; the next tap is refused."""
    live = session.scalars(select(Link).where(_of_patient(patient), Link.revoked_at.is_(None)))
    end_links(session, clock, live.all(), reason)


def live_personal_link(session: Session, patient: Patient) -> Link | None:
    """A patient's personal link that was not revoked."""
    return session.scalar(select(Link).where(_of_patient(patient), Link.revoked_at.is_(None)))


def personal_link_of(session: Session, clock: Clock, patient: Patient) -> PersonalLink | None:
    """The latest personal link of a patient as it stands now; None where none was issued. One query."""
    used_at = (
        select(func.max(WebSession.created_at)).where(WebSession.link_id == Link.id).correlate(Link)
    ).scalar_subquery()
    query = select(Link, used_at).where(_of_patient(patient)).order_by(Link.id.desc()).limit(1)
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    link, now = row[0], clock.now()
    return PersonalLink(
        issued_at=link.issued_at,
        used_at=row[1],
        revoked_at=link.revoked_at,
        revoked_reason=link.revoked_reason,
        wrong_tries=link.wrong_tries,
        lock=lock_of(link, now),
    )


def reports_of(session: Session, clock: Clock, patient: Patient) -> list[ReportLine]:
    """What a patient reported between visits, the latest first; one without a single answer is none."""
    query = (
        select(Visit, Response)
        .outerjoin(Response, Response.visit_id == Visit.id)
        .where(of_no_schedule(patient.study_id, patient.id))
        .options(defer(Response.answers))
        .order_by(Visit.id.desc())
    )
    found: dict[int, tuple[Visit, list[Response]]] = {}
    for visit, response in session.execute(query):
        if REPORT not in visit.questionnaires:
            continue
        found.setdefault(visit.id, (visit, []))[1].extend([response] if response is not None else [])
    lines = (_report_line(visit, responses, clock.now()) for visit, responses in found.values())
    return [line for line in lines if line is not None]


def takes_reports(found: FoundLink, now: datetime) -> bool:
    """Whether a report can be begun from a personal link, by whoever has its code."""
    link = found.link
    return link.is_personal and link.revoked_at is None and found.ends_at is not None and now < found.ends_at


def begin_report(
    session: Session, clock: Clock, link: Link, wording: Mapping[str, WordingUsed], language: str
) -> Visit:
    """The unscheduled visit of the report that is open, else of a new one, to which the link then leads.

    A new report ends the sessions of the one before: whoever looks on with an older one sees nothing of it.
    Raises LinkOverError for a link that takes no report any more.
    """
    hold_link(session, link)
    ends_at = follow_up_ends_at(session, link.study_id, link.patient_id)
    if link.revoked_at is not None or ends_at is None or clock.now() >= ends_at:
        raise LinkOverError(link)
    visit = _open_report(session, clock, link)
    if visit is None:
        visit = add_unscheduled_visit(session, clock, link.study_id, link.patient_id, [REPORT])
        end_sessions_of_links(session, clock, [link.id])
        link.visit = visit
        session.flush()
    begin_responses(session, clock, visit, wording, language)
    return visit


def _open_report(session: Session, clock: Clock, link: Link) -> Visit | None:
    if link.visit_id is None:
        return None
    visit = session.get_one(Visit, link.visit_id)
    responses = session.scalars(select(Response).where(Response.visit_id == visit.id)).all()
    is_open = is_answerable(visit, telling_response(responses), clock.now())
    return visit if is_open and not are_sent(responses) else None


def _report_line(visit: Visit, responses: Sequence[Response], now: datetime) -> ReportLine | None:
    response = telling_response(responses)
    if response is None or response.saved_at is None:
        return None
    return ReportLine(
        visit.code, response.started_at, visit_state(visit, response, now), response.submitted_at
    )


def _of_patient(patient: Patient) -> ColumnElement[bool]:
    return and_(Link.study_id == patient.study_id, Link.patient_id == patient.id, Link.kind == PERSONAL_LINK)
