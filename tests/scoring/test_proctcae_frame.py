"""Any frame in, the same kind of frame with composite grades out."""

from __future__ import annotations

import pickle
from itertools import product
from typing import Any, cast

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import scoring
from scoring.proctcae import MISSING, NOT_ASKED, Code, composite_grade
from scoring.proctcae_errors import AttributesError, UnknownColumnError
from scoring.proctcae_frame import score_proctcae_frame
from scoring.proctcae_table import load_proctcae
from tests.scoring.proctcae_cases import EXAMPLES, NAMES, columns_of, combinations, read_numbers
from tests.scoring.test_frames import KINDS, rows_from

EAGER = [pd.DataFrame, pl.DataFrame, pa.Table.from_pylist]
LAZY = ["polars lazy", "duckdb"]
Row = dict[str, Any]
PAIN, CONTROL = ["PROCTCAE_48A_SCL", "PROCTCAE_48B_SCL", "PROCTCAE_48C_SCL"], "PROCTCAE_18_COMP"


def graded(rows: list[Row], kind: str = "polars", **options: bool) -> list[Row]:
    return rows_from(score_proctcae_frame(KINDS[kind](rows), **options))


def plain_grade(attributes: str, answers: tuple[int | None, ...]) -> int | None:
    """The grade of one symptom, told what branching left out."""
    codes: dict[str, Code] = {}
    for at, (letter, answer) in enumerate(zip(attributes, answers, strict=True)):
        absent = NOT_ASKED if 0 in answers[:at] else MISSING
        codes[NAMES[letter]] = absent if answer is None else answer
    return composite_grade(**codes)


@pytest.mark.requirement("AE-04")
@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("kind", KINDS)
def test_all_179_published_combinations_have_their_grade(kind: str) -> None:
    cases = combinations()
    empty = dict.fromkeys(name for letters in EXAMPLES for name in columns_of(letters))
    rows: list[Row] = [{"id": -1, **dict.fromkeys(empty, 0)}]  # shows that all columns hold numbers
    rows += [
        {"id": number, **empty, **dict(zip(columns_of(case.attributes), case.codes, strict=True))}
        for number, case in enumerate(cases)
    ]
    found = {row["id"]: row for row in graded(rows, kind)}
    for number, (attributes, codes, grade) in enumerate(cases):
        grades = {name: cell for name, cell in found[number].items() if name.endswith("_COMP")}
        expected = dict.fromkeys(grades) | {f"PROCTCAE_{EXAMPLES[attributes]}_COMP": grade}
        assert grades == expected, (attributes, codes)


@pytest.mark.requirement("AE-04")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("attributes", EXAMPLES)
def test_every_pattern_of_answers_is_graded_as_one_symptom_alone(attributes: str, kind: str) -> None:
    columns = columns_of(attributes)
    patterns = list(product([4, 3, 2, 1, 0, None], repeat=len(columns)))
    rows: list[Row] = [
        {"n": n, **dict(zip(columns, pattern, strict=True))} for n, pattern in enumerate(patterns)
    ]
    found = {row["n"]: row[f"PROCTCAE_{EXAMPLES[attributes]}_COMP"] for row in graded(rows, kind)}
    assert [found[n] for n in range(len(patterns))] == [plain_grade(attributes, one) for one in patterns]


@pytest.mark.requirement("AE-04")
@pytest.mark.parametrize("kind", KINDS)
def test_the_trial_is_graded_as_by_the_published_software_but_for_what_branching_left_out(kind: str) -> None:
    given, expected = read_numbers("long_input"), read_numbers("long_scored")
    found = {(row["id"], row["cycle"]): row for row in graded(given, kind)}
    lost: dict[str, set[tuple[Any, Any]]] = {name: set() for name in expected[0]}
    for before, row in zip(given, expected, strict=True):
        key = (row["id"], row["cycle"])
        assert found[key].keys() == row.keys()
        for name, cell in row.items():
            if found[key][name] != cell:
                assert cell is None, (key, name)
                lost[name].add(key)
        unasked = before[PAIN[1]] == 0 and before[PAIN[0]] != 0 and before[PAIN[2]] is None
        assert (key in lost[PAIN[2]]) is unasked
        assert (key in lost["PROCTCAE_48_COMP"]) is (unasked and before[PAIN[0]] is not None)
    counts = {name: len(keys) for name, keys in lost.items() if keys}
    assert counts == {PAIN[2]: 66, "PROCTCAE_48_COMP": 62}


