"""Composite grades of symptoms on all engines, as the published software has them."""

from __future__ import annotations

from typing import Any

import pytest

import scoring
from tests.engines.conftest import LAZY
from tests.engines.frames import Engine, Rows
from tests.scoring.proctcae_cases import EXAMPLES, columns_of, combinations, read_numbers

PAIN = columns_of("FSI")


def graded(engine: Engine, rows: Rows, **options: Any) -> Rows:
    frame = engine.frame(rows)
    result = scoring.score_proctcae_frame(frame, **options)
    assert type(result) is type(frame)
    return engine.rows(result)


@pytest.mark.requirement("AE-04")
@pytest.mark.requirement("SCO-03")
def test_all_179_published_combinations_have_their_grade(engine: Engine) -> None:
    cases = combinations()
    empty = dict.fromkeys(name for letters in EXAMPLES for name in columns_of(letters))
    rows: Rows = [
        {"id": number, **empty, **dict(zip(columns_of(case.attributes), case.codes, strict=True))}
        for number, case in enumerate(cases)
    ]
    found = {row["id"]: row for row in graded(engine, rows)}
    assert len(found) == len(cases) == 179
    for number, (attributes, codes, grade) in enumerate(cases):
        grades = {name: cell for name, cell in found[number].items() if name.endswith("_COMP")}
        expected = dict.fromkeys(grades) | {f"PROCTCAE_{EXAMPLES[attributes]}_COMP": grade}
        assert grades == expected, (attributes, codes)


@pytest.mark.requirement("AE-04")
@pytest.mark.requirement("SCO-03")
def test_the_trial_is_graded_as_by_the_published_software_but_for_what_branching_left_out(
    engine: Engine,
) -> None:
    given, expected = read_numbers("long_input"), read_numbers("long_scored")
    found = {(row["id"], row["cycle"]): row for row in graded(engine, given)}
    assert len(found) == len(expected) == 383
    lost = {PAIN[2]: 0, "PROCTCAE_48_COMP": 0}
    for row in expected:
        mine = found[row["id"], row["cycle"]]
        assert mine.keys() == row.keys()
        for name in (name for name in row if mine[name] != row[name]):
            assert (row[name], mine[PAIN[1]]) == (None, 0), (row["id"], row["cycle"], name)
            lost[name] += 1
    assert lost == {PAIN[2]: 66, "PROCTCAE_48_COMP": 62}


@pytest.mark.requirement("AE-04")
def test_zeros_of_branching_are_written_on_demand(engine: Engine) -> None:
    answers = [(0, None, None), (2, None, None), (2, 1, None), (None, None, 0), (0, 3, None), (None, 0, None)]
    rows: Rows = [{"n": n, **dict(zip(PAIN, codes, strict=True))} for n, codes in enumerate(answers)]
    written = {row["n"]: tuple(row[name] for name in PAIN) for row in graded(engine, rows)}
    after = [(0, 0, 0), (2, None, None), (2, 1, None), (None, None, 0), (0, 3, 0), (None, 0, 0)]
    assert written == dict(enumerate(after))
    left = {row["n"]: tuple(row[name] for name in PAIN) for row in graded(engine, rows, write_zeros=False)}
    assert left == dict(enumerate(answers))


@pytest.mark.requirement("SCO-04")
@pytest.mark.parametrize("engine", LAZY, indirect=True)
def test_a_lazy_engine_gives_no_grade_for_a_bad_value(engine: Engine) -> None:
    answers = [(4, 4, 4), (7, 0, 0), (0, 7, None), (1, 0, 7), (0, 2.5, 1), (-1, 0, None)]
    rows: Rows = [
        {"n": n, "PROCTCAE_16A_SCL": 4, **dict(zip(PAIN, codes, strict=True))}
        for n, codes in enumerate(answers)
    ]
    found = {row["n"]: row for row in graded(engine, rows, write_zeros=False)}
    assert [found[n]["PROCTCAE_48_COMP"] for n in range(len(rows))] == [3, *[None] * 5]
    assert {row["PROCTCAE_16_COMP"] for row in found.values()} == {3}
