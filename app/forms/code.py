"""The form of the printed code, typed as people copy six digits."""

import re

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Regexp

# Written in two groups, with a dash or a point between them, or with blanks at the ends.
BETWEEN = re.compile(r"[\s.\-–]+")


class CodeForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """The six digits that are printed beside a link."""

    code = StringField(filters=[lambda text: BETWEEN.sub("", text or "")], validators=[Regexp(r"[0-9]{6}\Z")])
