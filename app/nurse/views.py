"""What site staff do: find a patient, register one, record the randomisation, give and take back links."""

from typing import Any

from flask import current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.db import db
from app.forms.nurse import RandomisationForm, RegistrationForm, RevocationForm
from app.i18n import day_text
from app.nurse import blueprint, show_front, show_patient, words
from app.nurse.common import in_language, visit_names
from app.nurse.pages import Fact, RegistrationPage
from app.services import access, links, patients
from app.services.access import Permission
from app.services.definition import StudyDefinition
from app.services.errors import NotFoundError, RuleError
from app.services.handover import sites_with_notes
from app.services.morning import morning_list
from app.services.patients import Registration
from app.services.places import Place, registration_places
from app.services.studies import definition_in_force
from app.services.visits import find_visit, visits_of
from app.services.worklist import worklist

Reply = str | Response | tuple[str, int]
LONGEST_SEARCH = 20
REFUSED = 422


@blueprint.get("/")
@access.staff(Permission.SEE_PATIENTS)
def front() -> Reply:
    """What is to be done, and the actor's patients."""
    search = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    after = request.args.get("after", "")[: 2 * LONGEST_SEARCH]
    clock, is_first = current_app.extensions["clock"], not search and not after
    found = worklist(db.session, clock, g.actor, search, after)
    morning = morning_list(db.session, clock, g.actor) if is_first else []
    sites = sites_with_notes(db.session, clock, g.actor)
    page = show_front.front_page(found, morning, sites, search, is_first=is_first)
    return render_template("nurse/front.html", page=page)


@blueprint.route("/patients/new", methods=["GET", "POST"])
@access.staff(Permission.REGISTER)
def register() -> Reply:
    """Registers a patient who consented."""
    places = registration_places(db.session, g.actor)
    if not places:
        page = RegistrationPage(has_sites=False, site="", example="")
        return render_template("nurse/register.html", page=page, form=RegistrationForm())
    first = next(iter(places.values()))
    form = _registration_form(places, first)
    if form.validate_on_submit():
        try:
            patient = _register(form, places[form.site.data] if form.site else first)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        else:
            db.session.commit()
            where = {"study": patient.study.code, "code": patient.code}
            return redirect(url_for("nurse.patient", **where, done="registered"), 303)
    page = RegistrationPage(
        has_sites=True,
        site=first.site.name if len(places) == 1 else "",
        example=f"{first.site.number}-007",
    )
    return render_template("nurse/register.html", page=page, form=form), _status(form)


def _registration_form(places: dict[str, Place], first: Place) -> Any:
    languages = dict.fromkeys(code for place in places.values() for code in place.definition.languages)
    only = len(places) == 1
    defaults = {
        "code": patients.next_code(db.session, first.site) if only else "",
        "language": next(iter(languages)),
    }
    form = RegistrationForm(data=defaults)
    sites = {key: f"{place.site.number} {place.site.name}" for key, place in places.items()}
    form.offer(sites, {code: words.LANGUAGES[code] for code in languages})
    return form


def _register(form: Any, place: Place) -> Any:
    registration = Registration(form.code.data or None, form.consent_on.data, form.language.data)
    clock = current_app.extensions["clock"]
    patient = patients.register_patient(db.session, clock, place.definition, place.site, registration)
    patient.study = place.study
    return patient


@blueprint.get("/<study>/<code>")
@access.staff(Permission.SEE_PATIENTS)
def patient(study: str, code: str) -> Reply:
    """A patient's visits and links."""
    found = patients.find_patient(db.session, g.actor, study, code)
    return patient_page(found)


def patient_page(found: Any, error: str = "", revoking: str = "") -> Reply:
    """The page of a patient, with what was refused and which revocation lacks its reason."""
    page = show_patient.patient_page(found, error, revoking)
    form = RevocationForm(formdata=None)
    return render_template("nurse/patient.html", page=page, form=form), REFUSED if error else 200


