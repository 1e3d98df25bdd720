"""Makes what a test needs through the real services, with defaults that fit the first study."""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

import scoring
from app.clock import SteppedClock
from app.models import (
    AdverseEvent,
    EventSignature,
    Exposure,
    MissingReason,
    Patient,
    Response,
    Site,
    SiteStay,
    Study,
    SymptomReport,
    User,
    Visit,
)
from app.services import (
    adverse_events,
    contact,
    drafts,
    exposure,
    links,
    milestones,
    patients,
    personal_links,
    responses,
    sessions,
    studies,
)
from app.services.access import SITE_BOUND, Actor, Grant, Role, load_actor
from app.services.accounts import create_account, grant_role
from app.services.definition import StudyDefinition, parse_definition
from app.services.drafts import Saving
from app.services.event_rules import Decision, EventFacts
from app.services.links import IssuedLink
from app.services.questionnaires import REPORT, questionnaire
from app.services.responses import Answer, AnswerState, WordingUsed
from app.services.sealing import Keys
from app.services.tokens import RandomTokens, hash_secret
from app.services.treatment import Episode
from app.services.visits import find_visit
from app.settings import ROOT
from tests.page import Browser

DEFINITION = ROOT / "app" / "studies" / "gist-ima.toml"
CODE = "GIST-IMA"
TOKENS = RandomTokens(((1, b"c" * 32),))
WORDING = {code: WordingUsed("stand-in", "0" * 64) for code in ("qlq-c30", "symptoms", "report")}


def source(*, with_symptoms: bool = False, asks_code: bool = False) -> str:
    """The text of the first study's file; visits without the list of symptoms unless it is asked for.

    asks_code: links to visits open with the printed code alone.
    """
    text = DEFINITION.read_text("utf-8")
    if asks_code:
        text = text.replace("# [links]\n# code = true", "[links]\ncode = true")
    return text if with_symptoms else text.replace('["qlq-c30", "symptoms"]', '["qlq-c30"]')


def definition() -> StudyDefinition:
    """The definition of the first study."""
    return parse_definition(source(with_symptoms=True), DEFINITION.name)


def make_study(
    session: Session,
    clock: SteppedClock,
    *,
    with_symptoms: bool = False,
    code: str = CODE,
    asks_code: bool = False,
) -> Study:
    """The first study, or its twin of another code; visits without the list of symptoms unless asked for."""
    text = source(with_symptoms=with_symptoms, asks_code=asks_code).replace(f'"{CODE}"', f'"{code}"')
    return studies.load_study(session, clock, text, DEFINITION.name).study


def load(session: Session, clock: SteppedClock, text: str) -> Study:
    """A study from the text of its file, or its amendment."""
    return studies.load_study(session, clock, text, DEFINITION.name).study


def get_study(session: Session, study_id: int) -> Study:
    """A study by its id."""
    return session.get_one(Study, study_id)


def get_site(session: Session, study: Study, number: str = "04") -> Site:
    """A site of the study."""
    return session.scalars(select(Site).where(Site.study_id == study.id, Site.number == number)).one()


def make_patient(
    session: Session,
    clock: SteppedClock,
    study: Study,
    code: str = "04-001",
    consent_on: date | None = None,
    language: str = "fr",
) -> Patient:
    """A registered patient of the site that begins the code, by default consenting today."""
    site = get_site(session, study, code.split("-")[0])
    registration = patients.Registration(code, consent_on or clock.now().date(), language)
    definition = studies.definition_in_force(session, study)
    return patients.register_patient(session, clock, definition, site, registration)


def randomise(
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    arm: str = "interruption",
    on: date | None = None,
    remark: str | None = "Initial visit on paper",
) -> Patient:
    """Randomises a patient, by default today and with a remark instead of a baseline."""
    study = session.get_one(Study, patient.study_id)
    definition = studies.definition_in_force(session, study)
    day = on or clock.now().date()
    patients.randomise_patient(session, clock, definition, patient, day, arm, remark)
    return patient


def site_nurse(patient: Patient) -> Actor:
    """A nurse of the patient's site, without an account."""
    grant = Grant(Role.NURSE, patient.study_id, patient.site_id)
    return Actor(0, "nurse@staff.example", "en", (grant,))


def keep_contact(
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    keys: Keys,
    phone: str = "06 39 98 00 01",
    email: str = "a.patient@post.example",
    channel: str = "sms",
) -> None:
    """Contact details of a patient who has none yet."""
    wish = contact.ContactWish(phone, email, channel, do_not_contact=False, version=0)
    contact.save_contact(session, clock, site_nurse(patient), keys, patient, wish)


