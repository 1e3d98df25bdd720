"""The form with which an alert is acknowledged. Whether what it says can be is for the service to judge."""

from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import Length

from app.forms.fields import options, radios
from app.i18n import lazy_translate

LONGEST_NOTE = 500
ACTIONS = {
    "called": lazy_translate("The patient was called"),
    "physician_told": lazy_translate("The physician was told"),
    "no_action": lazy_translate("No action is needed"),
    "other": lazy_translate("Something else was done"),
}


class AcknowledgementForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """What was done about an alert."""

    action = radios(lazy_translate("What was done"), lazy_translate("Choose what was done."))
    note = TextAreaField(
        lazy_translate("In a few words"),
        filters=[lambda text: (text or "").strip()],
        validators=[Length(max=LONGEST_NOTE, message=lazy_translate("Write at most %(max)d characters."))],
    )

    def __init__(self) -> None:
        super().__init__()
        self.action.choices = options(ACTIONS)
