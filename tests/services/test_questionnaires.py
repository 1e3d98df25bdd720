"""What is asked, and what an earlier answer rules out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import scoring
from app.services.definition import StudyDefinition, parse_definition
from app.services.questionnaires import Question, Questionnaire, questionnaire
from tests.factories import DEFINITION

SOURCE = DEFINITION.read_text("utf-8")
STUDY: StudyDefinition = parse_definition(SOURCE, DEFINITION.name)
LIST: Questionnaire = questionnaire(STUDY, "symptoms")
OWN = ("own01a", "own02a", "other", "othertext", "othera", "otherb", "otherc")
Entry = dict[str, Any]


def answered(value: int | str) -> Entry:
    return {"state": "answered", "value": value}


SKIPPED: Entry = {"state": "skipped", "value": None}
ERASED: Entry = {"state": "erased", "value": None}


@pytest.mark.requirement("AE-01")
def test_each_symptom_is_asked_by_the_attributes_that_the_pro_ctcae_gives_it() -> None:
    symptoms = scoring.load_proctcae().symptoms
    for symptom in STUDY.symptoms:
        found = [each for each in LIST.questions if each.symptom == symptom.code]
        if symptom.code.startswith("pt"):
            letters = symptoms[int(symptom.code[2:])].attributes
            assert "".join(each.kind[0].upper() for each in found) == letters
            assert [each.id for each in found] == [f"{symptom.code}{'abc'[n]}" for n in range(len(letters))]
        else:
            assert [(each.id, each.kind) for each in found] == [(f"{symptom.code}a", "severity")]
        assert {each.number for each in found} == {STUDY.symptoms.index(symptom) + 1}
        assert {each.recall for each in found} == {"week"}
    assert len(STUDY.symptoms) == 18
    assert LIST.total == 19


@pytest.mark.requirement("AE-01")
def test_the_codes_are_those_of_each_attribute() -> None:
    codes = {each.kind: each.codes for each in LIST.questions}
    five = (0, 1, 2, 3, 4)
    assert codes == {
        "frequency": five,
        "severity": five,
        "interference": five,
        "presence": (0, 1),
        "text": (),
    }


@pytest.mark.requirement("AE-01")
@pytest.mark.parametrize(
    ("answers", "ruled_out"),
    [
        ({}, {}),
        ({"pt022a": answered(0)}, {"pt022b": 0, "pt022c": 0}),
        ({"pt022a": answered(1)}, {}),
        ({"pt022a": answered(1), "pt022b": answered(0)}, {"pt022c": 0}),
        ({"pt022a": answered(4), "pt022b": answered(1)}, {}),
        ({"pt022a": SKIPPED}, {"pt022b": None, "pt022c": None}),
        ({"pt022a": answered(3), "pt022b": SKIPPED}, {"pt022c": None}),
        ({"pt022a": ERASED, "pt022b": answered(2)}, {}),
        # What was said below an answer that now rules it out counts no more.
        ({"pt022a": answered(0), "pt022b": answered(3), "pt022c": answered(2)}, {"pt022b": 0, "pt022c": 0}),
        # Two attributes, severity first.
        ({"pt008a": answered(0)}, {"pt008b": 0}),
        ({"other": answered(0)}, {"othertext": None, "othera": 0, "otherb": 0, "otherc": 0}),
        ({"other": answered(1)}, {}),
        ({"other": SKIPPED}, dict.fromkeys(("othertext", "othera", "otherb", "otherc"))),
        ({"other": answered(1), "othera": answered(0)}, {"otherb": 0, "otherc": 0}),
    ],
)
def test_what_an_answer_rules_out(answers: dict[str, Entry], ruled_out: dict[str, int | None]) -> None:
    assert LIST.not_asked(answers) == ruled_out


def test_what_depends_on_an_open_question_waits() -> None:
    assert {"pt022b", "pt022c", "otherc"} <= LIST.waiting({})
    assert not {"pt022a", "own01a", "other"} & LIST.waiting({})
    assert "pt022b" not in LIST.waiting({"pt022a": answered(2)})
    assert "pt022c" in LIST.waiting({"pt022a": answered(2)})
    assert not {"pt022b", "pt022c"} & LIST.waiting({"pt022a": answered(0)})


def test_the_qlq_c30_asks_everything_always() -> None:
    asked = questionnaire(STUDY, "qlq-c30")
    assert asked.total == 30
    assert [each.id for each in asked.questions] == [f"q{n:02}" for n in range(1, 31)]
    assert asked.not_asked({}) == {}
    assert asked.waiting({}) == frozenset()
    assert asked.by_id["q29"].codes == (1, 2, 3, 4, 5, 6, 7)


def test_a_study_may_leave_out_the_other_symptom() -> None:
    source = SOURCE + "\n[symptom_list]\nother = false\n" if "[symptom_list]" not in SOURCE else ""
    source = source or SOURCE.replace("other = true", "other = false")
    asked = questionnaire(parse_definition(source, "other.toml"), "symptoms")
    assert asked.total == 18
    assert "other" not in asked.by_id


TEXT: Question = LIST.by_id["othertext"]


@pytest.mark.requirement("AE-02")
@pytest.mark.parametrize(
    "text",
    [
        *("é", "x" * 500, "=1+1", "<b>œ’</b>", "a\nb", "a\tb\r\nc", "  two  ", "😀"),
        # Joined emoji and a flag of letters, a soft hyphen, marks without width or for the direction.
        *("👩\u200d🍳", "❤\ufe0f\u200d🔥", "🏴\U000e0067\U000e0062\U000e007f", "mi\u00adgraine"),
        *("a\u200bb", "a\u200eb", "\ufeffa", "a\u2028b"),
        # Signs that no table knows yet, and those that each keyboard has for itself.
        *("\U0001faea", "\U0001fbff", "\u0378", "\ue000", "\U0010ffff"),
    ],
    ids=ascii,
)
def test_any_words_are_taken(text: str) -> None:
    assert TEXT.takes(text)


@pytest.mark.requirement("AE-02")
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=50))
def test_all_that_can_be_written_is_taken(text: str) -> None:
    assert TEXT.takes(f"a{text}")


@pytest.mark.requirement("AE-02")
@pytest.mark.parametrize(
    "text",
    ["", " \n ", "x" * 501, "a\0b", "a\x1bb", "a\x7fb", "a\x9fb", "a\ud83d", "\ude00a", None, 3],
    ids=ascii,
)
def test_what_is_no_text_is_not_taken(text: object) -> None:
    assert not TEXT.takes(text)


@pytest.mark.parametrize("value", [-1, 5, True, 2.0, "2", None])
def test_what_is_no_code_is_not_taken(value: object) -> None:
    assert not LIST.by_id["pt009a"].takes(value)


entries = st.one_of(
    st.none(),
    st.just(SKIPPED),
    st.just(ERASED),
    st.integers(0, 4).map(answered),
)


@pytest.mark.requirement("AE-01")
@given(st.tuples(entries, entries, entries))
def test_a_question_is_asked_only_below_a_greater_answer(given_: tuple[Entry | None, ...]) -> None:
    items = ("pt049a", "pt049b", "pt049c")
    answers = {item: entry for item, entry in zip(items, given_, strict=True) if entry}
    ruled_out, waiting = LIST.not_asked(answers), LIST.waiting(answers)
    assert not ruled_out.keys() & waiting
    for lead, item in (items[:2], items[1:]):
        if item in ruled_out or item in waiting:
            continue
        assert answers[lead]["state"] == "answered"
        assert answers[lead]["value"] > 0
        assert lead not in ruled_out


# The report between visits

REPORT: Questionnaire = questionnaire(STUDY, "report")
AROUND = {"symptom", "onset", "ongoing"}


def asked_after(symptom: str) -> list[str]:
    """What a report asks once a symptom was chosen, all its questions being answered with the highest."""
    answers = {"symptom": answered(symptom)} | {
        each.id: answered(each.codes[-1]) for each in REPORT.questions if each.codes
    }
    ruled_out = REPORT.not_asked(answers)
    return [each.id for each in REPORT.questions if each.id not in ruled_out and each.id not in AROUND]


@pytest.mark.requirement("AE-03")
def test_a_report_chooses_from_the_list_and_asks_of_one_symptom_what_the_list_asks() -> None:
    first, *rest = REPORT.questions
    assert (first.id, first.kind, first.condition) == ("symptom", "choice", None)
    assert first.choices == (*(each.code for each in STUDY.symptoms), "other")
    for symptom in STUDY.symptoms:
        listed = [each for each in LIST.questions if each.symptom == symptom.code]
        reported = [each for each in REPORT.questions if each.symptom == symptom.code]
        assert asked_after(symptom.code) == [each.id for each in listed]
        assert [(e.id, e.kind, e.codes, e.recall, e.attribute) for e in reported] == [
            (e.id, e.kind, e.codes, e.recall, e.attribute) for e in listed
        ]
    assert asked_after("other") == ["othertext", "othera", "otherb", "otherc"]
    assert [each.id for each in rest[-2:]] == ["onset", "ongoing"]


@pytest.mark.requirement("AE-03")
def test_a_report_counts_what_the_patient_meets() -> None:
    numbers = {each.id: each.number for each in REPORT.questions}
    assert (numbers["symptom"], numbers["onset"], numbers["ongoing"], REPORT.total) == (1, 3, 4, 4)
    assert {number for item, number in numbers.items() if item not in AROUND} == {2}


@pytest.mark.requirement("AE-03")
@pytest.mark.parametrize("lead", [SKIPPED, answered("own01")])
def test_what_a_report_does_not_ask_of_other_symptoms_is_known_to_be_unasked(lead: Entry) -> None:
    ruled_out = REPORT.not_asked({"symptom": lead})
    assert ruled_out["pt009a"] == (None if lead is SKIPPED else 0)
    assert ruled_out["pt009b"] == ruled_out["pt009a"]
    assert ruled_out["othertext"] is None
    assert not AROUND & ruled_out.keys()
    # Before anything is chosen nothing is ruled out, and nothing but the beginning is asked for certain.
    assert REPORT.not_asked({}) == {}
    assert {each.id for each in REPORT.questions} - REPORT.waiting({}) == AROUND


@pytest.mark.requirement("AE-03")
@pytest.mark.parametrize("value", ["pt999", "", "PT009", 9, None, True])
def test_a_choice_is_one_of_those_offered(value: object) -> None:
    assert not REPORT.by_id["symptom"].takes(value)


@pytest.mark.requirement("AE-03")
def test_onset_is_a_day_and_still_there_is_yes_or_no() -> None:
    onset, ongoing = REPORT.by_id["onset"], REPORT.by_id["ongoing"]
    assert (onset.kind, onset.recall, onset.earliest) == ("date", None, STUDY.starts_on)
    assert onset.takes("2026-11-22")
    assert not any(onset.takes(value) for value in ("22/11/2026", "2026-11-31", "20261122", 20261122, ""))
    assert (ongoing.kind, ongoing.codes) == ("presence", (0, 1))


@pytest.mark.requirement("AE-03")
def test_a_study_without_another_symptom_offers_none() -> None:
    text = SOURCE.replace("other = true", "other = false")
    assert text != SOURCE
    asked = questionnaire(parse_definition(text, "other.toml"), "report")
    assert "other" not in asked.questions[0].choices
    assert not [each for each in asked.questions if each.symptom == "other"]
