"""The forms of administrators. Which role fits which place is for the services to judge."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, SelectField
from wtforms.validators import InputRequired, ValidationError

from app.forms.fields import Choices, choice, options, radios
from app.i18n import lazy_translate

LANGUAGES = {"fr": lazy_translate("French"), "en": lazy_translate("English")}


def own_password() -> PasswordField:
    """The administrator's own password; the last field of each form, also in the list of its faults."""
    required = InputRequired(lazy_translate("Give your password."))
    return PasswordField(lazy_translate("Your password"), validators=[required])


def role_field() -> Any:
    """The role that is given."""
    return choice(lazy_translate("Role"), lazy_translate("Choose a role."))


def place_field() -> SelectField:
    """Where the role is given; everywhere has no name, and is chosen by choosing nothing."""
    return SelectField(lazy_translate("Study and site"), validate_choice=False)


class ConfirmedForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """What is done under the administrator's own password, given once more."""

    password = own_password()


class RoleForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """A role at a place."""

    role = role_field()
    place = place_field()
    password = own_password()

    def offer(self, roles: Choices, places: Choices) -> None:
        """Sets what can be chosen."""
        self.role.choices = options({"": lazy_translate("Choose a role")} | dict(roles))
        self.place.choices = options(places)

    def validate_place(self, field: Any) -> None:
        """One of the places that were offered."""
        if field.data not in {each.value for each in field.choices}:
            raise ValidationError(lazy_translate("Choose a study or a site."))


class InvitationForm(RoleForm):
    """A new member of staff."""

    email = EmailField(
        lazy_translate("E-mail address"),
        validators=[InputRequired(lazy_translate("Give the e-mail address."))],
    )
    language = radios(lazy_translate("Language of the person"), lazy_translate("Choose a language."))
    # Fields stand in the order in which they were made: after these two, as on the page.
    role = role_field()
    place = place_field()
    password = own_password()

    def __init__(self, *arguments: Any, **options_: Any) -> None:
        super().__init__(*arguments, **options_)
        self.language.choices = options(LANGUAGES)
