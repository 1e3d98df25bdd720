"""From a patient's personal link and the reports between visits to what staff see of them."""

from collections.abc import Sequence
from typing import Any

from flask import current_app, url_for

from app.db import db
from app.i18n import translate
from app.nurse import cards, words
from app.nurse.common import address, day_of, lock_text, may, moment_of, state_badge
from app.nurse.pages import Action, PersonalLinkBox, PersonalLinkPage, ReportRow
from app.services import personal_links
from app.services.access import Permission
from app.services.links import IssuedLink
from app.services.personal_links import PersonalLink
from app.services.visits import GRACE
from app.services.worklist import VisitLine

# What stands in place of a visit's code where a revocation lacks its reason.
PERSONAL = "personal-link"


def box(patient: Any, visits: Sequence[VisitLine], revoking: str) -> PersonalLinkBox:
    """How the personal link of a patient stands; it works until the last planned visit has closed."""
    clock, zone = current_app.extensions["clock"], patient.site.timezone
    link = personal_links.personal_link_of(db.session, clock, patient)
    ends_at = max((each.closes_at for each in visits if each.ends_on is None), default=clock.now()) + GRACE
    is_live, is_over = link is not None and link.revoked_at is None, clock.now() >= ends_at
    may_issue, place = may(Permission.ISSUE_LINKS, patient), address(patient)
    lines = [_state(link, zone)]
    if is_live or is_over:
        lines.append(_until(day_of(ends_at - GRACE, zone), is_over=is_over))
    label = translate("Give a new personal link") if is_live else translate("Give a personal link")
    return PersonalLinkBox(
        lines=tuple(lines),
        lock=lock_text(link.lock, zone) if link and is_live else "",
        issue=Action(label=label, url=url_for("nurse.issue_personal_link", **place), posts=True)
        if may_issue and not is_over
        else None,
        kills_former=is_live,
        unlock_url=url_for("nurse.unlock_personal_link", **place)
        if may_issue and link and is_live and link.lock
        else None,
        revoke_url=url_for("nurse.revoke_personal_link", **place) if may_issue and is_live else None,
        lost_url=url_for("nurse.end_card", **place) if may_issue and patient.card_sealed else None,
        is_being_revoked=revoking == PERSONAL,
    )


def report_rows(patient: Any) -> tuple[ReportRow, ...]:
    """What came by the personal link, the latest first."""
    zone, clock = patient.site.timezone, current_app.extensions["clock"]
    return tuple(
        ReportRow(
            begun=day_of(each.begun_at, zone),
            state=state_badge(each.state),
            received=moment_of(each.received_at, zone),
        )
        for each in personal_links.reports_of(db.session, clock, patient)
    )


def card(patient: Any, issued: IssuedLink) -> PersonalLinkPage:
    """A personal link just issued, to be printed with its code."""
    return PersonalLinkPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **address(patient)),
        card=cards.personal_card(patient, issued),
    )


def _state(link: PersonalLink | None, zone: str) -> str:
    if link is None:
        return str(translate("No personal link yet."))
    if link.revoked_at is not None:
        reason = words.reason_text(link.revoked_reason)
        text = str(translate("Revoked on %(day)s", day=day_of(link.revoked_at, zone)))
        return f"{text} ({reason})" if reason else text
    if link.used_at is None:
        return str(translate("Given on %(day)s, not used yet.", day=day_of(link.issued_at, zone)))
    return str(
        translate(
            "Given on %(day)s, last used on %(moment)s.",
            day=day_of(link.issued_at, zone),
            moment=moment_of(link.used_at, zone),
        )
    )


def _until(day: str, *, is_over: bool) -> str:
    if is_over:
        return str(translate("The follow-up ended on %(day)s.", day=day))
    return str(translate("Works until the follow-up ends, at present on %(day)s.", day=day))
