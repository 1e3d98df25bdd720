"""Improved, stable, deteriorated; and scores that matter clinically."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import scoring
from scoring.change import change, important, responders
from scoring.errors import OptionError
from tests.scoring.test_frames import KINDS, rows_from
from tests.scoring.test_qlq_c30_structure import THRESHOLDS

RISES = [-10.0, -9.99, -5.0, -4.99, 0.0, 4.99, 5.0, 7.99, 8.0, 9.99, 10.0]


def visits_of(code: str, rises: list[float]) -> list[dict[str, Any]]:
    """A patient for each rise from 50."""
    rows = [
        [{"id": n, "date": 0, code: 50.0}, {"id": n, "date": 1, code: 50 + r}] for n, r in enumerate(rises)
    ]
    return [row for pair in rows for row in pair]


def responses(code: str, rises: list[float], **options: Any) -> list[object]:
    frame = responders(pl.DataFrame(visits_of(code, rises)), **options).filter(pl.col("date") == 1)
    return frame.sort("id")[f"{code}_response"].to_list()


@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("kind", KINDS)
def test_a_fixed_threshold_counts_from_both_sides_in_every_kind_of_frame(kind: str) -> None:
    rows = [*visits_of("QL2", [-10.0, -9.99, 9.99, 10.0]), {"id": 9, "date": 0, "QL2": None}]
    frame = KINDS[kind](rows)
    result = responders(frame, threshold=10)
    assert type(result) is type(frame)
    found = sorted(rows_from(result), key=lambda row: (row["id"], row["date"]))
    expected = ["deteriorated", "stable", "stable", "improved"]
    assert [row["QL2_response"] for row in found if row["date"] == 1] == expected
    assert [row["QL2_response"] for row in found if row["date"] == 0] == ["stable"] * 4 + [None]
    sizes = "improved by 10, deteriorated by 10 points or more since baseline"
    assert {row["QL2_response_by"] for row in found} == {f"{sizes} (tolerance 1e-09); threshold as given"}


def test_the_good_end_comes_from_the_instrument() -> None:
    assert responses("EF", [10.0, -10.0], threshold=10) == ["improved", "deteriorated"]
    assert responses("FA", [10.0, -10.0], threshold=10) == ["deteriorated", "improved"]
    assert responses("SUMMARY", [10.0, -10.0], threshold=10) == ["improved", "deteriorated"]


def test_the_instruments_own_thresholds_differ_by_scale_and_by_direction() -> None:
    assert responses("PF2", [-5.0, -4.9, 1.9, 2.0]) == ["deteriorated", "stable", "stable", "improved"]
    assert responses("FA", [-4.0, -3.9, 4.9, 5.0]) == ["improved", "stable", "stable", "deteriorated"]


def test_a_threshold_may_be_given_by_scale() -> None:
    frame = pl.DataFrame(visits_of("QL2", RISES)).with_columns(FA=pl.col("QL2"))
    result = responders(frame, threshold={"FA": 5})
    assert result.columns == [*frame.columns, "FA_response", "FA_response_by"]
    later = result.filter(pl.col("date") == 1).sort("id")
    assert later["FA_response"].to_list() == ["improved"] * 3 + ["stable"] * 3 + ["deteriorated"] * 5


@pytest.mark.parametrize(
    ("short", "expected"), [(0.9e-9, "improved"), (1e-9, "improved"), (1.1e-9, "stable")]
)
def test_a_change_is_as_large_as_a_threshold_within_the_tolerance(short: float, expected: str) -> None:
    start = 0.0
    frame = pl.DataFrame({"id": [1, 1], "date": [0, 1], "EF": [start, 10 - short], "FA": [start, 10 - short]})
    worse = {"improved": "deteriorated", "stable": "stable"}[expected]
    row = responders(frame, threshold=10).row(1, named=True)
    assert (row["EF_response"], row["FA_response"]) == (expected, worse)


def test_sixths_that_add_up_to_the_threshold_count_as_it() -> None:
    # 66.66666666666667 - 33.333333333333336 is short of 100/3 in floating point.
    frame = pl.DataFrame({"id": [1, 1], "date": [0, 1], "DY": [200 / 3, 100 / 3]})
    assert responders(frame, threshold=100 / 3)["DY_response"].to_list() == ["stable", "improved"]


def test_differences_of_groups_are_not_passed_off_as_those_of_patients() -> None:
    by = responders(pl.DataFrame(visits_of("QL2", [0.0])))["QL2_response_by"][0]
    assert by == (
        "improved by 5, deteriorated by 5 points or more since baseline (tolerance 1e-09); "
        "Cocks K et al. Eur J Cancer 2012;48:1713 (not yet checked against it); "
        "of groups, not meant for single patients"
    )


def test_the_summary_has_no_threshold_of_its_own() -> None:
    frame = pl.DataFrame(visits_of("QL2", [0.0])).with_columns(SUMMARY=pl.col("QL2"))
    assert responders(frame).columns[3:] == ["SUMMARY", "QL2_response", "QL2_response_by"]
    with pytest.raises(OptionError, match="scales: 'SUMMARY' is not one of QL2, PF2"):
        responders(frame, scales=["SUMMARY"])


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("threshold", [0, -5, 100.5, float("nan"), True, "5", {"QL2": 0}])
def test_a_bad_threshold_is_refused(threshold: Any) -> None:
    with pytest.raises(OptionError) as caught:
        responders(pl.DataFrame(visits_of("QL2", [0.0])), threshold=threshold)
    value = threshold["QL2"] if isinstance(threshold, dict) else threshold
    assert str(caught.value) == f"threshold: {value!r} is not a number above 0, at most 100"


def test_the_largest_threshold_is_allowed_and_an_unknown_scale_is_not() -> None:
    assert responses("QL2", [10.0], threshold=100) == ["stable"]
    with pytest.raises(OptionError, match="threshold: 'XX' is not one of QL2"):
        responses("QL2", [10.0], threshold={"XX": 5})


@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("kind", KINDS)
def test_clinical_importance_in_every_kind_of_frame(kind: str) -> None:
    # Four of the five answers can give 83.33: not below the published 83, so not flagged.
    scores = [(82.9, 39.1), (83.0, 39.0), (250 / 3, 100 / 3), (None, None)]
    rows = [{"n": n, "PF2": functioning, "FA": fatigue} for n, (functioning, fatigue) in enumerate(scores)]
    frame = KINDS[kind](rows)
    result = important(frame)
    assert type(result) is type(frame)
    found = sorted(rows_from(result), key=lambda row: int(row["n"]))
    for code in ("PF2", "FA"):
        assert [row[f"{code}_important"] for row in found] == [True, False, False, None]
    source = "Giesinger JM et al. J Clin Epidemiol 2020;118:1-8 (PMID 31639445) (not yet checked against it)"
    assert found[3]["PF2_important_by"] == f"below 83; {source}"
    assert found[0]["FA_important_by"] == f"above 39; {source}"


@pytest.mark.parametrize("code", THRESHOLDS)
def test_each_published_threshold_is_strict(code: str, qlq_c30: scoring.Instrument) -> None:
    cut, worse = THRESHOLDS[code], -1 if qlq_c30.scale(code).better == "higher" else 1
    frame = pl.DataFrame({code: [cut + worse * 2e-9, cut + worse * 0.5e-9, float(cut), cut - worse * 2e-9]})
    assert important(frame)[f"{code}_important"].to_list() == [True, False, False, False]


def test_a_score_at_the_end_of_the_tolerance_still_equals_its_threshold() -> None:
    frame = pl.DataFrame({"PF2": [83 - 1e-9, 83 - 1.1e-9], "FA": [39 + 1e-9, 39 + 1.1e-9]})
    flags = important(frame)
    assert flags["PF2_important"].to_list() == flags["FA_important"].to_list() == [False, True]


def test_what_has_no_threshold_is_left_out_or_refused() -> None:
    frame = pl.DataFrame({"QL2": [10.0], "PA": [30.0]})
    assert important(frame).columns == ["QL2", "PA", "PA_important", "PA_important_by"]
    with pytest.raises(OptionError, match="scales: 'QL2' is not one of PF2"):
        important(frame, scales=["QL2"])
    result = important(frame, threshold={"QL2": 0}).row(0, named=True)
    assert (result["QL2_important"], result["QL2_important_by"]) == (False, "below 0; threshold as given")
    with pytest.raises(OptionError, match="threshold: -1 is not a number from 0, at most 100"):
        important(frame, threshold=-1)


def test_an_instrument_may_be_given_as_read(qlq_c30: scoring.Instrument) -> None:
    frame = pl.DataFrame(visits_of("PA", [10.0]))
    assert important(frame, qlq_c30).equals(important(frame, "qlq-c30"))
    assert change(frame, qlq_c30).equals(change(frame, "qlq-c30"))
    assert responders(frame, qlq_c30).equals(responders(frame, "qlq-c30"))
