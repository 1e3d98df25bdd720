"""The form of a note about a patient, or of a telephone call. What it may say is for the service to judge."""

from flask_wtf import FlaskForm
from wtforms import TextAreaField

from app.forms.fields import radios
from app.i18n import lazy_translate

KINDS = {
    "note": lazy_translate("Note"),
    "call": lazy_translate("Telephone call"),
    "call_unanswered": lazy_translate("Call that nobody answered"),
}


class NoteForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """What it is, and what there is to know."""

    kind = radios(lazy_translate("What it is"), lazy_translate("Say whether it is a note or a call."), KINDS)
    text = TextAreaField(lazy_translate("What there is to know"), filters=[lambda text: (text or "").strip()])
