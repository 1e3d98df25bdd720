"""How pages are to look."""

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import AnyOf

# The first of each is what the page has unless something is chosen.
SIZES = ("text-normal", "text-large", "text-largest")
CONTRASTS = ("contrast-normal", "contrast-high")
COLOURS = ("colours-phone", "colours-light", "colours-dark")


class DisplayForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """Text size, contrast, colours, and the page to go back to."""

    size = StringField(validators=[AnyOf(SIZES)])
    contrast = StringField(validators=[AnyOf(CONTRASTS)])
    colours = StringField(validators=[AnyOf(COLOURS)])
    back = StringField()
