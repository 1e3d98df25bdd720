"""The list of symptoms in a definition file: the shipped one is as planned, a wrong one is refused."""

from pathlib import Path

import pytest

import scoring
from app.services.definition import SYMPTOMS, DefinitionError, Problem, StudyDefinition, parse_definition

HERE = Path(__file__)
SHIPPED = HERE.parents[2] / "app" / "studies" / "gist-ima.toml"
SMALL = (HERE.parent / "definitions" / "small.toml").read_text(encoding="utf-8")
LIST = """
[symptom_list]
other = false

[[symptoms]]
code = "pt009"
names = { fr = "Nausées", en = "Nausea" }
search.fr = ["mal au cœur", "envie de vomir"]

[[symptoms]]
code = "own01"
names = { fr = "Crampes", en = "Cramps" }
attributes = ["frequency", "interference"]

[[symptoms]]
code = "own02"
names = { fr = "Hoquet", en = "Hiccups" }
attributes = ["presence"]
"""
# The line of the list's first key, such as [symptom_list], counting from it as 1.
START = SMALL.count("\n") + 1
ASKED = SMALL.replace('["qlq-c30"]', '["qlq-c30", "symptoms"]', 1)

pytestmark = pytest.mark.requirement("AE-01")


def shipped() -> StudyDefinition:
    return parse_definition(SHIPPED.read_text(encoding="utf-8"), SHIPPED.name)


def problems_of(source: str) -> list[Problem]:
    with pytest.raises(DefinitionError) as refused:
        parse_definition(source, "study.toml")
    return refused.value.problems


def edited(old: str, new: str) -> str:
    assert LIST.count(old) == 1, f"{old!r} is not there once"
    return ASKED + LIST.replace(old, new)


# The shipped list


def test_the_shipped_list_asks_for_what_was_planned_in_its_order() -> None:
    letters = {symptom.code: "".join(name[0] for name in symptom.asked) for symptom in shipped().symptoms}
    assert list(letters.items()) == [
        ("pt022", "fsi"),
        ("pt009", "fs"),
        ("pt010", "fs"),
        ("pt016", "f"),
        ("pt015", "s"),
        ("pt008", "si"),
        ("pt017", "fsi"),
        ("pt053", "si"),
        ("pt050", "fsi"),
        ("pt051", "fsi"),
        ("own01", "s"),
        ("pt024", "p"),
        ("pt019", "si"),
        ("pt049", "fsi"),
        ("pt052", "si"),
        ("pt054", "fsi"),
        ("pt056", "fsi"),
        ("own02", "s"),
    ]


@pytest.mark.requirement("AE-02")
def test_the_shipped_list_takes_another_symptom() -> None:
    assert shipped().symptom_list.other


def test_the_shipped_numbers_are_those_of_the_symptoms_that_are_named() -> None:
    terms = {number: symptom.term for number, symptom in scoring.load_proctcae().symptoms.items()}
    named = {
        symptom.names["en"]: terms[int(symptom.code[2:])]
        for symptom in shipped().symptoms
        if symptom.code.startswith("pt")
    }
    assert named == {
        "Swelling of arms or legs": "Arm or Leg Swelling",
        "Nausea": "Nausea",
        "Vomiting": "Vomiting",
        "Diarrhoea": "Diarrhea",
        "Constipation": "Constipation",
        "Decreased appetite": "Decreased Appetite",
        "Abdominal pain": "Pain in Abdomen",
        "Fatigue": "Fatigue",
        "Muscle pain": "Aching Muscles",
        "Joint pain": "Aching Joints",
        "Rash": "Rash",
        "Shortness of breath": "Shortness of Breath",
        "Headache": "Headache",
        "Insomnia": "Insomnia",
        "Anxiety": "Anxiety",
        "Sadness": "Sad/Unhappy Feelings",
    }


def test_every_shipped_symptom_is_found_by_other_words_in_both_languages() -> None:
    for symptom in shipped().symptoms:
        assert symptom.search is not None
        assert {language: len(words) >= 2 for language, words in symptom.search.items()} == {
            "fr": True,
            "en": True,
        }, symptom.code


def test_no_word_of_the_shipped_search_repeats_the_name() -> None:
    for symptom in shipped().symptoms:
        for language, words in (symptom.search or {}).items():
            assert symptom.names[language].casefold() not in {word.casefold() for word in words}


# Reading


def test_a_list_is_read_with_what_is_asked_about_each_symptom() -> None:
    study = parse_definition(ASKED + LIST, "study.toml")
    assert [(symptom.code, symptom.asked) for symptom in study.symptoms] == [
        ("pt009", ("frequency", "severity")),
        ("own01", ("frequency", "interference")),
        ("own02", ("presence",)),
    ]
    assert study.symptoms[0].search == {"fr": ("mal au cœur", "envie de vomir")}
    assert study.symptoms[1].search is None
    assert not study.symptom_list.other
    assert study.visits[0].questionnaires == ("qlq-c30", SYMPTOMS)


def test_another_symptom_is_taken_unless_the_list_says_otherwise() -> None:
    assert parse_definition(edited("[symptom_list]\nother = false\n", ""), "study.toml").symptom_list.other


def test_a_study_may_do_without_a_list() -> None:
    assert parse_definition(SMALL, "study.toml").symptoms == ()


