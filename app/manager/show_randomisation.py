"""From what is recorded of a randomisation to the pages that correct it."""

from datetime import date
from typing import Any

from flask import request, url_for

from app.db import db
from app.i18n import day_text, page_language, translate
from app.manager import randomisation_words
from app.manager.pages import Fact, RandomisationPage, VisitChange
from app.services.definition import RANDOMISATION
from app.services.schedule import nominal_visits
from app.services.studies import definition_in_force
from app.services.visits import visits_of


def randomisation_page(
    patient: Any, facts: tuple[Fact, ...] = (), changes: tuple[VisitChange, ...] = ()
) -> RandomisationPage:
    """What is recorded, with the form; with facts the second look at a correction."""
    return RandomisationPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", study=patient.study.code, code=patient.code),
        url=url_for("manager.randomisation", study=patient.study.code, code=patient.code),
        recorded=recorded(patient),
        facts=facts,
        changes=changes,
        done=str(randomisation_words.DONE.get(request.args.get("done", ""), "")),
    )


def arms_of(patient: Any) -> dict[str, str]:
    """The arms of the patient's study by code, in the page's language."""
    arms = definition_in_force(db.session, patient.study).arms
    return {each.code: each.names.get(page_language()) or next(iter(each.names.values())) for each in arms}


def held(patient: Any) -> dict[str, Any]:
    """What the form shows first."""
    return {"arm": patient.arm, "randomised_on": _randomised_on(patient)}


def recorded(patient: Any) -> str:
    """Arm and date as they are written down; nothing for who is not randomised."""
    day = _randomised_on(patient)
    return f"{arms_of(patient)[patient.arm]}, {day_text(day, 'full')}" if day else ""


def due_days(patient: Any) -> dict[str, date]:
    """When each visit of the schedule is due, by its code."""
    return {each.code: each.due_on for each in visits_of(db.session, patient)}


def look_facts(former: str, right: str, reason: str) -> tuple[Fact, ...]:
    """What the second look compares."""
    return (
        Fact(name=translate("Recorded until now"), value=former),
        Fact(name=translate("Put right"), value=right),
        Fact(name=translate("Reason"), value=reason),
    )


def changed_visits(patient: Any, before: dict[str, date], after: dict[str, date]) -> tuple[VisitChange, ...]:
    """The visits that would come, go or move, in the order in which they are due."""
    days = before | after
    names = {
        each.code: each.names.get(page_language()) or next(iter(each.names.values()))
        for each in nominal_visits(definition_in_force(db.session, patient.study))
    }
    gone = str(translate("No longer planned"))
    return tuple(
        VisitChange(
            name=names.get(code, code),
            before=day_text(before[code], "medium") if code in before else "–",
            after=day_text(after[code], "medium") if code in after else gone,
        )
        for code in sorted(days, key=lambda each: days[each])
        if before.get(code) != after.get(code)
    )


def _randomised_on(patient: Any) -> date | None:
    found = (each.occurred_on for each in patient.milestones if each.kind == RANDOMISATION)
    return next(found, None)
