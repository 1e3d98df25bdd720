"""The forms of a patient's way through the study; whether what they say holds, services judge."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.forms.fields import CHOOSE, TOO_LONG, Choices, DayField, checks, choice, options, radios
from app.i18n import lazy_translate

LONGEST_REASON, LONGEST_DRUG = 500, 100
# The drug of the study by its name, which is what is stored.
OTHER_DRUG = "other"
DRUGS = {"imatinib": lazy_translate("Imatinib"), OTHER_DRUG: lazy_translate("Another drug")}
STOP_REASONS = {
    "protocol": lazy_translate("As the protocol asks"),
    "toxicity": lazy_translate("Side effects"),
    "progression": lazy_translate("Progression"),
    "patient_choice": lazy_translate("The patient’s wish"),
    "other": lazy_translate("Another reason"),
}


def reason_field(label: Any) -> Any:
    """A reason in one's own words; whether one is needed is for the services to judge."""
    fits = Length(max=LONGEST_REASON, message=TOO_LONG)
    return TextAreaField(label, filters=[lambda text: (text or "").strip()], validators=[fits])


class MilestoneForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """An event of a kind that the address names; confirm is the second look."""

    occurred_on = DayField(lazy_translate("Date of the event"))
    value = choice(lazy_translate("Result"), lazy_translate("Choose the result."))
    confirm = BooleanField()
    correct = BooleanField()

    def offer(self, values: Choices) -> None:
        """Sets the results to choose from; a kind without any asks for none."""
        self.value.choices = options(CHOOSE | dict(values))
        if not values:
            del self.value


class UndoForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """Why an event is taken back."""

    reason = reason_field(lazy_translate("Why it was a mistake"))


class ExposureForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """One drug from a day on, and until when if it was stopped."""

    which = radios(lazy_translate("Drug"), lazy_translate("Choose the drug."))
    drug = StringField(
        lazy_translate("Which other drug"),
        filters=[lambda text: (text or "").strip()],
        validators=[Length(max=LONGEST_DRUG, message=TOO_LONG)],
    )
    started_on = DayField(lazy_translate("First day with the drug"))
    stopped_on = DayField(lazy_translate("First day without it, if it was stopped"), is_required=False)
    stop_reason = SelectField(
        lazy_translate("Reason for the stop"),
        choices=options({"": lazy_translate("Not stopped")} | STOP_REASONS),
        validate_choice=False,
    )

    def __init__(self, *args: Any, **facts: Any) -> None:
        super().__init__(*args, **facts)
        self.which.choices = options(DRUGS)

    @property
    def drug_name(self) -> str:
        """The drug: the one of the study, or the one that was typed."""
        return str(self.drug.data or "") if self.which.data == OTHER_DRUG else str(self.which.data)


class StopForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """Since when a drug is no longer taken, and why."""

    stopped_on = DayField(lazy_translate("First day without the drug"))
    stop_reason = choice(
        lazy_translate("Reason for the stop"), lazy_translate("Choose a reason."), CHOOSE | STOP_REASONS
    )


class UnscheduledForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """Which questionnaires a visit besides the schedule asks."""

    questionnaires = checks(lazy_translate("Questionnaires"), {})

    def offer(self, questionnaires: Choices) -> None:
        """Sets the questionnaires to choose from."""
        self.questionnaires.choices = options(questionnaires)


class TransferForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """To which site a patient moved, and when; confirm is the second look."""

    site = choice(lazy_translate("New site"), lazy_translate("Choose the site."))
    from_on = DayField(lazy_translate("First day at the new site"))
    confirm = BooleanField()
    correct = BooleanField()

    def offer(self, sites: Choices) -> None:
        """Sets the sites to choose from."""
        self.site.choices = options(CHOOSE | dict(sites))


class WrongPatientForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """Whose answers were sent under another patient's name; confirm is the second look."""

    visit = choice(lazy_translate("Visit at which they were sent"), lazy_translate("Choose the visit."))
    other_code = StringField(
        lazy_translate("Code of the patient who answered"),
        filters=[lambda text: (text or "").strip()],
        validators=[InputRequired(lazy_translate("Give the code of another patient of the study."))],
    )
    other_visit = choice(lazy_translate("Visit of that patient"), lazy_translate("Choose the visit."))
    reason = reason_field(lazy_translate("What happened"))
    confirm = BooleanField()
    correct = BooleanField()

    def offer(self, sent: Choices, visits: Choices) -> None:
        """Sets the visits that were sent, and those that the other patient may have."""
        self.visit.choices = options(CHOOSE | dict(sent))
        self.other_visit.choices = options(CHOOSE | dict(visits))
