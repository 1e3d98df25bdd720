"""From what services found to what the pages of site staff show."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app, g, request, url_for

from app.db import db
from app.i18n import day_text, page_language, time_text, translate, translate_plural
from app.nurse import words
from app.nurse.pages import (
    Action,
    Badge,
    Fact,
    FrontPage,
    LinkPage,
    PatientPage,
    PatientRow,
    RandomisationPage,
    TaskRow,
    VisitRow,
)
from app.services.access import Permission
from app.services.definition import StudyDefinition
from app.services.links import IssuedLink
from app.services.patients import has_completed_baseline
from app.services.qr import qr_code
from app.services.schedule import local_date, nominal_visits
from app.services.studies import definition_in_force
from app.services.visits import VisitState
from app.services.worklist import LinkHealth, PatientLine, Task, VisitLine, Worklist, today_at, visit_lines

MOST_CITIES = 3


def front_page(found: Worklist, sites: Sequence[Any], search: str, *, is_first: bool) -> FrontPage:
    """The list of patients under the names of the actor's sites and today's date there."""
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
        total=found.total,
        search=search,
        to_do=tuple(_task_row(line, several=len(sites) > 1) for line in found.to_do),
        rows=tuple(_patient_row(line, several=len(sites) > 1) for line in found.patients),
        next_url=following if found.next_after else None,
        is_first=is_first,
        has_places=len(sites) > 1,
        register_url=url_for("nurse.register") if may_register else None,
    )


def patient_page(patient: Any, error: str = "", revoking: str = "") -> PatientPage:
    """The page of a patient whose site, study and milestones are loaded."""
    definition = definition_in_force(db.session, patient.study)
    lines = visit_lines(db.session, current_app.extensions["clock"], [patient.id])[patient.id]
    coming = next((each.code for each in lines if each.state is VisitState.NOT_YET_EXPECTED), None)
    names = visit_names(definition)
    is_open = patient.arm is None and _may(Permission.RANDOMISE, patient)
    return PatientPage(
        code=patient.code,
        url=url_for("nurse.patient", **address(patient)),
        facts=_facts(patient, definition),
        milestones=tuple(
            Fact(name=in_language(definition.milestone(each.kind).names), value=day_text(each.occurred_on))
            for each in patient.milestones
        ),
        visits=tuple(_visit_row(each, patient, names, coming, revoking) for each in lines),
        randomise_url=url_for("nurse.randomise", **address(patient)) if is_open else None,
        done=str(words.DONE.get(request.args.get("done", ""), "")),
        error=error,
    )


def randomisation_page(
    patient: Any, recorded: Iterable[Fact] = (), visits: Iterable[Fact] = ()
) -> RandomisationPage:
    """The form of a randomisation; asks for a remark where the initial questionnaire is missing."""
    return RandomisationPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **address(patient)),
        asks_remark=not has_completed_baseline(db.session, patient),
        recorded=tuple(recorded),
        visits=tuple(visits),
    )


def link_page(patient: Any, visit: Any, issued: IssuedLink) -> LinkPage:
    """A link just issued, with its QR code."""
    path = url_for("patient.landing", token=issued.token)
    target = current_app.extensions["settings"].public_url + path
    code = qr_code(target)
    definition = definition_in_force(db.session, patient.study)
    is_early = visit.opens_at > current_app.extensions["clock"].now()
    return LinkPage(
        code=patient.code,
        visit=visit_names(definition).get(visit.code, visit.code),
        patient_url=url_for("nurse.patient", **address(patient)),
        address=target,
        qr_size=code.size,
        qr_path=code.path,
        opens=day_text(visit.opens_on) if is_early else "",
        until=day_text(visit.closes_on, "full"),
        study_name=in_language(definition.public_name),
        site_name=patient.site.public_name,
        site_phone=patient.site.phone,
    )


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
    if not _may(Permission.SEE_ARM, patient):
        return str(translate("Randomised"))
    return in_language(definition.arm(patient.arm).names)


def _may(permission: Permission, patient: Any) -> bool:
    return bool(g.actor.may_at(permission, patient.study_id, patient.site_id))


def _facts(patient: Any, definition: StudyDefinition) -> tuple[Fact, ...]:
    return (
        Fact(name=translate("Arm"), value=arm_text(patient, definition)),
        Fact(name=translate("Language"), value=str(words.LANGUAGES[patient.language])),
        Fact(name=translate("Site"), value=patient.site.name),
        Fact(name=translate("Study"), value=patient.study.code),
    )


def _task_row(line: PatientLine, *, several: bool) -> TaskRow:
    patient, task = line.patient, line.task or Task.RANDOMISE
    names = visit_names(definition_in_force(db.session, patient.study))
    facts = {"visit": "", "day": ""}
    if line.visit is not None:
        day = day_text(line.visit.closes_on, "full")
        facts = {"visit": names.get(line.visit.code, line.visit.code), "day": day}
    return TaskRow(
        code=patient.code,
        url=url_for("nurse.patient", **address(patient)),
        place=patient.site.city if several else "",
        badge=Badge(key=task.value, text=str(words.TASK_BADGES[task])),
        sentence=str(words.TASKS[task]) % facts,
        action=_action(line),
    )


def _action(line: PatientLine) -> Action:
    patient = line.patient
    if line.task is Task.RANDOMISE and _may(Permission.RANDOMISE, patient):
        url = url_for("nurse.randomise", **address(patient))
        return Action(label=translate("Record the randomisation"), url=url)
    needs_link = line.visit is not None and line.task is not Task.RANDOMISE and not line.visit.has_live_link
    if needs_link and line.visit is not None and _may(Permission.ISSUE_LINKS, patient):
        url = url_for("nurse.issue_link", **address(patient), visit=line.visit.code)
        return Action(label=translate("Give the link"), url=url, posts=True)
    return Action(label=translate("See"), url=url_for("nurse.patient", **address(patient)))


def _patient_row(line: PatientLine, *, several: bool) -> PatientRow:
    patient, visit = line.patient, line.visit
    definition = definition_in_force(db.session, patient.study)
    return PatientRow(
        code=patient.code,
        url=url_for("nurse.patient", **address(patient)),
        place=patient.site.city if several else "",
        arm=arm_text(patient, definition),
        visit=visit_names(definition).get(visit.code, visit.code) if visit else "",
        window=_window(visit) if visit else "",
        state=_state(visit.state) if visit else None,
        received=_day(line.received_at, patient.site.timezone),
    )


def _visit_row(
    line: VisitLine, patient: Any, names: dict[str, str], coming: str | None, revoking: str
) -> VisitRow:
    may_issue = _may(Permission.ISSUE_LINKS, patient)
    can_issue = may_issue and (line.is_current or line.code == coming)
    can_revoke = may_issue and line.has_live_link and line.state is not VisitState.RECEIVED
    place = {**address(patient), "visit": line.code}
    label = translate("Give a new link") if line.has_live_link else translate("Give the link")
    return VisitRow(
        code=line.code,
        name=names.get(line.code, line.code),
        due=day_text(line.due_on, "medium"),
        window=_window(line),
        state=_state(line.state),
        link=_link_text(line, patient.site.timezone),
        link_reason=words.reason_text(line.link_reason),
        received=_moment(line.received_at, patient.site.timezone),
        issue=Action(label=label, url=url_for("nurse.issue_link", **place), posts=True)
        if can_issue
        else None,
        kills_former=line.has_live_link,
        revoke_url=url_for("nurse.revoke_link", **place) if can_revoke else None,
        is_being_revoked=line.code == revoking,
    )


def _link_text(line: VisitLine, zone: str) -> str:
    # Before a visit's turn comes nobody expects it to have a link.
    if line.link is LinkHealth.NONE and not line.is_current:
        return ""
    return str(words.LINKS[line.link]) % {"day": _day(line.link_at, zone)}


def _state(state: VisitState) -> Badge:
    return Badge(key=state.value, text=str(words.STATES[state]))


def _window(visit: VisitLine) -> str:
    is_one_year = visit.opens_on.year == visit.closes_on.year
    first = day_text(visit.opens_on, "d MMM" if is_one_year else "medium")
    last = day_text(visit.closes_on, "medium")
    return str(translate("%(first)s to %(last)s", first=first, last=last))


def _day(instant: datetime | None, zone: str) -> str:
    return day_text(local_date(instant, ZoneInfo(zone)), "medium") if instant else ""


def _moment(instant: datetime | None, zone: str) -> str:
    if instant is None:
        return ""
    return str(translate("%(day)s at %(time)s", day=_day(instant, zone), time=time_text(instant, zone)))
