"""The forms of adverse events. Whether what they say can be is for the services to judge."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, RadioField
from wtforms.validators import InputRequired

from app.forms.fields import (
    CHOOSE,
    Choices,
    DayField,
    MomentField,
    checks,
    choice,
    options,
    radios,
    text_field,
)
from app.i18n import lazy_translate

ACTIONS = {
    "none": lazy_translate("None"),
    "reduced": lazy_translate("Dose reduced"),
    "interrupted": lazy_translate("Interrupted"),
    "stopped": lazy_translate("Stopped for good"),
    "restarted": lazy_translate("Restarted"),
    "other": lazy_translate("Another action"),
    "not_applicable": lazy_translate("Not applicable: no treatment at that time"),
}
OUTCOMES = {
    "recovered": lazy_translate("Recovered"),
    "recovered_with_sequelae": lazy_translate("Recovered with sequelae"),
    "recovering": lazy_translate("Recovering"),
    "not_recovered": lazy_translate("Not recovered"),
    "fatal": lazy_translate("Fatal"),
    "unknown": lazy_translate("Unknown"),
}
CRITERIA = {
    "death": lazy_translate("Death"),
    "life_threatening": lazy_translate("Life in danger"),
    "hospitalisation": lazy_translate("Stay in hospital, or a longer one"),
    "disability": lazy_translate("Lasting or significant disability"),
    "congenital_anomaly": lazy_translate("Congenital anomaly"),
    "medically_important": lazy_translate("Medically important otherwise"),
}
CAUSES = {
    "imatinib": lazy_translate("Imatinib"),
    "imatinib_interruption": lazy_translate("Interruption of imatinib"),
    "disease": lazy_translate("The disease"),
    "other": lazy_translate("Another cause"),
}
CHANNELS = {
    "portal": lazy_translate("Sponsor’s portal"),
    "email": lazy_translate("E-mail"),
    "fax": lazy_translate("Fax"),
    "phone": lazy_translate("Telephone"),
}


class EventForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """What is drafted of an event. `find` looks for a term, on the server, without losing the rest."""

    find = text_field(lazy_translate("Look for a term"))
    term = RadioField(lazy_translate("Term"), choices=[], validate_choice=False)
    text = text_field(lazy_translate("In your own words, where no term fits"))
    grade = radios(lazy_translate("CTCAE grade"), lazy_translate("Choose the grade."))
    onset_on = DayField(lazy_translate("Onset"))
    ended_on = DayField(lazy_translate("End, if it is over"), is_required=False)
    action = choice(
        lazy_translate("Action taken with the treatment"),
        lazy_translate("Choose the action."),
        CHOOSE | ACTIONS,
    )
    outcome = choice(lazy_translate("Outcome"), lazy_translate("Choose the outcome."), CHOOSE | OUTCOMES)
    reason = text_field(lazy_translate("Reason for the change"))
    seen = HiddenField()

    def offer(self, terms: Choices, grades: Choices) -> None:
        """Sets the terms and the grades to choose from."""
        self.term.choices, self.grade.choices = options(terms), options(grades)


class DecisionForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """What the investigator decides."""

    is_serious = radios(lazy_translate("Seriousness"), lazy_translate("Choose whether it is serious."))
    criteria = checks(lazy_translate("Criteria of seriousness"), CRITERIA)
    aware_at = MomentField(lazy_translate("When the site learnt that it is serious"))
    causes = checks(lazy_translate("Causes that can be suspected"), CAUSES)
    cause_text = text_field(lazy_translate("Which other cause"))
    reason = text_field(lazy_translate("Reason for deciding anew"))
    seen = HiddenField()

    def __init__(self, *args: Any, **facts: Any) -> None:
        super().__init__(*args, **facts)
        self.is_serious.choices = options(
            {"yes": lazy_translate("Serious"), "no": lazy_translate("Not serious")}
        )


class SignatureForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """A signature: the printed name, and the password once more."""

    name = text_field(lazy_translate("Your first and last name"))
    password = PasswordField(
        lazy_translate("Your password"), validators=[InputRequired(lazy_translate("Give your password."))]
    )
    seen = HiddenField()


class DeclarationForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """That a serious event was sent to the sponsor."""

    sent_at = MomentField(lazy_translate("Sent at"))
    channel = choice(lazy_translate("Sent by"), lazy_translate("Choose the way."), CHOOSE | CHANNELS)
