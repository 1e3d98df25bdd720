"""From the notes about a patient to the page that shows them."""

from typing import Any

from flask import request, url_for

from app.db import db
from app.forms.notes import KINDS
from app.nurse import words
from app.nurse.common import address, may, moment_of
from app.nurse.pages import NotesPage, PatientNoteRow
from app.services.access import Permission
from app.services.notes import LONGEST, notes_of


def notes_page(patient: Any) -> NotesPage:
    """The notes and calls of a patient whose site and study are loaded."""
    return NotesPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **address(patient)),
        url=url_for("nurse.notes", **address(patient)),
        rows=tuple(_row(each, patient.site.timezone) for each in notes_of(db.session, patient)),
        may_write=may(Permission.WRITE_NOTE, patient),
        longest=LONGEST,
        done=str(words.DONE.get(request.args.get("done", ""), "")),
    )


def _row(note: Any, zone: str) -> PatientNoteRow:
    return PatientNoteRow(
        moment=moment_of(note.written_at, zone),
        kind=str(KINDS[note.kind]),
        text=note.text,
        written_by=note.written_by,
    )
