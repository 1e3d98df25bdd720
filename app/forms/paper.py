"""The form of a sheet of paper: how it was filled in, and a field for each of its questions."""

from functools import cache
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField, TextAreaField

from app.forms.fields import DayField, checks, options, radios
from app.i18n import lazy_translate

MODES = {
    "paper": lazy_translate("By the patient, on paper"),
    "interview": lazy_translate("In an interview: somebody asked the questions"),
    "proxy": lazy_translate("By somebody else in the patient’s place"),
}
HELPERS = {
    "family": lazy_translate("Family or friend"),
    "caregiver": lazy_translate("Paid caregiver"),
    "staff": lazy_translate("Staff of the site"),
}
HELP_KINDS = {
    "reading": lazy_translate("Reading aloud"),
    "writing": lazy_translate("Writing"),
    "translating": lazy_translate("Translating"),
    "deciding": lazy_translate("Answering in the patient’s place"),
}


class SheetForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """How a sheet was filled in. Whether it can be so is for the services to judge."""

    mode = radios(
        lazy_translate("How the sheet was filled in"), lazy_translate("Say how the sheet was filled in.")
    )
    completed_on = DayField(lazy_translate("Date on the sheet"))
    helper = SelectField(
        lazy_translate("Who helped"),
        choices=options({"": lazy_translate("Nobody")} | HELPERS),
        validate_choice=False,
    )
    help_kinds = checks(lazy_translate("How they helped"), HELP_KINDS)
    remark = TextAreaField(
        lazy_translate("What else the sheet shows"), filters=[lambda text: (text or "").strip()]
    )
    replaces = BooleanField(lazy_translate("The sheet counts, and replaces the answers on the screen"))

    def __init__(self, *args: Any, **facts: Any) -> None:
        super().__init__(*args, **facts)
        self.mode.choices = options(MODES)


@cache
def sheet_form(items: tuple[tuple[str, bool], ...]) -> type[SheetForm]:
    """The form class of a sheet: a field named by each item; True for those answered in words."""
    fields = {item: (TextAreaField if is_text else StringField)(item) for item, is_text in items}
    return type("ItemsOfSheetForm", (SheetForm,), fields)
