"""score_frame on all engines: one definition of the arithmetic, the same scores to 1e-9."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

import scoring
from tests.engines.conftest import LAZY
from tests.engines.frames import Engine, Rows
from tests.scoring.published import ITEMS, RULES, differing, read_cases

CODES = [*RULES, "SUMMARY"]
RESULTS = [*CODES, *(f"{code}_n" for code in CODES), "items_answered"]
SPOILT = {"FA", "FA_n", "SUMMARY", "SUMMARY_n", "items_answered"}
INTEGER, FLOAT = pa.int32(), pa.float64()


def scored(engine: Engine, rows: Rows, number: pa.DataType) -> dict[str, dict[str, Any]]:
    """The rows by id, their items of one type."""
    frame = engine.frame(rows, **dict.fromkeys(ITEMS, number))
    result = scoring.score_frame(frame)
    assert type(result) is type(frame)
    return {row["id"]: row for row in engine.rows(result)}


def answers_of(id_: str, **changed: Any) -> dict[str, Any]:
    return {"id": id_, **dict.fromkeys(ITEMS, 2)} | changed


@pytest.mark.requirement("SCO-01")
@pytest.mark.requirement("SCO-02")
@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("number", [INTEGER, FLOAT], ids=str)
def test_every_engine_gives_the_published_scores(engine: Engine, number: pa.DataType) -> None:
    instrument, cases = scoring.load_instrument("qlq-c30"), read_cases()
    found = scored(engine, [{"id": case.id, **case.answers} for case in cases], number)
    assert len(found) == len(cases) == 600
    for case in cases:
        row, single = found[case.id], scoring.score_answers(instrument, case.answers)
        assert list(row) == ["id", *ITEMS, *RESULTS]
        assert {item: row[item] for item in ITEMS} == case.answers
        assert differing([row[code] for code in CODES], [case.scores[code] for code in CODES]) == [], case.id
        assert {code: row[f"{code}_n"] for code in CODES} == single.answered
        assert row["items_answered"] == single.items_answered


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("engine", LAZY, indirect=True)
@pytest.mark.parametrize(
    ("number", "values"),
    [(INTEGER, [5, 0, -1, 2**31 - 1]), (FLOAT, [5.0, 0.0, 2.5, -1.0, 1e300, float("inf")])],
    ids=["whole", "float"],
)
def test_a_lazy_engine_gives_no_score_for_a_bad_value(
    engine: Engine, number: pa.DataType, values: list[float]
) -> None:
    bad = [answers_of(str(value), q12=value, q18=value) for value in values]
    found = scored(engine, [answers_of("good"), *bad], number)
    assert None not in found["good"].values()
    for value in values:
        assert {name for name, cell in found[str(value)].items() if cell is None} == SPOILT, value


@pytest.mark.requirement("SCO-02")
def test_nan_is_missing_as_null_is(engine: Engine) -> None:
    nan = float("nan")
    row = scored(engine, [answers_of("it", q09=nan, q19=None, q06=nan)], FLOAT)["it"]
    assert (row["PA"], row["PA_n"], row["SUMMARY"], row["SUMMARY_n"]) == (None, 0, None, 24)
    assert (row["RF2_n"], row["items_answered"]) == (1, 27)
    assert differing([row["RF2"]], [200 / 3]) == []


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("engine", LAZY, indirect=True)
def test_a_lazy_column_of_text_is_refused_before_it_runs(engine: Engine) -> None:
    with pytest.raises(scoring.ColumnTypeError) as caught:
        scoring.score_frame(engine.frame([{"id": "it", **dict.fromkeys(ITEMS, "2")}]))
    assert (caught.value.column, caught.value.dtype) == ("q01", "String")
