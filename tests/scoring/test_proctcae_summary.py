"""One value for each patient over the time of a study, as the published software has it."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any, cast, get_args

import pandas as pd
import polars as pl
import pytest

import scoring
from scoring.proctcae_errors import DuplicateCycleError, KeyColumnError, UnknownColumnError, UnknownKindError
from scoring.proctcae_frame import score_proctcae_frame
from scoring.proctcae_summary import SummaryKind, symptom_summary
from scoring.proctcae_table import load_proctcae
from tests.scoring.proctcae_cases import read_numbers
from tests.scoring.published import are_equal
from tests.scoring.test_frames import KINDS, rows_from

PUBLISHED: dict[SummaryKind, str] = {
    "max_post_baseline": "max_post_bl_expected",
    "baseline_adjusted": "bl_adjusted_expected",
    "toxicity_index": "toxicity_index_expected",
}
ITEM = "PROCTCAE_16A_SCL"
Row = dict[str, Any]


def visits(*scores: tuple[Any, Any, Any]) -> list[Row]:
    return [{"id": patient, "cycle": cycle, ITEM: score} for patient, cycle, score in scores]


def summarised(rows: list[Row], kind: SummaryKind, frame: str = "polars", **options: Any) -> dict[Any, Any]:
    """The value of the one item by patient."""
    found = rows_from(symptom_summary(KINDS[frame](rows), kind, **options))
    return {row[options.get("id", "id")]: row[ITEM] for row in found}


def index_by_definition(scores: list[int]) -> float:
    """Sorted, worst first: each score divided by the product of one plus each score before it."""
    falling = sorted(scores, reverse=True)
    index, product = Fraction(0), 1
    for score in falling:
        index += Fraction(score, product)
        product *= 1 + score
    return float(min(index, falling[0] + Fraction(9999, 10000)))


@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("frame", KINDS)
@pytest.mark.parametrize("kind", PUBLISHED)
def test_the_trial_is_summarised_as_by_the_published_software(kind: SummaryKind, frame: str) -> None:
    given = KINDS[frame](read_numbers("long_scored"))
    summary = symptom_summary(given, kind)
    assert type(summary) is type(given)
    found, expected = rows_from(summary), read_numbers(PUBLISHED[kind])
    assert [row["id"] for row in found] == [row["id"] for row in expected]
    for row, published in zip(found, expected, strict=True):
        assert row.keys() == published.keys()
        differing = [name for name, cell in published.items() if not are_equal(row[name], cell)]
        assert differing == [], row["id"]


def test_columns_stay_in_their_order_and_those_of_presence_are_dropped() -> None:
    rows = [{"PROCTCAE_9_COMP": 3, "arm": "x", "cycle": 1, "PROCTCAE_24A_IND": 1, ITEM: 4, "id": 7}]
    for kind in get_args(SummaryKind):
        found = symptom_summary(pl.DataFrame(rows), kind)
        assert found.columns == ["id", "PROCTCAE_9_COMP", ITEM]
        assert found.dtypes[1:] == [pl.Float64, pl.Float64]


def test_only_what_is_after_baseline_counts_for_the_highest_score() -> None:
    rows = visits((1, 0, 4), (1, 1, 2), (1, 2, 3), (2, 0, 4), (3, 1, None), (4, 5, 0))
    assert summarised(rows, "max_post_baseline") == {1: 3, 3: None, 4: 0}


def test_the_adjusted_score_is_the_highest_one_where_it_is_above_baseline_else_0() -> None:
    rows = visits(
        (1, 0, 1), (1, 1, 2), (1, 2, 0), (2, 0, 2), (2, 1, 2), (3, 0, 3), (3, 1, 2), (4, 0, 0), (4, 1, 1)
    )
    assert summarised(rows, "baseline_adjusted") == {1: 2, 2: 0, 3: 0, 4: 1}


@pytest.mark.parametrize("frame", KINDS)
def test_without_baseline_or_later_score_nothing_is_adjusted(frame: str) -> None:
    rows = visits(
        (1, 0, None), (1, 1, 2), (2, 0, 2), (2, 1, None), (3, 0, 2), (4, 1, 3), (5, 0, 0), (5, 3, 0)
    )
    assert summarised(rows, "baseline_adjusted", frame) == {1: None, 2: None, 3: None, 5: 0}


@pytest.mark.parametrize(
    ("scores", "index"),
    [
        ([0], 0.0),
        ([3], 3.0),
        ([0, 2, 0], 2.0),
        ([1, 1], 1.5),
        ([2, 3], 3.5),
        ([1, 4, 1], 4.3),
        ([4] * 5, 4.9984),
        ([4] * 6, 4.99968),
        ([4] * 7, 4.9999),
        ([1] * 14, 2 - 2**-13),
        ([1] * 15, 1.9999),
    ],
)
def test_the_toxicity_index_is_that_of_its_definition(scores: list[int], index: float) -> None:
    assert index_by_definition(scores) == pytest.approx(index, abs=1e-12, rel=0)
    rows = visits(*((1, cycle, score) for cycle, score in enumerate(scores)))
    assert summarised(rows, "toxicity_index")[1] == pytest.approx(index, abs=1e-12, rel=0)


@pytest.mark.parametrize("frame", KINDS)
def test_the_toxicity_index_takes_every_cycle_and_leaves_out_what_is_missing(frame: str) -> None:
    rows = visits((1, 0, 3), (1, 1, None), (1, 2, 1), (2, 0, None), (2, 1, None), (3, 0, 2))
    found = summarised(rows, "toxicity_index", frame)
    assert found == {1: pytest.approx(3.25, abs=1e-12), 2: None, 3: pytest.approx(2, abs=1e-12)}


def test_the_columns_of_patient_and_cycle_and_the_baseline_may_be_named() -> None:
    rows = [{"who": row["id"], "when": row["cycle"], ITEM: row[ITEM]} for row in visits((1, 1, 1), (1, 2, 3))]
    rows.append({"who": 1, "when": 0, ITEM: 4})
    options: dict[str, Any] = {"id": "who", "cycle": "when", "baseline": 1}
    assert summarised(rows, "max_post_baseline", **options) == {1: 3}
    assert summarised(rows, "baseline_adjusted", **options) == {1: 3}
    assert summarised(rows, "baseline_adjusted", id="who", cycle="when") == {1: 0}


@pytest.mark.parametrize("frame", KINDS)
def test_patients_come_in_the_order_of_their_ids_whatever_these_are(frame: str) -> None:
    rows = visits(("b", 1, 1), ("c", 1, 2), ("a", 1, 3), ("b", 0, 0), ("a", 0, 0))
    assert list(summarised(rows, "max_post_baseline", frame).items()) == [("a", 3), ("b", 1), ("c", 2)]
    assert list(summarised(rows, "baseline_adjusted", frame).items()) == [("a", 3), ("b", 1)]
    assert list(summarised(rows, "toxicity_index", frame)) == ["a", "b", "c"]


def test_zeros_of_branching_count_in_the_summary_of_a_graded_frame() -> None:
    rows = [{"id": 1, "cycle": 0, "PROCTCAE_9A_SCL": 0, "PROCTCAE_9B_SCL": None}]
    rows.append({"id": 1, "cycle": 1, "PROCTCAE_9A_SCL": 2, "PROCTCAE_9B_SCL": 3})
    found = symptom_summary(score_proctcae_frame(pl.DataFrame(rows)), "baseline_adjusted")
    assert found.row(0, named=True) == {
        "id": 1,
        "PROCTCAE_9A_SCL": 2,
        "PROCTCAE_9B_SCL": 3,
        "PROCTCAE_9_COMP": 2,
    }


@pytest.mark.parametrize(("kind", "width"), [("max_post_baseline", 162), ("toxicity_index", 40)])
def test_a_wide_pandas_frame_is_summarised_column_by_column_without_a_warning(
    kind: SummaryKind, width: int
) -> None:
    symptoms = load_proctcae().symptoms.values()
    names = [name for one in symptoms if one.attributes != "P" for name in (*one.columns, one.composite)]
    rows = [
        {"id": n // 3, "cycle": n % 3, **{name: (n + at) % 4 for at, name in enumerate(names[:width])}}
        for n in range(9)
    ]
    found = rows_from(symptom_summary(pd.DataFrame(rows), kind))
    assert {len(row) for row in found} == {width + 1}
    for name in (names[0], names[16], names[width - 1]):
        alone = [{"id": row["id"], "cycle": row["cycle"], name: row[name]} for row in rows]
        expected = rows_from(symptom_summary(pd.DataFrame(alone), kind))
        assert [row[name] for row in found] == [row[name] for row in expected]


def test_the_given_frame_is_left_as_it_was() -> None:
    frame = pd.DataFrame(read_numbers("long_scored"))
    before = frame.copy(deep=True)
    for kind in get_args(SummaryKind):
        symptom_summary(frame, kind)
        pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("kind", PUBLISHED)
def test_a_frame_without_rows_gives_a_summary_without_rows(kind: SummaryKind, make: Any) -> None:
    frame = pl.DataFrame(schema={"id": pl.Int64, "cycle": pl.Int64, ITEM: pl.Float64})
    given = frame.to_pandas() if make is pd.DataFrame else frame
    assert rows_from(symptom_summary(given, kind)) == []


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("frame", KINDS)
@pytest.mark.parametrize("kind", PUBLISHED)
def test_two_rows_of_a_patient_in_a_cycle_are_refused_with_both_named(kind: SummaryKind, frame: str) -> None:
    rows = visits(("p2", 0, 1), ("p9", 4, 1), ("p2", 3, 1), ("p9", 4, 2), ("p2", 3, None), ("p3", 3, 1))
    with pytest.raises(DuplicateCycleError) as caught:
        summarised(rows, kind, frame)
    error = caught.value
    assert (error.id_column, error.patient, error.cycle_column, error.cycle) == ("id", "p2", "cycle", 3)
    assert str(error) == "more than one row has id 'p2' and cycle 3"


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("frame", KINDS)
@pytest.mark.parametrize(
    ("column", "score", "highest"), [(ITEM, 5, 4), (ITEM, -1, 4), ("PROCTCAE_9_COMP", 4, 3)]
)
def test_a_value_that_is_no_score_is_refused(column: str, score: int, highest: int, frame: str) -> None:
    rows = [{"id": n, "cycle": 1, ITEM: 0, "PROCTCAE_9_COMP": 0} for n in range(3)]
    rows[1][column] = score
    with pytest.raises(scoring.AnswerError) as caught:
        symptom_summary(KINDS[frame](rows), "toxicity_index")
    error = caught.value
    assert (error.item, error.value, error.expected) == (column, score, tuple(range(highest + 1)))
    assert error.row == (None if frame in ("polars lazy", "duckdb") else 2)


@pytest.mark.requirement("SCO-04")
def test_a_column_of_text_is_refused() -> None:
    rows = visits((1, 0, "2"))
    with pytest.raises(scoring.AnswerError, match=f"row 1, column {ITEM}: '2'"):
        summarised(rows, "toxicity_index")
    with pytest.raises(scoring.ColumnTypeError, match=ITEM):
        summarised(rows, "toxicity_index", "polars lazy")


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("frame", KINDS)
@pytest.mark.parametrize("column", ["id", "cycle"])
def test_a_row_of_no_patient_or_cycle_is_refused(column: str, frame: str) -> None:
    rows = visits((1, 0, 1), (2, 1, 1))
    rows[1][column] = None
    with pytest.raises(KeyColumnError) as caught:
        summarised(rows, "max_post_baseline", frame)
    assert (caught.value.column, caught.value.problem) == (column, "a row has no value")
    assert str(caught.value) == f"column {column}: a row has no value"


@pytest.mark.requirement("SCO-04")
def test_cycles_are_numbers() -> None:
    with pytest.raises(KeyColumnError, match="column cycle: String are no numbers of cycles"):
        summarised(visits((1, "0", 1)), "max_post_baseline")


@pytest.mark.requirement("SCO-04")
def test_missing_and_unknown_columns_are_named() -> None:
    with pytest.raises(scoring.MissingColumnError) as caught:
        symptom_summary(pl.DataFrame({ITEM: [1]}), "toxicity_index", id="who", cycle="when")
    assert caught.value.columns == ("who", "when")
    for rows in ([{"id": 1, "cycle": 1}], [{"id": 1, "cycle": 1, "PROCTCAE_24A_IND": 1}]):
        with pytest.raises(scoring.MissingColumnError) as caught:
            symptom_summary(pl.DataFrame(rows), "toxicity_index")
        assert caught.value.columns == ("PROCTCAE_<number><A|B|C>_SCL",)
    with pytest.raises(UnknownColumnError, match="PROCTCAE_16C_SCL"):
        symptom_summary(pl.DataFrame([{"id": 1, "cycle": 1, "PROCTCAE_16C_SCL": 1}]), "toxicity_index")


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnknownKindError) as caught:
        summarised(visits((1, 0, 1)), cast("SummaryKind", "max"))
    assert (caught.value.kind, caught.value.known) == ("max", get_args(SummaryKind))
    assert str(caught.value) == "'max' is not one of max_post_baseline, baseline_adjusted, toxicity_index"


def test_errors_keep_their_data_on_the_way_between_processes() -> None:
    errors = [
        DuplicateCycleError("id", 3, "cycle", 4),
        KeyColumnError("id", "a row has no value"),
        UnknownKindError("x", ("y",)),
    ]
    for error in errors:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
        assert isinstance(error, scoring.ScoringError)
