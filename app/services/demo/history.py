"""Lives the plans of synthetic patients through the real services, on a clock that walks through the past."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Site, Visit
from app.services import links, patients, responses
from app.services.audit import AuditContext, act_as
from app.services.definition import StudyDefinition
from app.services.demo.answers import Health
from app.services.demo.drugs import begin_treatment, follow_arm
from app.services.demo.plan import Outcome, Plan
from app.services.milestones import Event, record_milestone
from app.services.patients import Registration
from app.services.questionnaires import questionnaire
from app.services.responses import WordingUsed
from app.services.tokens import TokenSource
from app.services.visits import visits_of

STAFF = AuditContext("demonstration", "system")
MORNING, AFTERNOON, EVENING = time(9, 30), time(14), time(18, 45)
SECONDS_AN_ITEM = (4, 15)


@dataclass(frozen=True)
class Stage:
    """What every history is played with; the clock is moved by play alone, and within a questionnaire."""

    session: Session
    clock: SteppedClock
    tokens: TokenSource
    definition: StudyDefinition
    sites: Mapping[str, Site]
    wording: Mapping[str, WordingUsed]
    today: date


def play(clock: SteppedClock, now: datetime, histories: Iterable[Iterator[datetime]]) -> Iterator[datetime]:
    """Wakes each history at the instants that it asks for, all of them in the order of time, up to now."""
    waiting = [(at, number, story) for number, story in enumerate(histories) if (at := next(story, None))]
    heapq.heapify(waiting)
    while waiting:
        at, number, story = heapq.heappop(waiting)
        if at > now:
            continue
        clock.set(at)
        yield at
        if following := next(story, None):
            # Nobody's own time goes back, or their trail would not follow the clock.
            heapq.heappush(waiting, (max(following, clock.now()), number, story))


def history(stage: Stage, plan: Plan, seed: int) -> Iterator[datetime]:
    """One patient, from consent on; yields each instant at which something happens, then does it."""
    site, health = stage.sites[plan.site], Health(seed)
    zone, consent_on = ZoneInfo(site.timezone), plan.consent_on(stage.today)
    if consent_on < stage.definition.starts_on:
        return
    yield datetime.combine(consent_on, MORNING, zone)
    patient = _register(stage, plan, site, consent_on)
    milestones = plan.later_milestones(stage.today) if plan.arm else []
    if plan.arm:
        milestones = [(plan.randomised_on(stage.today), "randomisation"), *milestones]
    done: set[str] = set()
    while True:
        visit = _next_visit(stage, patient, done, health)
        if milestones and (visit is None or milestones[0][0] < visit[0]):
            day, kind = milestones.pop(0)
            yield datetime.combine(day, AFTERNOON, zone)
            _reach(stage, plan, patient, kind, day)
        elif visit is not None:
            done.add(visit[1].code)
            yield from _attend(stage, plan, patient, visit[1], visit[0], health)
        else:
            return


def _register(stage: Stage, plan: Plan, site: Site, consent_on: date) -> Patient:
    act_as(stage.session, stage.clock, STAFF)
    code = patients.next_code(stage.session, site)
    registration = Registration(code, consent_on, plan.language)
    rest = (stage.session, stage.clock, stage.definition)
    patient = patients.register_patient(*rest, site, registration)
    begin_treatment(*rest, patient, consent_on)
    return patient


def _reach(stage: Stage, plan: Plan, patient: Patient, kind: str, day: date) -> None:
    act_as(stage.session, stage.clock, STAFF)
    rest = (stage.session, stage.clock, stage.definition, patient)
    if kind == "randomisation":
        patients.randomise_patient(*rest, day, str(plan.arm), plan.remark)
    else:
        record_milestone(*rest, Event(kind, day))
    follow_arm(*rest, kind, day)


def _next_visit(stage: Stage, patient: Patient, done: set[str], health: Health) -> tuple[date, Visit] | None:
    """The next visit whose window has come, with the day on which the patient turns to it."""
    for visit in visits_of(stage.session, patient):
        is_asked = visit.served_by_id is None and visit.ends_on is None
        if is_asked and visit.code not in done and visit.opens_on < stage.today:
            earliest = max(visit.due_on, visit.opens_on)
            day = min(earliest + timedelta(days=health.delay(visit.code)), stage.today - timedelta(days=1))
            return max(day, visit.opens_on), visit
    return None


def _attend(
    stage: Stage, plan: Plan, patient: Patient, visit: Visit, day: date, health: Health
) -> Iterator[datetime]:
    is_past = visit.closes_on < stage.today
    outcome = plan.outcome_of(visit.code, is_past=is_past)
    if outcome is Outcome.NO_LINK:
        return
    zone = ZoneInfo(patient.site.timezone)
    yield datetime.combine(day, MORNING, zone)
    act_as(stage.session, stage.clock, STAFF)
    issued = links.issue_link(stage.session, stage.clock, stage.tokens, visit, patient)
    if outcome is not Outcome.UNOPENED:
        yield datetime.combine(day, EVENING, zone)
        _answer(stage, patient, issued.token, outcome, health)


def _answer(stage: Stage, patient: Patient, token: str, outcome: Outcome, health: Health) -> None:
    session, clock = stage.session, stage.clock
    found = links.find_link(session, clock, token)
    assert found is not None, "a link that was issued this morning"
    act_as(session, clock, AuditContext(f"patient {patient.code}", "patient"))
    drafts = responses.begin_responses(session, clock, found.visit, stage.wording, patient.language)
    links.begin(session, clock, found, {"language": patient.language})
    for draft in drafts:
        answers = list(health.answers(questionnaire(stage.definition, draft.instrument), patient.language))
        if outcome is Outcome.BEGUN:
            answers = answers[: health.chance.randint(5, len(answers) - 5)] if draft is drafts[0] else []
        for answer in answers:
            clock.advance(seconds=health.chance.randint(*SECONDS_AN_ITEM))
            responses.save_answer(session, clock, draft, found.visit, answer)
    if outcome is Outcome.SENT:
        responses.submit_responses(session, clock, found.visit)
