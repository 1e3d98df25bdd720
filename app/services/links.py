"""Patients' links: issued by a nurse, harmless to look at, exchanged for a session by a tap."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select
from sqlalchemy.orm import Session, joinedload

from app.clock import Clock
from app.models import (
    CANCELLED,
    DRAFT,
    LINK_MESSAGE,
    MAIN,
    ON_SCREEN,
    UNSENT,
    WAITING,
    Link,
    Message,
    Patient,
    Response,
    Site,
    Study,
    Visit,
)
from app.services.codes import asks_code, give_card, hold_card, needed_code, set_code
from app.services.errors import RuleError
from app.services.questionnaires import REPORT
from app.services.rows import hold
from app.services.sealing import Keys
from app.services.sessions import end_sessions_of_links, open_patient_session
from app.services.tokens import TokenSource, hash_secret, new_secret
from app.services.visits import GRACE, Form, Opening, follow_up_ends_at, is_answerable
from app.services.wording import SealBrokenError, is_approved_for
from app.settings import PRODUCTION

REISSUED = "reissued"
LOST_CARD = "lost_card"

# Built once: every request of a patient runs two of these, and building them costs as much as running them.
_VISIT = joinedload(Link.visit)
_PATIENT = joinedload(Link.patient)
# Of what hardly ever changes, only what the pages show or look up.
_PAGES = (
    _VISIT,
    _PATIENT.load_only(Patient.code, Patient.language),
    _PATIENT.joinedload(Patient.site).load_only(Site.public_name, Site.phone, Site.timezone),
    _PATIENT.joinedload(Patient.study).load_only(
        Study.code, Study.mode, Study.definition_version, Study.definition_sha256
    ),
)
BY_TOKEN = select(Link).where(Link.token_hash == bindparam("key")).options(*_PAGES, joinedload(Link.fetch))
BY_ID = select(Link).where(Link.id == bindparam("key")).options(*_PAGES)
# One that was voided belongs to another patient.
RESPONSES = select(Response).where(
    Response.visit_id == bindparam("key"), Response.entry == MAIN, Response.voided_at.is_(None)
)
HELD_RESPONSES = RESPONSES.with_for_update().execution_options(populate_existing=True)


class LinkState(StrEnum):
    """What a tap on the link would meet; of a personal link, where its latest report stands."""

    NOT_YET = "not yet"
    OPEN = "open"
    SENT = "sent"
    CLOSED = "closed"


class NoReportError(LookupError):
    """A personal link from which no report was begun leads to no visit."""

    def __init__(self, link_id: int) -> None:
        super().__init__(f"no report was begun from link {link_id}")
        self.link_id = link_id


@dataclass(frozen=True)
class IssuedLink:
    """A link with its token and its printed code, if any; neither is to be found anywhere again."""

    link: Link
    token: str
    code: str | None = None


@dataclass(frozen=True)
class FoundLink:
    """A known link, with all that its pages need, as it stands now."""

    link: Link
    responses: tuple[Response, ...]
    state: LinkState
    # Of a personal link alone: when the patient's follow-up is over.
    ends_at: datetime | None = None

    @property
    def visit(self) -> Visit:
        """The visit that the link leads to: of a personal link the latest report, which must have begun."""
        if self.link.visit is None:
            raise NoReportError(self.link.id)
        return self.link.visit

    @property
    def questionnaires(self) -> Sequence[str]:
        """The codes of what the link asks."""
        return [REPORT] if self.link.is_personal else self.visit.questionnaires

    @property
    def code(self) -> str:
        """The patient's study code."""
        return self.link.patient.code

    @property
    def language(self) -> str:
        """The patient's language."""
        return self.link.patient.language

    @property
    def patient(self) -> Patient:
        """The patient to whom the link was given."""
        return self.link.patient


def issue_link(
    session: Session,
    clock: Clock,
    tokens: TokenSource,
    visit: Visit,
    patient: Patient,
    channel: str = ON_SCREEN,
) -> IssuedLink:
    """Issues a link to a visit; older links of the visit, their sessions and what waits to be sent die.

    Where the study asks for it the link opens with the code of the patient's card alone.
    Raises RuleError when the visit's questionnaires were sent or are another visit's, its window has closed,
    the patient has left, the study is in production and a questionnaire has no approved wording in the
    patient's language, or approved wording was changed since; as give_card does.
    """
    # The patient is held before the visit, as by whoever sends messages.
    code = give_card(session, tokens, patient) if asks_code(session, visit.study_id) else None
    ordinal = begin_issue(session, clock, visit, patient)
    token = tokens.token(patient.code, visit, ordinal)
    issued = _new_link(session, clock, visit, ordinal, channel, token, code)
    session.flush()
    return issued