@blueprint.route("/<study>/<code>/randomisation", methods=["GET", "POST"])
@access.staff(Permission.RANDOMISE)
def randomise(study: str, code: str) -> Reply:
    """Records a randomisation already made, after a second look at what it brings about."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.RANDOMISE)
    if found.arm is not None and request.method == "GET":
        return redirect(url_for("nurse.patient", study=study, code=code), 303)
    definition = definition_in_force(db.session, found.study)
    form = RandomisationForm()
    form.offer({each.code: in_language(each.names) for each in definition.arms})
    if form.validate_on_submit() and not form.correct.data:
        try:
            planned = _randomise(form, definition, found)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        else:
            return _recorded_or_second_look(form, definition, planned, study, code)
    found = patients.find_patient(db.session, g.actor, study, code, Permission.RANDOMISE)
    page = show_patient.randomisation_page(found)
    return render_template("nurse/randomise.html", page=page, form=form), _status(form)


def _randomise(form: Any, definition: StudyDefinition, found: Any) -> list[Fact]:
    """Records the randomisation in the open transaction; says which visits it brought about."""
    known = {each.id for each in visits_of(db.session, found)}
    remark = None if patients.has_completed_baseline(db.session, found) else form.remark.data
    clock, on, arm = current_app.extensions["clock"], form.randomised_on.data, form.arm.data
    patients.randomise_patient(db.session, clock, definition, found, on, arm, remark or None)
    names = visit_names(definition)
    return [
        Fact(name=names.get(each.code, each.code), value=day_text(each.due_on))
        for each in visits_of(db.session, found)
        if each.id not in known
    ]


def _recorded_or_second_look(
    form: Any, definition: StudyDefinition, planned: list[Fact], study: str, code: str
) -> Reply:
    if form.confirm.data:
        db.session.commit()
        return redirect(url_for("nurse.patient", study=study, code=code, done="randomised"), 303)
    # The second look shows what the service itself did, and takes it back.
    db.session.rollback()
    found = patients.find_patient(db.session, g.actor, study, code, Permission.RANDOMISE)
    arm = in_language(definition.arm(form.arm.data).names)
    recorded = [
        Fact(name=form.randomised_on.label.text, value=day_text(form.randomised_on.data, "full")),
        Fact(name=form.arm.label.text, value=arm),
    ]
    page = show_patient.randomisation_page(found, recorded, planned)
    return render_template("nurse/randomise-confirm.html", page=page, form=form)


@blueprint.post("/<study>/<code>/visits/<visit>/link")
@access.staff(Permission.ISSUE_LINKS)
def issue_link(study: str, code: str, visit: str) -> Reply:
    """Issues a link and shows it at once, as the answer to the tap: its token is in no other address."""
    found, wanted = visit_of(study, code, visit)
    clock, tokens = current_app.extensions["clock"], current_app.extensions["tokens"]
    try:
        issued = links.issue_link(db.session, clock, tokens, wanted, found)
    except RuleError as error:
        db.session.rollback()
        return patient_page(patients.find_patient(db.session, g.actor, study, code), words.refusal(error))
    db.session.commit()
    return render_template("nurse/link.html", page=show_patient.link_page(found, wanted, issued))


@blueprint.post("/<study>/<code>/visits/<visit>/revoke")
@access.staff(Permission.ISSUE_LINKS)
def revoke_link(study: str, code: str, visit: str) -> Reply:
    """Ends the links of a visit and the sessions that they opened."""
    found, wanted = visit_of(study, code, visit)
    form = RevocationForm()
    if not form.validate():
        return patient_page(found, str(form.reason.errors[0]), revoking=visit)
    links.revoke_links(db.session, current_app.extensions["clock"], wanted, form.reason.data)
    db.session.commit()
    return redirect(url_for("nurse.patient", study=study, code=code, done="revoked"), 303)


def visit_of(study: str, code: str, visit: str) -> tuple[Any, Any]:
    """A patient to whom the actor may give links, and one of the visits; NotFoundError for any other."""
    found = patients.find_patient(db.session, g.actor, study, code, Permission.ISSUE_LINKS)
    wanted = find_visit(db.session, found, visit)
    if wanted is None:
        raise NotFoundError("visit", visit)
    return found, wanted


def _status(form: Any) -> int:
    return REFUSED if form.errors else 200
