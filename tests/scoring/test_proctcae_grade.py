"""The composite grade of one symptom: as published, never a guess."""

from __future__ import annotations

import pickle
from itertools import combinations_with_replacement, pairwise, permutations, product
from typing import cast

import pytest

import scoring
from scoring.proctcae import MISSING, NOT_ASKED, Code, composite_grade
from scoring.proctcae_errors import AttributesError
from tests.scoring.proctcae_cases import EXAMPLES, NAMES, combinations

SETS = list(EXAMPLES)


def grade_of(attributes: str, codes: tuple[Code, ...]) -> int | None:
    return composite_grade(**{NAMES[letter]: code for letter, code in zip(attributes, codes, strict=True)})


def grade_by_rule(attributes: str, codes: tuple[Code, ...]) -> int | None:
    """As published, word by word; amount has the grades of interference."""
    grades = {(letters, given): grade for letters, given, grade in combinations()}
    counted = tuple(0 if code is NOT_ASKED else code for code in codes)
    if counted[0] == 0:
        return 0
    if MISSING in counted:
        return None
    return grades["I" if attributes == "A" else attributes, cast("tuple[int, ...]", counted)]


@pytest.mark.requirement("AE-04")
def test_all_179_published_combinations_have_their_grade() -> None:
    assert len(combinations()) == len(set(combinations())) == 179
    for attributes, codes, grade in combinations():
        found = grade_of(attributes, codes)
        assert found == grade, (attributes, codes)
        assert type(found) is int


@pytest.mark.requirement("AE-04")
@pytest.mark.parametrize("attributes", SETS)
def test_every_combination_of_codes_missing_and_not_asked_follows_the_rule(attributes: str) -> None:
    values: list[Code] = [0, 1, 2, 3, 4, MISSING, NOT_ASKED]
    for codes in product(values, repeat=len(attributes)):
        assert grade_of(attributes, codes) == grade_by_rule(attributes, codes), codes


@pytest.mark.requirement("AE-04")
@pytest.mark.parametrize(("frequency", "grade"), [(1, 0), (2, 0), (3, 1), (4, 1)])
def test_a_question_left_out_by_branching_counts_as_0_and_a_skipped_one_gives_no_grade(
    frequency: int, grade: int
) -> None:
    assert composite_grade(frequency=frequency, severity=0, interference=NOT_ASKED) == grade
    assert composite_grade(frequency=frequency, severity=0, interference=MISSING) is None


@pytest.mark.requirement("AE-04")
@pytest.mark.parametrize("attributes", [letters for letters in SETS if len(letters) > 1])
def test_a_first_attribute_of_0_gives_grade_0_whatever_follows(attributes: str) -> None:
    values: list[Code] = [0, 4, MISSING, NOT_ASKED]
    for rest in product(values, repeat=len(attributes) - 1):
        assert grade_of(attributes, (0, *rest)) == 0


@pytest.mark.requirement("AE-04")
def test_an_attribute_that_the_symptom_lacks_is_not_a_missing_one() -> None:
    assert composite_grade(frequency=1, severity=0) == 1
    assert composite_grade(frequency=1, severity=0, interference=0) == 0
    assert composite_grade(frequency=1, severity=0, interference=MISSING) is None
    assert composite_grade(severity=1, frequency=None) == 1
    assert composite_grade(severity=1, frequency=MISSING) is None


@pytest.mark.requirement("AE-04")
def test_symptoms_asked_about_by_presence_have_no_composite() -> None:
    assert composite_grade() is None
    assert composite_grade(None, None, None, None) is None


def test_arguments_stand_in_the_order_of_branching() -> None:
    assert composite_grade(1, 4, 2) == composite_grade(frequency=1, severity=4, interference=2) == 3
    assert composite_grade(None, None, None, 4) == composite_grade(amount=4) == 2


@pytest.mark.requirement("AE-04")
@pytest.mark.parametrize("attributes", SETS)
def test_a_worse_code_never_lowers_the_grade(attributes: str) -> None:
    for codes in product(range(5), repeat=len(attributes)):
        for at in range(len(codes)):
            rising = [grade_of(attributes, (*codes[:at], code, *codes[at + 1 :])) or 0 for code in range(5)]
            assert all(low <= high for low, high in pairwise(rising))


@pytest.mark.requirement("AE-04")
def test_grades_reach_from_0_to_3_and_to_2_for_interference_or_amount_alone() -> None:
    for attributes in SETS:
        grades = {grade_of(attributes, codes) for codes in product(range(5), repeat=len(attributes))}
        assert grades == ({0, 1, 2} if attributes in ("I", "A") else {0, 1, 2, 3})


@pytest.mark.requirement("AE-04")
def test_a_symptom_that_is_there_has_grade_0_in_two_published_cases_only() -> None:
    unnoticed = [
        (attributes, codes)
        for attributes in SETS
        for codes in product(range(5), repeat=len(attributes))
        if codes[0] > 0 and grade_of(attributes, codes) == 0
    ]
    assert unnoticed == [("FSI", (1, 0, 0)), ("FSI", (2, 0, 0))]


@pytest.mark.requirement("AE-04")
@pytest.mark.parametrize("name", NAMES.values())
@pytest.mark.parametrize("value", [-1, 5, True, False, 2.0, 2.5, float("nan"), "2", [2]])
def test_a_value_that_is_no_code_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(scoring.AnswerError) as caught:
        composite_grade(**{name: cast("int", value)})
    error = caught.value
    assert (error.item, error.expected, error.row) == (name, (0, 1, 2, 3, 4), None)
    assert error.value is value
    assert str(error) == f"{name}: {value!r} is not one of 0, 1, 2, 3, 4"


def test_a_bad_value_is_refused_even_where_the_grade_is_settled() -> None:
    with pytest.raises(scoring.AnswerError, match="severity: 9"):
        composite_grade(frequency=0, severity=9)
    with pytest.raises(scoring.AnswerError, match="interference: 9"):
        composite_grade(frequency=MISSING, severity=1, interference=9)


@pytest.mark.requirement("AE-04")
def test_attributes_that_no_symptom_combines_are_refused() -> None:
    refused = {"FA", "SA", "IA", "FSA", "FIA", "SIA", "FSIA"}
    every = {
        letters
        for width in range(1, 5)
        for letters in map("".join, combinations_with_replacement("FSIA", width))
        if len(set(letters)) == width
    }
    assert every - refused == set(SETS)
    for attributes in refused:
        for code in (0, 1, MISSING, NOT_ASKED):
            with pytest.raises(AttributesError) as caught:
                grade_of(attributes, (code,) * len(attributes))
            assert caught.value.attributes == tuple(NAMES[letter] for letter in attributes)
    assert str(AttributesError(("severity", "amount"))) == (
        "no symptom has the attributes severity, amount and no other"
    )


def test_missing_and_not_asked_are_told_apart_also_in_another_process() -> None:
    for one, other in permutations([MISSING, NOT_ASKED, None, 0], 2):
        assert one != other
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING  # noqa: S301
    assert pickle.loads(pickle.dumps(NOT_ASKED)) is NOT_ASKED  # noqa: S301
