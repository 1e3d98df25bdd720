"""The forms of site staff. What a field means to the study is for the services to judge."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from app.forms.fields import TOO_LONG, Choices, DayField, choice, options, radios
from app.i18n import lazy_translate

LONGEST_REMARK = 500
# The key is kept in the trail; the word is the page's.
REASONS = {
    "lost_phone": lazy_translate("Phone lost or stolen"),
    "wrong_person": lazy_translate("Given to the wrong person"),
    "patient_wish": lazy_translate("The patient’s wish"),
    "other": lazy_translate("Another reason"),
}


class RegistrationForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """A new patient: who consented, when, and in which language questionnaires are read."""

    site = choice(lazy_translate("Site"), lazy_translate("Choose the site."))
    code = StringField(lazy_translate("Patient code"), filters=[lambda text: (text or "").strip()])
    consent_on = DayField(lazy_translate("Date of consent"))
    language = radios(
        lazy_translate("Language of the questionnaires"), lazy_translate("Choose a language of the study.")
    )

    def offer(self, sites: Choices, languages: Choices) -> None:
        """Sets what can be chosen; one site alone is no question."""
        self.site.choices, self.language.choices = options(sites), options(languages)
        if len(sites) == 1:
            del self.site


class RandomisationForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """A randomisation already made; confirm is the second look."""

    randomised_on = DayField(lazy_translate("Date of randomisation"))
    arm = radios(lazy_translate("Arm"), lazy_translate("Choose an arm of the study."))
    remark = TextAreaField(
        lazy_translate("Why without the initial questionnaire"),
        filters=[lambda text: (text or "").strip()],
        validators=[Optional(), Length(max=LONGEST_REMARK, message=TOO_LONG)],
    )
    confirm = BooleanField()
    correct = BooleanField()

    def offer(self, arms: Choices) -> None:
        """Sets the arms of the study."""
        self.arm.choices = options(arms)


class RevocationForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """Why a link is taken back."""

    reason = choice(
        lazy_translate("Reason"),
        lazy_translate("Choose a reason."),
        {"": lazy_translate("Choose a reason")} | REASONS,
    )
