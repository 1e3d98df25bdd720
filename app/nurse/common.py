"""What the pages of site staff say of a patient, a visit and a moment, in the page's language."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import g

from app.i18n import day_text, page_language, time_text, translate
from app.nurse import words
from app.nurse.pages import Badge
from app.services.access import Permission
from app.services.codes import Lock
from app.services.definition import StudyDefinition
from app.services.schedule import local_date, nominal_visits
from app.services.visits import VisitState
from app.services.worklist import VisitLine


def address(patient: Any) -> dict[str, Any]:
    """What the addresses of a patient's pages are made of."""
    return {"study": patient.study.code, "code": patient.code}


def in_language(names: Any) -> str:
    """A text of the definition in the page's language, else in the study's first."""
    return str(names.get(page_language()) or next(iter(names.values())))


def visit_names(definition: StudyDefinition) -> dict[str, str]:
    """The names of the study's visits by code."""
    return {each.code: in_language(each.names) for each in nominal_visits(definition)}


def arm_text(patient: Any, definition: StudyDefinition) -> str:
    """The arm's name for who may see it."""
    if patient.arm is None:
        return str(translate("Not randomised yet"))
    if not may(Permission.SEE_ARM, patient):
        return str(translate("Randomised"))
    return in_language(definition.arm(patient.arm).names)


def may(permission: Permission, patient: Any) -> bool:
    """Whether the actor holds the permission at the patient's site."""
    return bool(g.actor.may_at(permission, patient.study_id, patient.site_id))


def state_badge(state: VisitState) -> Badge:
    """The state of a visit's form as a word."""
    return Badge(key=state.value, text=str(words.STATES[state]))


def window_text(visit: VisitLine) -> str:
    """From when to when a visit can be filled in; the year once where it is one."""
    is_one_year = visit.opens_on.year == visit.closes_on.year
    first = day_text(visit.opens_on, "d MMM" if is_one_year else "medium")
    last = day_text(visit.closes_on, "medium")
    return str(translate("%(first)s to %(last)s", first=first, last=last))


def day_of(instant: datetime | None, zone: str) -> str:
    """The local date of an instant; nothing for none."""
    return day_text(local_date(instant, ZoneInfo(zone)), "medium") if instant else ""


def moment_of(instant: datetime | None, zone: str) -> str:
    """The local date and time of an instant; nothing for none."""
    if instant is None:
        return ""
    return str(translate("%(day)s at %(time)s", day=day_of(instant, zone), time=time_text(instant, zone)))


def lock_text(lock: Lock | None, zone: str) -> str:
    """Since when a link is locked and until when; nothing for one that is not."""
    if lock is None:
        return ""
    if lock.until is None:
        return str(translate("Locked after ten wrong codes, until you unlock it."))
    moment = moment_of(lock.until, zone)
    return str(translate("Locked after five wrong codes, until %(moment)s.", moment=moment))
