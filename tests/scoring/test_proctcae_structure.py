"""The PRO-CTCAE as data: symptoms, attributes and grades as published; a malformed file is refused."""

from __future__ import annotations

import dataclasses
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

import scoring
from scoring import proctcae_table
from scoring.proctcae_table import load_proctcae, read_proctcae
from tests.scoring.proctcae_cases import EXAMPLES, combinations, read_rows

TABLE = load_proctcae()

LINES = """\
code = "small"
version = "1"
name = "Small"
symptoms = [
  { number = 1, term = "One", attributes = "FS" },
  { number = 2, term = "Two", attributes = "P", special = ["none-of-it"] },
]
[sources]
grades = "A paper"
[attributes]
F = { name = "frequency", highest = 4 }
S = { name = "severity", highest = 4 }
P = { name = "presence", highest = 1 }
[grades]
FS = "00000 11122 11222 11233 11233"
F = "01123"
""".splitlines()


def write(folder: Path, lines: list[str]) -> Path:
    path = folder / "small.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.requirement("AE-04")
def test_the_eighty_symptoms_have_their_published_numbers_terms_and_attributes() -> None:
    published = [(int(row["no"]), row["term"], row["attributes"]) for row in read_rows("symptoms")]
    assert len(published) == 80
    assert [(s.number, s.term, s.attributes) for s in TABLE.symptoms.values()] == published
    assert list(TABLE.symptoms) == list(range(1, 81))


def test_the_attributes_are_counted_as_published() -> None:
    letters = Counter("".join(symptom.attributes for symptom in TABLE.symptoms.values()))
    assert letters == {"F": 25, "S": 51, "I": 26, "A": 1, "P": 21}
    codes = {letter: attribute.codes for letter, attribute in TABLE.attributes.items()}
    assert codes == dict.fromkeys("FSIA", (0, 1, 2, 3, 4)) | {"P": (0, 1)}
    names = [TABLE.attributes[letter].name for letter in "FSIAP"]
    assert names == ["frequency", "severity", "interference", "amount", "presence"]


def test_ten_symptoms_have_special_answers() -> None:
    special = {number: symptom.special for number, symptom in TABLE.symptoms.items() if symptom.special}
    assert special == dict.fromkeys((36, 57, 58, 79), ("inapplicable",)) | dict.fromkeys(
        range(66, 72), ("sexually-inactive", "undisclosed")
    )


@pytest.mark.requirement("AE-04")
def test_every_published_combination_has_its_grade_in_the_table() -> None:
    found = [
        (attributes, codes, TABLE.grades[attributes][proctcae_table.place(codes)])
        for attributes, codes, _ in combinations()
    ]
    assert found == combinations()
    assert TABLE.grades["A"] == TABLE.grades["I"] == (0, 1, 1, 2, 2)


def test_places_run_through_the_combinations_in_order() -> None:
    for width in (1, 2, 3):
        places = [proctcae_table.place(codes) for codes in product(range(5), repeat=width)]
        assert places == list(range(5**width))


def test_columns_are_named_after_number_and_letter() -> None:
    assert TABLE.symptoms[48].columns == ("PROCTCAE_48A_SCL", "PROCTCAE_48B_SCL", "PROCTCAE_48C_SCL")
    assert TABLE.symptoms[18].columns == ("PROCTCAE_18A_SCL", "PROCTCAE_18B_SCL")
    assert TABLE.symptoms[24].columns == ("PROCTCAE_24A_IND",)
    assert TABLE.symptoms[9].composite == "PROCTCAE_9_COMP"


def test_every_symptom_but_those_of_presence_has_a_composite() -> None:
    kinds = {symptom.attributes for symptom in TABLE.symptoms.values()}
    assert kinds - {"P"} == set(TABLE.grades) == set(EXAMPLES)
    assert all(TABLE.symptoms[number].attributes == letters for letters, number in EXAMPLES.items())


def test_the_table_names_its_version_and_its_sources() -> None:
    assert (TABLE.code, TABLE.version, TABLE.name) == ("pro-ctcae", "1.0", "PRO-CTCAE")
    assert set(TABLE.sources) == {"grades", "symptoms", "branching", "summaries"}
    assert "Clin Trials 2021;18:104" in TABLE.sources["grades"]


def test_the_table_is_read_once_and_cannot_be_changed() -> None:
    assert load_proctcae() is load_proctcae()
    with pytest.raises(dataclasses.FrozenInstanceError):
        TABLE.version = "2"  # type: ignore[misc]


def test_another_table_is_read_from_its_file(tmp_path: Path) -> None:
    small = read_proctcae(write(tmp_path, LINES))
    assert small.symptoms[1] == proctcae_table.Symptom(1, "One", "FS")
    assert small.symptoms[2].special == ("none-of-it",)
    assert small.attributes["P"] == proctcae_table.Attribute("P", "presence", 1)
    assert small.grades["F"] == (0, 1, 1, 2, 3)
    assert small.sources == {"grades": "A paper"}


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (1, "code = 3", "code must be a text"),
        (2, 'versio = "1"', "versio is not known here"),
        (3, 'name = ""', "name must be a text"),
        (5, '  { number = "1", term = "One", attributes = "FS" },', "number must be a whole number"),
        (5, '  { number = 1, attributes = "FS" },', "term is missing"),
        (5, '  { number = 1, term = "One", attribute = "FS" },', "attribute is not known here"),
        (5, '  { number = 1, term = "One", attributes = "SF" },', "there are no grades for SF"),
        (6, '  { number = 1, term = "Two", attributes = "P" },', "1 is there twice"),
        (6, '  { number = 2, term = "Two", attributes = "P", special = [] },', "special must be a list"),
        (9, "grades = 4", "grades must be a text"),
        (11, 'F = { name = "frequency", highest = 5 }', "highest must be from 1 to 4"),
        (11, 'F = { name = "frequency", highest = 0 }', "highest must be from 1 to 4"),
        (11, 'F = { name = "frequency", lowest = 0 }', "lowest is not known here"),
        (12, "S = { highest = 4 }", "name is missing"),
        (15, 'FS = "00000 11122 11222 11233 1123"', "FS must have 25 grades, not 24"),
        (15, 'FS = "00000 11122 11222 11233 11234"', "grades are from 0 to 3"),
        (15, 'FX = "00000 11122 11222 11233 11233"', "there is no attribute X"),
        (15, 'FS = "X0000 11122 11222 11233 11233"', "grades are from 0 to 3"),
        (16, "F = 1123", "F must be a text"),
    ],
)
def test_a_mistake_is_refused_with_its_line(line: int, text: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, [*LINES[: line - 1], text, *LINES[line:]])
    with pytest.raises(scoring.InstrumentError, match=message) as caught:
        read_proctcae(path)
    assert (caught.value.path, caught.value.line) == (str(path), line)
