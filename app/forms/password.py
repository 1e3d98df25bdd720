"""The form by which a person sets the own password. What a password must be is for the services to judge."""

from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import EqualTo, InputRequired

from app.i18n import lazy_translate


class NewPasswordForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """A new password, twice, since nobody sees what is typed."""

    password = PasswordField(
        lazy_translate("New password"), validators=[InputRequired(lazy_translate("Give a password."))]
    )
    again = PasswordField(
        lazy_translate("The same password again"),
        validators=[EqualTo("password", lazy_translate("The two passwords differ: type both again."))],
    )
