"""Links sent by site staff: by which ways a patient can be reached, and the planning of one."""

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import Message, Patient, Visit
from app.services.access import Actor, Permission, require
from app.services.contact import ContactState, contact_state
from app.services.errors import RuleError
from app.services.leaving import may_be_contacted
from app.services.outbox import plan_links

EMAIL, SMS = "email", "sms"


def ways_to_reach(patient: Patient, state: ContactState | None) -> tuple[str, ...]:
    """The channels by which something can be sent to a patient whose milestones are loaded.

    The preferred one first; none for who is not to be contacted, has left or could not be reached there.
    """
    if state is None or state.do_not_contact or not may_be_contacted(patient):
        return ()
    by_email = state.has_email and state.email_bounced_at is None
    by_sms = state.has_phone and state.phone_bounced_at is None
    ways = [channel for channel, is_there in ((EMAIL, by_email), (SMS, by_sms)) if is_there]
    return tuple(sorted(ways, key=lambda channel: channel != state.channel))


def send_link(
    session: Session, clock: Clock, actor: Actor, visit: Visit, patient: Patient, channel: str
) -> Message:
    """Plans a link to a visit; the next tick sends it, and what was given before ends at once.

    Raises AccessDeniedError for all but the site's staff; RuleError where the patient cannot be reached that
    way, and as links.issue_link does.
    """
    require(actor, Permission.ISSUE_LINKS, patient.study_id, patient.site_id)
    if channel not in ways_to_reach(patient, contact_state(session, actor, patient)):
        raise RuleError("channel", "no_way_to_reach", code=patient.code)
    return plan_links(session, clock, visit, patient, [channel])[0]
