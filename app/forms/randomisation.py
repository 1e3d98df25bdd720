"""The form of an error of transcription in a randomisation; what may be corrected, the services judge."""

from flask_wtf import FlaskForm
from wtforms import BooleanField

from app.forms.fields import Choices, DayField, options, radios
from app.forms.steps import reason_field
from app.i18n import lazy_translate


class RandomisationCorrectionForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """Arm and date as they should have been written down; confirm is the second look."""

    arm = radios(lazy_translate("Arm"), lazy_translate("Choose an arm of the study."))
    randomised_on = DayField(lazy_translate("Date of randomisation"))
    reason = reason_field(lazy_translate("What was written down wrongly, and how it was found"))
    confirm = BooleanField()
    correct = BooleanField()

    def offer(self, arms: Choices) -> None:
        """Sets the arms of the study."""
        self.arm.choices = options(arms)
