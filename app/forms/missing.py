"""The form of a questionnaire that did not come. Whether it asks for a reason the services judge."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import Length

from app.forms.fields import TOO_LONG
from app.i18n import lazy_translate

LONGEST_TEXT = 200
OTHER = "other"


class ReasonForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """The reason is the button that was pressed; only another one is said in words."""

    reason = HiddenField()
    text = StringField(
        lazy_translate("Another reason, in a few words"),
        filters=[lambda text: (text or "").strip()],
        validators=[Length(max=LONGEST_TEXT, message=TOO_LONG)],
    )

    @property
    def words(self) -> str | None:
        """The words of another reason; what was typed beside a coded one is left out."""
        return self.text.data if self.reason.data == OTHER else None
