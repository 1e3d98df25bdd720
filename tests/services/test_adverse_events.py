"""Adverse events: drafted, changed, decided, signed; every version kept, the patient's words beside it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import (
    DECIDED_EVENT,
    DRAFT_EVENT,
    SIGNED_EVENT,
    AdverseEvent,
    AdverseEventVersion,
    AuditEntry,
    Patient,
    Study,
    SymptomReport,
)
from app.services import adverse_events
from app.services.access import AccessDeniedError, Role
from app.services.adverse_events import change_event, decide_event, draft_event, events_of, find_event
from app.services.audit import verify
from app.services.errors import NotFoundError, RuleError
from app.services.event_signatures import SignatureState, signature_state
from tests import factories as make

pytestmark = pytest.mark.requirement("AE-05")
WORDS = "Bourdonnements <b>dans</b> l’oreille 👂"


@pytest.fixture
def report(session: Session, clock: SteppedClock, patient: Patient) -> SymptomReport:
    """A symptom in the patient's own words, reported from the personal link."""
    issued = make.make_personal_link(session, clock, patient)
    values: dict[str, int | str | None] = {"symptom": "other", "othertext": WORDS, "othera": 3, "otherb": 3}
    make.report(session, clock, issued, values)
    return session.scalars(select(SymptomReport)).one()


def versions(event: AdverseEvent) -> list[tuple[int, int, str]]:
    return [(each.number, each.grade, each.recorded_by) for each in event.versions]


# Drafting


def test_a_draft_keeps_the_patients_words_and_judges_nothing(
    session: Session, clock: SteppedClock, patient: Patient, report: SymptomReport
) -> None:
    event = make.make_event(session, clock, patient, report, term="Tinnitus", grade=1)
    assert (event.number, event.status, event.latest_number) == (1, DRAFT_EVENT, 1)
    assert (event.response_id, event.symptom, event.words) == (report.response_id, "other", WORDS)
    latest = event.latest
    assert (latest.term, latest.text, latest.grade, latest.terms_version) == (
        "Tinnitus",
        None,
        1,
        "CTCAE 5.0",
    )
    assert (latest.is_serious, latest.criteria, latest.causes, latest.aware_at) == (None, [], [], None)
    assert (latest.recorded_by, latest.recorded_at) == ("nurse.04@staff.example", clock.now())


