"""Modules asked after the QLQ-C30: each is one file, which the scorer and its command take as it is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import polars as pl
import pytest

import scoring
from scoring.command.main import main
from tests.scoring.command_runs import ROOT, number, read_csv, start, write_csv
from tests.scoring.published import Answers, differing
from tests.scoring.test_frames import rows_from


class Expected(NamedTuple):
    """A scale as published, and its score for the module's patient, worked out by hand."""

    items: list[int]
    direction: str
    answered: int
    score: Fraction | None


class Module(NamedTuple):
    """`answers`: the codes of a patient from the first item to the last, "-" where there is none."""

    code: str
    first: int
    answers: str
    two_point: range
    scales: dict[str, Expected]

    @property
    def items(self) -> list[str]:
        return [f"q{self.first + place}" for place in range(len(self.answers.split()))]

    @property
    def patient(self) -> Answers:
        codes = (None if code == "-" else int(code) for code in self.answers.split())
        return dict(zip(self.items, codes, strict=True))

    @property
    def results(self) -> list[str]:
        return [*self.scales, *(f"{code}_n" for code in self.scales), "items_answered"]


# A high code is good and gives a high score; is bad and gives a low score; is bad and gives a high score.
GOOD, TURNED, SYMPTOM = "functional", "functional, reversed", "symptom"
BR23 = Module(
    "qlq-br23",
    31,
    "2 1 1 3 4 2 - 1  1 2 - 3  3 2 2 3  2 - -  1 2 1 1",
    range(0),
    {
        "BRBI": Expected([39, 40, 41, 42], TURNED, 3, Fraction(200, 3)),  # raw 6/3
        "BRSEF": Expected([44, 45], GOOD, 2, Fraction(100, 3)),  # raw 4/2
        "BRSEE": Expected([46], GOOD, 1, Fraction(200, 3)),
        "BRFU": Expected([43], TURNED, 1, Fraction(100, 3)),
        "BRST": Expected([31, 32, 33, 34, 36, 37, 38], SYMPTOM, 6, Fraction(200, 9)),  # raw 10/6
        "BRBS": Expected([50, 51, 52, 53], SYMPTOM, 4, Fraction(25, 3)),  # raw 5/4
        "BRAS": Expected([47, 48, 49], SYMPTOM, 1, None),
        "BRHL": Expected([35], SYMPTOM, 1, Fraction(100)),
    },
)
HN35 = Module(
    "qlq-hn35",
    31,
    "2 3 - -  1 1 2 4  4 1 3 2  - 4  1 2 3 1  1 2 3 4  - -  2 - - 3  - -  2 1 - 2 1",
    range(61, 66),
    {
        "HNPA": Expected([31, 32, 33, 34], SYMPTOM, 2, Fraction(50)),  # raw 5/2
        "HNSW": Expected([35, 36, 37, 38], SYMPTOM, 4, Fraction(100, 3)),  # raw 8/4
        "HNSE": Expected([43, 44], SYMPTOM, 1, Fraction(100)),
        "HNSP": Expected([46, 53, 54], SYMPTOM, 1, None),
        "HNSO": Expected([49, 50, 51, 52], SYMPTOM, 4, Fraction(50)),  # raw 10/4
        "HNSC": Expected([48, 55, 56, 57, 58], SYMPTOM, 3, Fraction(100, 3)),  # raw 6/3
        "HNSX": Expected([59, 60], SYMPTOM, 0, None),
        "HNTE": Expected([39], SYMPTOM, 1, Fraction(100)),
        "HNOM": Expected([40], SYMPTOM, 1, Fraction(0)),
        "HNDR": Expected([41], SYMPTOM, 1, Fraction(200, 3)),
        "HNSS": Expected([42], SYMPTOM, 1, Fraction(100, 3)),
        "HNCO": Expected([45], SYMPTOM, 1, Fraction(0)),
        "HNFI": Expected([47], SYMPTOM, 1, Fraction(200, 3)),
        "HNPK": Expected([61], SYMPTOM, 1, Fraction(100)),
        "HNNU": Expected([62], SYMPTOM, 1, Fraction(0)),
        "HNFE": Expected([63], SYMPTOM, 0, None),
        "HNWL": Expected([64], SYMPTOM, 1, Fraction(100)),
        "HNWG": Expected([65], SYMPTOM, 1, Fraction(0)),
    },
)
# Another module is another line here.
MODULES = [BR23, HN35]
KINDS: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "polars lazy": pl.LazyFrame,
}

