"""The form of a link to be sent: the channel is the button that was pressed."""

from flask_wtf import FlaskForm

from app.forms.fields import choice
from app.i18n import lazy_translate

CHANNELS = {"email": lazy_translate("Send by e-mail"), "sms": lazy_translate("Send by SMS")}


class SendForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """By which way the link goes."""

    channel = choice(lazy_translate("Channel"), lazy_translate("Choose how the link is sent."), CHANNELS)
