"""Times and flags of the scored table, on both sides of each limit."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Study
from app.services import studies
from app.services.exports.scored import scored_table
from tests import corrected, factories

ITEMS = [f"q{number:02}" for number in range(1, 31)]
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def study(session: Session, clock: SteppedClock) -> Study:
    """The first study; its clock stands at a Monday morning in March."""
    clock.set(START)
    return factories.make_study(session, clock)


def row_of(session: Session, clock: SteppedClock, study: Study, code: str = "BASELINE") -> dict[str, Any]:
    """The row of the only patient's visit, with None for every kind of missing value."""
    table = scored_table(session, clock, studies.definition_in_force(session, study), study)
    row: Any = table.set_index("visit").loc[code]
    return {name: None if pd.isna(value) else value for name, value in row.items()}


@pytest.mark.requirement("EXP-06")
def test_times_are_instants_in_utc_and_completion_is_a_local_date_of_the_site(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    patient = factories.make_patient(session, clock, study)
    clock.set(datetime(2026, 3, 10, 23, 15, 4, 250_000, tzinfo=UTC))
    visit = factories.get_visit(session, patient)
    factories.answer(session, clock, visit, dict.fromkeys(ITEMS, 1))
    clock.advance(minutes=50)
    factories.submit(session, clock, visit)
    row = row_of(session, clock, study)
    begun = pd.Timestamp("2026-03-10T23:15:04.250Z")
    assert (row["started_at"], row["completed_at"]) == (begun, begun)
    assert row["submitted_at"] == row["data_cut"] == pd.Timestamp("2026-03-11T00:05:04.250Z")
    # After midnight in Lyon, where clocks are an hour ahead.
    assert row["completed_on"] == pd.Timestamp("2026-03-11")


@pytest.mark.requirement("EXP-06")
@pytest.mark.parametrize(
    ("days", "study_day", "months"), [(-1, -1, -1), (0, 1, 0), (1, 2, 1), (14, 15, 14)], ids=str
)
def test_the_study_day_has_no_day_zero(
    session: Session, clock: SteppedClock, study: Study, days: int, study_day: int, months: int
) -> None:
    patient = factories.make_patient(session, clock, study)
    clock.advance(days=15)
    factories.submit(session, clock, factories.get_visit(session, patient))
    completed_on = clock.now().date()
    clock.advance(days=2)
    factories.randomise(session, clock, patient, on=completed_on - timedelta(days=days))
    row = row_of(session, clock, study)
    assert (row["study_day"], row["completed_months"]) == (study_day, months / 30.4375)


@pytest.mark.requirement("EXP-06")
@pytest.mark.parametrize(
    ("sent_on", "randomised_on", "is_baseline"),
    [
        ("2026-03-10", None, True),
        ("2026-03-10", "2026-03-10", True),
        ("2026-03-02", "2026-03-30", True),
        ("2026-03-02", "2026-03-31", False),
        ("2026-03-10", "2026-03-09", False),
    ],
)
def test_the_initial_form_counts_as_baseline_in_the_28_days_before_randomisation(
    session: Session,
    clock: SteppedClock,
    study: Study,
    sent_on: str,
    randomised_on: str | None,
    is_baseline: bool,
) -> None:
    patient = factories.make_patient(session, clock, study)
    clock.set(datetime.combine(date.fromisoformat(sent_on), START.timetz()))
    factories.submit(session, clock, factories.get_visit(session, patient))
    clock.advance(days=40)
    if randomised_on:
        factories.randomise(session, clock, patient, on=date.fromisoformat(randomised_on))
    row = row_of(session, clock, study)
    assert (row["baseline_flag"], row["in_window_flag"]) == (is_baseline, 1)
    assert row["analysis_visit"] == ("BASELINE" if is_baseline else None)


@pytest.mark.requirement("EXP-06")
@pytest.mark.parametrize(("minutes", "is_baseline"), [(-1, 1), (0, 0), (1, 0)])
def test_a_form_sent_once_the_arm_was_known_is_no_baseline(
    session: Session, clock: SteppedClock, study: Study, minutes: int, is_baseline: int
) -> None:
    patient = factories.make_patient(session, clock, study)
    disclosed_at = clock.now() + timedelta(minutes=5)
    clock.set(disclosed_at)
    factories.randomise(session, clock, patient)
    clock.set(disclosed_at + timedelta(minutes=minutes))
    factories.submit(session, clock, factories.get_visit(session, patient))
    assert row_of(session, clock, study)["baseline_flag"] == is_baseline


@pytest.mark.requirement("EXP-06")
def test_only_the_initial_visit_can_be_baseline_and_only_once_sent(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    patient = factories.make_patient(session, clock, study)
    factories.answer(session, clock, factories.get_visit(session, patient), {"q01": 1})
    factories.randomise(session, clock, patient)
    later = factories.get_visit(session, patient, "M3")
    clock.set(later.opens_at)
    factories.submit(session, clock, later)
    initial = row_of(session, clock, study)
    assert (initial["state"], initial["baseline_flag"], initial["analysis_visit"]) == ("partial", 0, None)
    assert row_of(session, clock, study, "M3")["baseline_flag"] == 0


@pytest.mark.requirement("EXP-06")
@pytest.mark.requirement("SUR-15")
@pytest.mark.parametrize(("seconds", "is_late"), [(-1, 0), (0, 1), (86_399, 1)])
def test_a_form_sent_in_the_grace_is_late(
    session: Session, clock: SteppedClock, study: Study, seconds: int, is_late: int
) -> None:
    visit = factories.get_visit(session, factories.make_patient(session, clock, study))
    clock.set(visit.closes_at - timedelta(hours=1))
    factories.answer(session, clock, visit, {"q01": 1})
    clock.set(visit.closes_at + timedelta(seconds=seconds))
    factories.submit(session, clock, visit)
    row = row_of(session, clock, study)
    assert (row["late_flag"], row["in_window_flag"], row["state"]) == (is_late, 1 - is_late, "received")
    midnight = datetime(2026, 3, 31, tzinfo=ZoneInfo("Europe/Paris"))
    assert visit.closes_at == midnight
    assert row["closes_on"] == pd.Timestamp("2026-03-30")


@pytest.mark.requirement("EXP-06")
def test_a_missing_initial_form_is_missing_from_the_analysis_of_that_visit(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    visit = factories.get_visit(session, factories.make_patient(session, clock, study))
    clock.set(visit.closes_at)
    row = row_of(session, clock, study)
    assert (row["state"], row["baseline_flag"], row["analysis_visit"]) == ("missing", 0, "BASELINE")


@pytest.mark.requirement("EXP-06")
@pytest.mark.requirement("AUD-02")
@pytest.mark.threat("E7")
def test_a_corrected_form_shows_what_stands_and_what_was_sent(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    patient = factories.make_patient(session, clock, study)
    factories.submit(session, clock, factories.get_visit(session, patient), {"q30": None})
    row = row_of(session, clock, study)
    assert (row["corrected_flag"], row["items_as_sent"], row["PF2"]) == (0, None, 100)
    form = corrected.sent_form(session, patient)
    for item, value in (("q01", 2), ("q01", 4), ("q30", 7), ("q29", None)):
        corrected.correct(session, clock, form, item, value)
    row = row_of(session, clock, study)
    assert (row["corrected_flag"], row["state"]) == (1, "received")
    assert row["items_as_sent"] == "q01=1 q29=1 q30="
    assert (row["q01"], row["q29"], row["q30"], row["items_skipped"]) == (4, None, 7, "q29")
    assert (row["PF2"], row["PF2_n"], row["QL2"], row["QL2_n"]) == (pytest.approx(80), 5, 100, 1)
    corrected.correct(session, clock, form, "q01", 1)
    assert row_of(session, clock, study)["PF2"] == 100


@pytest.mark.requirement("EXP-06")
def test_a_correction_changes_the_row_of_its_own_form_only(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    for code in ("04-001", "04-002"):
        patient = factories.make_patient(session, clock, study, code)
        factories.submit(session, clock, factories.get_visit(session, patient))
    corrected.correct(session, clock, corrected.sent_form(session, patient), "q01", 4)
    table = scored_table(session, clock, studies.definition_in_force(session, study), study)
    rows = table[table["visit"] == "BASELINE"].set_index("patient")
    assert list(rows["corrected_flag"]) == [0, 1]
    assert list(rows["PF2"]) == pytest.approx([100, 80])
