"""The form of a handover note. What it may say, and until when, is for the service to judge."""

from flask_wtf import FlaskForm
from wtforms import TextAreaField

from app.forms.fields import Choices, DayField, choice, options
from app.i18n import lazy_translate


class HandoverForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """What whoever covers must know, and until when it is shown."""

    site = choice(lazy_translate("Site"), lazy_translate("Choose the site."))
    text = TextAreaField(
        lazy_translate("What whoever covers must know"), filters=[lambda text: (text or "").strip()]
    )
    stands_until = DayField(lazy_translate("Shown until"))

    def offer(self, sites: Choices) -> None:
        """Sets the sites to choose from; one alone is no question."""
        self.site.choices = options(sites)
        if len(sites) == 1:
            del self.site
