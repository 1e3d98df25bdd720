"""Fills the view models of the patient's pages with the facts of a link, in the page's language."""

import hashlib
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import g

from app.clock import Clock
from app.db import db
from app.i18n import LANGUAGES, day_text, page_language
from app.patient import pages
from app.services.definition import StudyDefinition
from app.services.late_answers import has_late_answers
from app.services.links import FoundLink
from app.services.schedule import local_date
from app.services.studies import definition_in_force
from app.services.survey import Survey
from app.services.visits import next_visit
from app.services.wording import WordingInUse, can_be_read, wordings_in_use

QUESTIONS_IN_FIVE_MINUTES = 15


def unknown_page() -> pages.UnknownPage:
    """A page that tells nothing of any study."""
    return pages.UnknownPage(language=page_language())


def welcome_page(found: FoundLink, action_url: str, error: str = "") -> pages.WelcomePage:
    """The landing page of an open link; error: what is wrong about the code."""
    survey = survey_of(found)
    words = words_of(found, found.questionnaires[0])
    total = sum(each.total for each in survey.questionnaires)
    return pages.WelcomePage(
        **frame(found),
        stand_in=words.is_stand_in,
        action_url=action_url,
        draft=draft_id(found),
        title=words["title"],
        instructions=words["instructions"],
        total=total,
        minutes=5 * max(1, round(total / QUESTIONS_IN_FIVE_MINUTES)),
        # Before the code is typed nothing is told of whoever has been here.
        answered=0 if found.link.asks_code else sum(place.value is not None for place in survey.places),
        asks_code=found.link.asks_code,
        error=error,
    )


def not_yet_page(found: FoundLink) -> pages.NotYetPage:
    """The landing page before the window."""
    return pages.NotYetPage(**frame(found), opens_on=day_text(found.visit.opens_on))


def closed_page(found: FoundLink) -> pages.ClosedPage:
    """The page of a link that was revoked or has expired."""
    return pages.ClosedPage(**frame(found))


def sent_page(found: FoundLink, clock: Clock) -> pages.SentPage:
    """The thank-you page."""
    sent_at = max(each.submitted_at for each in found.responses if each.submitted_at)
    following = next_visit(db.session, clock, found.visit)
    return pages.SentPage(
        **frame(found),
        draft=draft_id(found),
        sent_at=day_text(_local_day(found, sent_at)),
        next_on=day_text(following.opens_on) if following else None,
        has_late=has_late_answers(db.session, found.visit),
    )


def survey_of(found: FoundLink) -> Survey:
    """The questions of the link's visit with what is stored."""
    return Survey(found, _definition(found))


def draft_id(found: FoundLink) -> str:
    """What names visit and link in the phone's store, 16 signs each: no token, nor anything that leads to it.

    What waits there belongs to the visit, by whichever of its links; a page is kept for one link.
    """
    # Of a personal link each report is kept by itself.
    report = f":{found.link.visit_id}" if found.link.is_personal else ""
    names = (f"visit:{found.link.visit_id}", f"offline:{found.link.token_hash}{report}")
    return "".join(hashlib.sha256(name.encode()).hexdigest()[:16] for name in names)


def frame(found: FoundLink) -> dict[str, Any]:
    """What every page of a known patient holds."""
    site, language, definition = found.patient.site, page_language(), _definition(found)
    return {
        "language": language,
        "can_switch": can_switch(found),
        "study_name": definition.public_name.get(language) or definition.public_name[definition.languages[0]],
        "site_name": site.public_name,
        "site_phone": site.phone,
    }


def words_of(found: FoundLink, questionnaire: str) -> WordingInUse:
    """The wording of one of the visit's questionnaires in the page's language, looked up once a request."""
    known: dict[str, dict[str, WordingInUse]] = g.setdefault("wordings", {})
    language = page_language()
    if language not in known:
        study, codes = found.patient.study, found.questionnaires
        known[language] = wordings_in_use(db.session, study, codes, language)
    return known[language][questionnaire]


def wording_key(found: FoundLink, questionnaire: str) -> str:
    """What changes whenever a text of the questionnaire does, in the page's language."""
    return f"{questionnaire} {page_language()} {words_of(found, questionnaire).sha256}"


def can_switch(found: FoundLink) -> bool:
    """Whether the questionnaires can be read in the other language too."""
    (other,) = (each for each in LANGUAGES if each != page_language())
    study = found.patient.study
    is_of_study = other in _definition(found).languages
    return is_of_study and can_be_read(db.session, study, found.questionnaires, other)


def _definition(found: FoundLink) -> StudyDefinition:
    return definition_in_force(db.session, found.patient.study)


def _local_day(found: FoundLink, instant: datetime) -> date:
    return local_date(instant, ZoneInfo(found.patient.site.timezone))
