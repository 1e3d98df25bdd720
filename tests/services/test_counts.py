"""The denominators: one definition of expected, received and randomised, by visit and arm."""

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Study
from app.services.counts import StudyCounts, VisitCounts, study_counts, visit_counts
from app.services.exports.scored import scored_table
from app.services.studies import definition_in_force
from tests import factories as make

pytestmark = pytest.mark.requirement("VIS-06")
Key = tuple[str, str | None]


def counts(session: Session, clock: SteppedClock, study: Study) -> dict[Key, VisitCounts]:
    return {(each.visit, each.arm): each for each in visit_counts(session, clock, study.id)}


@pytest.fixture
def three(session: Session, clock: SteppedClock, study: Study) -> list[Patient]:
    """Two patients of one arm and one of the other, randomised today."""
    arms = ["interruption", "interruption", "continuation"]
    found = [make.make_patient(session, clock, study, f"04-00{i}") for i in (1, 2, 3)]
    return [make.randomise(session, clock, each, arm) for each, arm in zip(found, arms, strict=True)]


def test_rates_are_received_of_expected_and_of_randomised(
    session: Session, clock: SteppedClock, study: Study, three: list[Patient]
) -> None:
    clock.set(make.get_visit(session, three[0], "M3").opens_at)
    make.submit(session, clock, make.get_visit(session, three[0], "M3"))
    found = counts(session, clock, study)
    assert found["M3", "interruption"] == VisitCounts("M3", "interruption", 2, 2, 1)
    assert found["M3", "continuation"] == VisitCounts("M3", "continuation", 1, 1, 0)
    assert found["M6", "interruption"] == VisitCounts("M6", "interruption", 2, 0, 0)
    assert (found["M3", "interruption"].completion, found["M3", "interruption"].available) == (0.5, 0.5)
    assert (found["M6", "interruption"].completion, found["M6", "interruption"].available) == (None, 0.0)


def test_who_left_is_randomised_and_no_more_expected(
    session: Session, clock: SteppedClock, study: Study, three: list[Patient]
) -> None:
    clock.advance(days=30)
    make.milestone(session, clock, three[1], "death")
    visit = make.get_visit(session, three[0], "M3")
    clock.set(visit.opens_at)
    make.submit(session, clock, visit)
    line = counts(session, clock, study)["M3", "interruption"]
    assert (line.randomised, line.expected, line.received) == (2, 1, 1)
    assert (line.completion, line.available) == (1.0, 0.5)


def test_one_questionnaire_counts_at_both_visits_that_it_serves(
    session: Session, clock: SteppedClock, study: Study, three: list[Patient]
) -> None:
    clock.advance(days=80)
    make.milestone(session, clock, three[0], "reintroduction")
    make.submit(session, clock, make.get_visit(session, three[0], "M3"))
    found = counts(session, clock, study)
    assert (found["RI0", "interruption"].expected, found["RI0", "interruption"].received) == (1, 1)
    assert found["M3", "interruption"].received == 1
    assert ("RI0", "continuation") not in found


def test_before_randomisation_there_is_a_completion_rate_alone(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    make.submit(session, clock, make.get_visit(session, patient))
    (line,) = visit_counts(session, clock, study.id)
    assert line == VisitCounts("BASELINE", None, 0, 1, 1)
    assert (line.completion, line.available) == (1.0, None)


def test_a_report_between_visits_is_in_no_count(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    before = counts(session, clock, study)
    issued = make.make_personal_link(session, clock, patient)
    make.report(session, clock, issued, {"symptom": "pt009", "pt009a": 2, "onset": "2026-11-20"})
    assert counts(session, clock, study) == before
    assert study_counts(session, clock, [study.id]) == {study.id: StudyCounts(1, 1, 0)}


def test_the_study_the_visits_and_the_table_count_alike(
    session: Session, clock: SteppedClock, study: Study, three: list[Patient]
) -> None:
    clock.advance(days=80)
    make.milestone(session, clock, three[0], "reintroduction")
    make.milestone(session, clock, three[1], "stops-questionnaires")
    make.submit(session, clock, make.get_visit(session, three[0], "M3"))
    lines = visit_counts(session, clock, study.id)
    expected, received = sum(each.expected for each in lines), sum(each.received for each in lines)
    assert study_counts(session, clock, [study.id]) == {study.id: StudyCounts(3, expected, received)}
    table = scored_table(session, clock, definition_in_force(session, study), study)
    assert int(table["expected_flag"].sum()) == expected
    assert int((table["state"] == "received").sum()) == received


def test_a_study_without_patients_counts_none(session: Session, clock: SteppedClock, study: Study) -> None:
    assert visit_counts(session, clock, study.id) == []
    assert study_counts(session, clock, [study.id]) == {study.id: StudyCounts()}
