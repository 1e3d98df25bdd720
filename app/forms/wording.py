"""The forms of data managers: a file of wording, and the approval of what was read from it."""

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from app.forms.fields import TOO_LONG, DayField
from app.i18n import lazy_translate

LONGEST = 200


class UploadForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """A file of texts."""

    file = FileField(
        lazy_translate("File with the texts"), validators=[FileRequired(lazy_translate("Choose a file."))]
    )


class ApprovalForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """By what right the texts are used; sha256 says which texts the person has seen."""

    sha256 = HiddenField()
    reference = StringField(
        lazy_translate("Licence reference"),
        filters=[lambda text: (text or "").strip()],
        validators=[
            DataRequired(lazy_translate("Give the reference of the licence agreement.")),
            Length(max=LONGEST, message=TOO_LONG),
        ],
    )
    version = StringField(
        lazy_translate("Version of the texts"),
        filters=[lambda text: (text or "").strip()],
        validators=[
            DataRequired(lazy_translate("Give the version that the licence names.")),
            Length(max=LONGEST, message=TOO_LONG),
        ],
    )
    licence_on = DayField(lazy_translate("Date of the licence"))
    has_read = BooleanField(
        lazy_translate("I have compared these texts with the licensed ones."),
        validators=[InputRequired(lazy_translate("Compare the texts first, then tick this box."))],
    )
