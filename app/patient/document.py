"""The one document of a visit: every question and the review, laid out so that a page costs little."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from flask import current_app, request, session, url_for

from app.i18n import day_text, page_language, time_text, translate
from app.patient import pages
from app.patient.finding import with_search
from app.patient.show import draft_id, frame, wording_key, words_of
from app.services.links import FoundLink
from app.services.questionnaires import REPORT, SYMPTOMS, Condition, Question, Questionnaire
from app.services.survey import REVIEW, Place, Survey
from app.services.wording import WordingInUse
from app.services.worklist import today_at

# In a browser's session: no script runs there.
PLAIN = "plain"
ABOUT_SYMPTOMS = frozenset({SYMPTOMS, REPORT})
ASSETS = (
    "survey.js",
    "review.js",
    "patient.css",
    "patient-print.css",
    "display.js",
    "patient-display.css",
    "icon.svg",
)


def survey_page(
    found: FoundLink,
    survey: Survey,
    place: Place | None,
    *,
    ask_skip: bool = False,
    error: str | None = None,
    is_blank: bool = False,
) -> pages.SurveyPage:
    """The document, showing a question, or the review where there is no place."""
    shown = place.item_id if place else REVIEW
    first_open, before = survey.first_open(), survey.before(place) if place else None
    notice = _notice(place, ask_skip=ask_skip, error=error, is_blank=is_blank)
    # A script that comes late fetches the whole document anew: what is wrong with an answer would be lost.
    is_alone = not is_blank and error is None and is_plain() and "whole" not in request.args
    sight = Sight(shown, notice, is_blank=is_blank, is_alone=is_alone)
    parts = tuple(_part(found, survey, each, sight) for each in survey.questionnaires)
    return pages.SurveyPage(
        **frame(found),
        stand_in=any(words_of(found, each.code).is_stand_in for each in survey.questionnaires),
        action_url=address(shown, back=back_to() if place else None),
        place=shown,
        heading=_line(place.questionnaire, place.number) if place else translate("Your answers"),
        parts=parts,
        draft=draft_id(found),
        edition=_edition(found, survey),
        is_blank=is_blank,
        is_alone=is_alone,
        is_of_symptoms=place is not None and place.questionnaire.code in ABOUT_SYMPTOMS,
        notice=notice,
        error=error,
        saved_at=None if is_blank else _saved_at(found),
        back_url=address(before) if before else None,
        resume_url=None if first_open == REVIEW else address(first_open),
        leave_url=url_for("patient.stop_here") if found.link.is_of_ward else "",
        find_url=next((address(each.item_id) for each in survey.places if each.question.choices), ""),
    )


def back_to() -> str | None:
    """The review, for an answer changed from there: Continue leads back to it; else nothing."""
    return REVIEW if request.args.get("back") == REVIEW else None


def address(place: str, *, back: str | None = None, skip: str | None = None) -> str:
    """Where a question or the review is."""
    if place == REVIEW:
        return url_for("patient.review")
    return url_for("patient.item", item_id=place, back=back, skip=skip)


def asset_addresses() -> list[str]:
    """What the document needs beside itself, by addresses that change with the content."""
    asset_url = current_app.jinja_env.globals["asset_url"]
    return [str(asset_url(each)) for each in ASSETS]  # type: ignore[operator]


@dataclass(frozen=True)
class Sight:
    """What of the document is in sight: the place shown, what is said there, and what else it holds.

    is_blank: no answers. is_alone: none of the other questions.
    """

    shown: str
    notice: str
    is_blank: bool
    is_alone: bool


def is_plain() -> bool:
    """Whether answers came by the form of the page, as they do where no script runs."""
    return bool(session.get(PLAIN))


def note_plain() -> None:
    """Remembers for this browser that answers come by the form: its pages hold one question each."""
    if not is_plain():
        session[PLAIN] = True


def _part(found: FoundLink, survey: Survey, asked: Questionnaire, sight: Sight) -> pages.Part:
    texts = Texts(words_of(found, asked.code), wording_key(found, asked.code))
    places = (place for place in survey.places if place.questionnaire is asked)
    held = (place for place in places if not sight.is_alone or place.item_id == sight.shown)
    rows = (_row(place, texts.words) for place in survey.asked if place.questionnaire is asked)
    is_of_symptoms = asked.code in ABOUT_SYMPTOMS
    return pages.Part(
        name=translate("Symptoms") if asked.code == SYMPTOMS else translate("Questions"),
        line=_line(asked, "{}"),
        is_of_symptoms=is_of_symptoms,
        questions=tuple(_laid_out(found, texts, place, sight) for place in held),
        rows=tuple(rows) if sight.shown == REVIEW and not sight.is_blank else (),
    )


def _line(asked: Questionnaire, number: int | str) -> str:
    if asked.code == SYMPTOMS:
        return str(translate("Symptom %(number)s of %(total)s", number=number, total=asked.total))
    if asked.code == REPORT:
        # What is asked of the symptom is one step; the review counts each question.
        return str(translate("Step %(number)s of %(total)s", number=number, total=asked.total))
    return str(translate("Item %(number)s of %(total)s", number=number, total=asked.total))


class Texts:
    """The wording of a questionnaire, alike for the cache as long as its key is."""

    def __init__(self, words: WordingInUse, key: str) -> None:
        self.words, self.key = words, key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Texts) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(frozen=True)
class Given:
    """What a question shows of the answer, and whether it is in sight."""

    value: int | str | None = None
    state: str = ""
    is_shown: bool = False
    notice: str = ""


def _laid_out(found: FoundLink, texts: Texts, place: Place, sight: Sight) -> str:
    is_shown = place.item_id == sight.shown
    value = None if sight.is_blank or place.entry is None else place.entry["value"]
    state = "skipped" if place.is_skipped and not sight.is_blank else ""
    given = Given(value, state, is_shown, sight.notice if is_shown else "")
    if place.question.choices or place.question.kind == "date":
        field = _field(texts.words, place.question, place.questionnaire, given)
        return _laid_out_field(_of_now(found, place.question, field))
    # What a patient wrote goes into no memory that others share.
    render = _rendered if isinstance(value, str) else _cached
    return render(texts, place.question, place.questionnaire, given)


def _of_now(found: FoundLink, question: Question, field: pages.Field) -> pages.Field:
    """A field that depends on the study, the day or a search."""
    if question.choices:
        return with_search(found, field, address(question.id, back=back_to()))
    today = today_at(current_app.extensions["clock"], found.patient.site.timezone)
    return replace(field, latest=today.isoformat())


def _rendered(texts: Texts, question: Question, asked: Questionnaire, given: Given) -> str:
    return _laid_out_field(_field(texts.words, question, asked, given))


def _laid_out_field(field: pages.Field) -> str:
    # What a macro returns is marked as escaped: the page takes it as it is.
    macros: Any = current_app.jinja_env.get_template("patient/question.html").module
    laid_out: str = macros.question(field)
    return laid_out


_cached = lru_cache(maxsize=4096)(_rendered)


def _field(words: WordingInUse, question: Question, asked: Questionnaire, given: Given) -> pages.Field:
    place = asked.questions.index(question)
    return pages.Field(
        id=question.id,
        kind=question.kind,
        text=words[question.id],
        recall=_recall(words, question),
        options=tuple(_options(words, question, given.value)),
        value=given.value if isinstance(given.value, str) else "",
        hint=words.get(f"{question.id}.hint"),
        max_length=question.max_length,
        condition=_condition(question.condition),
        state=given.state,
        is_same=place > 0 and asked.questions[place - 1].number == question.number,
        is_shown=given.is_shown,
        notice=given.notice,
    )


def _options(words: WordingInUse, question: Question, value: int | str | None) -> Iterable[pages.Option]:
    for code in question.codes:
        label = words.get(f"{question.kind}.{code}")
        yield pages.Option(value=code, label=label, checked=code == value)
    for choice in question.choices:
        yield pages.Option(value=choice, label=words[f"name.{choice}"], checked=choice == value)


def _condition(condition: Condition | None) -> str:
    if condition is None:
        return ""
    if condition.above is not None:
        return f"{condition.item}>{condition.above}"
    return f"{condition.item}={condition.equals}"


def _recall(words: WordingInUse, question: Question) -> str:
    return words[f"recall.{question.recall}"] if question.recall else ""


def _row(place: Place, words: WordingInUse) -> pages.ReviewRow:
    return pages.ReviewRow(
        number=place.number,
        item_id=place.item_id,
        text=words[place.item_id],
        change_url=address(place.item_id, back=REVIEW),
        answer=None if place.value is None else _answer(place, words),
        skipped=place.is_skipped,
        recall=_recall(words, place.question),
    )


def _answer(place: Place, words: WordingInUse) -> str:
    """The answer as its option showed it: seven-point options show their number."""
    if place.question.choices:
        return words[f"name.{place.value}"]
    if place.question.kind == "date":
        return day_text(date.fromisoformat(str(place.value)))
    if not place.question.codes:
        return str(place.value)
    label = words.get(f"{place.question.kind}.{place.value}")
    return (
        " – ".join(filter(None, (str(place.value), label))) if place.question.kind == "seven-point" else label
    )


def _notice(place: Place | None, *, ask_skip: bool, error: str | None, is_blank: bool) -> str:
    if place is None or is_blank:
        return ""
    if ask_skip:
        return "ask"
    if error:
        return "error"
    return "passed" if place.is_skipped else ""


def _saved_at(found: FoundLink) -> str | None:
    saved_at = max((each.saved_at for each in found.responses if each.saved_at), default=None)
    return time_text(saved_at, found.patient.site.timezone) if saved_at else None


def _edition(found: FoundLink, survey: Survey) -> str:
    parts = [*asset_addresses(), str(session.get("csrf_token"))]
    parts += [wording_key(found, each.code).replace(page_language(), "") for each in survey.questionnaires]
    parts += [each.version for each in survey.questionnaires] + [draft_id(found)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