def test_an_event_may_come_from_no_report_and_be_named_in_free_text(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    event = make.make_event(session, clock, patient, term=None, text="Œil rouge", grade=4)
    assert (event.response_id, event.symptom, event.words) == (None, None, None)
    assert (event.latest.term, event.latest.text, event.latest.grade) == (None, "Œil rouge", 4)


def test_events_are_numbered_within_the_patient(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    other = make.make_patient(session, clock, study, "04-002")
    for each in (patient, other, patient):
        make.make_event(session, clock, each)
    assert [each.number for each in events_of(session, patient)] == [2, 1]
    assert [each.number for each in events_of(session, other)] == [1]
    assert find_event(session, patient, 2).number == 2
    with pytest.raises(NotFoundError):
        find_event(session, other, 2)


def test_a_report_of_another_patient_is_no_source(
    session: Session, clock: SteppedClock, study: Study, report: SymptomReport
) -> None:
    other = make.make_patient(session, clock, study, "04-002")
    with pytest.raises(NotFoundError):
        make.make_event(session, clock, other, report)
    with pytest.raises(NotFoundError):
        adverse_events.find_report(session, other, str(report.response_id), report.symptom)


def test_a_report_is_found_by_its_response_and_symptom(
    session: Session, patient: Patient, report: SymptomReport
) -> None:
    found = adverse_events.find_report(session, patient, str(report.response_id), "other")
    assert found is report
    for response, symptom in ((str(report.response_id), "pt009"), ("nonsense", "other")):
        with pytest.raises(NotFoundError):
            adverse_events.find_report(session, patient, response, symptom)


# Versions


def test_each_change_is_a_version_with_who_when_and_why(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    event = make.make_event(session, clock, patient)
    investigator = make.actor_of(session, clock, Role.INVESTIGATOR, patient)
    clock.advance(hours=1)
    change_event(
        session, clock, investigator, event, make.event_facts(grade=3), 1, "The patient called again"
    )
    assert versions(event) == [
        (1, 2, "nurse.04@staff.example"),
        (2, 3, "investigator.04@staff.example"),
    ]
    assert (event.latest.reason, event.latest.recorded_at) == ("The patient called again", clock.now())
    assert event.versions[0].recorded_at < event.latest.recorded_at
    stored = session.scalars(select(AdverseEventVersion).order_by(AdverseEventVersion.number)).all()
    assert [each.grade for each in stored] == [2, 3]


@pytest.mark.threat("E1")
def test_the_trail_tells_of_every_version(session: Session, clock: SteppedClock, patient: Patient) -> None:
    event = make.sign(session, clock, make.decide(session, clock, make.make_event(session, clock, patient)))
    entries = session.scalars(select(AuditEntry).where(AuditEntry.chain == f"patient:{event.patient_id}"))
    told = [(each.action, each.entity) for each in entries]
    assert told.count(("create", "adverse_event_version")) == 2
    assert told.count(("create", "event_signature")) == 1
    assert verify(session) == []


def test_who_writes_over_a_version_that_they_have_not_seen_is_told(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    event = make.make_event(session, clock, patient)
    nurse = make.actor_of(session, clock, Role.NURSE, patient)
    change_event(session, clock, nurse, event, make.event_facts(grade=3), 1, "Worse")
    with pytest.raises(RuleError) as refused:
        change_event(session, clock, nurse, event, make.event_facts(grade=1), 1, "Better")
    assert (refused.value.field, refused.value.rule) == ("event", "changed_meanwhile")
    investigator = make.actor_of(session, clock, Role.INVESTIGATOR, patient)
    with pytest.raises(RuleError, match="changed meanwhile"):
        decide_event(session, clock, investigator, event, make.decision(clock), 1)
    assert event.latest_number == 2


@pytest.mark.parametrize(
    ("changes", "reason", "rule"),
    [
        ({"grade": 3}, " ", "no_reason"),
        ({}, "Same", "nothing_changed"),
        ({"grade": 3}, "x" * 501, "no_reason"),
    ],
)
def test_a_change_says_what_and_why(
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    changes: dict[str, object],
    reason: str,
    rule: str,
) -> None:
    event = make.make_event(session, clock, patient)
    nurse = make.actor_of(session, clock, Role.NURSE, patient)
    with pytest.raises(RuleError) as refused:
        change_event(session, clock, nurse, event, make.event_facts(**changes), 1, reason)
    assert (refused.value.field, refused.value.rule) == ("reason", rule)
    assert event.latest_number == 1


# Deciding


def test_an_investigator_decides_and_the_facts_stay(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    event = make.decide(session, clock, make.make_event(session, clock, patient), is_serious=True)
    assert (event.status, event.latest_number) == (DECIDED_EVENT, 2)
    latest = event.latest
    assert (latest.is_serious, latest.criteria, latest.causes) == (True, ["hospitalisation"], ["imatinib"])
    assert (latest.term, latest.grade, latest.aware_at) == ("Nausea", 2, clock.now())
    assert event.versions[0].is_serious is None


def test_a_change_after_the_decision_carries_it_on_to_be_made_anew(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    event = make.decide(session, clock, make.make_event(session, clock, patient), is_serious=True)
    nurse = make.actor_of(session, clock, Role.NURSE, patient)
    change_event(session, clock, nurse, event, make.event_facts(grade=3), 2, "Worse")
    assert (event.status, event.latest.is_serious, event.latest.grade) == (DRAFT_EVENT, True, 3)
    investigator = make.actor_of(session, clock, Role.INVESTIGATOR, patient)
    with pytest.raises(RuleError, match="no reason"):
        decide_event(session, clock, investigator, event, make.decision(clock), 3)
    decide_event(session, clock, investigator, event, make.decision(clock), 3, "Home again the same day")
    assert (event.status, event.latest.is_serious, event.latest.criteria) == (DECIDED_EVENT, False, [])


# Access


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [each for each in Role if each is not Role.INVESTIGATOR])
def test_only_an_investigator_decides_and_signs(
    session: Session, clock: SteppedClock, patient: Patient, role: Role
) -> None:
    event, actor = make.make_event(session, clock, patient), make.actor_of(session, clock, role, patient)
    with pytest.raises(AccessDeniedError):
        decide_event(session, clock, actor, event, make.decision(clock), 1)
    make.decide(session, clock, event)
    with pytest.raises(AccessDeniedError):
        adverse_events.sign_event(session, clock, actor, event, 2, "Dr A. Martin", clock.now())
    assert (event.status, event.signatures) == (DECIDED_EVENT, [])


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize(
    "role", [Role.DATA_MANAGER, Role.MONITOR, Role.ANALYST, Role.INSPECTOR, Role.ADMINISTRATOR]
)
def test_only_the_sites_staff_drafts(
    session: Session, clock: SteppedClock, patient: Patient, role: Role
) -> None:
    actor = make.actor_of(session, clock, role, patient)
    with pytest.raises(AccessDeniedError):
        draft_event(session, clock, actor, patient, make.event_facts())
    assert events_of(session, patient) == []


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_staff_neither_drafts_changes_nor_decides(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    elsewhere = make.make_patient(session, clock, study, "01-001")
    event = make.make_event(session, clock, patient)
    investigator = make.actor_of(session, clock, Role.INVESTIGATOR, elsewhere)
    attempts: list[Callable[[], object]] = [
        lambda: draft_event(session, clock, investigator, patient, make.event_facts()),
        lambda: change_event(session, clock, investigator, event, make.event_facts(grade=3), 1, "Worse"),
        lambda: decide_event(session, clock, investigator, event, make.decision(clock), 1),
    ]
    for attempt in attempts:
        with pytest.raises(AccessDeniedError):
            attempt()
    assert [each.latest_number for each in events_of(session, patient)] == [1]


# Signing


@pytest.mark.threat("E8")
def test_a_signature_bears_meaning_name_and_time(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    event = make.decide(session, clock, make.make_event(session, clock, patient))
    assert signature_state(event) is SignatureState.NONE
    signature = make.sign(session, clock, event)
    assert (signature.meaning, signature.name) == ("decided_seriousness_and_causality", "Dr A. Martin")
    assert (signature.account, signature.signed_at) == ("investigator.04@staff.example", clock.now())
    assert (signature.version_number, len(signature.record_sha256)) == (2, 64)
    assert (event.status, signature_state(event)) == (SIGNED_EVENT, SignatureState.VALID)
    session.commit()
    session.expire_all()
    assert signature_state(find_event(session, patient, 1)) is SignatureState.VALID


@pytest.mark.threat("E8")
@pytest.mark.threat("B14")
@pytest.mark.parametrize("age", [None, timedelta(minutes=5, seconds=1), timedelta(seconds=-1)])
def test_signing_needs_the_password_given_just_now(
    session: Session, clock: SteppedClock, patient: Patient, age: timedelta | None
) -> None:
    event = make.decide(session, clock, make.make_event(session, clock, patient))
    investigator = make.actor_of(session, clock, Role.INVESTIGATOR, patient)
    proof = None if age is None else clock.now() - age
    with pytest.raises(RuleError) as refused:
        adverse_events.sign_event(session, clock, investigator, event, 2, "Dr A. Martin", proof)
    assert (refused.value.field, refused.value.rule) == ("password", "reauthenticate")
    assert (event.status, event.signatures) == (DECIDED_EVENT, [])


@pytest.mark.threat("E8")
def test_a_password_of_five_minutes_ago_still_signs_and_a_name_is_needed(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    event = make.decide(session, clock, make.make_event(session, clock, patient))
    investigator, proof = make.actor_of(session, clock, Role.INVESTIGATOR, patient), clock.now()
    clock.advance(minutes=5)
    with pytest.raises(RuleError, match="no name"):
        adverse_events.sign_event(session, clock, investigator, event, 2, "  ", proof)
    adverse_events.sign_event(session, clock, investigator, event, 2, " Dr A. Martin ", proof)
    assert event.signatures[0].name == "Dr A. Martin"


@pytest.mark.threat("E8")
def test_what_is_not_decided_or_signed_already_is_not_signed(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    event = make.make_event(session, clock, patient)
    with pytest.raises(RuleError, match="not decided"):
        make.sign(session, clock, event)
    make.sign(session, clock, make.decide(session, clock, event))
    with pytest.raises(RuleError, match="not decided"):
        make.sign(session, clock, event)
    assert len(event.signatures) == 1


@pytest.mark.threat("E8")
def test_a_later_version_makes_the_signature_visibly_not_valid_until_signed_anew(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    event = make.decide(session, clock, make.make_event(session, clock, patient))
    make.sign(session, clock, event)
    nurse = make.actor_of(session, clock, Role.NURSE, patient)
    change_event(session, clock, nurse, event, make.event_facts(grade=3), 2, "Worse")
    assert signature_state(event) is SignatureState.OUTDATED
    investigator = make.actor_of(session, clock, Role.INVESTIGATOR, patient)
    decide_event(session, clock, investigator, event, make.decision(clock), 3, "Looked at again")
    assert signature_state(event) is SignatureState.OUTDATED
    make.sign(session, clock, event)
    assert signature_state(event) is SignatureState.VALID
    assert [each.version_number for each in event.signatures] == [2, 4]
