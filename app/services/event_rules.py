"""What may be recorded of an adverse event: the choices, and the rules of grade, dates, outcome and death."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.clock import Clock
from app.models import AdverseEventVersion, Patient
from app.services.definition import CONSENT
from app.services.errors import RuleError
from app.services.schedule import local_date
from app.services.terms import DEATH_GRADE, GRADES, terminology

DEATH = "death"
# What was done with the study's treatment.
ACTIONS = ("none", "reduced", "interrupted", "stopped", "restarted", "other", "not_applicable")
RECOVERED, RECOVERED_WITH_SEQUELAE, FATAL = "recovered", "recovered_with_sequelae", "fatal"
OUTCOMES = (RECOVERED, RECOVERED_WITH_SEQUELAE, "recovering", "not_recovered", FATAL, "unknown")
ENDED = frozenset({RECOVERED, RECOVERED_WITH_SEQUELAE})
# ICH E2A, section II B: any one of them makes an event serious.
CRITERIA = (
    DEATH,
    "life_threatening",
    "hospitalisation",
    "disability",
    "congenital_anomaly",
    "medically_important",
)
OTHER_CAUSE = "other"
CAUSES = ("imatinib", "imatinib_interruption", "disease", OTHER_CAUSE)
LONGEST_TEXT = 500


@dataclass(frozen=True)
class EventFacts:
    """What is drafted: a term of the list or a text of one's own, grade 1-5, local dates, action, outcome."""

    term: str | None
    text: str | None
    grade: int
    onset_on: date
    ended_on: date | None
    action: str
    outcome: str


@dataclass(frozen=True)
class Decision:
    """What the investigator decides. aware_at: when the site learnt that it is serious; else None."""

    is_serious: bool
    criteria: tuple[str, ...]
    causes: tuple[str, ...]
    cause_text: str | None
    aware_at: datetime | None


def check_facts(clock: Clock, patient: Patient, facts: EventFacts) -> None:
    """Raises RuleError where a draft breaks a rule; the patient comes with site and milestones."""
    _check_name(facts)
    _check_grade(facts)
    for field, value, known in (
        ("action", facts.action, ACTIONS),
        ("outcome", facts.outcome, OUTCOMES),
    ):
        if value not in known:
            raise RuleError(field, f"unknown_{field}", value=value)
    died_on = _milestone(patient, DEATH)
    _check_dates(clock, patient, facts, died_on)
    _check_death(facts, died_on)


def check_decision(clock: Clock, patient: Patient, version: AdverseEventVersion, decision: Decision) -> None:
    """Raises RuleError where a decision on a version breaks a rule."""
    if not set(decision.criteria) <= set(CRITERIA):
        raise RuleError("criteria", "unknown_criterion")
    if decision.is_serious and not decision.criteria:
        raise RuleError("criteria", "no_criterion")
    if decision.criteria and not decision.is_serious:
        raise RuleError("criteria", "criterion_of_serious")
    if (version.grade == DEATH_GRADE) != (DEATH in decision.criteria):
        raise RuleError("criteria", "death_is_grade_5")
    _check_causes(decision)
    _check_awareness(clock, patient, version, decision)


def _check_name(facts: EventFacts) -> None:
    if bool(facts.term) == bool(facts.text):
        raise RuleError("term", "term_or_text")
    if facts.term and facts.term not in terminology().terms:
        raise RuleError("term", "unknown_term", term=facts.term)
    if facts.text and len(facts.text) > LONGEST_TEXT:
        raise RuleError("text", "text_too_long", longest=LONGEST_TEXT)


def _check_grade(facts: EventFacts) -> None:
    allowed = terminology().terms[facts.term].grades if facts.term else GRADES
    if facts.grade not in allowed:
        grades = ", ".join(str(each) for each in allowed)
        raise RuleError("grade", "grade_not_of_term", term=facts.term or facts.text, grades=grades)


def _check_dates(clock: Clock, patient: Patient, facts: EventFacts, died_on: date | None) -> None:
    today = local_date(clock.now(), ZoneInfo(patient.site.timezone))
    consent_on = _milestone(patient, CONSENT)
    if consent_on is not None and facts.onset_on < consent_on:
        raise RuleError("onset_on", "before_consent", day=facts.onset_on, consent_on=consent_on)
    for field, day in (("onset_on", facts.onset_on), ("ended_on", facts.ended_on)):
        if day is not None and day > today:
            raise RuleError(field, "in_future", day=day, today=today)
        if day is not None and died_on is not None and day > died_on:
            raise RuleError(field, "after_death", day=day, died_on=died_on)
    if facts.ended_on is not None and facts.ended_on < facts.onset_on:
        raise RuleError("ended_on", "end_before_onset", onset_on=facts.onset_on)
    if facts.outcome in ENDED and facts.ended_on is None:
        raise RuleError("ended_on", "end_missing")
    if facts.outcome not in {*ENDED, FATAL} and facts.ended_on is not None:
        raise RuleError("ended_on", "end_without_recovery")


def _check_death(facts: EventFacts, died_on: date | None) -> None:
    if (facts.grade == DEATH_GRADE) != (facts.outcome == FATAL):
        raise RuleError("outcome", "fatal_is_grade_5")
    if facts.grade == DEATH_GRADE and died_on is None:
        raise RuleError("grade", "no_death_date")


def _check_causes(decision: Decision) -> None:
    if not decision.causes:
        raise RuleError("causes", "no_cause")
    if not set(decision.causes) <= set(CAUSES):
        raise RuleError("causes", "unknown_cause")
    if OTHER_CAUSE in decision.causes and not decision.cause_text:
        raise RuleError("cause_text", "cause_text_missing")
    if decision.cause_text and len(decision.cause_text) > LONGEST_TEXT:
        raise RuleError("cause_text", "text_too_long", longest=LONGEST_TEXT)


def _check_awareness(
    clock: Clock, patient: Patient, version: AdverseEventVersion, decision: Decision
) -> None:
    if decision.is_serious != (decision.aware_at is not None):
        raise RuleError("aware_at", "aware_of_serious")
    if decision.aware_at is None:
        return
    zone = ZoneInfo(patient.site.timezone)
    if decision.aware_at > clock.now():
        raise RuleError("aware_at", "instant_in_future")
    if local_date(decision.aware_at, zone) < version.onset_on:
        raise RuleError("aware_at", "aware_before_onset", onset_on=version.onset_on)


def _milestone(patient: Patient, kind: str) -> date | None:
    return next((each.occurred_on for each in patient.milestones if each.kind == kind), None)