each_module = pytest.mark.parametrize("module", MODULES, ids=[module.code for module in MODULES])


def expected_scores(module: Module) -> list[float | None]:
    return [None if scale.score is None else float(scale.score) for scale in module.scales.values()]


@pytest.mark.requirement("INS-08")
@each_module
def test_its_items_are_numbered_on_from_the_qlq_c30(module: Module) -> None:
    items = scoring.load_instrument(module.code).items
    assert [item.id for item in items] == module.items
    assert [item.number for item in items] == list(range(31, 31 + len(items)))
    for item in items:
        two = item.number in module.two_point
        assert item.codes == ((1, 2) if two else (1, 2, 3, 4))
        assert item.kind == ("two-point" if two else "four-point")


def test_only_three_items_of_the_qlq_br23_ask_about_four_weeks() -> None:
    recalls = {item.number: item.recall for item in scoring.load_instrument("qlq-br23").items}
    assert {number for number, recall in recalls.items() if recall == "four-weeks"} == {44, 45, 46}
    assert set(recalls.values()) == {"week", "four-weeks"}


@pytest.mark.requirement("INS-08")
@pytest.mark.requirement("SCO-01")
@each_module
def test_its_scales_equal_the_published_table(module: Module) -> None:
    instrument = scoring.load_instrument(module.code)
    assert [scale.code for scale in instrument.scales] == list(module.scales)
    for scale in instrument.scales:
        rule = module.scales[scale.code]
        assert scale.items == tuple(f"q{item}" for item in rule.items)
        assert scale.kind == rule.direction.removesuffix(", reversed")
        assert scale.reversed == (rule.direction == TURNED)
        assert scale.better == ("lower" if rule.direction == SYMPTOM else "higher")
        assert scale.fewest * 2 - len(rule.items) in (0, 1)


@each_module
def test_every_item_is_in_exactly_one_scale(module: Module) -> None:
    used = [item for scale in scoring.load_instrument(module.code).scales for item in scale.items]
    assert sorted(used) == module.items


@each_module
def test_what_was_not_found_published_is_not_there(module: Module) -> None:
    instrument = scoring.load_instrument(module.code)
    assert instrument.summary is None
    assert [scale for scale in instrument.scales if scale.threshold or scale.minimal_change] == []
    assert {"scoring", "qolr", "qolmiss"} <= set(instrument.sources)


@each_module
def test_its_scales_have_names_of_their_own_in_both_languages(module: Module) -> None:
    scales = scoring.load_instrument(module.code).scales
    for language in ("en", "fr"):
        assert len({scale.names[language] for scale in scales}) == len(scales)


@pytest.mark.requirement("INS-08")
@pytest.mark.requirement("SCO-01")
@each_module
def test_a_patient_worked_out_by_hand(module: Module) -> None:
    scores = scoring.score_answers(scoring.load_instrument(module.code), module.patient)
    assert list(scores.values) == list(module.scales)
    assert differing(scores.values.values(), expected_scores(module)) == []
    assert scores.answered == {code: scale.answered for code, scale in module.scales.items()}
    assert scores.items_answered == sum(code is not None for code in module.patient.values())


@pytest.mark.requirement("INS-08")
@pytest.mark.parametrize("kind", KINDS)
@each_module
def test_a_frame_of_it(module: Module, kind: str) -> None:
    rows = [{"id": "nobody", **dict.fromkeys(module.items)}, {"id": "patient", **module.patient}]
    frame = KINDS[kind](rows)
    # A column without any answer has no type of its own.
    typed = frame.astype(dict.fromkeys(module.items, "float64")) if kind == "pandas" else frame
    nobody, patient = rows_from(scoring.score_frame(typed, module.code))
    assert list(patient) == ["id", *module.items, *module.results]
    assert differing([patient[code] for code in module.scales], expected_scores(module)) == []
    assert [patient[f"{code}_n"] for code in module.scales] == [
        scale.answered for scale in module.scales.values()
    ]
    assert {nobody[code] for code in module.scales} == {None}
    assert nobody["items_answered"] == 0


