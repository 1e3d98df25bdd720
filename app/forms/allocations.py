"""The form of a list of assignments: a file or lines pasted; what they mean is for the services to judge."""

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, TextAreaField

from app.i18n import lazy_translate


class AllocationForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """A list of assignments; a file takes the place of the lines, confirm is the second look."""

    file = FileField(lazy_translate("File with the list (CSV)"))
    list = TextAreaField(lazy_translate("Or the lines themselves"))
    confirm = BooleanField()
    correct = BooleanField()

    def read(self) -> bool:
        """Puts the text of the file in place of the lines; False for a file that holds no text.

        Spreadsheets write UTF-8 or, on Windows in French, code page 1252.
        """
        source: bytes = self.file.data.read() if self.file.data else b""
        for encoding in ("utf-8-sig", "cp1252"):
            try:
                text = source.decode(encoding)
            except UnicodeDecodeError:
                continue
            self.list.data = text if source else self.list.data or ""
            return "\x00" not in text
        return False
