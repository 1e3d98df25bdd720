"""Lists of assignments: shown line by line before anything changes, recorded whole or not; corrections."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Milestone, Patient, Study
from app.services.access import AccessDeniedError, Actor, Role, load_actor
from app.services.allocations import (
    AllocationPreview,
    apply_allocations,
    parse_allocations,
    preview_allocations,
)
from app.services.errors import RuleError
from app.services.randomisation import correct_randomisation
from app.services.studies import definition_in_force
from app.services.visits import visits_of
from tests import factories as make
from tests.conftest import NOW

pytestmark = pytest.mark.requirement("VIS-07")
TODAY, DAY = NOW.date(), timedelta(days=1)
HEADING = "site;patient;arm;randomised_on;remark\n"


@pytest.fixture
def manager(session: Session, clock: SteppedClock, study: Study) -> Actor:
    return load_actor(session, clock, make.make_staff(session, clock, Role.DATA_MANAGER, study))


@pytest.fixture
def nurse(session: Session, clock: SteppedClock, study: Study) -> Actor:
    user = make.make_staff(session, clock, Role.NURSE, study, make.get_site(session, study))
    return load_actor(session, clock, user)


def run(
    session: Session,
    clock: SteppedClock,
    study: Study,
    actor: Actor,
    lines: str,
    act: Any = preview_allocations,
) -> AllocationPreview:
    definition = definition_in_force(session, study)
    return act(session, clock, definition, actor, study, parse_allocations(HEADING + lines))


def faults(preview: AllocationPreview) -> list[tuple[int, str, str]]:
    return [(each.line, each.field, each.rule) for each in preview.faults]


# Reading


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_is_read_as_spreadsheets_write_it(start: str, separator: str, end: str) -> None:
    rows = [
        ["Patient", "Site", "Arm", "Randomised_on"],
        ["04-001", "04", "interruption", "2026-11-23"],
        [""] * 4,
    ]
    text = start + "".join(separator.join(row) + end for row in rows)
    (line,) = parse_allocations(text)
    assert (line.line, line.site, line.patient) == (2, "04", "04-001")
    assert (line.arm, line.randomised_on, line.remark) == ("interruption", "2026-11-23", "")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "list_columns"),
        ("site;patient;arm\n", "list_columns"),
        ("site;patient;arm;randomised_on;name\n", "list_columns"),
        ("site;patient;arm;arm;randomised_on\n", "list_columns"),
        (HEADING, "list_length"),
        (HEADING + "04;04-001;interruption\n", "list_width"),
        (HEADING + "04;04-001;interruption;2026-11-23;x;y\n", "list_width"),
        (HEADING + "04;04-001;interruption;2026-11-23;x\n" * 5001, "list_length"),
    ],
)
def test_a_list_of_another_shape_is_refused(text: str, rule: str) -> None:
    with pytest.raises(RuleError) as refused:
        parse_allocations(text)
    assert (refused.value.field, refused.value.rule) == ("list", rule)


# The preview


def test_the_preview_says_what_will_change_and_writes_nothing(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, manager: Actor
) -> None:
    other = make.randomise(session, clock, make.make_patient(session, clock, study, "03-001"), "continuation")
    lines = f"04;04-001;interruption;{TODAY};On paper\n03;03-001;continuation;{TODAY};\n"
    preview = run(session, clock, study, manager, lines)
    (line,) = preview.randomised
    assert (line.line, line.patient.code, line.arm, line.remark) == (2, "04-001", "interruption", "On paper")
    assert (preview.unchanged, preview.faults) == (("03-001",), ())
    assert (patient.arm, other.arm) == (None, "continuation")
    assert not session.dirty
    assert not session.new


def test_every_fault_is_told_with_its_line(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, manager: Actor
) -> None:
    make.randomise(session, clock, make.make_patient(session, clock, study, "03-001"), "continuation")
    make.make_patient(session, clock, study, "03-002")
    lines = [
        f"99;04-001;interruption;{TODAY};",
        f"04;04-999;interruption;{TODAY};",
        f"04;03-002;interruption;{TODAY};",
        f"03;03-001;interruption;{TODAY};",
        f"03;03-002;placebo;{TODAY};x",
        f"03;03-002;interruption;{TODAY};x",
        "04;04-001;interruption;23/11/2026;",
    ]
    preview = run(session, clock, study, manager, "\n".join(lines))
    assert faults(preview) == [
        (2, "site", "unknown_site"),
        (3, "patient", "unknown_patient"),
        (4, "site", "patient_of_other_site"),
        (5, "arm", "already_randomised"),
        (6, "arm", "unknown_arm"),
        (7, "patient", "listed_twice"),
        (8, "randomised_on", "no_date"),
    ]
    dates = f"04;04-001;interruption;{TODAY};\n".replace(str(TODAY), str(TODAY + DAY))
    assert faults(run(session, clock, study, manager, dates)) == [(2, "randomised_on", "in_future")]
    assert faults(run(session, clock, study, manager, f"04;04-001;interruption;{TODAY};")) == [
        (2, "remark", "no_baseline")
    ]


def test_the_patients_of_others_are_unknown(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, nurse: Actor
) -> None:
    lines = f"04;04-001;interruption;{TODAY};x\n"
    assert faults(run(session, clock, study, nurse, lines)) == [(2, "patient", "unknown_patient")]


# Recording


def test_a_list_is_recorded_whole_and_a_second_time_changes_nothing(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, manager: Actor
) -> None:
    other = make.make_patient(session, clock, study, "03-001")
    lines = f"04;04-001;interruption;{TODAY};x\n03;03-001;continuation;{TODAY};y\n"
    run(session, clock, study, manager, lines, apply_allocations)
    assert (patient.arm, other.arm, patient.arm_disclosed_at) == ("interruption", "continuation", NOW)
    assert len(visits_of(session, other)) == 15
    again = run(session, clock, study, manager, lines, apply_allocations)
    assert (again.randomised, again.unchanged) == ((), ("04-001", "03-001"))


def test_a_list_with_a_fault_records_nothing(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, manager: Actor
) -> None:
    lines = f"04;04-001;interruption;{TODAY};x\n04;04-999;interruption;{TODAY};x\n"
    with pytest.raises(RuleError) as refused:
        run(session, clock, study, manager, lines, apply_allocations)
    assert (refused.value.rule, refused.value.facts) == ("list_faults", {"lines": "3"})
    assert patient.arm is None


# An error of transcription


@pytest.fixture
def randomised(session: Session, clock: SteppedClock, patient: Patient) -> Patient:
    make.randomise(session, clock, patient)
    clock.advance(days=80)
    return make.milestone(session, clock, patient, "reintroduction")


def correct(
    session: Session, clock: SteppedClock, study: Study, actor: Actor, patient: Patient, *facts: object
) -> None:
    definition = definition_in_force(session, study)
    correct_randomisation(session, clock, definition, actor, patient, *facts)  # type: ignore[arg-type]


def test_the_data_manager_corrects_arm_and_date_with_a_reason(
    session: Session, clock: SteppedClock, study: Study, randomised: Patient, manager: Actor
) -> None:
    make.submit(session, clock, make.get_visit(session, randomised, "M3"))
    kept = make.get_visit(session, randomised, "M3").due_on
    former = next(each.id for each in randomised.milestones if each.kind == "randomisation")
    correct(session, clock, study, manager, randomised, "continuation", TODAY + 2 * DAY, "Lines swapped")
    assert randomised.arm == "continuation"
    assert randomised.arm_disclosed_at == NOW
    row = session.get_one(Milestone, former)
    assert (row.undone_at, row.undone_reason) == (clock.now(), "Lines swapped")
    visits = {each.code: each.due_on for each in visits_of(session, randomised)}
    assert not [code for code in visits if code.startswith("RI")]
    assert visits["M3"] == kept
    assert visits["M6"] == make.get_visit(session, randomised, "M6").due_on
    assert (visits["M6"] - kept).days > 85


def test_a_correction_is_refused_to_others_and_without_a_reason_or_a_change(
    session: Session, clock: SteppedClock, study: Study, randomised: Patient, manager: Actor, nurse: Actor
) -> None:
    with pytest.raises(AccessDeniedError):
        correct(session, clock, study, nurse, randomised, "continuation", TODAY, "Mistake")
    for facts, rule in (
        (("continuation", TODAY, " "), "no_reason"),
        (("placebo", TODAY, "Mistake"), "unknown_arm"),
        (("interruption", TODAY, "Mistake"), "nothing_to_correct"),
        (("interruption", TODAY - DAY, "Mistake"), "before_consent"),
        (("interruption", TODAY + 81 * DAY, "Mistake"), "in_future"),
    ):
        with pytest.raises(RuleError) as refused:
            correct(session, clock, study, manager, randomised, *facts)
        assert refused.value.rule == rule
    clock.advance(days=9)
    with pytest.raises(RuleError) as refused:
        correct(session, clock, study, manager, randomised, "interruption", TODAY + 85 * DAY, "Mistake")
    assert refused.value.rule == "milestone_earlier"
    other = make.make_patient(session, clock, study, "04-002")
    with pytest.raises(RuleError, match="not randomised"):
        correct(session, clock, study, manager, other, "continuation", TODAY, "Mistake")
