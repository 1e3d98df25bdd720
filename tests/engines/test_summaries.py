"""One row a patient on all engines: the summaries of symptoms, as the published software has them."""

from __future__ import annotations

from typing import Any

import pytest

import scoring
from scoring.proctcae_summary import SummaryKind
from tests.engines.frames import Engine, Rows
from tests.scoring.proctcae_cases import read_numbers
from tests.scoring.published import are_equal
from tests.scoring.test_proctcae_summary import PUBLISHED

ITEM = "PROCTCAE_16A_SCL"


def summarised(engine: Engine, frame: Any, kind: SummaryKind) -> Rows:
    result = scoring.symptom_summary(frame, kind)
    assert type(result) is type(frame)
    return engine.rows(result)


@pytest.mark.requirement("SCO-03")
@pytest.mark.parametrize("kind", PUBLISHED)
def test_every_engine_gives_the_published_summary(engine: Engine, kind: SummaryKind) -> None:
    found = summarised(engine, engine.frame(read_numbers("long_scored")), kind)
    expected = read_numbers(PUBLISHED[kind])
    assert [row["id"] for row in found] == [row["id"] for row in expected]
    for row, published in zip(found, expected, strict=True):
        assert row.keys() == published.keys()
        assert [name for name, cell in published.items() if not are_equal(row[name], cell)] == [], row["id"]


@pytest.mark.requirement("AE-04")
def test_a_graded_frame_is_summarised_without_leaving_its_engine(engine: Engine) -> None:
    patients, pain = [row for row in read_numbers("long_input") if row["id"] in (4, 8)], "PROCTCAE_48_COMP"
    frame = scoring.score_proctcae_frame(engine.frame(patients))
    graded = [row for row in engine.rows(frame) if row["cycle"] > 0 and row[pain] is not None]
    highest = {id_: max(row[pain] for row in graded if row["id"] == id_) for id_ in (4, 8)}
    found = summarised(engine, frame, "max_post_baseline")
    assert {row["id"]: row[pain] for row in found} == highest


def test_patients_come_in_the_order_of_their_ids_whatever_these_are(engine: Engine) -> None:
    visits = [("b", 1, 1), ("c", 1, 2), ("a", 1, 3), ("b", 0, 0), ("a", 0, 0)]
    frame = engine.frame([{"id": id_, "cycle": cycle, ITEM: score} for id_, cycle, score in visits])
    found = {kind: summarised(engine, frame, kind) for kind in PUBLISHED}
    assert [(row["id"], row[ITEM]) for row in found["max_post_baseline"]] == [("a", 3), ("b", 1), ("c", 2)]
    assert [(row["id"], row[ITEM]) for row in found["baseline_adjusted"]] == [("a", 3), ("b", 1)]
    assert [row["id"] for row in found["toxicity_index"]] == ["a", "b", "c"]


@pytest.mark.requirement("SCO-04")
def test_what_is_wrong_in_the_last_rows_is_seen_too(engine: Engine) -> None:
    good: Rows = [{"id": f"p{n}", "cycle": 1, ITEM: 4} for n in range(9)]
    with pytest.raises(scoring.DuplicateCycleError) as twice:
        scoring.symptom_summary(engine.frame([*good, good[0]]), "toxicity_index")
    assert (twice.value.patient, twice.value.cycle) == ("p0", 1)
    with pytest.raises(scoring.KeyColumnError) as nobody:
        scoring.symptom_summary(engine.frame([*good, {**good[0], "id": None}]), "toxicity_index")
    assert nobody.value.column == "id"
    with pytest.raises(scoring.AnswerError) as high:
        scoring.symptom_summary(engine.frame([*good, {"id": "p9", "cycle": 1, ITEM: 5}]), "toxicity_index")
    assert (high.value.item, high.value.value) == (ITEM, 5)
