"""What the scored table tells of a patient's way: treatment, absences, visits besides the schedule, moves."""

import csv
import io
from datetime import date, timedelta
from random import Random
from typing import Any

import pandas as pd
import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import WARD, Patient, Study
from app.services import studies
from app.services.access import Actor, Role, load_actor
from app.services.counts import study_counts, visit_counts
from app.services.errors import RuleError
from app.services.exports.files import build_export
from app.services.exports.scored import scored_table
from app.services.milestones import undo_milestone
from app.services.missing import Reason, close_forms, record_missing_reason
from app.services.responses import NotAnswerableError
from app.services.transfers import transfer_patient
from app.services.unscheduled import plan_unscheduled_visit
from app.services.visits import GRACE, VisitState, visits_of
from app.services.wrong_patient import reattribute_forms
from tests import factories as make
from tests import sheets
from tests.conftest import NOW

pytestmark = pytest.mark.requirement("EXP-06")
TODAY, DAY = NOW.date(), timedelta(days=1)
STARTS = "starts_on = 2026-01-05\n"


def table_of(session: Session, clock: SteppedClock, study: Study, **options: Any) -> pd.DataFrame:
    """The table as of now, its rows found by patient and visit."""
    definition = studies.definition_in_force(session, study)
    table = scored_table(session, clock, definition, study, **options)
    return table.set_index(["patient", "visit"], drop=False)


def row_of(
    session: Session, clock: SteppedClock, study: Study, visit: str = "BASELINE", patient: str = "04-001"
) -> dict[str, Any]:
    """One row, with None for every kind of missing value."""
    row: Any = table_of(session, clock, study).loc[(patient, visit)]
    return {name: None if pd.isna(value) else value for name, value in row.items()}


def cells_of(session: Session, clock: SteppedClock, study: Study, visit: str) -> dict[str, str]:
    """The cells of the only patient's row as the file holds them."""
    definition = studies.definition_in_force(session, study)
    content = build_export(session, clock, definition, study, with_arm=True).contents
    text = content["GIST-IMA_scored.csv"].decode("utf-8")
    (row,) = (each for each in csv.DictReader(io.StringIO(text)) if each["visit"] == visit)
    return row


def manager_of(session: Session, clock: SteppedClock, study: Study) -> Actor:
    return load_actor(session, clock, make.make_staff(session, clock, Role.DATA_MANAGER, study))


def move(session: Session, clock: SteppedClock, patient: Patient, number: str, on: date) -> None:
    """Moves the patient to another site from a day on."""
    study = make.get_study(session, patient.study_id)
    definition, site = studies.definition_in_force(session, study), make.get_site(session, study, number)
    manager = manager_of(session, clock, study)
    transfer_patient(session, clock, definition, manager, patient, site, on)


@pytest.fixture
def randomised(session: Session, clock: SteppedClock, patient: Patient) -> Patient:
    """A patient who sent the initial form and was randomised today."""
    make.submit(session, clock, make.get_visit(session, patient))
    return make.randomise(session, clock, patient)


# Treatment


@pytest.mark.requirement("VIS-04")
def test_a_form_tells_how_the_patient_was_treated_on_the_day_and_for_how_long(
    session: Session, clock: SteppedClock, study: Study, randomised: Patient
) -> None:
    assert [row_of(session, clock, study)[name] for name in ("treatment_state", "treatment_days")] == [
        "unknown",
        None,
    ]
    make.expose(session, clock, randomised, started_on=TODAY - 40 * DAY)
    visit = make.get_visit(session, randomised, "M3")
    clock.set(visit.opens_at)
    make.submit(session, clock, visit)
    days = (visit.opens_on - TODAY).days + 40
    row = row_of(session, clock, study, "M3")
    assert (row["treatment_state"], row["treatment_days"]) == ("on_imatinib", days)
    cells = cells_of(session, clock, study, "M3")
    assert (cells["treatment_state"], cells["treatment_days"]) == ("on_imatinib", str(days))
    assert row_of(session, clock, study, "M6")["treatment_state"] is None


