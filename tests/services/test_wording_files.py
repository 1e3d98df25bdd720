"""Files of wording: three formats read alike, and every fault told with its line."""

import io
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.wording import RefusedFileError, Slot, read_texts, slots_of
from app.services.wording.faults import RULES
from app.services.wording.stand_in import stand_in_texts
from tests import wording
from tests.factories import definition

pytestmark = [pytest.mark.requirement("INS-03")]


@cache
def slots(code: str = "qlq-c30") -> tuple[Slot, ...]:
    return slots_of(definition(), code)


def pairs(code: str = "qlq-c30") -> list[tuple[str, str]]:
    return list(wording.made_up(slots(code)).items())


def refusals(source: bytes, code: str = "qlq-c30") -> list[str]:
    """The faults as the command line says them."""
    with pytest.raises(RefusedFileError) as refused:
        read_texts(source, slots(code), "fr")
    assert str(refused.value) == "\n".join(map(str, refused.value.faults))
    return [str(fault) for fault in refused.value.faults]


def line_of(item: str) -> int:
    """The line of an id in the whole file, below the header."""
    return 2 + [key for key, _ in pairs()].index(item)


def without(item: str) -> list[tuple[str, str]]:
    return [pair for pair in pairs() if pair[0] != item]


def with_text(item: str, text: Any) -> list[tuple[str, Any]]:
    return [(key, text if key == item else value) for key, value in pairs()]


def fhir(change: Callable[[dict[str, Any]], object] = lambda _: None) -> bytes:
    """The texts as a Questionnaire, after a change."""
    resource = wording.fhir_resource(slots(), wording.made_up(slots()))
    change(resource)
    return wording.fhir_file(resource)