def milestone(
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    kind: str,
    on: date | None = None,
    value: str | None = None,
) -> Patient:
    """Records a milestone of a patient, by default today."""
    definition = studies.definition_in_force(session, session.get_one(Study, patient.study_id))
    event = milestones.Event(kind, on or clock.now().date(), value)
    milestones.record_milestone(session, clock, definition, patient, event)
    return patient


def expose(
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    started_on: date,
    stopped_on: date | None = None,
    reason: str | None = None,
    drug: str = "imatinib",
) -> Exposure:
    """An episode of a drug, of imatinib unless another is named."""
    definition = studies.definition_in_force(session, session.get_one(Study, patient.study_id))
    episode = Episode(drug, started_on, stopped_on, reason)
    return exposure.record_exposure(session, clock, definition, patient, episode)


def make_history(session: Session, clock: SteppedClock, patient: Patient) -> None:
    """A row in each table that a patient's way through the study may fill."""
    facts = {"study_id": patient.study_id, "patient_id": patient.id, "recorded_at": clock.now()}
    today = clock.now().date()
    session.add(Exposure(**facts, drug="imatinib", started_on=today))
    session.add(SiteStay(**facts, site_id=patient.site_id, from_on=today))
    session.add(MissingReason(**facts, visit_id=get_visit(session, patient, "M6").id, reason="forgot"))
    session.flush()


def get_visit(session: Session, patient: Patient, code: str = "BASELINE") -> Visit:
    """A visit of a patient."""
    visit = find_visit(session, patient, code)
    assert visit is not None
    return visit


def find_visit_of(session: Session, study: Study, patient: str, code: str) -> Visit:
    """A visit of the patient of that code."""
    query = select(Patient).where(Patient.study_id == study.id, Patient.code == patient)
    return get_visit(session, session.scalars(query).one(), code)


def make_link(session: Session, clock: SteppedClock, patient: Patient, visit: str = "BASELINE") -> IssuedLink:
    """A link to a visit of a patient."""
    return links.issue_link(session, clock, TOKENS, get_visit(session, patient, visit), patient)


def find_saving(session: Session, clock: SteppedClock, issued: IssuedLink) -> Saving:
    """What a save meets from the browser in which the link was opened just now."""
    secret = sessions.open_patient_session(
        session, clock, issued.link.id, clock.now() + timedelta(days=1), {}
    )
    saving = drafts.find_saving(session, clock, hash_secret(secret))
    assert saving is not None
    return saving


def make_personal_link(session: Session, clock: SteppedClock, patient: Patient) -> IssuedLink:
    """A patient's personal link with its code."""
    definition = studies.definition_in_force(session, get_study(session, patient.study_id))
    return personal_links.issue_personal_link(session, clock, TOKENS, definition, patient)


def begin_report(session: Session, clock: SteppedClock, issued: IssuedLink) -> Visit:
    """The unscheduled visit of a report begun from a personal link."""
    return personal_links.begin_report(session, clock, issued.link, WORDING, "fr")


def report(
    session: Session, clock: SteppedClock, issued: IssuedLink, values: Mapping[str, int | str | None]
) -> Response:
    """A report between visits, sent: what is asked and not in `values` is skipped."""
    visit = begin_report(session, clock, issued)
    draft = begin_response(session, clock, visit)
    asked = questionnaire(studies.definition_in_force(session, get_study(session, visit.study_id)), REPORT)
    for question in asked.questions:
        if question.id not in asked.not_asked(draft.answers):
            value = values.get(question.id)
            state = AnswerState.SKIPPED if value is None else AnswerState.ANSWERED
            responses.save_answer(session, clock, draft, visit, Answer(question.id, state, value))
    return responses.submit_responses(session, clock, visit)[0]


def begin_response(session: Session, clock: SteppedClock, visit: Visit, language: str = "fr") -> Response:
    """The draft of a visit."""
    return responses.begin_responses(session, clock, visit, WORDING, language)[0]


def answer(session: Session, clock: SteppedClock, visit: Visit, values: Mapping[str, int | None]) -> Response:
    """Answers items of a visit with codes, or skips them with None."""
    response = begin_response(session, clock, visit)
    for item, value in values.items():
        state = AnswerState.SKIPPED if value is None else AnswerState.ANSWERED
        responses.save_answer(session, clock, response, visit, Answer(item, state, value))
    return response


