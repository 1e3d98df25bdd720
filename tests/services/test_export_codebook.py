"""The codebook: every column of the table explained, in both languages, without a questionnaire's wording."""

import re
from collections.abc import Iterable

import pandas as pd
import pytest
from sqlalchemy.orm import Session

import scoring
from app.clock import SteppedClock
from app.services.definition import StudyDefinition, parse_definition
from app.services.exports.codebook import codebook
from app.services.exports.scored import scored_table
from app.services.missing import Reason
from app.services.sheets import MODES
from app.services.studies import definition_in_force
from app.services.treatment import Treatment
from app.services.visits import VisitState
from tests import factories

# Words that a statistics program keeps for itself as names of variables (SPSS, Stata).
RESERVED = {
    "all",
    "and",
    "by",
    "eq",
    "ge",
    "gt",
    "le",
    "lt",
    "ne",
    "not",
    "or",
    "to",
    "with",
    "if",
    "in",
    "using",
}
LABELS = ["label_fr", "label_en"]


@pytest.fixture(scope="module")
def definition() -> StudyDefinition:
    """The first study's definition."""
    return parse_definition(factories.DEFINITION.read_text("utf-8"), factories.DEFINITION.name)


@pytest.fixture(scope="module")
def book(definition: StudyDefinition) -> pd.DataFrame:
    """The codebook of the first study, its rows found by variable."""
    return codebook(definition, scoring.load_instrument("qlq-c30")).set_index("variable", drop=False)


@pytest.mark.requirement("EXP-02")
@pytest.mark.parametrize("with_arm", [True, False])
def test_it_explains_each_column_of_the_table_in_order(
    session: Session, clock: SteppedClock, with_arm: bool
) -> None:
    study = factories.make_study(session, clock)
    in_force = definition_in_force(session, study)
    table = scored_table(session, clock, in_force, study, with_arm=with_arm)
    words = codebook(in_force, scoring.load_instrument("qlq-c30"), with_arm=with_arm)
    assert list(words["variable"]) == list(table.columns)
    types = {"string": "text", "Int64": "integer", "Float64": "number"}
    types |= {"datetime64[s]": "date, YYYY-MM-DD", "datetime64[us, UTC]": "instant, UTC, ISO 8601"}
    assert list(words["type"]) == [types[str(dtype)] for dtype in table.dtypes]


@pytest.mark.requirement("EXP-02")
def test_each_variable_has_labels_in_both_languages_a_derivation_and_what_empty_means(
    book: pd.DataFrame,
) -> None:
    for column in (*LABELS, "type", "derivation", "missing"):
        assert book[column].str.strip().str.len().gt(0).all(), column
    assert not book["label_fr"].duplicated().any()
    assert not book["label_en"].duplicated().any()
    assert list(book.columns) == [
        "variable",
        *LABELS,
        "type",
        "codes",
        "range",
        "missing",
        "derivation",
    ]


@pytest.mark.requirement("EXP-02")
def test_names_and_labels_fit_into_statistics_programs(book: pd.DataFrame) -> None:
    names = list(book["variable"])
    assert [name for name in names if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,31}", name)] == []
    # SAS and SPSS take capitals and small letters for the same.
    assert len({name.lower() for name in names}) == len(names)
    assert RESERVED.isdisjoint(name.lower() for name in names)
    assert book[LABELS].map(len).to_numpy().max() <= 80


def test_french_labels_are_typeset_as_in_french(book: pd.DataFrame) -> None:
    assert not book["label_fr"].str.contains("'").any()
    assert not book["label_fr"].str.contains(r"(?<!\u00a0)[:;?!»]").any()


@pytest.mark.requirement("EXP-02")
def test_items_are_named_by_number_and_scale(book: pd.DataFrame) -> None:
    assert list(book.loc["q01", LABELS]) == [
        "Question 1 (Fonctionnement physique)",
        "Item 1 (Physical functioning)",
    ]
    assert list(book.loc["q30", LABELS]) == [
        "Question 30 (Santé globale / qualité de vie)",
        "Item 30 (Global health status / QoL)",
    ]
    assert list(book.loc["q17", ["range", "codes"]]) == ["1-4", "1 = least; 4 = most"]
    assert list(book.loc["q29", ["range", "codes"]]) == ["1-7", "1 = worst; 7 = best"]