def items(resource: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = resource["item"][0]["item"]
    return found


# What a questionnaire needs


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_ids_are_those_of_the_stand_in(language: str) -> None:
    assert {slot.id for slot in slots()} == set(stand_in_texts("qlq-c30", language))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_stand_in_has_every_text_of_the_list_of_symptoms(language: str) -> None:
    """And more: kinds of answers that other studies use, and the application's own hints."""
    ids, kept = {slot.id for slot in slots("symptoms")}, set(stand_in_texts("symptoms", language))
    assert ids <= kept
    assert {each.split(".")[0] for each in kept - ids}.isdisjoint(
        slot.answer for slot in slots("symptoms") if slot.codes
    )


def test_questions_come_in_the_order_of_the_structure_with_their_answers() -> None:
    questions = [slot for slot in slots() if slot.kind == "question"]
    assert [slot.id for slot in questions] == [f"q{number:02}" for number in range(1, 31)]
    assert (questions[0].answer, questions[0].codes) == ("four-point", (1, 2, 3, 4))
    labels = [slot.id for slot in slots() if slot.kind == "label"]
    assert labels == [f"four-point.{code}" for code in (1, 2, 3, 4)] + ["seven-point.1", "seven-point.7"]


def test_the_list_of_symptoms_needs_a_text_for_each_question_of_the_study() -> None:
    ids = [slot.id for slot in slots("symptoms")]
    assert ids[:3] == ["title", "instructions", "recall.week"]
    assert {"pt009a", "pt009b", "other", "othertext", "othera", "frequency.0", "severity.4"} <= set(ids)
    assert len(set(ids)) == len(ids)


# What is read


@pytest.mark.parametrize("code", ["qlq-c30", "symptoms"])
@pytest.mark.parametrize(
    "make",
    [
        wording.csv_file,
        lambda found: wording.csv_file(found, ";"),
        lambda found: wording.csv_file(found, ";", "utf-8-sig"),
        lambda found: wording.csv_file(found).replace(b"\r\n", b"\n"),
        lambda found: wording.csv_file([*found, ("", "")]),
        wording.xlsx_file,
        lambda found: wording.xlsx_file([*found, (None, None)]),
        lambda found: wording.xlsx_file(found, ("ID", " Text ")),
    ],
)
def test_tables_in_every_shape_give_the_same_texts(make: Callable[[Any], bytes], code: str) -> None:
    assert read_texts(make(pairs(code)), slots(code), "fr") == [list(pair) for pair in pairs(code)]


@pytest.mark.parametrize("code", ["qlq-c30", "symptoms"])
def test_a_fhir_questionnaire_gives_the_same_texts(code: str) -> None:
    resource = wording.fhir_resource(slots(code), dict(pairs(code)))
    assert read_texts(wording.fhir_file(resource), slots(code), "fr") == [list(pair) for pair in pairs(code)]


def test_what_is_no_question_may_stand_anywhere_and_is_kept_in_the_same_order() -> None:
    found = [pair for pair in pairs() if "." in pair[0]] + [pair for pair in pairs() if "." not in pair[0]]
    assert read_texts(wording.csv_file(found), slots(), "fr") == [list(pair) for pair in pairs()]


def test_a_text_over_two_lines_is_one_text_and_the_lines_after_it_count_on() -> None:
    found = with_text("instructions", "First line.\nSecond line.")
    assert (
        dict(read_texts(wording.csv_file(found), slots(), "fr"))["instructions"]
        == "First line.\nSecond line."
    )
    wrong = [(key, "" if key == "q01" else text) for key, text in found]
    assert refusals(wording.csv_file(wrong)) == [f"Line {line_of('q01') + 1}: q01 has no text."]


def test_numbers_between_the_ends_of_a_scale_need_no_words_in_fhir() -> None:
    def show_numbers(resource: dict[str, Any]) -> None:
        options = next(each for each in items(resource) if each["linkId"] == "q29")["answerOption"]
        options[1] = {"valueCoding": {"code": "2", "display": "2"}}

    assert read_texts(fhir(show_numbers), slots(), "fr") == [list(pair) for pair in pairs()]


# What is wrong with the list


@pytest.mark.parametrize(("make", "unit"), [(wording.csv_file, "Line"), (wording.xlsx_file, "Row")])
def test_a_missing_text_is_told_where_it_was_expected(make: Callable[[Any], bytes], unit: str) -> None:
    told = f"{unit} {line_of('q06')}: q07 is missing: expected after q06."
    assert refusals(make(without("q07"))) == [told]
    assert refusals(make(without("title"))) == [f"{unit} 2: title is missing."]


@pytest.mark.parametrize(("make", "unit"), [(wording.csv_file, "Line"), (wording.xlsx_file, "Row")])
def test_a_text_twice_is_told_with_both_lines(make: Callable[[Any], bytes], unit: str) -> None:
    end = len(pairs()) + 2
    told = f"{unit} {end}: q07 is there a second time; the first time at {line_of('q07')}."
    assert refusals(make([*pairs(), ("q07", "again")])) == [told]


@pytest.mark.parametrize(("make", "unit"), [(wording.csv_file, "Line"), (wording.xlsx_file, "Row")])
def test_two_questions_that_changed_places_are_told(make: Callable[[Any], bytes], unit: str) -> None:
    found = pairs()
    place = line_of("q10") - 2
    found[place], found[place + 1] = found[place + 1], found[place]
    (told,) = refusals(make(found))
    assert told in {
        f"{unit} {place + 2}: q11 is out of order: expected after q10.",
        f"{unit} {place + 3}: q10 is out of order: expected after q09.",
    }


def test_only_the_question_that_moved_is_told() -> None:
    moved = [*without("q05"), ("q05", "at the end")]
    assert refusals(wording.csv_file(moved)) == [
        f"Line {len(pairs()) + 1}: q05 is out of order: expected after q04."
    ]


def test_an_unknown_id_is_told() -> None:
    assert refusals(wording.csv_file([*pairs(), ("q31", "one more")])) == [
        f"Line {len(pairs()) + 2}: q31 is no id of this questionnaire."
    ]
    assert refusals(wording.csv_file([*pairs(), ("", "no id")]))[0].endswith(
        "– is no id of this questionnaire."
    )


def test_all_faults_are_told_in_the_order_of_the_file() -> None:
    found = [("q99", "x") if key == "q03" else (key, text) for key, text in with_text("q20", " ")]
    assert refusals(wording.csv_file(found)) == [
        f"Line {line_of('q02')}: q03 is missing: expected after q02.",
        f"Line {line_of('q03')}: q99 is no id of this questionnaire.",
        f"Line {line_of('q20')}: q20 has no text.",
    ]


@given(st.permutations(range(30)))
def test_every_order_but_the_right_one_is_refused(order: list[int]) -> None:
    found = [pair for pair in pairs() if not pair[0].startswith("q")]
    found += [pair for number in order for pair in pairs() if pair[0] == f"q{number + 1:02}"]
    if order == sorted(order):
        assert read_texts(wording.csv_file(found), slots(), "fr") == [list(pair) for pair in pairs()]
    else:
        assert all("out of order" in each for each in refusals(wording.csv_file(found)))


# What is wrong with a text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "q05 has no text."),
        (" \u00a0", "q05 has no text."),
        ("x" * 4001, "The text of q05 is longer than 4000 characters."),
        ("Très fatigué".encode().decode("latin-1"), "it holds “Ã¨”. Save the file as UTF-8."),
        ("l’été".encode().decode("cp1252"), "it holds “â€™”. Save the file as UTF-8."),
        ("l\N{REPLACEMENT CHARACTER}été", "Save the file as UTF-8."),
        ("bell\a", "The text of q05 holds a control character."),
    ],
)
def test_a_text_that_cannot_be_shown_is_told(text: str, told: str) -> None:
    (found,) = refusals(wording.csv_file(with_text("q05", text)))
    assert found.startswith(f"Line {line_of('q05')}: ")
    assert found.endswith(told)