def submit(
    session: Session, clock: SteppedClock, visit: Visit, values: Mapping[str, int | None] | None = None
) -> Response:
    """Answers all items (lowest code unless given) and sends them."""
    lowest = {item.id: item.lowest for item in scoring.load_instrument("qlq-c30").items}
    answer(session, clock, visit, lowest | dict(values or {}))
    return responses.submit_responses(session, clock, visit)[0]


def send(session: Session, clock: SteppedClock, visit_id: int) -> int:
    """Sends what was answered at a visit; how many responses it has."""
    return len(responses.submit_responses(session, clock, session.get_one(Visit, visit_id)))


def make_staff(
    session: Session,
    clock: SteppedClock,
    role: Role,
    study: Study | None,
    site: Site | None = None,
    email: str | None = None,
    language: str = "fr",
) -> User:
    """A member of staff with one role; the password is none that anybody could give."""
    address = email or f"{role.value}.{site.number if site else 'all'}@staff.example"
    user = create_account(session, clock, address, "$none$", language)
    grant_role(session, clock, user, role, study, site)
    return user


def sign_in(browser: Browser, session: Session, clock: SteppedClock, user: User) -> Browser:
    """Gives the browser a session of the user, as the sign-in page does after the password."""
    data = {"_user_id": user.fs_uniquifier, "_fresh": True, "csrf_token": "t" * 40}
    secret = sessions.open_staff_session(session, clock, user.id, data)
    session.commit()
    browser.client.set_cookie("ressenti_staff", f"s.{secret}")
    return browser


def days(count: int) -> timedelta:
    """A number of days."""
    return timedelta(days=count)


def actor_of(session: Session, clock: SteppedClock, role: Role, patient: Patient) -> Actor:
    """Somebody of a role at the patient's site, as the services meet them."""
    study = get_study(session, patient.study_id)
    site = session.get_one(Site, patient.site_id) if role in SITE_BOUND else None
    place = "" if study.code == "GIST-IMA" else f"{study.code.lower()}."
    email = f"{role.value}.{site.number if site else 'all'}@{place}staff.example"
    known = session.scalar(select(User).where(User.email == email))
    return load_actor(session, clock, known or make_staff(session, clock, role, study, site, email))


def event_facts(**changes: object) -> EventFacts:
    """Facts of an event that break no rule: nausea of grade 2 since today's day of the tests."""
    facts: dict[str, object] = {
        "term": "Nausea",
        "text": None,
        "grade": 2,
        "onset_on": date(2026, 11, 23),
        "ended_on": None,
        "action": "none",
        "outcome": "not_recovered",
    }
    return EventFacts(**(facts | changes))  # type: ignore[arg-type]


def decision(clock: SteppedClock, *, is_serious: bool = False, **changes: object) -> Decision:
    """A decision that breaks no rule: caused by imatinib; if serious, since hospital and known just now."""
    facts: dict[str, object] = {
        "is_serious": is_serious,
        "criteria": ("hospitalisation",) if is_serious else (),
        "causes": ("imatinib",),
        "cause_text": None,
        "aware_at": clock.now() if is_serious else None,
    }
    return Decision(**(facts | changes))  # type: ignore[arg-type]


def make_event(
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    report: SymptomReport | None = None,
    **changes: object,
) -> AdverseEvent:
    """An event drafted by the nurse of the patient's site."""
    nurse = actor_of(session, clock, Role.NURSE, patient)
    facts = event_facts(**({"onset_on": clock.now().date()} | changes))
    return adverse_events.draft_event(session, clock, nurse, patient, facts, report)


def decide(
    session: Session, clock: SteppedClock, event: AdverseEvent, *, is_serious: bool = False
) -> AdverseEvent:
    """Decides an event as an investigator of its site."""
    investigator = actor_of(session, clock, Role.INVESTIGATOR, event.patient)
    made = decision(clock, is_serious=is_serious)
    adverse_events.decide_event(session, clock, investigator, event, made, event.latest_number)
    return event


def sign(session: Session, clock: SteppedClock, event: AdverseEvent) -> EventSignature:
    """Signs a decided event as an investigator of its site who has just given the password."""
    investigator = actor_of(session, clock, Role.INVESTIGATOR, event.patient)
    seen, now = event.latest_number, clock.now()
    return adverse_events.sign_event(session, clock, investigator, event, seen, "Dr A. Martin", now)
