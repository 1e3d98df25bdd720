"""Patients: registered, randomised, followed by milestones; a refusal names its field and writes nothing."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Milestone, Patient, Site, Study, Visit
from app.services import patients
from app.services.definition import parse_definition
from app.services.errors import RuleError
from app.services.patients import Registration, next_code, register_patient
from app.services.studies import definition_in_force, find_study
from app.services.visits import visits_of
from tests import factories as make
from tests.conftest import NOW
from tests.live import Live, together

TODAY = NOW.date()
DAY = timedelta(days=1)


@pytest.fixture
def site(session: Session, study: Study) -> Site:
    return make.get_site(session, study)


def register(session: Session, clock: SteppedClock, site: Site, **changes: Any) -> Patient:
    facts: dict[str, Any] = {"code": "04-007", "consent_on": TODAY, "language": "fr"}
    definition = definition_in_force(session, session.get_one(Study, site.study_id))
    return register_patient(session, clock, definition, site, Registration(**(facts | changes)))


def record(session: Session, clock: SteppedClock, patient: Patient, kind: str, on: date = TODAY) -> None:
    make.milestone(session, clock, patient, kind, on)


def refusal(session: Session, act: Callable[[], object]) -> tuple[str, str, dict[str, Any]]:
    """The field, the rule and the facts of a refusal, after which nothing was written."""
    counts = [select(func.count(model.id)) for model in (Patient, Milestone, Visit, AuditEntry)]
    before = [session.scalar(query) for query in counts]
    with pytest.raises(RuleError) as refused:
        act()
    assert not session.new
    assert not session.dirty
    assert [session.scalar(query) for query in counts] == before
    return refused.value.field, refused.value.rule, refused.value.facts


def codes(session: Session, patient: Patient, prefix: str = "") -> list[str]:
    return [visit.code for visit in visits_of(session, patient) if visit.code.startswith(prefix)]


# Registration


@pytest.mark.requirement("CLI-02")
def test_a_registered_patient_has_a_code_a_consent_and_the_initial_visit(
    session: Session, clock: SteppedClock, site: Site
) -> None:
    patient = register(session, clock, site, language="en", consent_on=TODAY - DAY)
    assert (patient.code, patient.language, patient.arm) == ("04-007", "en", None)
    assert (patient.site_id, patient.study_id, patient.registered_at) == (site.id, site.study_id, NOW)
    (consent,) = patient.milestones
    assert (consent.kind, consent.occurred_on, consent.recorded_at) == ("consent", TODAY - DAY, NOW)
    visit = make.get_visit(session, patient)
    assert codes(session, patient) == ["BASELINE"]
    assert (visit.opens_on, visit.closes_on) == (TODAY - DAY, TODAY - DAY + 28 * DAY)
    assert visit.questionnaires == ["qlq-c30"]


@pytest.mark.parametrize(
    "code", ["", "4-007", "04-07", "04-0007", "04 007", "04-00A", "04-007 ", "04-007\n", "٠٤-٠٠٧"]
)
def test_a_code_of_another_shape_is_refused(
    session: Session, clock: SteppedClock, site: Site, code: str
) -> None:
    found = refusal(session, lambda: register(session, clock, site, code=code))
    assert found == ("code", "code_shape", {"code": code, "example": "04-007"})


@pytest.mark.requirement("VIS-01")
def test_other_refusals_of_a_registration(session: Session, clock: SteppedClock, site: Site) -> None:
    register(session, clock, site, code="04-001")
    starts_on = date(2026, 1, 5)
    cases: list[tuple[dict[str, Any], tuple[str, str, dict[str, Any]]]] = [
        ({"code": "03-007"}, ("code", "code_of_other_site", {"code": "03-007", "site": "04"})),
        ({"code": "04-001"}, ("code", "code_taken", {"code": "04-001"})),
        (
            {"consent_on": starts_on - DAY},
            ("consent_on", "before_study", {"day": starts_on - DAY, "starts_on": starts_on}),
        ),
        (
            {"consent_on": TODAY + DAY},
            ("consent_on", "in_future", {"day": TODAY + DAY, "today": TODAY}),
        ),
        ({"language": "de"}, ("language", "unknown_language", {"language": "de"})),
    ]
    for changes, expected in cases:
        found = refusal(session, lambda changes=changes: register(session, clock, site, **changes))  # type: ignore[misc]
        assert found == expected
    assert register(session, clock, site, consent_on=starts_on).code == "04-007"


@pytest.mark.requirement("VIS-01")
def test_a_site_that_does_not_recruit_yet_registers_nobody(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    site = make.get_site(session, study, "05")
    found = refusal(session, lambda: register(session, clock, site, code="05-001"))
    assert found == ("site", "not_recruiting", {"site": "Institut Paoli Calmettes"})
    site.recruiting = True
    assert register(session, clock, site, code="05-001").code == "05-001"


@pytest.mark.threat("D14")
@pytest.mark.parametrize(
    ("zone", "instant", "today"),
    [
        ("Europe/Paris", datetime(2026, 11, 23, 22, 59, tzinfo=UTC), date(2026, 11, 23)),
        ("Europe/Paris", datetime(2026, 11, 23, 23, 1, tzinfo=UTC), date(2026, 11, 24)),
        ("Indian/Reunion", datetime(2026, 11, 23, 19, 59, tzinfo=UTC), date(2026, 11, 23)),
        ("Indian/Reunion", datetime(2026, 11, 23, 20, 1, tzinfo=UTC), date(2026, 11, 24)),
        ("America/Guadeloupe", datetime(2026, 11, 24, 3, 59, tzinfo=UTC), date(2026, 11, 23)),
        ("America/Guadeloupe", datetime(2026, 11, 24, 4, 1, tzinfo=UTC), date(2026, 11, 24)),
    ],
)
def test_today_is_the_day_of_the_site(
    session: Session, clock: SteppedClock, site: Site, zone: str, instant: datetime, today: date
) -> None:
    site.timezone = zone
    clock.set(instant)
    session.flush()
    found = refusal(session, lambda: register(session, clock, site, consent_on=today + DAY))
    assert found == ("consent_on", "in_future", {"day": today + DAY, "today": today})
    patient = register(session, clock, site, consent_on=today)
    assert make.get_visit(session, patient).opens_at <= instant


def test_the_next_code_follows_the_highest_of_the_site(
    session: Session, clock: SteppedClock, study: Study, site: Site
) -> None:
    assert next_code(session, site) == "04-001"
    for code in ("04-002", "04-009", "03-050"):
        make.make_patient(session, clock, study, code)
    assert next_code(session, site) == "04-010"


# Randomisation


@pytest.mark.requirement("VIS-02")
@pytest.mark.parametrize("arm", ["interruption", "continuation"])
def test_randomisation_computes_the_visits_of_both_arms(
    session: Session, clock: SteppedClock, patient: Patient, arm: str
) -> None:
    make.randomise(session, clock, patient, arm)
    assert (patient.arm, patient.arm_disclosed_at) == (arm, NOW)
    months = [*range(3, 25, 3), *range(30, 61, 6)]
    assert codes(session, patient) == ["BASELINE", *(f"M{month}" for month in months)]
    assert make.get_visit(session, patient, "M6").due_on == date(2027, 5, 23)
    milestone = patient.milestones[-1]
    assert (milestone.kind, milestone.occurred_on) == ("randomisation", TODAY)
    assert milestone.remark == "Initial visit on paper"


@pytest.mark.requirement("DAT-01")
@pytest.mark.parametrize(
    ("remark", "rule"),
    [("Ms X, born 12/03/1954", "birth_date"), ("Paper, 2 54 03 75 123 456", "national_number")],
)
def test_a_remark_identifies_nobody(
    session: Session, clock: SteppedClock, patient: Patient, remark: str, rule: str
) -> None:
    found = refusal(session, lambda: make.randomise(session, clock, patient, remark=remark))
    assert found == ("remark", rule, {})


def test_a_completed_baseline_needs_no_remark(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    make.answer(session, clock, make.get_visit(session, patient), {"q01": 1})
    assert not patients.has_completed_baseline(session, patient)
    found = refusal(session, lambda: make.randomise(session, clock, patient, remark=None))
    assert found == ("remark", "no_baseline", {"code": "04-001"})
    assert refusal(session, lambda: make.randomise(session, clock, patient, remark=""))[1] == "no_baseline"
    make.submit(session, clock, make.get_visit(session, patient))
    assert patients.has_completed_baseline(session, patient)
    make.randomise(session, clock, patient, remark=None)
    assert patient.milestones[-1].remark is None


def test_the_baseline_of_another_patient_is_none(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    other = make.make_patient(session, clock, study, "04-002")
    make.submit(session, clock, make.get_visit(session, other))
    assert not patients.has_completed_baseline(session, patient)


@pytest.mark.requirement("VIS-07")
def test_refusals_of_a_randomisation(session: Session, clock: SteppedClock, study: Study) -> None:
    patient = make.make_patient(session, clock, study, consent_on=TODAY - DAY)
    found = refusal(session, lambda: make.randomise(session, clock, patient, "placebo"))
    assert found == ("arm", "unknown_arm", {"arm": "placebo", "study": "GIST-IMA"})
    found = refusal(session, lambda: make.randomise(session, clock, patient, on=TODAY - 2 * DAY))
    assert found == (
        "randomised_on",
        "before_consent",
        {"day": TODAY - 2 * DAY, "consent_on": TODAY - DAY},
    )
    found = refusal(session, lambda: make.randomise(session, clock, patient, on=TODAY + DAY))
    assert found[:2] == ("randomised_on", "in_future")
    found = refusal(session, lambda: make.randomise(session, clock, patient, on=date(2026, 1, 4)))
    assert found[:2] == ("randomised_on", "before_study")
    make.randomise(session, clock, patient, on=TODAY - DAY)
    found = refusal(session, lambda: make.randomise(session, clock, patient, "continuation"))
    assert found == ("arm", "already_randomised", {"code": "04-001"})
    assert patient.arm == "interruption"


def test_a_study_without_an_initial_visit_asks_for_none(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    source = make.source().replace('code = "BASELINE"', 'code = "START"')
    definition = parse_definition(source, "without.toml")
    patients.randomise_patient(session, clock, definition, patient, TODAY, "interruption")
    assert patient.arm == "interruption"


# Milestones


@pytest.mark.requirement("VIS-03")
def test_reintroduction_adds_its_visits_and_keeps_the_others(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    make.randomise(session, clock, patient, "interruption")
    before = codes(session, patient, "M")
    clock.advance(days=100)
    record(session, clock, patient, "reintroduction", clock.now().date() - DAY)
    assert codes(session, patient, "M") == before
    months = [1, 3, 6, *range(12, 61, 6)]
    assert codes(session, patient, "RI") == ["RI0", *(f"RI{month}" for month in months)]
    assert make.get_visit(session, patient, "RI0").due_on == clock.now().date() - DAY


@pytest.mark.requirement("VIS-03")
def test_reintroduction_adds_no_visit_in_the_other_arm(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    make.randomise(session, clock, patient, "continuation")
    before = codes(session, patient)
    record(session, clock, patient, "reintroduction")
    assert codes(session, patient) == before
    assert [each.kind for each in patient.milestones] == ["consent", "randomisation", "reintroduction"]


def test_refusals_of_a_milestone(session: Session, clock: SteppedClock, patient: Patient) -> None:
    for kind in ("consent", "randomisation", "holiday", ""):
        found = refusal(session, lambda kind=kind: record(session, clock, patient, kind))  # type: ignore[misc]
        assert found == ("kind", "unknown_milestone", {"kind": kind})
    for day, rule in (
        (TODAY + DAY, "in_future"),
        (TODAY - DAY, "before_consent"),
        (date(2025, 1, 1), "before_study"),
    ):
        found = refusal(session, lambda day=day: record(session, clock, patient, "progression", day))  # type: ignore[misc]
        assert found[:2] == ("occurred_on", rule)


def test_what_happens_once_is_recorded_once_and_what_repeats_often(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    record(session, clock, patient, "death")
    found = refusal(session, lambda: record(session, clock, patient, "death"))
    assert found == ("kind", "milestone_recorded", {"kind": "death"})
    for _ in range(3):
        record(session, clock, patient, "tumour-assessment")
    assert sum(each.kind == "tumour-assessment" for each in patient.milestones) == 3


# Two taps at once


@pytest.mark.threat("D2")
def test_a_double_tap_records_a_milestone_once(live: Live) -> None:
    with live.session() as session:
        patient_id = make.randomise(session, live.clock, live.new_patient(session)).id
        session.commit()

    def tap() -> str:
        with live.session() as session:
            patient = session.get_one(Patient, patient_id)
            session.refresh(patient, ["milestones", "site"])
            try:
                record(session, live.clock, patient, "reintroduction")
            except RuleError as error:
                return error.rule
            session.commit()
            return "recorded"

    assert sorted(together(tap, tap, tap)) == ["milestone_recorded", "milestone_recorded", "recorded"]


@pytest.mark.threat("D2")
def test_nurses_who_leave_the_code_empty_at_once_get_one_each(live: Live) -> None:
    def registering() -> str:
        with live.session() as session:
            site = make.get_site(session, find_study(session, "GIST-IMA"), "02")
            patient = register(session, live.clock, site, code=None)
            session.commit()
            return patient.code

    assert sorted(together(*[registering] * 4)) == ["02-001", "02-002", "02-003", "02-004"]


@pytest.mark.threat("D2")
def test_a_double_tap_registers_and_randomises_once(live: Live) -> None:
    def registering() -> str:
        with live.session() as session:
            site = make.get_site(session, find_study(session, "GIST-IMA"), "03")
            try:
                register(session, live.clock, site, code="03-077")
            except RuleError as error:
                return error.rule
            session.commit()
            return "registered"

    def randomising() -> str:
        with live.session() as session:
            patient = session.scalars(select(Patient).where(Patient.code == "03-077")).one()
            session.refresh(patient, ["milestones", "site"])
            try:
                make.randomise(session, live.clock, patient)
            except RuleError as error:
                return error.rule
            session.commit()
            return "randomised"

    assert sorted(together(*[registering] * 3)) == ["code_taken", "code_taken", "registered"]
    assert sorted(together(*[randomising] * 3)) == ["already_randomised", "already_randomised", "randomised"]
