"""On the ward's tablet: a nurse hands it over, a patient answers, nothing of either is left for the other."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import WARD, WARD_LINK, Link, Patient, Response, User, Visit, WebSession
from app.services.errors import RuleError
from app.services.links import FoundLink, LinkState, end_links, last_use, require_wording, state_of
from app.services.responses import WordingUsed, begin_responses
from app.services.rows import hold
from app.services.sessions import open_patient_session, suspend_session
from app.services.tokens import hash_secret, new_secret

# How long a tablet may stay with the patient; then it asks for a whole new sign-in.
LENT_FOR = timedelta(hours=4)
HANDED_BACK = "handed_back"


def hand_over(session: Session, clock: Clock, session_id: int, visit: Visit, patient: Patient) -> Link:
    """Suspends the session of a member of staff, whose browser may then open this visit and nothing else.

    The patient's other links to the visit live on; the link made here has a token that nobody ever sees.
    Raises RuleError when the visit takes no answers now, or the wording may not be shown.
    """
    require_wording(session, visit.study_id, visit.questionnaires, patient.language)
    hold(session, visit)
    _require_open_now(session, clock, visit)
    link = Link(
        study_id=visit.study_id,
        patient_id=patient.id,
        visit_id=visit.id,
        kind=WARD_LINK,
        token_hash=hash_secret(new_secret()),
        # It is no issue of a link to the patient.
        ordinal=0,
        issued_at=clock.now(),
    )
    session.add(link)
    session.flush()
    suspend_session(session, clock, session_id, link.id, clock.now() + LENT_FOR)
    return link


def begin_on_ward(
    session: Session,
    clock: Clock,
    found: FoundLink,
    wording: Mapping[str, WordingUsed],
    language: str,
) -> tuple[str, datetime]:
    """Opens the questionnaires to the patient who confirmed code and visit.

    Returns the secret of the patient's session and when it ends.
    """
    for response in begin_responses(session, clock, found.visit, wording, language):
        response.place = WARD
    if found.link.opened_at is None:
        found.link.opened_at = clock.now()
    session.flush()
    ends_at = min(found.link.issued_at + LENT_FOR, last_use(found.visit))
    secret = open_patient_session(session, clock, found.link.id, ends_at, {"language": language})
    return secret, ends_at


def take_back(session: Session, clock: Clock, link: Link) -> None:
    """Ends what was lent, and the patient's sessions with it; what was answered stays with the visit."""
    if link.revoked_at is None:
        end_links(session, clock, [link], HANDED_BACK)


def holder(session: Session, session_id: int) -> User:
    """The member of staff whose session this is."""
    query = select(User).join(WebSession, WebSession.user_id == User.id)
    return session.scalars(query.where(WebSession.id == session_id)).one()


def _require_open_now(session: Session, clock: Clock, visit: Visit) -> None:
    responses = session.scalars(select(Response).where(Response.visit_id == visit.id)).all()
    state = state_of(None, visit, responses, clock.now())
    if state is LinkState.SENT:
        raise RuleError("visit", "already_sent", visit=visit.code)
    if state is LinkState.NOT_YET:
        raise RuleError("visit", "not_open_yet", visit=visit.code, opens_on=visit.opens_on)
    if state is LinkState.CLOSED:
        raise RuleError("visit", "window_closed", visit=visit.code, closes_on=visit.closes_on)