@pytest.mark.requirement("EXP-02")
@pytest.mark.requirement("SCO-02")
def test_scores_are_given_with_formula_direction_and_answers_needed(book: pd.DataFrame) -> None:
    assert book.loc["PF2", "derivation"] == (
        "(1 - (mean - 1) / 3) * 100, mean of the items answered among q01 q02 q03 q04 q05; "
        "needs 3 of 5; not rounded"
    )
    assert str(book.loc["QL2", "derivation"]).startswith("(mean - 1) / 6 * 100, mean of")
    assert list(book.loc["FA", LABELS]) == [
        "Fatigue, 0-100, élevé = défavorable",
        "Fatigue, 0-100, higher is worse",
    ]
    assert str(book.loc["QL2", "label_en"]).endswith("higher is better")
    assert str(book.loc["SUMMARY", "derivation"]).startswith(
        "mean of PF2, RF2, EF, CF, SF, (100 - FA), (100 - NV)"
    )
    assert list(book.loc[["PF2_n", "SUMMARY_n", "items_answered"], "range"]) == ["0-5", "0-27", "0-30"]


@pytest.mark.requirement("EXP-02")
def test_the_formulas_are_those_of_the_scorer(book: pd.DataFrame) -> None:
    instrument = scoring.load_instrument("qlq-c30")
    answers = {item.id: item.lowest + item.number % len(item.codes) for item in instrument.items}
    scores = scoring.score_answers(instrument, answers).values
    for scale in instrument.scales:
        formula = str(book.loc[scale.code, "derivation"]).split(", mean of")[0]
        mean = sum(answers[item] for item in scale.items) / len(scale.items)
        computed = eval(formula, {"__builtins__": {}}, {"mean": mean})  # noqa: S307 - our own formula
        assert computed == pytest.approx(scores[scale.code], abs=1e-9), scale.code


@pytest.mark.requirement("INS-02")
def test_stand_in_wording_is_named_as_such(book: pd.DataFrame) -> None:
    assert "stand-in wording" in str(book.loc["wording_status", "codes"])
    assert (
        book.loc[[f"q{number:02}" for number in range(1, 31)], "derivation"]
        .str.contains("wording_status")
        .all()
    )


def test_codes_come_from_the_study(book: pd.DataFrame, definition: StudyDefinition) -> None:
    assert (
        book.loc["arm", "codes"]
        == "interruption = Interruption / Interruption; continuation = Poursuite / Continuation"
    )
    assert "M6 = Mois 6 / Month 6" in str(book.loc["visit", "codes"])
    assert "RI0 = Reprise, jour 0 / Restart, day 0" in str(book.loc["analysis_visit", "codes"])


@pytest.mark.requirement("EXP-02")
@pytest.mark.parametrize(
    ("variable", "values"),
    [
        ("state", VisitState),
        ("missing_reason", Reason),
        ("treatment_state", Treatment),
        ("mode", ["web", *MODES]),
        (
            "not_expected_reason",
            ["stops-questionnaires", "consent-withdrawn", "death", "study_end", "undone"],
        ),
    ],
)
def test_every_value_is_explained(book: pd.DataFrame, variable: str, values: Iterable[str]) -> None:
    explained = [entry.split(" = ")[0] for entry in str(book.loc[variable, "codes"]).split("; ")]
    assert explained == [str(each) for each in values]


@pytest.mark.requirement("EXP-04")
def test_without_the_arm_it_names_no_arm_and_no_visit_of_one(definition: StudyDefinition) -> None:
    words = codebook(definition, scoring.load_instrument("qlq-c30"), with_arm=False).set_index("variable")
    tells = {"arm", "reintroduced_on", "served_by", "treatment_state", "treatment_days"}
    assert tells.isdisjoint(words.index)
    codes = " ".join(words["codes"].fillna(""))
    assert "M6 = " in codes
    assert not [word for word in ("RI0", "interruption", "Poursuite") if word in codes]
