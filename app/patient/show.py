"""Fills the view models of the patient's pages with the facts of a link, in the page's language."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request, url_for

from app.clock import Clock
from app.db import db
from app.i18n import Wording, day_text, page_language, time_text, wording
from app.patient import pages
from app.services.links import FoundLink
from app.services.schedule import local_date
from app.services.studies import definition_in_force
from app.services.survey import REVIEW, Place, Survey
from app.services.visits import next_visit


def unknown_page() -> pages.UnknownPage:
    """A page that tells nothing of any study."""
    return pages.UnknownPage(language=page_language())


def welcome_page(found: FoundLink, action_url: str) -> pages.WelcomePage:
    """The landing page of an open link."""
    survey, words = Survey(found), _words(found.visit.questionnaires[0])
    return pages.WelcomePage(
        **_frame(found),
        stand_in=True,
        action_url=action_url,
        title=words["title"],
        instructions=words["instructions"],
        total=survey.total,
        answered=sum(place.value is not None for place in survey.places),
    )


def not_yet_page(found: FoundLink) -> pages.NotYetPage:
    """The landing page before the window."""
    return pages.NotYetPage(**_frame(found), opens_on=day_text(found.visit.opens_on))


def closed_page(found: FoundLink) -> pages.ClosedPage:
    """The page of a link that was revoked or has expired."""
    return pages.ClosedPage(**_frame(found))


def sent_page(found: FoundLink, clock: Clock) -> pages.SentPage:
    """The thank-you page."""
    sent_at = max(each.submitted_at for each in found.responses if each.submitted_at)
    following = next_visit(db.session, clock, found.visit)
    return pages.SentPage(
        **_frame(found),
        sent_at=day_text(_local_day(found, sent_at)),
        next_on=day_text(following.opens_on) if following else None,
    )


def item_page(
    found: FoundLink, survey: Survey, place: Place, *, ask_skip: bool, error: str | None = None
) -> pages.ItemPage:
    """One item with its stored answer."""
    words, item, before = _words(place.instrument.code), place.item, survey.before(place)
    saved_at = max((each.saved_at for each in found.responses if each.saved_at), default=None)
    return pages.ItemPage(
        **_frame(found),
        stand_in=True,
        action_url=url_for("patient.save", item_id=item.id, back=back_to()),
        number=place.position,
        total=survey.total,
        item_id=item.id,
        kind=item.kind,
        text=words[item.id],
        recall=words[f"recall.{item.recall}"] if item.recall else "",
        options=_options(words, place),
        error=error,
        ask_skip=ask_skip,
        was_skipped=place.is_skipped,
        saved_at=time_text(saved_at, found.patient.site.timezone) if saved_at else None,
        back_url=url_for("patient.item", item_id=before) if before else None,
    )


def review_page(found: FoundLink, survey: Survey) -> pages.ReviewPage:
    """Every item with its answer."""
    first_open = survey.first_open()
    return pages.ReviewPage(
        **_frame(found),
        stand_in=True,
        action_url=url_for("patient.send"),
        rows=tuple(_row(place) for place in survey.places),
        can_send=first_open == REVIEW,
        resume_url=None if first_open == REVIEW else url_for("patient.item", item_id=first_open),
    )


def back_to() -> str | None:
    """The review, for an answer changed from there: Continue leads back to it; else nothing."""
    return REVIEW if request.args.get("back") == REVIEW else None


def _frame(found: FoundLink) -> dict[str, Any]:
    site, language = found.patient.site, page_language()
    definition = definition_in_force(db.session, found.patient.study)
    return {
        "language": language,
        "study_name": definition.public_name.get(language) or definition.public_name[definition.languages[0]],
        "site_name": site.public_name,
        "site_phone": site.phone,
    }


def _words(instrument: str) -> Wording:
    return wording(instrument, page_language())


def _options(words: Wording, place: Place) -> tuple[pages.Option, ...]:
    return tuple(
        pages.Option(value=code, label=words.get(f"{place.item.kind}.{code}"), checked=code == place.value)
        for code in place.item.codes
    )


def _row(place: Place) -> pages.ReviewRow:
    words = _words(place.instrument.code)
    item = place.item
    label = words.get(f"{item.kind}.{place.value}")
    answer = None if place.value is None else _joined(place, label)
    return pages.ReviewRow(
        number=place.position,
        item_id=item.id,
        text=words[item.id],
        change_url=url_for("patient.item", item_id=item.id, back=REVIEW),
        answer=answer,
        skipped=place.is_skipped,
        recall=words[f"recall.{item.recall}"] if item.recall else "",
    )


def _joined(place: Place, label: str) -> str:
    """The answer as its option showed it: seven-point options show their number."""
    return " – ".join(filter(None, (str(place.value), label))) if place.item.kind == "seven-point" else label


def _local_day(found: FoundLink, instant: datetime) -> date:
    return local_date(instant, ZoneInfo(found.patient.site.timezone))