def begin_issue(session: Session, clock: Clock, visit: Visit, patient: Patient) -> int:
    """Ends what was issued for a visit before; returns the number of the issue that begins.

    Messages of the visit that did not go are taken note of: the new link is what was done about them.
    Raises RuleError as issue_link does.
    """
    require_wording(session, visit.study_id, visit.questionnaires, patient.language)
    hold(session, visit)
    require_open(session, clock, visit)
    ordinal = 1 + last_issue(session, visit)
    revoke_links(session, clock, visit, REISSUED)
    _settle_unsent(session, clock, visit)
    return ordinal


def _settle_unsent(session: Session, clock: Clock, visit: Visit) -> None:
    unsent = select(Message).where(
        Message.visit_id == visit.id, Message.state.in_(UNSENT), Message.resolved_at.is_(None)
    )
    for message in session.scalars(unsent.with_for_update().execution_options(populate_existing=True)):
        message.resolved_at = clock.now()
    session.flush()


def last_issue(session: Session, visit: Visit) -> int:
    """The number of the visit's latest issue, whether its links are made or wait to be sent; 0 for none."""
    made = select(func.max(Link.ordinal)).where(_of_visit(visit))
    waiting = select(func.max(Message.ordinal)).where(*_link_messages(visit))
    found = session.execute(select(made.scalar_subquery(), waiting.scalar_subquery())).one()
    return max(each or 0 for each in found)


def join_issue(
    session: Session, clock: Clock, keys: Keys, visit: Visit, patient: Patient, channel: str
) -> IssuedLink:
    """One more link of the visit's latest issue, or the first one of the first issue.

    Its token is always one of chance: nobody prints it a second time. Its code is that of the patient's card.
    Raises RuleError as issue_link does, when the latest issue was revoked, and where the study asks for a
    code and the patient has no card.
    """
    hold(session, visit)
    issued = next_link(session, clock, keys, visit, patient, channel)
    session.flush()
    return issued


def next_link(
    session: Session, clock: Clock, keys: Keys, visit: Visit, patient: Patient, channel: str
) -> IssuedLink:
    """As join_issue, of a visit that is held; the caller flushes the link with what goes with it."""
    code = needed_code(session, keys, visit.study_id, patient)
    require_wording(session, visit.study_id, visit.questionnaires, patient.language)
    require_open(session, clock, visit)
    ordinal = last_issue(session, visit) or 1
    require_live_issue(session, visit, ordinal)
    return _new_link(session, clock, visit, ordinal, channel, new_secret(), code)


def require_live_issue(session: Session, visit: Visit, ordinal: int) -> None:
    """Raises RuleError when a link of the visit's issue of that number was revoked."""
    query = select(Link.id).where(_of_visit(visit), Link.ordinal == ordinal, Link.revoked_at.is_not(None))
    if session.scalar(query.limit(1)) is not None:
        raise RuleError("link", "revoked", visit=visit.code)


def renew_token(session: Session, clock: Clock, keys: Keys, link: Link, patient: Patient) -> IssuedLink:
    """Gives a link whose token certainly reached nobody another one; the former opens nothing.

    Raises RuleError where the study asks for a code and the patient has no card.
    """
    token, code = new_secret(), needed_code(session, keys, link.study_id, patient)
    link.token_hash, link.issued_at = hash_secret(token), clock.now()
    set_code(link, token, code)
    session.flush()
    return IssuedLink(link, token, code)


def _new_link(
    session: Session, clock: Clock, visit: Visit, ordinal: int, channel: str, token: str, code: str | None
) -> IssuedLink:
    link = Link(
        study_id=visit.study_id,
        patient_id=visit.patient_id,
        visit_id=visit.id,
        token_hash=hash_secret(token),
        ordinal=ordinal,
        channel=channel,
        issued_at=clock.now(),
    )
    set_code(link, token, code)
    session.add(link)
    return IssuedLink(link, token, code)


def revoke_links(session: Session, clock: Clock, visit: Visit, reason: str) -> None:
    """Ends the live links of a visit, the sessions that they opened and those that wait to be sent.

    The next tap is refused.
    """
    hold(session, visit)
    waiting = select(Message).where(*_link_messages(visit), Message.state == WAITING).with_for_update()
    for message in session.scalars(waiting.execution_options(populate_existing=True)):
        message.state, message.error = CANCELLED, reason
    end_links(session, clock, live_links(session, visit), reason)


def end_links(session: Session, clock: Clock, links: Sequence[Link], reason: str) -> None:
    """Ends these links and the sessions that they opened."""
    for link in links:
        link.revoked_at, link.revoked_reason = clock.now(), reason
    session.flush()
    if links:
        end_sessions_of_links(session, clock, [link.id for link in links])


def live_links(session: Session, visit: Visit) -> list[Link]:
    """The links of a visit that were not revoked."""
    return list(session.scalars(select(Link).where(_of_visit(visit), Link.revoked_at.is_(None))))


