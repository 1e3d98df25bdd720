"""From the link to the thank-you page."""

from dataclasses import replace

from flask import abort, current_app, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from app.db import db
from app.forms.survey import ERASE, LANGUAGE, SEND, SKIP, ReviewForm, item_form
from app.i18n import page_language, translate
from app.patient import blueprint, code, pages, personal, show
from app.patient.document import address, back_to, note_plain, survey_page
from app.patient.fetches import note_look
from app.services import access, links, responses, ward
from app.services.audit import AuditContext, act_as
from app.services.errors import RuleError
from app.services.links import FoundLink, LinkState
from app.services.responses import Answer, AnswerState, WordingUsed
from app.services.survey import REVIEW, Place, Survey
from app.services.wording import wordings_used

Reply = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]


@blueprint.get("/l/<token>")
@access.public
def landing(token: str) -> Reply:
    """Welcomes; changes nothing, however often it is fetched. That it was is noted once the page has left."""
    found = links.find_link(db.session, current_app.extensions["clock"], token)
    if found is None:
        return render_template("patient/unknown.html", page=show.unknown_page()), 404
    _speak_to(found)
    if found.link.is_personal:
        return personal.landing(found)
    note_look(found)
    if found.state is LinkState.OPEN:
        return code.locked(found) or _welcome(found)
    return _not_open(found)


def _welcome(found: FoundLink, error: str = "") -> str:
    return render_template("patient/welcome.html", page=show.welcome_page(found, code.here(), error))


@blueprint.post("/l/<token>")
@access.public
def start(token: str) -> Reply:
    """Exchanges the tap for a session and goes to the first open item."""
    clock, writer = current_app.extensions["clock"], db.session
    found = links.find_link(writer, clock, token)
    if found is None:
        # Whether it was the link or the code is not told.
        if "code" in request.form:
            return code.refused()
        return render_template("patient/unknown.html", page=show.unknown_page()), 404
    _speak_to(found)
    if found.link.is_personal:
        return personal.start(found, token)
    if found.state is not LinkState.OPEN:
        return _not_open(found)
    if found.link.asks_code and (obstacle := code.obstacle(found, token, _welcome)):
        return obstacle
    act_as(writer, clock, AuditContext(f"patient {found.patient.code}", "patient"))
    language = page_language()
    begun = responses.begin_responses(writer, clock, found.visit, wordings(found), language)
    data: dict[str, object] = {"language": language}
    if not g.is_another_patient:
        # A second tap on the same page is no failure; a form that another patient left open is one.
        data["csrf_token"] = session["csrf_token"]
    secret = links.begin(writer, clock, found, data)
    writer.commit()
    session.adopt(secret, links.last_use(found.visit))  # type: ignore[attr-defined]
    return _to(show.survey_of(replace(found, responses=tuple(begun))).first_open())


@blueprint.get("/survey/<item_id>")
@access.patient
def item(item_id: str) -> Reply:
    """The document, showing one question; with ?blank without any answer, for the phone's own copy."""
    found: FoundLink = g.link
    if found.state is not LinkState.OPEN:
        return _not_open(found)
    survey = show.survey_of(found)
    place = survey.place(item_id) or abort(404)
    if not place.is_asked:
        return _to(survey.after(place))
    ask_skip = "skip" in request.args and not place.is_settled
    page = survey_page(found, survey, place, ask_skip=ask_skip, is_blank="blank" in request.args)
    return render_template("patient/survey.html", page=page)


@blueprint.post("/survey/<item_id>")
@access.patient
def save(item_id: str) -> Reply:
    """Keeps what was given at a question and goes where the pressed button leads."""
    found: FoundLink = g.link
    if found.state is not LinkState.OPEN:
        return _not_open(found)
    survey = show.survey_of(found)
    place = survey.place(item_id) or abort(404)
    asked = place.question
    form = item_form(asked.id, asked.codes, asked.choices, asked.max_length)()
    if not form.validate():
        return _refused(found, survey, place)
    answer = _answer(place, form.given, form.wanted)
    try:
        leads_to = _kept(found, place, answer, form.wanted)
    except RuleError:
        db.session.rollback()
        return _refused(found, survey, place)
    except responses.NotAnswerableError:
        db.session.rollback()
        return _to("sent")
    db.session.commit()
    if form.wanted != LANGUAGE:
        # A script sends this form to change the language and for nothing else.
        note_plain()
    return leads_to


@blueprint.get("/survey/review")
@access.patient
def review() -> Reply:
    """The document, showing all answers before sending."""
    found: FoundLink = g.link
    if found.state is not LinkState.OPEN:
        return _not_open(found)
    return render_template("patient/survey.html", page=survey_page(found, show.survey_of(found), None))