@pytest.mark.parametrize("text", ["Âge, Ãme, œuvre", "« Bien ? »", "coût – 5 €", "a\u2019b…"])
def test_rare_but_right_signs_pass(text: str) -> None:
    assert dict(read_texts(wording.csv_file(with_text("q05", text)), slots(), "fr"))["q05"] == text


# What is wrong with a file


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (b"", "Whole file: This is neither a CSV text,"),
        (b"\xd0\xcf\x11\xe0 old workbook", "Whole file: This is neither a CSV text,"),
        ("id,text\nq01,x".encode("utf-16"), "Whole file: This is neither a CSV text,"),
        (b"PK\x03\x04 no archive", "Whole file: The workbook cannot be read."),
        (b"id,text\nq01,x\nq02,\xe9t\xe9\n", "Line 3: This is no UTF-8 text."),
        (
            b"code,text\nq01,x\n",
            "Line 1: The first line names the columns: id and text. Found instead: code, text",
        ),
        (b'id,text\nq01,x\nq02,"never closed\n', "Line 3: The quotation marks do not match"),
        (b"id,text\n" + b"q01,x\n" * 2001, "Line 2002: There are more than 2000 rows"),
    ],
)
def test_a_file_of_another_kind_is_told_as_a_whole(source: bytes, told: str) -> None:
    assert refusals(source)[0].startswith(told)
    assert len(refusals(source)) == 1


def test_an_unquoted_separator_is_told_once() -> None:
    lines = wording.csv_file(with_text("q05", "SIMPLE")).replace(b"SIMPLE", b"one, two")
    (told,) = refusals(lines)
    assert told.startswith(f"Line {line_of('q05')}: Cells found: 3, expected: two, id and text.")


@pytest.mark.parametrize(
    ("value", "told"),
    [("=1+1", "q05 holds a formula"), (12, "q05 holds a number"), (True, "q05 holds a number")],
)
def test_a_cell_that_is_no_text_is_told(value: object, told: str) -> None:
    (found,) = refusals(wording.xlsx_file(with_text("q05", value)))
    assert found.startswith(f"Row {line_of('q05')}: {told}")


