"""The last look before a message leaves: may it still go, to which address, with which link and words."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.channels import Outgoing
from app.clock import Clock
from app.models import (
    CANCELLED,
    EMAIL,
    FAILED,
    INVITATION_MESSAGE,
    REMINDER,
    SENDING,
    WAITING,
    Link,
    Message,
    Patient,
    Site,
    Study,
    Visit,
)
from app.services.alert_messages import StaffWords, begin_alert_message
from app.services.contact import FOR_SENDING, read_contacts
from app.services.definition import StudyDefinition
from app.services.definition.messages import Kind, filled, sms_text
from app.services.errors import RuleError
from app.services.invitations import begin_invitation
from app.services.leaving import may_be_contacted
from app.services.links import (
    IssuedLink,
    last_issue,
    next_link,
    renew_token,
    require_live_issue,
    require_open,
    require_wording,
)
from app.services.outbox import LEASE, held_message
from app.services.reminders import ON_OPENING, leaves_at
from app.services.sealing import Keys
from app.services.studies import definition_in_force

# What ends a message without anybody's fault; everything else is for the site to look at.
NO_FAULT = frozenset({"already_sent", "window_closed", "revoked", "left_study", "do_not_contact"})


def begin_sending(
    session: Session, clock: Clock, keys: Keys, public_url: str, message_id: int, staff_words: StaffWords
) -> Outgoing | None:
    """What is to be sent, its link made and the message marked as being sent; None when nothing is to go.

    staff_words: what a message to staff says.
    Commit before sending: from then on nobody else sends it.
    """
    held = held_message(session, message_id)
    message, patient, visit = held.message, held.patient, held.visit
    if message.state != WAITING:
        return None
    if patient is None or visit is None:
        begin = begin_invitation if message.kind == INVITATION_MESSAGE else begin_alert_message
        return begin(session, clock, message, public_url, staff_words)
    definition = definition_in_force(session, session.get_one(Study, message.study_id))
    later = _quiet_until(session, clock, definition, message, patient)
    if later is not None:
        message.due_at, message.leased_until = later, None
        session.flush()
        return None
    try:
        address = _address(session, keys, message, patient)
        issued = _link(session, clock, keys, message, visit, patient)
    except RuleError as refusal:
        message.state = CANCELLED if refusal.rule in NO_FAULT else FAILED
        message.error, message.leased_until = refusal.rule, None
        session.flush()
        return None
    message.state, message.link, message.language = SENDING, issued.link, patient.language
    message.tries, message.leased_until, message.error = message.tries + 1, clock.now() + LEASE, None
    session.flush()
    values = _values(session, definition, visit, patient) | {"link": f"{public_url}/l/{issued.token}"}
    return _outgoing(definition, message, address, values)


def wording_of(message: Message) -> Kind:
    """Which texts a message takes: the one on opening says that the questionnaire is ready."""
    return "reminder" if message.kind == REMINDER and message.ordinal != ON_OPENING else "link"


def _quiet_until(
    session: Session, clock: Clock, definition: StudyDefinition, message: Message, patient: Patient
) -> datetime | None:
    """When a message that the software sends by itself may leave, if that is not now."""
    if message.kind != REMINDER or definition.reminders is None:
        return None
    zone = ZoneInfo(session.get_one(Site, patient.site_id).timezone)
    later = leaves_at(definition.reminders, clock.now(), zone)
    return later if later > clock.now() else None


def _address(session: Session, keys: Keys, message: Message, patient: Patient) -> str:
    if not may_be_contacted(patient):
        raise RuleError("patient", "left_study")
    found = read_contacts(session, keys, patient.study_id, [patient.id], FOR_SENDING)
    if not found:
        raise RuleError("patient", "no_address")
    contact = found[patient.id]
    if contact is None:
        raise RuleError("patient", "contact_not_opened")
    if contact.do_not_contact:
        raise RuleError("patient", "do_not_contact")
    address = contact.email if message.channel == EMAIL else contact.phone
    if not address:
        raise RuleError("patient", "no_address")
    return address


def _link(
    session: Session, clock: Clock, keys: Keys, message: Message, visit: Visit, patient: Patient
) -> IssuedLink:
    """A link with a token of this attempt's own; that of an attempt which certainly failed opens nothing."""
    if message.link_id is None:
        return next_link(session, clock, keys, visit, patient, message.channel)
    require_wording(session, visit.study_id, visit.questionnaires, patient.language)
    require_open(session, clock, visit)
    require_live_issue(session, visit, last_issue(session, visit))
    link = session.get_one(Link, message.link_id)
    if link.revoked_at is not None:
        raise RuleError("link", "revoked", visit=visit.code)
    return renew_token(session, clock, keys, link, patient)


def _values(session: Session, definition: StudyDefinition, visit: Visit, patient: Patient) -> dict[str, str]:
    site = session.get_one(Site, patient.site_id)
    return {
        "site": site.public_name,
        "phone": site.phone,
        "study": definition.public_name[patient.language],
        "closes_on": f"{visit.closes_on:%d/%m/%Y}",
    }


def _outgoing(
    definition: StudyDefinition, message: Message, address: str, values: Mapping[str, str]
) -> Outgoing:
    kind, language, texts = wording_of(message), message.language, definition.messages
    if message.channel == EMAIL:
        subject = filled(texts.text(kind, "subject", language), values)
        text = filled(texts.text(kind, "email", language), values) + "\n"
    else:
        subject, text = "", sms_text(texts.text(kind, "sms", language), values)
    return Outgoing(message.idempotency_key, address, values["study"], subject, text)
