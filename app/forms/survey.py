"""The form of one question, built from what it takes."""

from functools import cache

from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import AnyOf, Length, Optional

NEXT, ERASE, SKIP, LANGUAGE, SEND = "next", "erase", "skip", "language", "send"


class PlainForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """A form whose messages are never shown."""

    class Meta:
        """Reading the catalogue of the library's messages takes a millisecond."""

        def get_translations(self, form: object) -> None:
            """None: no catalogue."""


class ItemForm(PlainForm):
    """What the buttons of a question send, and the answer that was given."""

    item_id = ""
    action = StringField(default=NEXT, validators=[Optional(), AnyOf([NEXT, ERASE, SKIP, LANGUAGE])])

    @property
    def given(self) -> int | str | None:
        """The chosen code, or what was written; None when there is nothing, or nothing but blanks."""
        value: int | str | None = self[self.item_id].data
        return None if isinstance(value, str) and not value.strip() else value

    @property
    def wanted(self) -> str:
        """The button that was pressed; Continue when the form was sent by the Enter key."""
        return self.action.data or NEXT


class ReviewForm(PlainForm):
    """What the buttons of the review send."""

    action = StringField()


def one_line_end(text: str | None) -> str | None:
    """The text with line feeds alone, as the page's script sees it: a form sends a carriage return before."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if text else text


@cache
def item_form(
    item_id: str, codes: tuple[int, ...], choices: tuple[str, ...], max_length: int | None
) -> type[ItemForm]:
    """The form class of a question: a field named by its id that takes its codes, choices or text alone."""
    field: IntegerField | StringField
    if codes:
        field = IntegerField(validators=[Optional(), AnyOf(codes)])
    elif choices:
        field = StringField(validators=[Optional(), AnyOf(choices)])
    else:
        longest = [Length(max=max_length)] if max_length else []
        field = StringField(validators=[Optional(), *longest], filters=[one_line_end])
    return type(f"ItemForm_{item_id}", (ItemForm,), {"item_id": item_id, item_id: field})
