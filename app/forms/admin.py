"""The forms of administrators. Which role fits which place is for the services to judge."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, SelectField
from wtforms.validators import InputRequired, ValidationError

from app.forms.fields import Choices, choice, options, radios
from app.i18n import lazy_translate

LANGUAGES = {"fr": lazy_translate("French"), "en": lazy_translate("English")}


class ConfirmedForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """What is done under the administrator's own password, given once more."""

    password = PasswordField(
        lazy_translate("Your password"), validators=[InputRequired(lazy_translate("Give your password."))]
    )


class RoleForm(ConfirmedForm):
    """A role at a place."""

    role = choice(lazy_translate("Role"), lazy_translate("Choose a role."))
    # Everywhere has no name, and is chosen by choosing nothing.
    place = SelectField(lazy_translate("Study and site"), validate_choice=False)

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

    def __init__(self, *arguments: Any, **options_: Any) -> None:
        super().__init__(*arguments, **options_)
        self.language.choices = options(LANGUAGES)
