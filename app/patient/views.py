"""From the link to the thank-you page."""

from dataclasses import replace

from flask import abort, current_app, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from app.db import db
from app.forms.survey import ERASE, LANGUAGE, SEND, SKIP, ReviewForm, item_form
from app.i18n import page_language, translate, wording_sha256
from app.patient import blueprint, pages, show
from app.services import access, links, responses
from app.services.audit import AuditContext, act_as
from app.services.links import FoundLink, LinkState
from app.services.responses import Answer, AnswerState, WordingUsed
from app.services.survey import REVIEW, Place, Survey

Reply = str | Response | tuple[str, int]


@blueprint.get("/l/<token>")
@access.public
def landing(token: str) -> Reply:
    """Welcomes; changes nothing, however often it is fetched."""
    found = links.find_link(db.session, current_app.extensions["clock"], token)
    if found is None:
        return render_template("patient/unknown.html", page=show.unknown_page()), 404
    _speak_to(found)
    if found.state is LinkState.OPEN:
        page = show.welcome_page(found, request.full_path.rstrip("?"))
        return render_template("patient/welcome.html", page=page)
    return _not_open(found)


@blueprint.post("/l/<token>")
@access.public
def start(token: str) -> Reply:
    """Exchanges the tap for a session and goes to the first open item."""
    clock, writer = current_app.extensions["clock"], db.session
    found = links.find_link(writer, clock, token)
    if found is None:
        return render_template("patient/unknown.html", page=show.unknown_page()), 404
    _speak_to(found)
    if found.state is not LinkState.OPEN:
        return _not_open(found)
    act_as(writer, clock, AuditContext(f"patient {found.patient.code}", "patient"))
    language = page_language()
    begun = responses.begin_responses(writer, clock, found.visit, _wordings(found), language)
    data: dict[str, object] = {"language": language}
    if not g.is_another_patient:
        # A second tap on the same page is no failure; a form that another patient left open is one.
        data["csrf_token"] = session["csrf_token"]
    secret = links.begin(writer, clock, found, data)
    writer.commit()
    session.adopt(secret, links.last_use(found.visit))  # type: ignore[attr-defined]
    return _to(Survey(replace(found, responses=tuple(begun))).first_open())


@blueprint.get("/survey/<item_id>")
@access.patient
def item(item_id: str) -> Reply:
    """One item."""
    found: FoundLink = g.link
    if found.state is not LinkState.OPEN:
        return _not_open(found)
    survey = Survey(found)
    place = survey.place(item_id) or abort(404)
    page = show.item_page(found, survey, place, ask_skip="skip" in request.args and not place.is_settled)
    return render_template("patient/item.html", page=page)


@blueprint.post("/survey/<item_id>")
@access.patient
def save(item_id: str) -> Reply:
    """Keeps what was chosen at an item and goes where the pressed button leads."""
    found: FoundLink = g.link
    if found.state is not LinkState.OPEN:
        return _not_open(found)
    survey = Survey(found)
    place = survey.place(item_id) or abort(404)
    form = item_form(place.item)()
    if not form.validate():
        error = translate("That is not one of the answers. Choose one below and touch Continue.")
        page = show.item_page(found, survey, place, ask_skip=False, error=error)
        return render_template("patient/item.html", page=page), 422
    answer = _answer(place, form.code, form.wanted)
    try:
        if answer is not None:
            _keep(found, place, answer)
    except responses.NotAnswerableError:
        db.session.rollback()
        return _to("sent")
    return _after(survey, place, form.code, form.wanted)


@blueprint.get("/survey/review")
@access.patient
def review() -> Reply:
    """All items with their answers, before sending."""
    found: FoundLink = g.link
    if found.state is not LinkState.OPEN:
        return _not_open(found)
    return render_template("patient/review.html", page=show.review_page(found, Survey(found)))


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
    try:
        responses.submit_responses(db.session, current_app.extensions["clock"], found.visit)
    except responses.UnansweredError:
        db.session.rollback()
        return _to(REVIEW)
    except responses.NotAnswerableError:
        db.session.rollback()
    db.session.commit()
    return _to("sent")


@blueprint.get("/survey/sent")
@access.patient
def sent() -> Reply:
    """Thanks, says when the next questionnaire comes and whom to call."""
    found: FoundLink = g.link
    return _not_open(found) if found.state is not LinkState.OPEN else _to(Survey(found).first_open())


def _speak_to(found: FoundLink) -> None:
    g.patient_language = found.patient.language
    g.is_another_patient = getattr(session, "link_id", None) not in {None, found.link.id}


def _not_open(found: FoundLink) -> Reply:
    if found.state is LinkState.SENT:
        page: pages.PatientPage = show.sent_page(found, current_app.extensions["clock"])
        return render_template("patient/sent.html", page=page)
    if found.state is LinkState.NOT_YET:
        return render_template("patient/not_yet.html", page=show.not_yet_page(found))
    return render_template("patient/closed.html", page=show.closed_page(found)), 410


def _answer(place: Place, code: int | None, wanted: str) -> Answer | None:
    language = page_language()
    if wanted == ERASE:
        return Answer(place.item.id, AnswerState.ERASED, None, language)
    if wanted == SKIP:
        return Answer(place.item.id, AnswerState.SKIPPED, None, language)
    if code is None:
        return None
    return Answer(place.item.id, AnswerState.ANSWERED, code, language)


def _keep(found: FoundLink, place: Place, answer: Answer) -> None:
    response = next(each for each in found.responses if each.instrument == place.instrument.code)
    responses.save_answer(db.session, current_app.extensions["clock"], response, found.visit, answer)
    db.session.commit()


def _after(survey: Survey, place: Place, code: int | None, wanted: str) -> Response:
    if wanted == LANGUAGE:
        return _switched(place.item.id)
    if wanted == ERASE:
        return _to(place.item.id)
    if wanted != SKIP and code is None and not place.is_settled:
        return redirect(url_for("patient.item", item_id=place.item.id, skip="ask", back=show.back_to()), 303)
    return _to(show.back_to() or survey.after(place))


def _switched(place: str) -> Response:
    session["language"] = "en" if page_language() == "fr" else "fr"
    return _to(place)


def _to(place: str) -> Response:
    if place in {REVIEW, "sent"}:
        return redirect(url_for(f"patient.{place}"), 303)
    return redirect(url_for("patient.item", item_id=place, back=show.back_to()), 303)


def _wordings(found: FoundLink) -> dict[str, WordingUsed]:
    return {
        code: WordingUsed(responses.STAND_IN, wording_sha256(code)) for code in found.visit.questionnaires
    }