@pytest.mark.requirement("VIS-04")
def test_a_form_kept_as_partial_tells_its_treatment_and_one_that_is_missing_none(
    session: Session, clock: SteppedClock, study: Study, randomised: Patient
) -> None:
    make.expose(session, clock, randomised, started_on=TODAY)
    visit = make.get_visit(session, randomised, "M3")
    clock.set(visit.opens_at)
    make.answer(session, clock, visit, {"q01": 2})
    opened_on = visit.opens_on
    clock.set(make.get_visit(session, randomised, "M6").closes_at + GRACE)
    assert close_forms(session, clock) == 1
    row = row_of(session, clock, study, "M3")
    assert (row["state"], row["treatment_state"], row["treatment_days"]) == (
        "partial",
        "on_imatinib",
        (opened_on - TODAY).days,
    )
    row = row_of(session, clock, study, "M6")
    assert (row["state"], row["treatment_state"], row["treatment_days"]) == ("missing", None, None)


# Absences


@pytest.mark.requirement("VIS-05")
@pytest.mark.parametrize("reason", Reason)
def test_a_missing_form_tells_its_reason_and_that_there_are_words_but_not_the_words(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, reason: Reason
) -> None:
    visit = make.get_visit(session, patient)
    clock.set(visit.closes_at)
    row = row_of(session, clock, study)
    assert (row["state"], row["missing_reason"], row["missing_text_flag"]) == ("missing", None, 0)
    words = "moved abroad for the winter" if reason is Reason.OTHER else None
    record_missing_reason(session, clock, visit, reason, words)
    row = row_of(session, clock, study)
    assert (row["missing_reason"], row["missing_text_flag"]) == (reason, int(reason is Reason.OTHER))
    cells = cells_of(session, clock, study, "BASELINE")
    assert (cells["missing_reason"], cells["state"]) == (reason, "missing")
    assert cells["missing_text_flag"] == ("1" if reason is Reason.OTHER else "0")
    assert "abroad" not in table_of(session, clock, study).to_csv()


@pytest.mark.requirement("VIS-05")
def test_the_reason_of_a_form_is_told_at_the_visit_that_it_serves_too(
    session: Session, clock: SteppedClock, study: Study, randomised: Patient
) -> None:
    clock.advance(days=80)
    make.milestone(session, clock, randomised, "reintroduction")
    visit = make.get_visit(session, randomised, "M3")
    clock.set(visit.closes_at + GRACE)
    record_missing_reason(session, clock, visit, "forgot")
    found = [row_of(session, clock, study, code) for code in ("M3", "RI0")]
    assert [(each["state"], each["missing_reason"]) for each in found] == [("missing", "forgot")] * 2


@pytest.mark.requirement("VIS-05")
def test_a_form_not_expected_tells_all_that_had_ended_it_by_the_day_due(
    session: Session, clock: SteppedClock, study: Study, randomised: Patient
) -> None:
    make.milestone(session, clock, randomised, "stops-treatment")
    make.milestone(session, clock, randomised, "lost-to-follow-up")
    clock.advance(days=60)
    make.milestone(session, clock, randomised, "stops-questionnaires")
    clock.set(make.get_visit(session, randomised, "M6").opens_at)
    make.milestone(session, clock, randomised, "death")
    reasons = table_of(session, clock, study)["not_expected_reason"].fillna("").droplevel(0)
    assert reasons[["BASELINE", "M3", "M6", "M60"]].to_dict() == {
        "BASELINE": "",
        "M3": "stops-questionnaires",
        "M6": "stops-questionnaires death",
        "M60": "stops-questionnaires death",
    }
    assert cells_of(session, clock, study, "M6")["not_expected_reason"] == "stops-questionnaires death"


@pytest.mark.requirement("VIS-05")
def test_the_end_of_the_study_and_an_event_that_was_undone_are_told_too(
    session: Session, clock: SteppedClock, study: Study, randomised: Patient
) -> None:
    clock.advance(days=20)
    make.milestone(session, clock, randomised, "reintroduction")
    make.make_link(session, clock, randomised, "RI1")
    mistake = next(each for each in randomised.milestones if each.kind == "reintroduction")
    definition = studies.definition_in_force(session, study)
    undo_milestone(session, clock, definition, randomised, mistake.id, "Recorded for the wrong patient")
    ends_on = make.get_visit(session, randomised, "M60").due_on
    text = make.source().replace('version = "1.0"', 'version = "1.1"')
    studies.load_study(session, clock, text.replace(STARTS, f"{STARTS}ends_on = {ends_on}\n"), "ends.toml")
    rows = table_of(session, clock, study).droplevel(0)
    assert rows.loc[["RI1", "M60"], "not_expected_reason"].to_list() == ["undone", "study_end"]
    assert rows.loc[["RI1", "M60"], "expected_flag"].to_list() == [0, 0]
    assert rows.loc["M54", "state"] == "not_yet_expected"


# Visits that another one serves, and those of no schedule


