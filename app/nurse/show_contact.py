"""From a patient's contact details to the page and the form that show them."""

from datetime import datetime
from typing import Any

from flask import url_for

from app.forms.contact import CHANNELS, ContactForm
from app.i18n import translate
from app.nurse.common import address, day_of
from app.nurse.pages import ContactPage, Fact
from app.services.contact import ContactDetails, ContactState


def contact_page(patient: Any, state: ContactState | None, *, has_keys: bool, done: str) -> ContactPage:
    """What is kept of a patient, unopened, and what can be done with it."""
    place = address(patient)
    return ContactPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **place),
        url=url_for("nurse.contact_details", **place),
        site=patient.site.name,
        facts=_facts(state, patient.site.timezone) if state else (),
        has_keys=has_keys,
        open_url=url_for("nurse.open_contact", **place) if state and has_keys else None,
        save_url=url_for("nurse.save_contact", **place),
        erase_url=url_for("nurse.erase_contact", **place) if state else None,
        done=done,
    )


def opened_form(details: ContactDetails | None) -> ContactForm:
    """The form with the details that were opened, empty where there are none."""
    if details is None:
        return unopened_form(None)
    facts = _choices(details.state) | {"phone": details.phone, "email": details.email}
    return ContactForm(formdata=None, data=facts)


def unopened_form(state: ContactState | None) -> ContactForm:
    """The form without number and address, for details that are not there or do not open."""
    return ContactForm(formdata=None, data=_choices(state) if state else {"version": "0"})


def _choices(state: ContactState) -> dict[str, Any]:
    return {
        "channel": state.channel,
        "do_not_contact": state.do_not_contact,
        "version": str(state.version),
    }


def _facts(state: ContactState, zone: str) -> tuple[Fact, ...]:
    contacted = translate("Do not contact") if state.do_not_contact else CHANNELS[state.channel]
    return (
        Fact(name=translate("Telephone"), value=_kept(state.phone_bounced_at, zone, has_it=state.has_phone)),
        Fact(name=translate("E-mail"), value=_kept(state.email_bounced_at, zone, has_it=state.has_email)),
        Fact(name=translate("Links"), value=str(contacted)),
        Fact(name=translate("Last change"), value=day_of(state.updated_at, zone)),
    )


def _kept(bounced_at: datetime | None, zone: str, *, has_it: bool) -> str:
    if not has_it:
        return str(translate("None"))
    if bounced_at is None:
        return str(translate("Kept"))
    return str(translate("Kept; not reachable since %(day)s", day=day_of(bounced_at, zone)))
