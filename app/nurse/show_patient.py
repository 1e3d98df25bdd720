"""From a patient's rows to the pages of that patient: visits, randomisation, a link just issued."""

from collections.abc import Iterable
from typing import Any

from flask import current_app, request, url_for

from app.db import db
from app.i18n import day_text, translate
from app.nurse import show_moves, show_personal, show_treatment, words
from app.nurse.common import (
    address,
    arm_text,
    day_of,
    in_language,
    may,
    moment_of,
    state_badge,
    visit_names,
    window_text,
)
from app.nurse.pages import Action, Fact, LateRow, LinkPage, PatientPage, RandomisationPage, VisitRow
from app.services.access import Permission
from app.services.definition import StudyDefinition
from app.services.late_answers import late_answers
from app.services.links import IssuedLink
from app.services.patients import has_completed_baseline
from app.services.qr import qr_code
from app.services.studies import definition_in_force
from app.services.visits import VisitState
from app.services.worklist import LinkHealth, VisitLine, visit_lines


def patient_page(patient: Any, error: str = "", revoking: str = "") -> PatientPage:
    """The page of a patient whose site, study and milestones are loaded."""
    definition = definition_in_force(db.session, patient.study)
    lines = visit_lines(db.session, current_app.extensions["clock"], [patient.id])[patient.id]
    coming = next((each.code for each in lines if each.is_coming), None)
    names = visit_names(definition)
    is_open = patient.arm is None and may(Permission.RANDOMISE, patient)
    return PatientPage(
        code=patient.code,
        url=url_for("nurse.patient", **address(patient)),
        facts=_facts(patient, definition),
        milestones=tuple(
            Fact(name=in_language(definition.milestone(each.kind).names), value=day_text(each.occurred_on))
            for each in patient.milestones
        ),
        steps=show_moves.steps_of(patient),
        visits=tuple(_visit_row(each, patient, names, coming, revoking) for each in lines),
        late=tuple(_late_row(*each, patient, names) for each in late_answers(db.session, patient)),
        personal=show_personal.box(patient, lines, revoking),
        reports=show_personal.report_rows(patient),
        randomise_url=url_for("nurse.randomise", **address(patient)) if is_open else None,
        contact_url=url_for("nurse.contact_details", **address(patient))
        if may(Permission.SEE_CONTACT, patient)
        else None,
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


def _facts(patient: Any, definition: StudyDefinition) -> tuple[Fact, ...]:
    return (
        Fact(name=translate("Arm"), value=arm_text(patient, definition)),
        Fact(name=translate("Treatment"), value=show_treatment.state_text(patient)),
        Fact(name=translate("Language"), value=str(words.LANGUAGES[patient.language])),
        Fact(name=translate("Site"), value=patient.site.name),
        Fact(name=translate("Study"), value=patient.study.code),
    )


def _late_row(visit: str, late: Any, patient: Any, names: dict[str, str]) -> LateRow:
    value = late.answer["value"]
    return LateRow(
        received=moment_of(late.received_at, patient.site.timezone),
        visit=names.get(visit, visit),
        item=late.item,
        answer=str(words.NO_ANSWER[late.state]) if value is None else str(value),
    )


def _visit_row(
    line: VisitLine, patient: Any, names: dict[str, str], coming: str | None, revoking: str
) -> VisitRow:
    may_issue = may(Permission.ISSUE_LINKS, patient)
    can_issue = may_issue and (line.is_current or line.code == coming)
    can_revoke = may_issue and line.has_live_link and line.state is not VisitState.RECEIVED
    place = {**address(patient), "visit": line.code}
    label = translate("Give a new link") if line.has_live_link else translate("Give the link")
    return VisitRow(
        code=line.code,
        name=names.get(line.code, line.code),
        due=day_text(line.due_on, "medium"),
        window=window_text(line),
        state=state_badge(line.state),
        link=_link_text(line, patient.site.timezone),
        link_reason=words.reason_text(line.link_reason),
        received=moment_of(line.received_at, patient.site.timezone),
        issue=Action(label=label, url=url_for("nurse.issue_link", **place), posts=True)
        if can_issue
        else None,
        kills_former=line.has_live_link,
        revoke_url=url_for("nurse.revoke_link", **place) if can_revoke else None,
        paper=_paper(line, coming, place) if may(Permission.TRANSCRIBE, patient) else None,
        is_being_revoked=line.code == revoking,
    )


def _paper(line: VisitLine, coming: str | None, place: dict[str, Any]) -> Action | None:
    """What leads to the visit's sheet of paper, as long as there is something to do with it."""
    if line.transcriptions:
        twice = line.transcriptions > 1
        label = translate("Settle the two transcriptions") if twice else translate("Second transcription")
    elif line.is_current or line.code == coming:
        label = translate("On paper")
    else:
        return None
    return Action(label=label, url=url_for("nurse.transcribe_paper", **place))


def _link_text(line: VisitLine, zone: str) -> str:
    # Before a visit's turn comes nobody expects it to have a link.
    if line.link is LinkHealth.NONE and not line.is_current:
        return ""
    return str(words.LINKS[line.link]) % {"day": day_of(line.link_at, zone)}
