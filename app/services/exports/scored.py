"""The scored table: one row for every patient and visit of a study, forms that are absent included."""

from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

import scoring
from app.clock import Clock
from app.models import Study
from app.services.definition import BASELINE, StudyDefinition
from app.services.exports.form_query import form_query
from app.services.exports.form_rows import form_rows, row_names
from app.services.exports.variable import Kind
from app.services.exports.variables import variables, visits_of_all_arms
from app.services.sheets import MODES
from app.services.visits import UNSCHEDULED, VisitState

QLQ_C30 = "qlq-c30"
DAYS_IN_MONTH = 30.4375
ORDER = ["patient", "due_on", "visit"]
UNEXPECTED = [VisitState.NOT_YET_EXPECTED.value, VisitState.NOT_EXPECTED.value]
FINAL = [VisitState.RECEIVED.value, VisitState.PARTIAL.value, VisitState.MISSING.value]
# What the table is computed from without showing it.
HIDDEN = {"opens_at": Kind.INSTANT, "closes_at": Kind.INSTANT, "arm_disclosed_at": Kind.INSTANT}


def scored_table(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    study: Study,
    *,
    with_arm: bool = True,
    questionnaire: str = QLQ_C30,
) -> pd.DataFrame:
    """Every form of a questionnaire as it stands now, with answers and scores: a row a patient and visit.

    Columns as in variables.variables, which the codebook explains; sorted by patient, date due and visit.
    Scores are 0-100, not rounded: those stored at sending, or by the same rules for partial forms. Forms
    that can still be sent hold no answers. Visits to come have state "not_yet_expected", expected_flag 0.
    Visits of no schedule are there once somebody filled them in; they are in no denominator.
    Without the arm, visits that tell it are left out too: see variables.visits_of_all_arms.
    """
    instrument = scoring.load_instrument(questionnaire)
    visits = None if with_arm else [visit.code for visit in visits_of_all_arms(definition)]
    now = clock.now()
    query = form_query(study, instrument, visits)
    rows = form_rows(session, query, instrument, now, definition.ends_on)
    frame = pd.DataFrame.from_records(list(rows), columns=row_names(instrument))
    frame = frame.assign(study=study.code, instrument=instrument.code, data_cut=now)
    shown = {each.name: each.kind for each in variables(definition, instrument, with_arm=with_arm)}
    known = {name: _typed(frame[name], kind) for name, kind in (shown | HIDDEN).items() if name in frame}
    made = _dates(known) | _flags(known)
    made["analysis_visit"] = _analysis_visit(known | made)
    known |= {name: _typed(values, shown[name]) for name, values in made.items() if name in shown}
    table = pd.DataFrame({name: known[name] for name in shown})
    return table.sort_values(ORDER, ignore_index=True)


def _typed(values: "pd.Series[Any]", kind: Kind) -> "pd.Series[Any]":
    """The values in the nullable type of their kind."""
    match kind:
        case Kind.TEXT:
            return values.astype("string")
        case Kind.INTEGER:
            return values.astype("Int64")
        case Kind.NUMBER:
            return values.astype("Float64")
        case Kind.DATE:
            return pd.to_datetime(values).astype("datetime64[s]")
        case Kind.INSTANT:
            return pd.to_datetime(values, utc=True).astype("datetime64[us, UTC]")


def _dates(known: dict[str, "pd.Series[Any]"]) -> dict[str, "pd.Series[Any]"]:
    """Days and months of each form since its patient's randomisation."""
    days = _days(known["completed_on"], known["randomised_on"])
    return {
        "due_months": _days(known["due_on"], known["randomised_on"]) / DAYS_IN_MONTH,
        "completed_months": days / DAYS_IN_MONTH,
        "study_day": days + (days >= 0).astype("Int64"),
    }


def _flags(known: dict[str, "pd.Series[Any]"]) -> dict[str, "pd.Series[Any]"]:
    """The 0/1 variables; a comparison with a date or instant that is not there is false."""
    sent, disclosed = known["submitted_at"], known["arm_disclosed_at"]
    # A sheet is taken only with a date in the window, whenever it is typed.
    is_on_paper = sent.notna() & known["mode"].isin(MODES)
    is_unscheduled = known["anchor"] == UNSCHEDULED
    return {
        "unscheduled_flag": is_unscheduled,
        "expected_flag": ~known["state"].isin(UNEXPECTED) & ~is_unscheduled,
        "partial_flag": known["state"] == VisitState.PARTIAL.value,
        "in_window_flag": is_on_paper | (sent >= known["opens_at"]) & (sent < known["closes_at"]),
        "late_flag": (sent >= known["closes_at"]) & ~is_on_paper,
        "baseline_flag": (known["visit"] == BASELINE)
        & sent.notna()
        & (disclosed.isna() | (sent < disclosed))
        & _is_soon_before_randomisation(known),
    }


def _is_soon_before_randomisation(known: dict[str, "pd.Series[Any]"]) -> "pd.Series[Any]":
    """Completed no more days before randomisation than the window has, and not after it; or not known yet."""
    before = _days(known["randomised_on"], known["completed_on"])
    window = _days(known["closes_on"], known["opens_on"])
    return known["randomised_on"].isna() | ((before >= 0) & (before <= window)).fillna(value=False)


def _analysis_visit(known: dict[str, "pd.Series[Any]"]) -> "pd.Series[Any]":
    """The nominal visit where it is final, but for an initial form that does not count as baseline.

    A visit of no schedule stands for none of them.
    """
    is_missing = known["state"] == VisitState.MISSING.value
    counts = (known["visit"] != BASELINE) | known["baseline_flag"] | is_missing
    return known["visit"].where(known["state"].isin(FINAL) & counts & (known["anchor"] != UNSCHEDULED))


def _days(later: "pd.Series[Any]", earlier: "pd.Series[Any]") -> "pd.Series[Any]":
    return (later - earlier).dt.days.astype("Int64")
