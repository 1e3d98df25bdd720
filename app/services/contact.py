"""Contact details: kept sealed, read for a purpose that the trail names, erased, sealed with another key.

Two may read them: the staff of the patient's site, and the job that sends. The trail never holds a value.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import CHANNELS, EMAIL, SMS, Contact, Patient
from app.services.access import Actor, Permission, require
from app.services.audit import note, record
from app.services.codes import reseal_card
from app.services.errors import RuleError
from app.services.identifiers import refuse_identifiers
from app.services.phones import can_receive_sms, parse_email, parse_phone, region_of
from app.services.rows import hold
from app.services.schedule import local_date
from app.services.sealing import Keys, NoKeyError, SealedTextError, seal, sealed_with, unseal

FOR_STAFF, FOR_SENDING = "shown to site staff", "sending"


@dataclass(frozen=True)
class ContactWish:
    """What site staff write down; `version` is that of the details they saw, 0 for none."""

    phone: str = field(repr=False)
    email: str = field(repr=False)
    channel: str
    do_not_contact: bool
    version: int


@dataclass(frozen=True)
class ContactState:
    """What is kept, without opening it; *_bounced_at: since when what is sent there comes back."""

    has_phone: bool
    has_email: bool
    channel: str
    do_not_contact: bool
    phone_bounced_at: datetime | None
    email_bounced_at: datetime | None
    updated_at: datetime
    version: int


@dataclass(frozen=True)
class ContactDetails:
    """How a patient is reached: the number as E.164; channel "sms", "email" or "none"."""

    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    state: ContactState

    @property
    def channel(self) -> str:
        """The channel that the patient prefers."""
        return self.state.channel

    @property
    def do_not_contact(self) -> bool:
        """Whether nothing may be sent, whatever the channel."""
        return self.state.do_not_contact


def read_contact(session: Session, keys: Keys, patient: Patient, purpose: str) -> ContactDetails | None:
    """The details of a patient, opened for a purpose that the trail then names; None where none are kept.

    For the sending job; site staff go through show_contact. Raises NoKeyError, SealedTextError.
    """
    contact = _contact(session, patient)
    if contact is None:
        return None
    details = _opened_details(keys, contact)
    record(session, *_reading(contact, purpose))
    return details


def read_contacts(
    session: Session, keys: Keys, study_id: int, patient_ids: Collection[int], purpose: str
) -> dict[int, ContactDetails | None]:
    """As read_contact, of some patients of a study by their ids; who has no details is left out.

    None stands for what does not open. The trail has it with what the caller flushes next.
    """
    query = select(Contact).where(Contact.study_id == study_id, Contact.patient_id.in_(patient_ids))
    found: dict[int, ContactDetails | None] = {}
    for contact in session.scalars(query.execution_options(populate_existing=True)):
        try:
            found[contact.patient_id] = _opened_details(keys, contact)
        except SealedTextError:
            found[contact.patient_id] = None
        else:
            note(session, *_reading(contact, purpose))
    return found


def show_contact(session: Session, actor: Actor, keys: Keys, patient: Patient) -> ContactDetails | None:
    """The details for a member of the site's staff, who is named in the trail.

    Raises AccessDeniedError for all others; RuleError where they cannot be opened.
    """
    require(actor, Permission.SEE_CONTACT, patient.study_id, patient.site_id)
    try:
        return read_contact(session, keys, patient, FOR_STAFF)
    except NoKeyError:
        raise RuleError("contact", "no_contact_keys") from None
    except SealedTextError as error:
        raise RuleError("contact", "contact_not_opened", problem=error.problem) from None


def contact_state(session: Session, actor: Actor, patient: Patient) -> ContactState | None:
    """What is kept of a patient, unopened; AccessDeniedError for all but the site's staff."""
    require(actor, Permission.SEE_CONTACT, patient.study_id, patient.site_id)
    contact = _contact(session, patient)
    return _state(contact) if contact else None


def save_contact(
    session: Session, clock: Clock, actor: Actor, keys: Keys, patient: Patient, wish: ContactWish
) -> None:
    """Keeps what was written down, in place of what was kept; a new number or address has not bounced.

    Raises AccessDeniedError for all but the site's staff; RuleError: no key, not the version that was seen,
    what is no telephone number or e-mail address, or not the one that the channel needs.
    """
    require(actor, Permission.CHANGE_CONTACT, patient.study_id, patient.site_id)
    if not keys:
        raise RuleError("contact", "no_contact_keys")
    phone, email = _checked(patient, wish)
    refuse_identifiers(email or "", "email", local_date(clock.now(), ZoneInfo(patient.site.timezone)))
    hold(session, patient)
    contact = _contact(session, patient)
    if wish.version != (contact.version if contact else 0):
        raise RuleError("contact", "contact_changed")
    if contact is None:
        contact = Contact(study_id=patient.study_id, patient_id=patient.id)
        session.add(contact)
    contact.channel, contact.do_not_contact = wish.channel, wish.do_not_contact
    contact.updated_at = clock.now()
    _replace(keys, contact, "phone", phone)
    _replace(keys, contact, "email", email)
    session.flush()