@pytest.mark.parametrize("number", sorted(scoring.load_proctcae().symptoms))
def test_every_symptom_of_the_pro_ctcae_may_be_listed(number: int) -> None:
    (first, *_) = parse_definition(edited('"pt009"', f'"pt{number:03}"'), "study.toml").symptoms
    letters = scoring.load_proctcae().symptoms[number].attributes
    assert "".join(name[0].upper() for name in first.asked) == letters


@pytest.mark.parametrize(
    "attributes",
    [("frequency", "severity", "interference"), ("severity", "interference"), ("amount",), ("interference",)],
)
def test_an_own_symptom_is_asked_about_as_the_list_says(attributes: tuple[str, ...]) -> None:
    written = ", ".join(f'"{name}"' for name in attributes)
    study = parse_definition(edited('["frequency", "interference"]', f"[{written}]"), "study.toml")
    assert study.symptoms[1].asked == attributes


# Faults: the text replaced, what replaces it, the line in the list, the place, what was found and expected

FAULTS = [
    ("other = false", 'other = "no"', 3, "[symptom_list], other", '"no"', "true or false"),
    ("other = false", "others = false", 3, "[symptom_list], others", "an unknown key", "only other"),
    ('"pt009"', '"pt9"', 6, "[[symptoms]] number 1, code", '"pt9"', "pt and the PRO-CTCAE number in three"),
    ('"pt009"', '"PT009"', 6, "[[symptoms]] number 1, code", '"PT009"', "such as pt009"),
    ('"pt009"', '"pt٠٠٩"', 6, "[[symptoms]] number 1, code", '"pt٠٠٩"', "such as pt009"),
    ('"pt009"', '"pt081"', 6, "[[symptoms]] number 1, code", '"pt081"', "from pt001 to pt080"),
    ('"pt009"', '"pt000"', 6, "[[symptoms]] number 1, code", '"pt000"', "from pt001 to pt080"),
    ('code = "pt009"\n', "", 5, "[[symptoms]] number 1, code", "nothing", "such as pt009"),
    (
        '"own02"',
        '"own01"',
        16,
        "[[symptoms]] number 3, code",
        '"own01" a second time',
        f"it once (first on line {START + 10})",
    ),
    (', en = "Nausea"', "", 7, "[[symptoms]] number 1, names", "a table with fr", "each language of the"),
    ("search.fr", "search.de", 8, "[[symptoms]] number 1, search", "a table with de", "of the study only"),
    ('"envie de vomir"', '" "', 8, "[[symptoms]] number 1, search, fr, value 2", '" "', "a list of other"),
    ('"envie de vomir"', '"mal au cœur"', 8, "[[symptoms]] number 1, search, fr", '["mal', "each value once"),
    ('["mal au cœur", "envie de vomir"]', '"x"', 8, "[[symptoms]] number 1, search, fr", '"x"', "for each"),
    (
        "search.fr",
        'attributes = ["severity"]\nsearch.fr',
        8,
        "[[symptoms]] number 1, attributes",
        '["severity"]',
        "none at pt009",
    ),
    (
        'attributes = ["presence"]\n',
        "",
        15,
        "[[symptoms]] number 3, attributes",
        "nothing",
        "a list in the order frequency, severity, interference",
    ),
    ('["presence"]', "[]", 18, "[[symptoms]] number 3, attributes", "[]", "a list in the order"),
    (
        '["presence"]',
        '["pain"]',
        18,
        "[[symptoms]] number 3, attributes, value 1",
        '"pain"',
        "frequency, severity",
    ),
    (
        '["presence"]',
        '["presence", "severity"]',
        18,
        "[[symptoms]] number 3, attributes",
        '["presence", "severity"]',
        "or presence alone",
    ),
    (
        '["frequency", "interference"]',
        '["interference", "frequency"]',
        13,
        "[[symptoms]] number 2, attributes",
        '["interference", "frequency"]',
        "in the order frequency",
    ),
    (
        '["frequency", "interference"]',
        '["severity", "severity"]',
        13,
        "[[symptoms]] number 2, attributes",
        '["severity", "severity"]',
        "in the order frequency",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "where", "found", "expected"), FAULTS)
def test_a_fault_is_refused_with_its_line_what_was_found_and_what_was_expected(
    old: str, new: str, line: int, where: str, found: str, expected: str
) -> None:
    (problem,) = problems_of(edited(old, new))
    assert (problem.line - START + 1, problem.where) == (line, where)
    before, _, after = problem.message.partition(", expected ")
    assert before.startswith(f"found {found}")
    assert expected in after


@pytest.mark.parametrize("written", ["", "symptoms = []\n"])
def test_a_visit_cannot_ask_for_symptoms_that_are_not_listed(written: str) -> None:
    (problem,) = problems_of(written + ASKED)
    assert problem.where == "[[visits]] number 1, questionnaires, value 2"
    assert (written + ASKED).splitlines()[problem.line - 1] == 'questionnaires = ["qlq-c30", "symptoms"]'
    assert problem.message.startswith('found "symptoms", expected a table [[symptoms]]')


def test_a_visit_is_not_blamed_for_a_list_that_is_at_fault() -> None:
    assert {problem.where for problem in problems_of("symptoms = 3\n" + ASKED)} == {"[symptoms]"}


def test_a_symptom_without_a_right_code_is_told_of_its_code_alone() -> None:
    source = edited('code = "own02"', 'code = "hiccups"').replace('attributes = ["presence"]\n', "")
    assert [problem.where for problem in problems_of(source)] == ["[[symptoms]] number 3, code"]