@pytest.mark.requirement("SCO-01")
@each_module
def test_the_ends_of_every_scale(module: Module) -> None:
    instrument = scoring.load_instrument(module.code)
    for scale in instrument.scales:
        turned = module.scales[scale.code].direction == TURNED
        for code, score in [(scale.lowest, 0.0), (scale.highest, 100.0)]:
            values = dict(scoring.score_answers(instrument, dict.fromkeys(scale.items, code)).values)
            assert values.pop(scale.code) == (100.0 - score if turned else score)
            assert set(values.values()) == {None}


@pytest.mark.requirement("SCO-01")
@each_module
def test_half_of_the_items_of_a_scale_are_enough(module: Module) -> None:
    instrument = scoring.load_instrument(module.code)
    for code, scale in module.scales.items():
        half = -(-len(scale.items) // 2)
        answers: Answers = {f"q{item}": 2 for item in scale.items[-half:]}
        full = scoring.score_answers(instrument, {f"q{item}": 2 for item in scale.items})
        assert scoring.score_answers(instrument, answers).values[code] == full.values[code]
        answers[f"q{scale.items[-1]}"] = None
        assert scoring.score_answers(instrument, answers).values[code] is None


@pytest.mark.requirement("INS-08")
def test_an_item_that_depends_on_another_may_be_left_out() -> None:
    instrument = scoring.load_instrument("qlq-br23")
    full = scoring.score_answers(instrument, BR23.patient)
    without = scoring.score_answers(instrument, {**BR23.patient, "q35": None, "q46": None})
    assert without.values == {**full.values, "BRHL": None, "BRSEE": None}
    assert without.items_answered == full.items_answered - 2


def test_an_answer_to_an_item_that_was_not_to_be_asked_is_scored_as_given() -> None:
    answers: Answers = {"q34": 1, "q35": 3, "q45": 1, "q46": 2}
    values = scoring.score_answers(scoring.load_instrument("qlq-br23"), answers).values
    assert differing([values["BRHL"], values["BRSEE"]], [200 / 3, 100 / 3]) == []


@pytest.mark.requirement("INS-08")
@each_module
def test_the_command_scores_a_file_of_it(module: Module, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    rows: list[dict[str, object]] = [
        {"id": "P1", **module.patient},
        {"id": "P2", **dict.fromkeys(module.items, 2)},
    ]
    write_csv(source, rows)
    arguments = start(module.code, source, "-o", target, "--id", "id", "--summary")
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    patient, second = read_csv(target)
    assert list(patient) == ["id", *module.items, *module.results]
    assert differing([number(patient[code]) for code in module.scales], expected_scores(module)) == []
    assert second["items_answered"] == str(len(module.items))
    names = [scale.names["en"] for scale in scoring.load_instrument(module.code).scales]
    assert [name for name in names if name not in done.stdout] == []


@pytest.mark.parametrize(
    ("module", "item", "value"),
    [(BR23, "q31", 0), (BR23, "q53", 5), (HN35, "q60", 5), (HN35, "q61", 3), (HN35, "q65", 0)],
    ids=lambda case: case.code if isinstance(case, Module) else str(case),
)
def test_a_value_that_is_no_code_is_refused(
    module: Module, item: str, value: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    instrument, bad = scoring.load_instrument(module.code), {**module.patient, item: value}
    with pytest.raises(scoring.AnswerError) as single:
        scoring.score_answers(instrument, bad)
    assert (single.value.item, single.value.value) == (item, value)
    with pytest.raises(scoring.AnswerError) as framed:
        scoring.score_frame(pl.DataFrame([module.patient, bad]), instrument)
    assert (framed.value.item, framed.value.row) == (item, 2)
    source = write_csv(tmp_path / "in.csv", [{"id": "P1", **bad}])
    assert main([module.code, str(source), "-o", str(tmp_path / "out.csv")]) == 2
    assert item in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


@each_module
def test_an_item_of_the_qlq_c30_is_none_of_it(module: Module) -> None:
    with pytest.raises(scoring.AnswerError):
        scoring.score_answers(scoring.load_instrument(module.code), {**module.patient, "q30": 5})