def flag_bounce(session: Session, clock: Clock, patient: Patient, channel: str) -> None:
    """Notes that what was sent by a channel came back, until another number or address is kept."""
    hold(session, patient)
    contact = _contact(session, patient)
    if contact is None:
        return
    if channel == SMS:
        contact.phone_bounced_at = contact.phone_bounced_at or clock.now()
    else:
        contact.email_bounced_at = contact.email_bounced_at or clock.now()
    session.flush()


def erase_contact(session: Session, patient: Patient) -> bool:
    """Erases all contact details of a patient; False where there were none. The trail keeps the fact."""
    hold(session, patient)
    contact = _contact(session, patient)
    if contact is None:
        return False
    session.delete(contact)
    session.flush()
    return True


def rotate_keys(session: Session, keys: Keys) -> int:
    """Seals with the first key what another one sealed, cards' digits too; how many patients' that were.

    Raises NoKeyError; SealedTextError naming what does not open: then nothing is to be committed.
    """
    if not keys:
        raise NoKeyError
    changed: set[int] = set()
    cards = select(Patient).where(Patient.card_sealed.is_not(None)).order_by(Patient.id)
    for patient in session.scalars(cards.with_for_update()):
        if reseal_card(keys, patient):
            changed.add(patient.id)
    for contact in session.scalars(select(Contact).order_by(Contact.id).with_for_update()):
        is_old = [name for name in ("phone", "email") if _is_old(keys, contact, name)]
        for name in is_old:
            _seal(keys, contact, name, _opened(keys, contact, name))
        if is_old:
            changed.add(contact.patient_id)
    session.flush()
    return len(changed)


def _checked(patient: Patient, wish: ContactWish) -> tuple[str | None, str | None]:
    region = region_of(patient.site.calendar)
    phone = parse_phone(wish.phone, region) if wish.phone.strip() else None
    email = parse_email(wish.email) if wish.email.strip() else None
    if wish.channel not in CHANNELS:
        raise RuleError("channel", "unknown_channel")
    if wish.channel == SMS and phone is None:
        raise RuleError("phone", "sms_needs_phone")
    if wish.channel == SMS and not can_receive_sms(phone or ""):
        raise RuleError("phone", "sms_needs_mobile")
    if wish.channel == EMAIL and email is None:
        raise RuleError("email", "email_needs_address")
    return phone, email


def _opened_details(keys: Keys, contact: Contact) -> ContactDetails:
    phone, email = _opened(keys, contact, "phone"), _opened(keys, contact, "email")
    return ContactDetails(phone=phone, email=email, state=_state(contact))


def _reading(contact: Contact, purpose: str) -> tuple[str, str, str, str, dict[str, Any]]:
    """What the trail has of a reading."""
    return "read", Contact.__tablename__, str(contact.id), contact.audit_chain, {"purpose": purpose}


def _contact(session: Session, patient: Patient) -> Contact | None:
    query = select(Contact).where(Contact.study_id == patient.study_id, Contact.patient_id == patient.id)
    # What another transaction wrote while the patient was waited for.
    return session.scalar(query.execution_options(populate_existing=True))


def _state(contact: Contact) -> ContactState:
    return ContactState(
        has_phone=contact.phone_sealed is not None,
        has_email=contact.email_sealed is not None,
        channel=contact.channel,
        do_not_contact=contact.do_not_contact,
        phone_bounced_at=contact.phone_bounced_at,
        email_bounced_at=contact.email_bounced_at,
        updated_at=contact.updated_at,
        version=contact.version,
    )


def _replace(keys: Keys, contact: Contact, name: str, value: str | None) -> None:
    try:
        is_same = _opened(keys, contact, name) == value
    except SealedTextError:
        # What nobody can open any more is replaced by what was written down now.
        is_same = False
    if not is_same:
        _seal(keys, contact, name, value)
        setattr(contact, f"{name}_bounced_at", None)


def _seal(keys: Keys, contact: Contact, name: str, value: str | None) -> None:
    sealed = None if value is None else seal(keys, value, _place(contact, name))
    setattr(contact, f"{name}_sealed", sealed)


def _opened(keys: Keys, contact: Contact, name: str) -> str | None:
    sealed: bytes | None = getattr(contact, f"{name}_sealed")
    return None if sealed is None else unseal(keys, sealed, _place(contact, name))


def _is_old(keys: Keys, contact: Contact, name: str) -> bool:
    sealed: bytes | None = getattr(contact, f"{name}_sealed")
    return sealed is not None and sealed_with(sealed) != keys[0][0]


def _place(contact: Contact, name: str) -> str:
    return f"{Contact.__tablename__}.{name}.{contact.patient_id}"