def test_a_row_with_more_cells_or_less_is_told() -> None:
    found = [(*pair, "note") if pair[0] == "q05" else pair for pair in with_text("q06", None)]
    assert [each.split(": ")[1][:14] for each in refusals(wording.xlsx_file(found))] == [
        "Cells found",
        "q06 has no tex",
    ]
    assert "Found instead: –" in refusals(wording.xlsx_file([], ()))[0]


@pytest.mark.threat("D1")
def test_a_small_archive_that_would_grow_is_not_opened() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (51 * 1024 * 1024))
    assert refusals(out.getvalue()) == [
        "Whole file: The workbook cannot be read. Open it, save it again as .xlsx and try once more."
    ]


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"{", b'{"resourceType":', b"id,text\n"])
)
def test_whatever_comes_is_refused_and_never_a_crash(rest: bytes, start: bytes) -> None:
    assert refusals(start + rest)


# FHIR


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda each: each.update(resourceType="Bundle"), "resourceType: Expected: a FHIR resource"),
        (lambda each: each.update(language="en"), "language: The file is in the language en; expected: fr."),
        (lambda each: each.pop("title"), "description: title is missing."),
        (lambda each: each.update(item={}), "item: Expected here: a list of objects."),
        (lambda each: items(each)[5].update(text=5), "item[0].item[5] (q05): q05 has no text."),
        (lambda each: items(each)[5].update(linkId="q77"), "item[0].item[4] (q04): q05 is missing"),
        (
            lambda each: items(each)[5]["answerOption"].pop(),
            "item[0].item[5] (q05).answerOption: The answers have the codes 1, 2, 3; expected: 1, 2, 3, 4.",
        ),
        (
            lambda each: items(each)[5].update(answerOption=[3]),
            "item[0].item[5] (q05).answerOption: Expected here: a list of objects.",
        ),
        (
            lambda each: items(each)[5]["answerOption"][1]["valueCoding"].update(display="otherwise"),
            "item[0].item[5] (q05).answerOption[1]: four-point.2 reads otherwise here than at item[0]",
        ),
        (
            lambda each: items(each)[29]["answerOption"].__setitem__(
                2, {"valueCoding": {"code": "3", "display": "in words"}}
            ),
            "item[0].item[29] (q29).answerOption[2]: seven-point.3 is no id of this questionnaire.",
        ),
    ],
)
def test_a_faulty_questionnaire_is_told_with_the_path(change: Callable[[Any], object], told: str) -> None:
    assert refusals(fhir(change))[0].startswith(told)


@pytest.mark.parametrize("source", [b'{\n "a": 1,\n}', b'{"a": "\\ud800"}', b"[" * 100_000, b'{"a":\xff}'])
def test_what_is_no_json_is_told_with_its_line(source: bytes) -> None:
    (told,) = refusals(source)
    line = 3 if b"\n" in source else 1
    assert told.startswith(f"Line {line}: This is no ")


def test_labels_without_words_are_told() -> None:
    def numbers_only(resource: dict[str, Any]) -> None:
        for item in items(resource)[1:]:
            item["answerOption"] = [
                {"valueInteger": code} for code in range(1, len(item["answerOption"]) + 1)
            ]

    assert [each.split(": ")[1] for each in refusals(fhir(numbers_only))] == [
        f"{label} has no text."
        for label in [
            "four-point.1",
            "four-point.2",
            "four-point.3",
            "four-point.4",
            "seven-point.1",
            "seven-point.7",
        ]
    ]


def test_every_rule_that_has_words_is_told_by_a_reader() -> None:
    folder = Path(read_texts.__code__.co_filename).parent
    sources = "".join(each.read_text("utf-8") for each in folder.glob("*.py") if each.name != "faults.py")
    assert [rule for rule in RULES if f'"{rule}"' not in sources] == []