@blueprint.post("/survey/review")
@access.patient
def send() -> Reply:
    """Sends all answers of the visit, once and for all."""
    found: FoundLink = g.link
    form = ReviewForm()
    if found.state is LinkState.SENT:
        return _to("sent")
    if found.state is not LinkState.OPEN:
        return _not_open(found)
    if form.action.data == LANGUAGE:
        return _switched(REVIEW)
    if form.action.data != SEND:
        # What cannot be undone asks for the one button that says so.
        return _to(REVIEW)
    languages = {each.instrument: each.languages for each in found.responses}
    used = wordings_used(db.session, found.patient.study, languages)
    try:
        responses.submit_responses(db.session, current_app.extensions["clock"], found.visit, used)
    except responses.UnansweredError:
        db.session.rollback()
        return _to(REVIEW)
    except responses.NotAnswerableError:
        db.session.rollback()
    if found.link.is_of_ward:
        ward.take_back(db.session, current_app.extensions["clock"], found.link)
    db.session.commit()
    return moved(url_for("patient.hand_back")) if found.link.is_of_ward else _to("sent")


@blueprint.get("/survey/sent")
@access.patient
def sent() -> Reply:
    """Thanks, says when the next questionnaire comes and whom to call."""
    found: FoundLink = g.link
    return _not_open(found) if found.state is not LinkState.OPEN else _to(show.survey_of(found).first_open())


def _speak_to(found: FoundLink) -> None:
    g.patient_language = found.patient.language
    g.is_another_patient = getattr(session, "link_id", None) not in {None, found.link.id}


def _not_open(found: FoundLink) -> Reply:
    if found.link.is_of_ward:
        return moved(url_for("patient.hand_back"))
    if found.state is LinkState.SENT:
        page: pages.PatientPage = show.sent_page(found, current_app.extensions["clock"])
        return render_template("patient/sent.html", page=page)
    if found.link.is_personal:
        return personal.over(found)
    if found.state is LinkState.NOT_YET:
        return render_template("patient/not_yet.html", page=show.not_yet_page(found))
    return render_template("patient/closed.html", page=show.closed_page(found)), 410


def _refused(found: FoundLink, survey: Survey, place: Place) -> Reply:
    if place.question.max_length:
        error = translate(
            "Your text is too long, or holds signs that cannot be kept. Shorten it, then touch Continue."
        )
    elif place.question.kind == "date":
        error = translate("Give a day that is not to come, and not before the study began.")
    else:
        error = translate("That is not one of the answers. Choose one below and touch Continue.")
    page = survey_page(found, survey, place, error=error)
    return render_template("patient/survey.html", page=page), 422


def _answer(place: Place, given: int | str | None, wanted: str) -> Answer | None:
    language = page_language()
    if wanted == ERASE:
        return Answer(place.item_id, AnswerState.ERASED, None, language)
    if wanted == SKIP:
        return Answer(place.item_id, AnswerState.SKIPPED, None, language)
    if given is None and isinstance(place.value, str):
        # A text that was emptied is taken back.
        return Answer(place.item_id, AnswerState.ERASED, None, language)
    if given is None:
        return None
    return Answer(place.item_id, AnswerState.ANSWERED, given, language)


def _kept(found: FoundLink, place: Place, answer: Answer | None, wanted: str) -> Response:
    """Keeps the answer; where to go then depends on it."""
    if answer is not None:
        response = next(each for each in found.responses if each.instrument == place.questionnaire.code)
        responses.save_answer(db.session, current_app.extensions["clock"], response, found.visit, answer)
    survey = show.survey_of(found)
    place = survey.place(place.item_id) or place
    if wanted == LANGUAGE:
        return _switched(place.item_id)
    if wanted == ERASE:
        return _to(place.item_id)
    if wanted != SKIP and not place.is_settled:
        return moved(address(place.item_id, skip="ask", back=back_to()))
    return _to(back_to() or survey.after(place))


def _switched(place: str) -> Response:
    session["language"] = "en" if page_language() == "fr" else "fr"
    return _to(place)


def _to(place: str) -> Response:
    if place == "sent":
        return moved(url_for("patient.sent"))
    return moved(address(place, back=None if place == REVIEW else back_to()))


def moved(location: str) -> Response:
    """A redirect to a page of ours, without the text that no browser shows."""
    response = redirect(location, 303)
    response.set_data(b"")
    return response


def wordings(found: FoundLink) -> dict[str, WordingUsed]:
    """What the visit's questionnaires are read in, in the page's language."""
    languages = {code: [page_language()] for code in found.visit.questionnaires}
    return wordings_used(db.session, found.patient.study, languages)
