"""What the staff forms share: fields that say in the page's words what they expect."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    DateTimeLocalField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.i18n import lazy_translate

# What can be chosen: the value that is sent, and the words beside it.
Choices = Mapping[str, Any]
CHOOSE = {"": lazy_translate("Choose")}
LONGEST_TEXT = 500
TOO_LONG = lazy_translate("Write at most %(max)d characters.")
DAY_FORMATS = ["%Y-%m-%d", "%d/%m/%Y"]
MOMENT_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M"]


class DayField(DateField):
    """A date as the browser's picker sends it, or typed by hand as 23/11/2026 where there is none."""

    data: date | None

    def __init__(self, label: Any, *, is_required: bool = True, **options: Any) -> None:
        required = InputRequired(lazy_translate("Give the date."))
        validators = [required if is_required else Optional()]
        super().__init__(label, validators=validators, format=DAY_FORMATS, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Reads the date; says what a date looks like where it is none."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(lazy_translate("Give a whole date, such as 23/11/2026.")) from None


class MomentField(DateTimeLocalField):
    """A local date and time to the minute, as the browser's picker sends them or typed by hand."""

    data: datetime | None

    def __init__(self, label: Any, **options: Any) -> None:
        super().__init__(label, validators=[Optional()], format=MOMENT_FORMATS, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Reads date and time; says what they look like where they are none."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(lazy_translate("Give date and time, such as 23/11/2026 14:30.")) from None


def text_field(label: Any, *, is_long: bool = False) -> Any:
    """Words of at most 500 characters, without spaces at their ends; is_long: on several lines."""
    field = TextAreaField if is_long else StringField
    fits = Length(max=LONGEST_TEXT, message=TOO_LONG)
    return field(label, filters=[lambda text: (text or "").strip()], validators=[fits])


def one_of_choices(message: object) -> Any:
    """The validator of a choice: one of those offered, said in our own words."""

    def validate(_form: FlaskForm, field: Any) -> None:
        if not field.data or field.data not in {each.value for each in field.choices}:
            raise ValidationError(message)  # type: ignore[arg-type]  # messages are translated lazily

    return validate


def options(choices: Choices) -> list[Any]:
    """Choices as a field takes them."""
    return [SelectChoice(value, label) for value, label in choices.items()]


def choice(label: Any, message: object, choices: Choices | None = None) -> Any:
    """A list to choose from; choices may be set later."""
    required = one_of_choices(message)
    return SelectField(label, choices=options(choices or {}), validators=[required], validate_choice=False)


def radios(label: Any, message: object, choices: Choices | None = None) -> Any:
    """A few choices, all in sight; they may be set later."""
    required = one_of_choices(message)
    return RadioField(label, choices=options(choices or {}), validators=[required], validate_choice=False)


def checks(label: Any, choices: Choices) -> Any:
    """Several choices of which any number holds; what they mean together is for the services to judge."""
    return SelectMultipleField(label, choices=options(choices), validate_choice=False)
