"""Patients' links: issued by a nurse, harmless to look at, exchanged for a session by a tap."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.clock import Clock
from app.models import DRAFT, Link, Patient, Response, Visit
from app.services.errors import RuleError
from app.services.sessions import end_sessions_of_links, open_patient_session
from app.services.tokens import TokenSource, hash_secret
from app.services.visits import GRACE, is_answerable

REISSUED = "reissued"


class LinkState(StrEnum):
    """What a tap on the link would meet."""

    NOT_YET = "not yet"
    OPEN = "open"
    SENT = "sent"
    CLOSED = "closed"


@dataclass(frozen=True)
class IssuedLink:
    """A link with its token, which is nowhere to be found again."""

    link: Link
    token: str


@dataclass(frozen=True)
class FoundLink:
    """A known link, with all that its pages need, as it stands now."""

    link: Link
    responses: tuple[Response, ...]
    state: LinkState

    @property
    def visit(self) -> Visit:
        """The visit that the link leads to."""
        return self.link.visit

    @property
    def patient(self) -> Patient:
        """The patient whom the visit belongs to."""
        return self.link.visit.patient


def issue_link(
    session: Session, clock: Clock, tokens: TokenSource, visit: Visit, patient: Patient
) -> IssuedLink:
    """Issues a link to a visit; older links of the visit and their sessions die.

    Raises RuleError when the visit's questionnaires were sent or its window has closed.
    """
    responses = _responses_of(session, visit)
    if responses and all(each.is_submitted for each in responses):
        raise RuleError("visit", "already_sent", visit=visit.code)
    if clock.now() >= visit.closes_at and not any(
        is_answerable(visit, each, clock.now()) for each in responses
    ):
        raise RuleError("visit", "window_closed", visit=visit.code, closes_on=visit.closes_on)
    former = list(
        session.scalars(select(Link).where(Link.study_id == visit.study_id, Link.visit_id == visit.id))
    )
    _revoke(session, clock, [link for link in former if link.revoked_at is None], REISSUED)
    token = tokens.token(patient.code, visit, len(former) + 1)
    link = Link(
        study_id=visit.study_id,
        patient_id=patient.id,
        visit_id=visit.id,
        token_hash=hash_secret(token),
        ordinal=len(former) + 1,
        issued_at=clock.now(),
    )
    session.add(link)
    session.flush()
    return IssuedLink(link, token)


def revoke_links(session: Session, clock: Clock, visit: Visit, reason: str) -> None:
    """Ends the live links of a visit and the sessions that they opened; the next tap is refused."""
    _revoke(session, clock, live_links(session, visit), reason)


def live_links(session: Session, visit: Visit) -> list[Link]:
    """The links of a visit that were not revoked."""
    query = select(Link).where(
        Link.study_id == visit.study_id, Link.visit_id == visit.id, Link.revoked_at.is_(None)
    )
    return list(session.scalars(query))


def find_link(session: Session, clock: Clock, token: str) -> FoundLink | None:
    """The link of a token as it stands now, revoked and expired ones included; None when unknown."""
    return _found(session, clock, Link.token_hash == hash_secret(token))


def find_link_by_id(session: Session, clock: Clock, link_id: int) -> FoundLink | None:
    """The link that a patient's session was opened by."""
    return _found(session, clock, Link.id == link_id)


def begin(session: Session, clock: Clock, found: FoundLink, data: dict[str, object]) -> str:
    """Exchanges the tap on a link for a session; returns the cookie's secret."""
    if found.link.opened_at is None:
        found.link.opened_at = clock.now()
        session.flush()
    return open_patient_session(session, clock, found.link.id, last_use(found.visit), dict(data))


def last_use(visit: Visit) -> datetime:
    """The instant after which no link to this visit is of use: its window's end and the grace."""
    return visit.closes_at + GRACE


def _found(session: Session, clock: Clock, condition: object) -> FoundLink | None:
    visit = joinedload(Link.visit)
    patient = visit.joinedload(Visit.patient)
    query = (
        select(Link)
        .where(condition)  # type: ignore[arg-type]
        .options(visit, patient.joinedload(Patient.site), patient.joinedload(Patient.study))
    )
    link = session.scalar(query)
    if link is None:
        return None
    responses = tuple(_responses_of(session, link.visit))
    return FoundLink(link, responses, _state(link, responses, clock.now()))


def _state(link: Link, responses: tuple[Response, ...], now: datetime) -> LinkState:
    # A questionnaire that was sent is thanked for, also where the link was reissued meanwhile.
    if responses and all(each.is_submitted for each in responses):
        return LinkState.SENT if link.revoked_at is None else LinkState.CLOSED
    if link.revoked_at is not None:
        return LinkState.CLOSED
    if now < link.visit.opens_at:
        return LinkState.NOT_YET
    draft = next((each for each in responses if each.status == DRAFT), None)
    return LinkState.OPEN if is_answerable(link.visit, draft, now) else LinkState.CLOSED


def _responses_of(session: Session, visit: Visit) -> list[Response]:
    return list(session.scalars(select(Response).where(Response.visit_id == visit.id)))


def _revoke(session: Session, clock: Clock, links: list[Link], reason: str) -> None:
    for link in links:
        link.revoked_at, link.revoked_reason = clock.now(), reason
    session.flush()
    if links:
        end_sessions_of_links(session, clock, [link.id for link in links])
