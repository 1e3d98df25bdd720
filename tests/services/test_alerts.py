"""Alerts: which responses raise which, who may see and answer them, and what the trail keeps."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Alert, AuditEntry, Patient, Site, Study
from app.services import responses
from app.services.access import AccessDeniedError, Role
from app.services.alerts import (
    acknowledge_alert,
    find_alert,
    open_alerts,
    raise_alerts,
    rule_of,
)
from app.services.audit import verify
from app.services.errors import NotFoundError, RuleError
from app.services.studies import definition_in_force
from tests import alerting
from tests import factories as make

pytestmark = pytest.mark.requirement("ALR-01")
WORST = {"q09": 4, "q19": 4}
COMPOSITE = {"on": '"composite"', "questionnaire": '"symptoms"', "of": '"pt009"', "at_least": 3}


def begin(session: Session, clock: SteppedClock, *rules: str) -> Patient:
    """A patient of the first study with these rules."""
    study = alerting.with_alerts(session, clock, *rules)
    return make.make_patient(session, clock, study)


def raised(session: Session) -> list[tuple[str, float]]:
    return [(each.rule, each.value) for each in session.scalars(select(Alert).order_by(Alert.id))]


def code_of(error: pytest.ExceptionInfo[RuleError]) -> tuple[str, str]:
    return error.value.field, error.value.rule


# Raised


@pytest.mark.parametrize(
    ("rule", "answers", "expected"),
    [
        ({"at_least": 50}, {"q09": 2, "q19": 2}, []),
        ({"at_least": 50}, {"q09": 2, "q19": 3}, [("pain", 50.0)]),
        ({"at_least": 50}, {"q09": 4, "q19": 4}, [("pain", 100.0)]),
        ({"at_least": 50}, {"q09": None, "q19": None}, []),
        ({"of": '"EF"', "at_most": 50}, {f"q{n}": 2 for n in range(21, 25)}, []),
        ({"of": '"EF"', "at_most": 50}, {f"q{n}": 3 for n in range(21, 25)}, [("pain", 33.333333)]),
        ({"on": '"item"', "of": '"q09"', "at_least": 3}, {"q09": 2}, []),
        ({"on": '"item"', "of": '"q09"', "at_least": 3}, {"q09": 3}, [("pain", 3.0)]),
        ({"on": '"item"', "of": '"q09"', "at_least": 3}, {"q09": None}, []),
        ({"on": '"item"', "of": '"q30"', "at_most": 2}, {"q30": 3}, []),
        ({"on": '"item"', "of": '"q30"', "at_most": 2}, {"q30": 2}, [("pain", 2.0)]),
        ({"of": '"SUMMARY"', "at_most": 99}, {}, []),
        ({"enabled": "false"}, WORST, []),
    ],
)
def test_a_response_that_reaches_the_threshold_raises_an_alert(
    session: Session,
    clock: SteppedClock,
    rule: dict[str, Any],
    answers: dict[str, int | None],
    expected: list[tuple[str, float]],
) -> None:
    patient = begin(session, clock, alerting.alert_rule(**rule))
    make.submit(session, clock, make.get_visit(session, patient), answers)
    assert raised(session) == expected


def test_the_shipped_study_raises_none(session: Session, clock: SteppedClock, patient: Patient) -> None:
    make.submit(session, clock, make.get_visit(session, patient), WORST)
    assert raised(session) == []


@pytest.mark.parametrize(
    ("frequency", "severity", "expected"), [(4, 4, [("pain", 3.0)]), (1, 1, []), (0, 0, []), (None, None, [])]
)
def test_a_report_between_visits_raises_them_too(
    session: Session,
    clock: SteppedClock,
    frequency: int | None,
    severity: int | None,
    expected: list[tuple[str, float]],
) -> None:
    text = make.source(with_symptoms=True) + alerting.alert_rule(**COMPOSITE)
    patient = make.make_patient(session, clock, make.load(session, clock, text))
    issued = make.make_personal_link(session, clock, patient)
    make.report(session, clock, issued, {"symptom": "pt009", "pt009a": frequency, "pt009b": severity})
    assert raised(session) == expected


def test_what_was_ruled_out_is_no_answer(session: Session, clock: SteppedClock) -> None:
    low = {"on": '"item"', "questionnaire": '"symptoms"', "of": '"pt009b"', "at_most": 1}
    text = make.source(with_symptoms=True) + alerting.alert_rule(**low)
    patient = make.make_patient(session, clock, make.load(session, clock, text))
    issued = make.make_personal_link(session, clock, patient)
    make.report(session, clock, issued, {"symptom": "pt009", "pt009a": 0})
    assert raised(session) == []
    make.report(session, clock, issued, {"symptom": "pt009", "pt009a": 1, "pt009b": 1})
    assert raised(session) == [("pain", 1.0)]


# Change from baseline


def changed(session: Session, clock: SteppedClock, before: int, after: int, *, baseline_first: bool) -> None:
    """Pain of an initial visit and of the third month, the arm known after the one or before both."""
    worse = alerting.alert_rule("worse", on='"change"', at_least=33)
    better = alerting.alert_rule("better", on='"change"', at_most=-33)
    patient = begin(session, clock, worse, better)
    if not baseline_first:
        make.randomise(session, clock, patient)
        clock.advance(minutes=1)
    make.submit(session, clock, make.get_visit(session, patient), {"q09": before, "q19": before})
    clock.advance(minutes=1)
    if baseline_first:
        make.randomise(session, clock, patient)
    visit = make.get_visit(session, patient, "M3")
    clock.set(visit.opens_at)
    make.submit(session, clock, visit, {"q09": after, "q19": after})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (1, 1, []),
        (1, 2, [("worse", 33.333333)]),
        (1, 4, [("worse", 100.0)]),
        (4, 3, [("better", -33.333333)]),
        (2, 2, []),
    ],
)
def test_a_change_is_counted_from_the_initial_visit_in_its_direction(
    session: Session, clock: SteppedClock, before: int, after: int, expected: list[tuple[str, float]]
) -> None:
    changed(session, clock, before, after, baseline_first=True)
    assert raised(session) == expected


def test_an_initial_visit_sent_once_the_arm_was_known_is_no_baseline(
    session: Session, clock: SteppedClock
) -> None:
    changed(session, clock, 1, 4, baseline_first=False)
    assert raised(session) == []


def test_without_an_initial_visit_nothing_has_changed(session: Session, clock: SteppedClock) -> None:
    patient = begin(session, clock, alerting.alert_rule(on='"change"', at_least=10))
    make.randomise(session, clock, patient)
    visit = make.get_visit(session, patient, "M3")
    clock.set(visit.opens_at)
    make.submit(session, clock, visit, WORST)
    assert raised(session) == []


# What an alert holds


def test_an_alert_keeps_the_rule_as_it_was(session: Session, clock: SteppedClock) -> None:
    patient = begin(session, clock, alerting.alert_rule())
    alert = alerting.answered_with_alert(session, clock, patient)
    assert (alert.definition_version, alert.threshold, alert.is_upwards) == ("1.1", 50, True)
    alerting.with_alerts(
        session, clock, alerting.alert_rule(at_least=75, tells='["investigator"]'), version="1.2"
    )
    rule = rule_of(session, alert)
    assert (rule.threshold, rule.tells) == (50, ("nurse",))
    alerting.with_alerts(session, clock, version="1.3")
    assert rule_of(session, alert).names["en"] == "Rule pain"
    (line,) = open_alerts(session, make.actor_of(session, clock, Role.NURSE, patient))
    assert (line.patient, line.names["fr"], line.visit) == ("04-001", "Règle pain", "BASELINE")


@pytest.mark.requirement("ALR-02")
@pytest.mark.parametrize(
    ("calendar", "sent", "due"),
    [
        # Fridays at 16:00 in Paris; 8 working hours are 9 to 17.
        ("metropole", "2026-11-27 15:00", "2026-11-30 15:00"),
        # 1 May 2026 is a Friday: Thursday's last hour, then Monday.
        ("metropole", "2026-04-30 14:00", "2026-05-04 14:00"),
        # Good Friday is a holiday in Alsace-Moselle alone; Easter Monday everywhere.
        ("metropole", "2026-04-02 14:00", "2026-04-03 14:00"),
        ("alsace-moselle", "2026-04-02 14:00", "2026-04-07 14:00"),
        ("metropole", "2025-12-24 15:00", "2025-12-26 15:00"),
        ("alsace-moselle", "2025-12-24 15:00", "2025-12-29 15:00"),
    ],
)
def test_it_is_due_after_the_working_hours_of_the_site(
    session: Session, clock: SteppedClock, calendar: str, sent: str, due: str
) -> None:
    text = make.source().replace("starts_on = 2026-01-05", "starts_on = 2025-01-05") + alerting.alert_rule()
    clock.set(datetime.fromisoformat(sent).replace(tzinfo=UTC))
    study = make.load(session, clock, text)
    make.get_site(session, study).calendar = calendar
    alert = alerting.answered_with_alert(session, clock, make.make_patient(session, clock, study))
    assert alert.due_at == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_sending_twice_raises_none_twice(session: Session, clock: SteppedClock) -> None:
    patient = begin(session, clock, alerting.alert_rule(), alerting.alert_rule("more", at_least=90))
    visit = make.get_visit(session, patient)
    response = make.submit(session, clock, visit, WORST)
    study = session.get_one(Study, patient.study_id)
    raise_alerts(session, clock, definition_in_force(session, study), [response])
    responses.submit_responses(session, clock, visit)
    assert raised(session) == [("pain", 100.0), ("more", 100.0)]


def test_a_study_without_rules_reads_nothing_more_at_sending(session: Session, clock: SteppedClock) -> None:
    patient = begin(session, clock)
    response = make.submit(session, clock, make.get_visit(session, patient), WORST)
    definition = definition_in_force(session, session.get_one(Study, patient.study_id))
    assert count_queries(session, lambda: raise_alerts(session, clock, definition, [response])) == 0


def count_queries(session: Session, call: Any) -> int:
    statements: list[str] = []
    connection = session.connection()

    def note(*facts: Any) -> None:
        statements.append(facts[2])

    event.listen(connection, "before_cursor_execute", note)
    call()
    event.remove(connection, "before_cursor_execute", note)
    return len([each for each in statements if not each.upper().startswith(("SAVEPOINT", "RELEASE"))])


# Seen


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_open_alerts_are_those_of_the_own_site_the_first_to_escalate_in_front(
    session: Session, clock: SteppedClock
) -> None:
    study = alerting.with_alerts(session, clock, alerting.alert_rule())
    late, soon, elsewhere = (
        make.make_patient(session, clock, study, code) for code in ("04-001", "04-002", "03-001")
    )
    for patient in (soon, elsewhere, late):
        alerting.answered_with_alert(session, clock, patient)
        clock.advance(hours=1)
    lyon = make.actor_of(session, clock, Role.NURSE, late)
    limoges = make.actor_of(session, clock, Role.NURSE, elsewhere)
    manager = make.actor_of(session, clock, Role.DATA_MANAGER, late)
    analyst = make.actor_of(session, clock, Role.ANALYST, late)
    seen = [
        [line.patient for line in open_alerts(session, each)] for each in (lyon, limoges, manager, analyst)
    ]
    assert seen == [["04-002", "04-001"], ["03-001"], ["04-002", "03-001", "04-001"], []]


def test_open_alerts_take_one_query_however_many(session: Session, clock: SteppedClock) -> None:
    study = alerting.with_alerts(
        session, clock, alerting.alert_rule(), alerting.alert_rule("more", at_least=90)
    )
    patients = [make.make_patient(session, clock, study, f"04-{number:03}") for number in range(1, 6)]
    nurse = make.actor_of(session, clock, Role.NURSE, patients[0])
    for patient in patients:
        make.submit(session, clock, make.get_visit(session, patient), WORST)
    assert len(open_alerts(session, nurse)) == 10
    assert count_queries(session, lambda: open_alerts(session, nurse)) == 1


@pytest.mark.requirement("ACC-01")
def test_another_patients_alert_looks_like_none(session: Session, clock: SteppedClock) -> None:
    study = alerting.with_alerts(session, clock, alerting.alert_rule())
    patient, other = (make.make_patient(session, clock, study, code) for code in ("04-001", "04-002"))
    alert = alerting.answered_with_alert(session, clock, patient)
    assert find_alert(session, patient, alert.id).response.visit.code == "BASELINE"
    with pytest.raises(NotFoundError):
        find_alert(session, other, alert.id)


# Answered


@pytest.fixture
def alert(session: Session, clock: SteppedClock) -> Alert:
    """An alert of a patient of Lyon."""
    return alerting.answered_with_alert(session, clock, begin(session, clock, alerting.alert_rule()))


def answer(
    session: Session, clock: SteppedClock, alert: Alert, role: Role = Role.NURSE, /, **facts: str
) -> None:
    patient = session.get_one(Patient, alert.patient_id)
    patient.site = session.get_one(Site, patient.site_id)
    actor = make.actor_of(session, clock, role, patient)
    said = {"action": "called", "note": ""} | facts
    acknowledge_alert(session, clock, actor, patient, alert, **said)


@pytest.mark.requirement("ALR-02")
@pytest.mark.requirement("AUD-01")
@pytest.mark.parametrize(
    ("action", "note"),
    [("called", ""), ("physician_told", "By telephone"), ("no_action", "Known"), ("other", "Letter")],
)
def test_an_answer_says_what_was_done_and_by_whom(
    session: Session, clock: SteppedClock, alert: Alert, action: str, note: str
) -> None:
    clock.advance(hours=2)
    answer(session, clock, alert, action=action, note=f" {note} ")
    assert (alert.state, alert.action, alert.note) == ("acknowledged", action, note or None)
    assert (alert.acknowledged_by, alert.acknowledged_at) == ("nurse.04@staff.example", clock.now())
    assert (
        open_alerts(session, make.actor_of(session, clock, Role.NURSE, alert_patient(session, alert))) == []
    )
    query = select(AuditEntry).where(AuditEntry.entity == "alert").order_by(AuditEntry.sequence)
    created, change = session.scalars(query).all()
    assert (created.action, created.chain) == ("create", f"patient:{alert.patient_id}")
    assert change.changes["action"] == [None, action]
    assert verify(session) == []


def alert_patient(session: Session, alert: Alert) -> Patient:
    return session.get_one(Patient, alert.patient_id)


@pytest.mark.requirement("ALR-02")
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"action": "nothing"}, ("action", "unknown_alert_action")),
        ({"action": "no_action"}, ("note", "no_alert_note")),
        ({"action": "other", "note": "  "}, ("note", "no_alert_note")),
        ({"note": "x" * 501}, ("note", "text_too_long")),
        ({"note": "née le 12/03/1957"}, ("note", "birth_date")),
        ({"note": "2 57 03 69 123 456 78"}, ("note", "national_number")),
    ],
)
def test_an_answer_that_says_nothing_or_too_much_is_refused(
    session: Session, clock: SteppedClock, alert: Alert, facts: dict[str, str], expected: tuple[str, str]
) -> None:
    with pytest.raises(RuleError) as refused:
        answer(session, clock, alert, **facts)
    assert code_of(refused) == expected
    assert alert.is_open


@pytest.mark.requirement("ALR-02")
def test_an_alert_is_answered_once(session: Session, clock: SteppedClock, alert: Alert) -> None:
    answer(session, clock, alert)
    with pytest.raises(RuleError) as refused:
        answer(session, clock, alert, Role.INVESTIGATOR, action="physician_told")
    assert code_of(refused) == ("alert", "already_acknowledged")
    assert refused.value.facts == {"by": "nurse.04@staff.example"}
    assert alert.action == "called"


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [Role.MONITOR, Role.DATA_MANAGER, Role.INSPECTOR, Role.ANALYST])
def test_who_may_only_look_answers_nothing(
    session: Session, clock: SteppedClock, alert: Alert, role: Role
) -> None:
    with pytest.raises(AccessDeniedError):
        answer(session, clock, alert, role)
    assert alert.is_open


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_the_staff_of_another_site_answer_nothing(
    session: Session, clock: SteppedClock, alert: Alert
) -> None:
    patient = alert_patient(session, alert)
    study = make.get_study(session, alert.study_id)
    elsewhere = make.make_patient(session, clock, study, "03-001")
    actor = make.actor_of(session, clock, Role.NURSE, elsewhere)
    with pytest.raises(AccessDeniedError):
        acknowledge_alert(session, clock, actor, patient, alert, "called", "")
    assert alert.is_open
    assert alert.due_at > alert.raised_at + timedelta(hours=8)
