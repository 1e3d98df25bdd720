"""What the staff forms share: fields that say in the page's words what they expect."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import InputRequired, ValidationError

from app.i18n import lazy_translate

# What can be chosen: the value that is sent, and the words beside it.
Choices = Mapping[str, Any]
DAY_FORMATS = ["%Y-%m-%d", "%d/%m/%Y"]


class DayField(DateField):
    """A date as the browser's picker sends it, or typed by hand as 23/11/2026 where there is none."""

    data: date | None

    def __init__(self, label: Any, **options: Any) -> None:
        required = InputRequired(lazy_translate("Give the date."))
        super().__init__(label, validators=[required], format=DAY_FORMATS, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Reads the date; says what a date looks like where it is none."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(lazy_translate("Give a whole date, such as 23/11/2026.")) from None


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


def radios(label: Any, message: object) -> Any:
    """A few choices, all in sight; they are set later."""
    return RadioField(label, choices=[], validators=[one_of_choices(message)], validate_choice=False)