@pytest.mark.requirement("VIS-03")
def test_a_served_visit_names_the_one_whose_form_it_shows(
    session: Session, clock: SteppedClock, study: Study, randomised: Patient
) -> None:
    clock.advance(days=80)
    make.milestone(session, clock, randomised, "reintroduction")
    make.submit(session, clock, make.get_visit(session, randomised, "M3"), {"q01": 3})
    month3, served = (row_of(session, clock, study, code) for code in ("M3", "RI0"))
    assert (month3["served_by"], served["served_by"]) == (None, "M3")
    own = {"visit", "analysis_visit", "anchor", "due_on", "opens_on", "closes_on", "due_months", "served_by"}
    assert {name: served[name] for name in served if name not in own} == {
        name: month3[name] for name in month3 if name not in own
    }
    assert cells_of(session, clock, study, "RI0")["served_by"] == "M3"


@pytest.mark.requirement("VIS-08")
@pytest.mark.parametrize("with_arm", [True, False])
def test_a_visit_besides_the_schedule_is_a_row_once_it_was_filled_in_and_in_no_count(
    session: Session, clock: SteppedClock, study: Study, randomised: Patient, with_arm: bool
) -> None:
    definition = studies.definition_in_force(session, study)
    visits = [plan_unscheduled_visit(session, clock, definition, randomised, ["qlq-c30"]) for _ in range(3)]
    before = study_counts(session, clock, [study.id])
    make.submit(session, clock, visits[0], {"q01": 4})
    make.answer(session, clock, visits[1], {"q01": 3})
    assert set(table_of(session, clock, study).query("unscheduled_flag == 1")["visit"]) == {"U1"}
    clock.set(visits[1].closes_at + GRACE)
    table = table_of(session, clock, study, with_arm=with_arm).droplevel(0)
    rows = table[table["unscheduled_flag"] == 1]
    assert list(rows["visit"]) == ["U1", "U2"]
    assert list(rows["state"]) == ["received", "partial"]
    assert list(rows["q01"]) == [4, 3]
    assert list(rows["expected_flag"]) == [0, 0]
    assert list(rows["anchor"]) == ["unscheduled", "unscheduled"]
    assert rows["analysis_visit"].isna().all()
    assert study_counts(session, clock, [study.id]) == before


