"""The form of one item, built from the instrument's structure."""

from functools import cache

from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import AnyOf, Optional

from scoring import Item

NEXT, ERASE, SKIP, LANGUAGE, SEND = "next", "erase", "skip", "language", "send"


class ItemForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """What the buttons of an item's page send, and the code that was chosen."""

    class Meta:
        """The library's own messages are never shown here; reading their catalogue takes a millisecond."""

        def get_translations(self, form: object) -> None:
            """None: no catalogue."""

    item_id = ""
    action = StringField(default=NEXT, validators=[Optional(), AnyOf([NEXT, ERASE, SKIP, LANGUAGE])])

    @property
    def code(self) -> int | None:
        """The chosen code; None when none was."""
        value: int | None = self[self.item_id].data
        return value

    @property
    def wanted(self) -> str:
        """The button that was pressed; Continue when the form was sent by the Enter key."""
        return self.action.data or NEXT


class ReviewForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """What the buttons of the review page send."""

    action = StringField()


@cache
def item_form(item: Item) -> type[ItemForm]:
    """The form class of an item: a field named by its id that takes its codes and no others."""
    field = IntegerField(validators=[Optional(), AnyOf(item.codes)])
    return type(f"ItemForm_{item.id}", (ItemForm,), {"item_id": item.id, item.id: field})