@pytest.mark.requirement("AE-04")
def test_interference_not_asked_after_severity_0_counts_as_0() -> None:
    rows = [dict(zip(PAIN, (frequency, 0, None), strict=True)) for frequency in (1, 2, 3, 4, None)]
    found = graded(rows)
    assert [row["PROCTCAE_48_COMP"] for row in found] == [0, 0, 1, 1, None]
    assert [row[PAIN[2]] for row in found] == [0] * 5


@pytest.mark.parametrize("kind", KINDS)
def test_zeros_are_written_only_where_branching_did_not_ask_and_on_demand(kind: str) -> None:
    answers = [(0, None, None), (2, None, None), (2, 1, None), (None, None, 0), (0, 3, None), (None, 0, None)]
    rows: list[Row] = [
        {"n": n, **dict(zip(PAIN, codes, strict=True)), "PROCTCAE_24A_IND": None if n else 1}
        for n, codes in enumerate(answers)
    ]
    written = {row["n"]: row for row in graded(rows, kind)}
    assert [tuple(written[n][name] for name in PAIN) for n in range(6)] == [
        (0, 0, 0),
        (2, None, None),
        (2, 1, None),
        (None, None, 0),
        (0, 3, 0),
        (None, 0, 0),
    ]
    left = {row["n"]: row for row in graded(rows, kind, write_zeros=False)}
    for n, row in enumerate(rows):
        assert {name: left[n][name] for name in row} == row
        assert left[n]["PROCTCAE_48_COMP"] == written[n]["PROCTCAE_48_COMP"]
        assert written[n]["PROCTCAE_24A_IND"] == row["PROCTCAE_24A_IND"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_kind_comes_back_with_grades_after_the_columns_in_order_of_numbers(kind: str) -> None:
    names = ["PROCTCAE_18B_SCL", "PROCTCAE_9B_SCL", "note", "PROCTCAE_9A_SCL", "PROCTCAE_18A_SCL"]
    frame = KINDS[kind]([dict.fromkeys(names, 1) | {"note": "kept"}])
    found = score_proctcae_frame(frame)
    assert type(found) is type(frame)
    (row,) = rows_from(found)
    assert list(row) == [*names, "PROCTCAE_9_COMP", CONTROL]
    assert row["note"] == "kept"


@pytest.mark.requirement("AE-04")
def test_a_symptom_without_all_of_its_columns_has_no_composite() -> None:
    row = {PAIN[0]: 1, PAIN[2]: None, "PROCTCAE_18A_SCL": 0, "PROCTCAE_18B_SCL": None}
    assert graded([row]) == [row | {"PROCTCAE_18B_SCL": 0, CONTROL: 0}]


@pytest.mark.requirement("AE-04")
def test_presence_has_no_composite() -> None:
    row = {"PROCTCAE_24A_IND": 1, "PROCTCAE_16A_SCL": 2}
    assert graded([row]) == [row | {"PROCTCAE_16_COMP": 1}]


def test_all_eighty_symptoms_are_known() -> None:
    symptoms = load_proctcae().symptoms.values()
    (row,) = graded([{name: 1 for symptom in symptoms for name in symptom.columns}])
    assert len(row) == 124 + 59
    assert {row[symptom.composite] for symptom in symptoms if symptom.attributes != "P"} == {1}


def test_rows_stay_in_their_order_and_the_frame_as_it_was() -> None:
    frame = pd.DataFrame(read_numbers("long_input")).set_index(pd.Index(range(383, 0, -1)))
    before = frame.copy(deep=True)
    found = score_proctcae_frame(frame, write_zeros=False)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(found[list(frame.columns)], before)
    written = score_proctcae_frame(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert written["id"].tolist() == before["id"].tolist()


@pytest.mark.parametrize("dtype", [pl.UInt8, pl.Int8, pl.Int64, pl.Float32, pl.Float64, pl.Decimal(3, 0)])
def test_columns_keep_their_type_and_grades_are_floats(dtype: Any) -> None:
    frame = pl.DataFrame({PAIN[0]: [4, 0], PAIN[1]: [4, None], PAIN[2]: [4, None]}).cast(dtype)
    found = score_proctcae_frame(frame)
    assert [found.schema[name] for name in PAIN] == [dtype] * 3
    assert found.schema["PROCTCAE_48_COMP"] == pl.Float64
    assert found.rows() == [(4, 4, 4, 3), (0, 0, 0, 0)]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_null_and_nan_are_both_missing(make: Any) -> None:
    columns = {"PROCTCAE_18A_SCL": np.array([0.0, 3.0, np.nan]), "PROCTCAE_18B_SCL": np.array([np.nan] * 3)}
    found = rows_from(score_proctcae_frame(make(columns)))
    assert [row[CONTROL] for row in found] == [0, None, None]
    assert found[0]["PROCTCAE_18B_SCL"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_without_any_answer_is_graded_as_missing(kind: str) -> None:
    rows: list[Row] = [{"PROCTCAE_18A_SCL": code, "PROCTCAE_18B_SCL": None} for code in (0, 2)]
    found = sorted(graded(rows, kind), key=lambda row: row["PROCTCAE_18A_SCL"])
    assert [(row["PROCTCAE_18B_SCL"], row[CONTROL]) for row in found] == [(0, 0), (None, None)]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_frame_without_rows_gets_its_columns(make: Any) -> None:
    found = score_proctcae_frame(make({name: [] for name in PAIN}))
    assert rows_from(found) == []
    assert list(getattr(found, "column_names", found.columns)) == [*PAIN, "PROCTCAE_48_COMP"]


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("make", EAGER)
@pytest.mark.parametrize("value", [5, -1, 2.5, float("inf"), "2", True])
def test_a_bad_value_is_refused_with_row_and_column(make: Any, value: Any) -> None:
    rows = [{"PROCTCAE_9A_SCL": 1, "PROCTCAE_9B_SCL": cell} for cell in (None, None, value, value)]
    with pytest.raises(scoring.AnswerError) as caught:
        score_proctcae_frame(make(rows))
    error = caught.value
    assert (error.item, error.row, error.value) == ("PROCTCAE_9B_SCL", 3, value)
    assert error.expected == (0, 1, 2, 3, 4)
    assert str(error).startswith("row 3, column PROCTCAE_9B_SCL: ")


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("make", EAGER)
def test_the_first_bad_row_is_named_first_and_in_it_the_first_column(make: Any) -> None:
    rows = [{"PROCTCAE_9A_SCL": a, "PROCTCAE_9B_SCL": b} for a, b in [(1, 4), (2, 5), (7, 6)]]
    with pytest.raises(scoring.AnswerError, match="row 2, column PROCTCAE_9B_SCL: 5 is not one of"):
        score_proctcae_frame(make(rows))
    with pytest.raises(scoring.AnswerError, match="row 1, column PROCTCAE_9A_SCL: 7 is not one of"):
        score_proctcae_frame(make(rows[2:]))


@pytest.mark.requirement("SCO-04")
def test_presence_is_0_or_1() -> None:
    assert graded([{"PROCTCAE_24A_IND": code} for code in (0, 1, None)])[1] == {"PROCTCAE_24A_IND": 1}
    with pytest.raises(scoring.AnswerError, match="row 1, column PROCTCAE_24A_IND: 2 is not one of 0, 1"):
        graded([{"PROCTCAE_24A_IND": 2}])


@pytest.mark.requirement("SCO-04")
def test_a_mixed_column_is_read_value_by_value() -> None:
    frame = pd.DataFrame({"PROCTCAE_16A_SCL": [1, np.int64(4), None, pd.NA, 3.0]}, dtype=object)
    assert score_proctcae_frame(frame)["PROCTCAE_16_COMP"].tolist()[:2] == [1, 3]
    frame.loc[4, "PROCTCAE_16A_SCL"] = "3"
    with pytest.raises(scoring.AnswerError, match="row 5, column PROCTCAE_16A_SCL: '3'"):
        score_proctcae_frame(frame)


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("kind", LAZY)
@pytest.mark.parametrize("codes", [(7, 0, 0), (0, 7, None), (1, 0, 7), (0, 2.5, 1), (-1, 0, None)])
def test_a_lazy_frame_gives_no_grade_for_a_bad_value(kind: str, codes: tuple[Any, ...]) -> None:
    good = dict.fromkeys((*PAIN, "PROCTCAE_16A_SCL"), 4.0)
    bad = good | {name: None if code is None else float(code) for name, code in zip(PAIN, codes, strict=True)}
    rows = {row["n"]: row for row in graded([{"n": 1, **good}, {"n": 2, **bad}], kind)}
    assert (rows[1]["PROCTCAE_48_COMP"], rows[1]["PROCTCAE_16_COMP"]) == (3, 3)
    assert (rows[2]["PROCTCAE_48_COMP"], rows[2]["PROCTCAE_16_COMP"]) == (None, 3)


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("kind", LAZY)
def test_a_lazy_column_of_text_is_refused_before_it_runs(kind: str) -> None:
    with pytest.raises(scoring.ColumnTypeError) as caught:
        score_proctcae_frame(KINDS[kind]([{"PROCTCAE_16A_SCL": "2"}]))
    assert (caught.value.column, caught.value.dtype) == ("PROCTCAE_16A_SCL", "String")


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize(
    "name",
    [
        "proctcae_16a_scl",
        "PROCTCAE_81A_SCL",
        "PROCTCAE_0A_SCL",
        "PROCTCAE_016A_SCL",
        "PROCTCAE_16B_SCL",
        "PROCTCAE_16A_IND",
        "PROCTCAE_24A_SCL",
        "PROCTCAE_24_COMP",
    ],
)
def test_a_column_that_no_symptom_has_is_refused(name: str) -> None:
    with pytest.raises(UnknownColumnError) as caught:
        graded([{"PROCTCAE_9A_SCL": 1, name: 1}])
    assert caught.value.columns == (name,)
    assert str(caught.value) == f"no symptom has the column: {name}"


@pytest.mark.requirement("SCO-04")
def test_a_frame_without_any_column_of_it_is_refused() -> None:
    with pytest.raises(scoring.MissingColumnError) as caught:
        graded([{"id": 1, "score": 2}])
    assert str(caught.value) == "missing column: PROCTCAE_<number><A|B|C>_SCL"


def test_a_column_of_the_caller_is_never_overwritten() -> None:
    with pytest.raises(scoring.TakenColumnError) as caught:
        graded([{"PROCTCAE_9A_SCL": 1, "PROCTCAE_9_COMP": 1}])
    assert caught.value.columns == ("PROCTCAE_9_COMP",)


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(TypeError):
        score_proctcae_frame(cast("pd.DataFrame", [1, 2, 3]))


def test_errors_keep_their_data_on_the_way_between_processes() -> None:
    for error in (AttributesError(("amount", "severity")), UnknownColumnError(("a", "b"))):
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
        assert isinstance(error, scoring.ScoringError)