@pytest.mark.requirement("AE-03")
def test_a_report_between_visits_is_no_row(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    issued = make.make_personal_link(session, clock, patient)
    make.report(session, clock, issued, {"symptom": "pt009", "pt009a": 2, "onset": "2026-11-20"})
    assert list(table_of(session, clock, study)["visit"]) == ["BASELINE"]


# Another site


@pytest.mark.requirement("VIS-08")
def test_a_form_stays_at_the_site_where_it_was_filled_in(
    session: Session, clock: SteppedClock, study: Study, randomised: Patient
) -> None:
    clock.set(make.get_visit(session, randomised, "M3").opens_at)
    make.submit(session, clock, make.get_visit(session, randomised, "M3"))
    clock.advance(days=30)
    move(session, clock, randomised, "01", clock.now().date())
    clock.set(make.get_visit(session, randomised, "M6").opens_at)
    make.submit(session, clock, make.get_visit(session, randomised, "M6"))
    rows = table_of(session, clock, study).droplevel(0)
    assert set(rows["site"]) == {"01"}
    sites = rows.loc[["BASELINE", "M3", "M6", "M9"], "site_of_form"]
    assert list(sites) == ["04", "04", "01", "01"]
    assert cells_of(session, clock, study, "M3")["site_of_form"] == "04"


@pytest.mark.requirement("VIS-08")
@pytest.mark.threat("D13")
def test_a_move_overseas_changes_no_date_of_what_was_filled_in_before(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    make.get_site(session, study, "01").timezone = "Pacific/Noumea"
    visit = make.get_visit(session, patient)
    # Late in the evening of Paris it is the next day in Nouméa.
    clock.set(NOW.replace(hour=21))
    make.submit(session, clock, visit)
    before = row_of(session, clock, study)
    clock.advance(days=10)
    move(session, clock, patient, "01", clock.now().date())
    after = row_of(session, clock, study)
    assert before["completed_on"] == after["completed_on"] == pd.Timestamp(TODAY)
    assert (before["site_of_form"], after["site_of_form"], after["site"]) == ("04", "04", "01")


@pytest.mark.requirement("VIS-08")
@pytest.mark.requirement("CLI-05")
def test_a_sheet_belongs_to_the_site_of_its_own_date_with_who_helped(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    clock.advance(days=5)
    move(session, clock, patient, "01", clock.now().date() - DAY)
    filled = sheets.sheet(mode="interview", helper="staff", help_kinds=("reading",), completed_on=TODAY)
    sheets.take(session, clock, patient, filled)
    row = row_of(session, clock, study)
    assert (row["site_of_form"], row["site"], row["completed_on"]) == ("04", "01", pd.Timestamp(TODAY))
    assert (row["mode"], row["helper"], row["help_kinds"]) == ("interview", "staff", "reading")


@pytest.mark.requirement("CLI-07")
def test_a_form_filled_in_on_the_ward_says_so(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    visit = make.get_visit(session, patient)
    draft = make.begin_response(session, clock, visit)
    assert row_of(session, clock, study)["place"] is None
    draft.place = WARD
    make.submit(session, clock, visit)
    assert (
        row_of(session, clock, study)["place"]
        == cells_of(session, clock, study, "BASELINE")["place"]
        == "ward"
    )


# Forms of the wrong patient


@pytest.mark.requirement("VIS-08")
@pytest.mark.requirement("AUD-01")
def test_a_void_form_is_in_no_row_and_its_copy_stands_where_it_belongs(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    other = make.make_patient(session, clock, study, "04-002")
    wrong, right = (make.get_visit(session, each) for each in (patient, other))
    make.submit(session, clock, wrong, {"q01": 4})
    manager = manager_of(session, clock, study)
    reattribute_forms(session, clock, manager, wrong, right, "Tablet handed to the wrong patient")
    found = [row_of(session, clock, study, patient=code) for code in ("04-001", "04-002")]
    assert [(each["state"], each["q01"]) for each in found] == [("open", None), ("received", 4)]
    text = table_of(session, clock, study).to_csv()
    assert "void" not in text
    assert "Tablet" not in text


# Denominators


@pytest.mark.requirement("VIS-06")
@pytest.mark.parametrize("seed", range(6))
def test_whatever_happened_the_rows_count_as_the_denominators_do(
    session: Session, clock: SteppedClock, study: Study, seed: int
) -> None:
    chance = Random(seed)
    patients = [make.make_patient(session, clock, study, f"04-{number:03}") for number in range(1, 7)]
    for each in patients:
        make.submit(session, clock, make.get_visit(session, each))
        if chance.random() < 0.8:
            make.randomise(session, clock, each, chance.choice(["interruption", "continuation"]))
    for _ in range(14):
        clock.advance(days=chance.randrange(5, 60))
        happen(session, clock, study, chance, chance.choice(patients))
        agree(session, clock, study)


def happen(session: Session, clock: SteppedClock, study: Study, chance: Random, patient: Patient) -> None:
    """Something that the rules allow, or nothing."""
    session.refresh(patient, ["milestones", "site", "study"])
    definition = studies.definition_in_force(session, study)
    kinds = ["reintroduction", "stops-questionnaires", "death", "consent-withdrawn", "lost-to-follow-up"]
    try:
        match chance.randrange(4):
            case 0:
                make.milestone(session, clock, patient, chance.choice(kinds))
            case 1:
                visit = plan_unscheduled_visit(session, clock, definition, patient, ["qlq-c30"])
                make.submit(session, clock, visit)
            case _:
                for each in visits_of(session, patient):
                    if each.served_by_id is None and each.opens_at <= clock.now() < each.closes_at:
                        form = make.submit if chance.random() < 0.7 else make.begin_response
                        form(session, clock, each)
    except (RuleError, NotAnswerableError):
        session.expire_all()


def agree(session: Session, clock: SteppedClock, study: Study) -> None:
    """Expected and received by visit and arm, summed over the rows, are what the one function counts."""
    table = table_of(session, clock, study)
    planned = table[table["unscheduled_flag"] == 0].reset_index(drop=True)
    planned["received"] = (planned["state"] == VisitState.RECEIVED.value).astype(int)
    planned["arm"] = planned["arm"].fillna("")
    sums = planned.groupby(["visit", "arm"])[["expected_flag", "received"]].sum()
    counted = {
        (each.visit, each.arm or ""): (each.expected, each.received)
        for each in visit_counts(session, clock, study.id)
    }
    assert {key: (int(row.iloc[0]), int(row.iloc[1])) for key, row in sums.iterrows()} == counted
    counts = study_counts(session, clock, [study.id])[study.id]
    assert (int(table["expected_flag"].sum()), counts.patients) == (
        counts.expected,
        table["patient"].nunique(),
    )
