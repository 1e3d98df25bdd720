"""From the morning list and the worklist to the front page of site staff."""

from collections.abc import Sequence
from typing import Any

from flask import current_app, g, url_for

from app.db import db
from app.i18n import day_text, translate, translate_plural
from app.nurse import show_morning
from app.nurse.common import address, arm_text, day_of, moment_of, state_badge, visit_names, window_text
from app.nurse.pages import FrontPage, NoteRow, PatientRow
from app.services.access import Permission
from app.services.handover import SiteNotes
from app.services.morning import MorningRow
from app.services.studies import definition_in_force
from app.services.worklist import PatientLine, Worklist, today_at

MOST_CITIES = 3


def front_page(
    found: Worklist,
    morning: Sequence[MorningRow],
    places: Sequence[SiteNotes],
    search: str,
    *,
    is_first: bool,
) -> FrontPage:
    """What is to be done and the patients, under the names of the actor's sites and today's date there."""
    sites = [each.site for each in places]
    zones = {site.timezone for site in sites}
    zone = zones.pop() if len(zones) == 1 else "Europe/Paris"
    today = day_text(today_at(current_app.extensions["clock"], zone), "full")
    cities = [site.city for site in sites]
    place = ", ".join(cities)
    if len(cities) > MOST_CITIES:
        place = translate_plural("%(num)s site", "%(num)s sites", len(cities))
    may_register = g.actor.may(Permission.REGISTER)
    following = url_for("nurse.front", q=search or None, after=found.next_after)
    return FrontPage(
        heading=f"{place}, {today}" if place else today,
        sites=sites[0].name if len(sites) == 1 else ", ".join(cities),
        notes=_notes(places, several=len(sites) > 1) if is_first else (),
        handover_url=url_for("nurse.handover")
        if is_first and g.actor.may(Permission.WRITE_HANDOVER)
        else None,
        total=found.total,
        search=search,
        counts=show_morning.counts(morning),
        to_do=show_morning.rows(morning, several=len(sites) > 1),
        more_to_do=max(len(morning) - show_morning.MOST_ROWS, 0),
        rows=tuple(_patient_row(line, several=len(sites) > 1) for line in found.patients),
        next_url=following if found.next_after else None,
        is_first=is_first,
        has_places=len(sites) > 1,
        register_url=url_for("nurse.register") if may_register else None,
    )


def _notes(places: Sequence[SiteNotes], *, several: bool) -> tuple[NoteRow, ...]:
    return tuple(
        _note(note, each.site, each.site.city if several else "") for each in places for note in each.notes
    )


def _note(note: Any, site: Any, place: str) -> NoteRow:
    facts = {"name": note.written_by, "moment": moment_of(note.written_at, site.timezone)}
    may_take_down = g.actor.may_at(Permission.WRITE_HANDOVER, site.study_id, site.id)
    return NoteRow(
        text=note.text,
        place=place,
        written=str(translate("%(name)s on %(moment)s", **facts)),
        until=str(translate("shown until %(day)s", day=day_text(note.stands_until))),
        down_url=url_for("nurse.take_down_note", note=note.id) if may_take_down else None,
    )


def _patient_row(line: PatientLine, *, several: bool) -> PatientRow:
    patient, visit = line.patient, line.visit
    definition = definition_in_force(db.session, patient.study)
    return PatientRow(
        code=patient.code,
        url=url_for("nurse.patient", **address(patient)),
        place=patient.site.city if several else "",
        arm=arm_text(patient, definition),
        visit=visit_names(definition).get(visit.code, visit.code) if visit else "",
        window=window_text(visit) if visit else "",
        state=state_badge(visit.state) if visit else None,
        received=day_of(line.received_at, patient.site.timezone),
    )
