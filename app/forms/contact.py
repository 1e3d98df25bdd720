"""The form of a patient's contact details. What a number or an address is, is for the services to judge."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, HiddenField, TelField

from app.forms.fields import options, radios
from app.i18n import lazy_translate

CHANNELS = {
    "sms": lazy_translate("By SMS"),
    "email": lazy_translate("By e-mail"),
    "none": lazy_translate("Neither: on paper or on the site’s tablet"),
}


class ContactForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """How a patient is reached; version is that of the details which were shown, 0 for none."""

    phone = TelField(lazy_translate("Telephone"))
    email = EmailField(lazy_translate("E-mail"))
    channel = radios(
        lazy_translate("How the patient wants to receive the links"),
        lazy_translate("Choose how the links are received."),
    )
    do_not_contact = BooleanField(lazy_translate("Do not contact: nothing is sent for now"))
    version = HiddenField()

    def __init__(self, *arguments: Any, **options_: Any) -> None:
        super().__init__(*arguments, **options_)
        self.channel.choices = options(CHANNELS)

    @property
    def seen_version(self) -> int:
        """The version that was shown; what is no number was never shown."""
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
