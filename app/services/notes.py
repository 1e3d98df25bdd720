"""Notes about a patient and calls: written by the site's staff, only ever added to, in no export."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import Patient, PatientNote
from app.services.access import Actor, Permission, require
from app.services.errors import RuleError
from app.services.identifiers import refuse_identifiers
from app.services.rows import hold
from app.services.worklist import today_at

LONGEST = 500
# What the same person sends again within this time, word for word, is a second tap and no second call.
SECOND_TAP = timedelta(minutes=1)


class NoteKind(StrEnum):
    """What is written down: a note, a call that somebody answered, or one that nobody did."""

    NOTE = "note"
    CALL = "call"
    UNANSWERED = "call_unanswered"


def notes_of(session: Session, patient: Patient) -> Sequence[PatientNote]:
    """The notes and calls of a patient, the newest first. One query."""
    return session.scalars(_newest_first(patient)).all()


def write_note(
    session: Session, clock: Clock, actor: Actor, patient: Patient, kind: NoteKind, text: str
) -> PatientNote:
    """Writes a note or a call down; a second tap changes nothing. Only an unanswered call needs no words.

    Raises AccessDeniedError for whoever is not of the staff of the patient's site; RuleError: no words, too
    many, or words that identify somebody.
    """
    require(actor, Permission.WRITE_NOTE, patient.study_id, patient.site_id)
    words, now = text.strip(), clock.now()
    if not words and kind is not NoteKind.UNANSWERED:
        raise RuleError("text", "empty_note")
    if len(words) > LONGEST:
        raise RuleError("text", "long_note", longest=LONGEST)
    refuse_identifiers(words, "text", today_at(clock, patient.site.timezone))
    hold(session, patient)
    last = session.scalar(_newest_first(patient).limit(1))
    sent = (kind.value, words, actor.email)
    if last and (last.kind, last.text, last.written_by) == sent and now - last.written_at < SECOND_TAP:
        return last
    note = PatientNote(
        study_id=patient.study_id,
        patient_id=patient.id,
        kind=kind.value,
        text=words,
        written_at=now,
        written_by=actor.email,
    )
    session.add(note)
    session.flush()
    return note


def _newest_first(patient: Patient) -> Select[PatientNote]:
    query = select(PatientNote).where(
        PatientNote.study_id == patient.study_id, PatientNote.patient_id == patient.id
    )
    return query.order_by(PatientNote.id.desc())