def links_of(session: Session, patient: Patient) -> list[Link]:
    """All links of a patient that were not revoked, the personal one included."""
    query = select(Link).where(Link.study_id == patient.study_id, Link.patient_id == patient.id)
    return list(session.scalars(query.where(Link.revoked_at.is_(None))))


def end_card(session: Session, clock: Clock, patient: Patient) -> None:
    """Ends a card that was lost with all links of the patient; the next one printed brings other digits."""
    hold_card(session, patient)
    patient.card_sealed = None
    end_links(session, clock, links_of(session, patient), LOST_CARD)


def find_link(session: Session, clock: Clock, token: str) -> FoundLink | None:
    """The link of a token as it stands now, revoked and expired ones included; None when unknown."""
    return _found(session, clock, BY_TOKEN, hash_secret(token))


def find_link_by_id(
    session: Session, clock: Clock, link_id: int, *, to_change: bool = False
) -> FoundLink | None:
    """The link that a patient's session was opened by.

    With `to_change` its responses are held until the transaction ends, so that answers given at the
    same time on two phones merge item by item.
    """
    return _found(session, clock, BY_ID, link_id, HELD_RESPONSES if to_change else RESPONSES)


def begin(session: Session, clock: Clock, found: FoundLink, data: dict[str, object]) -> str:
    """Exchanges the tap on a link for a session; returns the cookie's secret."""
    if found.link.opened_at is None:
        found.link.opened_at = clock.now()
    return open_patient_session(session, clock, found.link.id, last_use(found.visit), dict(data))


def last_use(visit: Visit) -> datetime:
    """The instant after which no link to this visit is of use: its window's end and the grace."""
    return visit.closes_at + GRACE


def _found(
    session: Session,
    clock: Clock,
    query: Select[Link],
    key: str | int,
    responses_query: Select[Response] = RESPONSES,
) -> FoundLink | None:
    link = session.scalar(query, {"key": key})
    if link is None:
        return None
    responses = tuple(session.scalars(responses_query, {"key": link.visit_id})) if link.visit_id else ()
    ends_at = follow_up_ends_at(session, link.study_id, link.patient_id) if link.is_personal else None
    state = state_of(link.revoked_at, link.visit, responses, clock.now())
    return FoundLink(link, responses, state, ends_at)


def state_of(
    revoked_at: datetime | None, visit: Opening | None, responses: Sequence[Form], now: datetime
) -> LinkState:
    """Where a link stands, by its visit's window and the responses of the visit."""
    if revoked_at is not None or visit is None:
        return LinkState.CLOSED
    if are_sent(responses):
        return LinkState.SENT
    if now < visit.opens_at:
        return LinkState.NOT_YET
    draft = next((each for each in responses if each.status == DRAFT), None)
    return LinkState.OPEN if is_answerable(visit, draft, now) else LinkState.CLOSED


def are_sent(responses: Sequence[Form]) -> bool:
    """Whether all questionnaires of a visit were sent; False where none was begun."""
    return bool(responses) and all(each.is_submitted for each in responses)


def require_wording(session: Session, study_id: int, questionnaires: Sequence[str], language: str) -> None:
    """Raises RuleError where a link would lead to wording that may not be shown."""
    study = session.get_one(Study, study_id)
    try:
        is_approved = is_approved_for(session, study, questionnaires, language)
    except SealBrokenError:
        raise RuleError("link", "wording_seal_broken", questionnaires=list(questionnaires)) from None
    if study.mode == PRODUCTION and not is_approved:
        raise RuleError("link", "no_approved_wording", questionnaires=list(questionnaires))


def require_open(session: Session, clock: Clock, visit: Visit) -> None:
    """Raises RuleError when the visit's questionnaires were sent, its window closed or the patient left."""
    if visit.served_by_id is not None:
        raise RuleError("visit", "served_by_other", visit=visit.code)
    if visit.ends_on is not None:
        raise RuleError("visit", "patient_left", visit=visit.code, ends_on=visit.ends_on)
    responses = _responses_of(session, visit)
    if are_sent(responses):
        raise RuleError("visit", "already_sent", visit=visit.code)
    now = clock.now()
    if now >= visit.closes_at and not any(is_answerable(visit, each, now) for each in responses):
        raise RuleError("visit", "window_closed", visit=visit.code, closes_on=visit.closes_on)


def _responses_of(session: Session, visit: Visit) -> list[Response]:
    return list(session.scalars(RESPONSES, {"key": visit.id}))


def _of_visit(visit: Visit) -> ColumnElement[bool]:
    return and_(Link.study_id == visit.study_id, Link.visit_id == visit.id)


def _link_messages(visit: Visit) -> tuple[ColumnElement[bool], ...]:
    return Message.visit_id == visit.id, Message.kind == LINK_MESSAGE
