"""Handover notes: what a site's staff leave for whoever covers for them, until a date or until taken down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import HandoverNote, Site
from app.services.access import Actor, Permission, require, sites_where
from app.services.errors import NotFoundError, RuleError
from app.services.identifiers import refuse_identifiers
from app.services.rows import hold
from app.services.worklist import today_at

LONGEST = 1000
# A note that stands for longer is no cover for an absence.
MOST_DAYS = 62
DAY = timedelta(days=1)


@dataclass(frozen=True)
class SiteNotes:
    """A site with the notes that stand there, the newest first."""

    site: Site
    notes: Sequence[HandoverNote]


def sites_with_notes(session: Session, clock: Clock, actor: Actor) -> list[SiteNotes]:
    """The sites whose patients the actor may see, by number, with the notes that stand today. One query."""
    may_stand = and_(
        HandoverNote.study_id == Site.study_id,
        HandoverNote.site_id == Site.id,
        HandoverNote.taken_down_at.is_(None),
        # Somewhere it may still be yesterday; which day it is at a site is asked of its own clock.
        HandoverNote.stands_until >= clock.now().date() - DAY,
    )
    query = (
        select(Site, HandoverNote)
        .outerjoin(HandoverNote, may_stand)
        .where(sites_where(actor, Permission.SEE_PATIENTS))
        .order_by(Site.study_id, Site.number, HandoverNote.id.desc())
    )
    found: dict[int, tuple[Site, list[HandoverNote]]] = {}
    for site, note in session.execute(query):
        notes = found.setdefault(site.id, (site, []))[1]
        if note is not None and note.stands_until >= today_at(clock, site.timezone):
            notes.append(note)
    return [SiteNotes(site, notes) for site, notes in found.values()]


def write_note(
    session: Session, clock: Clock, actor: Actor, site: Site, text: str, stands_until: date
) -> HandoverNote:
    """Leaves a note at a site; stands_until is the last local date on which it is shown.

    Raises AccessDeniedError for whoever is not of the site's staff; RuleError: no text, a long one, or one
    that identifies a patient; a day that is over, or more than MOST_DAYS ahead.
    """
    require(actor, Permission.WRITE_HANDOVER, site.study_id, site.id)
    words, today = text.strip(), today_at(clock, site.timezone)
    if not words:
        raise RuleError("text", "no_note")
    if len(words) > LONGEST:
        raise RuleError("text", "long_note", longest=LONGEST)
    refuse_identifiers(words, "text", today)
    if not today <= stands_until <= today + timedelta(days=MOST_DAYS):
        raise RuleError("stands_until", "note_day", first=today, last=today + timedelta(days=MOST_DAYS))
    note = HandoverNote(
        study_id=site.study_id,
        site_id=site.id,
        text=words,
        stands_until=stands_until,
        written_at=clock.now(),
        written_by=actor.email,
    )
    session.add(note)
    session.flush()
    return note


def take_down(session: Session, clock: Clock, actor: Actor, number: int) -> HandoverNote:
    """Takes a note of one of the actor's sites off the front page; once more changes nothing.

    Raises NotFoundError for a note that the actor may not take down.
    """
    note = session.get(HandoverNote, number)
    if note is None or not actor.may_at(Permission.WRITE_HANDOVER, note.study_id, note.site_id):
        raise NotFoundError("handover note", str(number))
    hold(session, note)
    session.refresh(note)
    if note.taken_down_at is None:
        note.taken_down_at, note.taken_down_by = clock.now(), actor.email
        session.flush()
    return note
