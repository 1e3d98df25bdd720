"""The form of a correction. Whether what it says is an answer is for the services to judge."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, PasswordField

from app.forms.fields import CHOOSE, Choices, DayField, choice, options, radios, text_field
from app.i18n import lazy_translate

NO_ANSWER = "none"
SOURCES = {
    "telephone": lazy_translate("The patient, by telephone"),
    "paper": lazy_translate("The paper original"),
    "late_answer": lazy_translate("An answer that came after sending"),
    "other": lazy_translate("Other: say which in the reason"),
}
ASKERS = {
    "patient": lazy_translate("The patient"),
    "relative": lazy_translate("A relative or trusted person"),
    "nurse": lazy_translate("The nurse"),
    "investigator": lazy_translate("The investigator"),
    "monitor": lazy_translate("The monitor"),
    "data_manager": lazy_translate("The data manager"),
}


class CorrectionForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """What is to stand instead of an answer, and why; confirm is the second look, with the password."""

    answer = radios(lazy_translate("The answer should be"), lazy_translate("Choose the answer."))
    text = text_field(lazy_translate("The answer should be"), is_long=True)
    day = DayField(lazy_translate("The answer should be"), is_required=False)
    source = choice(
        lazy_translate("Where it comes from"), lazy_translate("Choose the source."), CHOOSE | SOURCES
    )
    asked_by = choice(
        lazy_translate("Who asked for it"), lazy_translate("Choose who asked for it."), CHOOSE | ASKERS
    )
    reason = text_field(lazy_translate("Reason"), is_long=True)
    name = text_field(lazy_translate("Your first and last name"))
    password = PasswordField(lazy_translate("Your password"))
    seen = HiddenField()
    late = HiddenField()
    confirm = BooleanField()
    back = BooleanField()

    def offer(self, kind: str, answers: Choices) -> None:
        """Leaves the one field that takes this kind of answer; answers: the codes or choices, if any."""
        if answers:
            self.answer.choices = options({**answers, NO_ANSWER: lazy_translate("No answer")})
        for name in {"answer", "text", "day"} - {_field_of(kind, has_answers=bool(answers))}:
            del self[name]

    @property
    def value(self) -> str | None:
        """The answer as it was chosen or typed; None for none."""
        if "answer" in self:
            return None if self.answer.data == NO_ANSWER else str(self.answer.data)
        if "day" in self:
            return self.day.data.isoformat() if self.day.data else None
        return self.text.data or None


def _field_of(kind: str, *, has_answers: bool) -> str:
    if has_answers:
        return "answer"
    return "day" if kind == "date" else "text"
