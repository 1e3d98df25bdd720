"""What a sheet of paper says: every fault at its field, nothing guessed, what is not asked not asked for."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.errors import RuleError
from app.services.questionnaires import SYMPTOMS, Questionnaire, questionnaire
from app.services.sheets import Bounds, SheetError, entries_of, faults_of_frame, read_answers
from tests.factories import definition
from tests.sheets import sheet

TODAY = date(2026, 11, 23)
WINDOW = Bounds(date(2026, 11, 1), date(2026, 12, 1), TODAY, None)
SYMPTOM_LIST = questionnaire(definition(), SYMPTOMS)
QLQ_C30 = questionnaire(definition(), "qlq-c30")


def rules(faults: list[RuleError]) -> dict[str, str]:
    """Field -> rule."""
    return {each.field: each.rule for each in faults}


def frame_rules(bounds: Bounds = WINDOW, **frame: Any) -> dict[str, str]:
    """What is wrong with how and when a sheet was filled in."""
    return rules(list(faults_of_frame(sheet(**frame), bounds)))


def read(asked: Questionnaire, typed: dict[str, str]) -> tuple[dict[str, int | str | None], dict[str, str]]:
    """The values of one questionnaire and what is wrong by item."""
    values, faults = read_answers([asked], typed)
    return values[asked.code], rules(faults)


@pytest.mark.requirement("CLI-04")
def test_a_whole_sheet_is_read_as_codes() -> None:
    values, faults = read(QLQ_C30, dict(sheet({"q30": "7", "q05": " 3 "}).answers))
    assert faults == {}
    assert len(values) == 30
    assert (values["q01"], values["q05"], values["q30"]) == (1, 3, 7)


@pytest.mark.requirement("CLI-04")
@pytest.mark.parametrize("mark", ["-", "–", "—", " - "])
def test_an_answer_that_the_sheet_has_not_is_none(mark: str) -> None:
    values, faults = read(QLQ_C30, dict(sheet({"q07": mark}).answers))
    assert (values["q07"], faults) == (None, {})


@pytest.mark.requirement("CLI-04")
@pytest.mark.parametrize(
    "typed", ["0", "5", "9", "x", "1.5", "-1", "11", "١", "½", "1e0", "999999999999999999999"]
)
def test_what_is_no_answer_is_refused_at_its_question(typed: str) -> None:
    values, faults = read(QLQ_C30, dict(sheet({"q02": typed}).answers))
    assert faults == {"q02": "unknown_answer"}
    assert "q02" not in values


@pytest.mark.requirement("CLI-04")
def test_every_field_left_empty_is_told_at_once() -> None:
    faults = read(QLQ_C30, {"q01": "1", "q02": "9"})[1]
    assert faults.pop("q02") == "unknown_answer"
    assert set(faults.values()) == {"nothing_typed"}
    assert len(faults) == 28


@pytest.mark.requirement("AE-01")
def test_below_an_answer_that_rules_them_out_follow_ups_stay_empty() -> None:
    lowest = {each.id: "0" for each in SYMPTOM_LIST.questions if each.condition is None}
    values, faults = read(SYMPTOM_LIST, lowest)
    assert faults == {}
    assert set(values) == set(lowest)


@pytest.mark.requirement("AE-01")
def test_a_follow_up_is_asked_for_and_none_is_taken_where_it_is_not() -> None:
    lowest = {each.id: "0" for each in SYMPTOM_LIST.questions if each.condition is None}
    leads = [each for each in SYMPTOM_LIST.questions if each.condition and each.condition.item in lowest]
    one, other = leads[0], next(each for each in leads if each.symptom not in {leads[0].symptom, "other"})
    assert one.condition is not None
    values, faults = read(SYMPTOM_LIST, lowest | {one.condition.item: "2", other.id: "3"})
    assert faults == {one.id: "nothing_typed", other.id: "ruled_out"}
    assert one.id not in values


def test_below_a_question_that_is_still_open_nothing_is_told_yet() -> None:
    assert {
        each for each in read(SYMPTOM_LIST, {})[1] if SYMPTOM_LIST.by_id[each].condition is not None
    } == set()


def test_a_symptom_in_the_patients_words_is_kept_as_it_is_written() -> None:
    lowest = {each.id: "0" for each in SYMPTOM_LIST.questions if each.condition is None}
    said = "Vertiges l’été,\r\net « un peu » le soir"
    typed = lowest | {"other": "1", "othertext": said}
    typed |= {each.id: "-" for each in SYMPTOM_LIST.questions if each.symptom == "other" and each.codes}
    values, faults = read(SYMPTOM_LIST, typed | {"other": "1"})
    assert faults == {}
    assert values["othertext"] == said.replace("\r\n", "\n")
    assert read(SYMPTOM_LIST, typed | {"other": "1", "othertext": "x" * 501})[1] == {
        "othertext": "text_too_long"
    }


@given(st.dictionaries(st.sampled_from([each.id for each in SYMPTOM_LIST.questions]), st.text(max_size=3)))
def test_whatever_is_typed_is_an_answer_or_a_fault(typed: dict[str, str]) -> None:
    values, faults = read(SYMPTOM_LIST, typed)
    for item, value in values.items():
        assert value is None or SYMPTOM_LIST.by_id[item].takes(value)
    if not faults:
        ruled_out = SYMPTOM_LIST.not_asked(entries_of(values))
        assert set(values) | set(ruled_out) == set(SYMPTOM_LIST.by_id)
        assert all(values.get(item) is None for item in ruled_out)


@pytest.mark.requirement("CLI-04")
@pytest.mark.parametrize(
    ("day", "rule"),
    [
        (date(2026, 11, 24), "in_future"),
        (date(2026, 10, 31), "sheet_before_window"),
        (date(2026, 11, 1), None),
        (date(2026, 11, 23), None),
    ],
)
def test_the_date_lies_in_the_window_and_not_ahead(day: date, rule: str | None) -> None:
    assert frame_rules(completed_on=day).get("completed_on") == rule


def test_a_date_after_the_window_or_after_a_death_is_refused() -> None:
    late = Bounds(date(2026, 10, 1), date(2026, 11, 10), TODAY, None)
    assert frame_rules(late, completed_on=date(2026, 11, 11)) == {"completed_on": "sheet_after_window"}
    dead = Bounds(date(2026, 11, 1), date(2026, 12, 1), TODAY, date(2026, 11, 20))
    assert frame_rules(dead, completed_on=date(2026, 11, 21)) == {"completed_on": "after_death"}
    assert frame_rules(dead, completed_on=date(2026, 11, 20)) == {}


@pytest.mark.requirement("CLI-05")
@pytest.mark.parametrize(
    ("mode", "helper", "kinds", "wrong"),
    [
        ("paper", None, (), {}),
        ("paper", "family", ("reading", "writing"), {}),
        ("interview", "staff", ("reading",), {}),
        ("proxy", "caregiver", ("deciding", "writing"), {}),
        ("paper", "family", (), {"help_kinds": "help_missing"}),
        ("paper", None, ("reading",), {"helper": "helper_missing"}),
        ("interview", None, (), {"helper": "helper_missing"}),
        ("proxy", "family", ("writing",), {"help_kinds": "deciding_is_proxy"}),
        ("paper", "family", ("deciding",), {"help_kinds": "deciding_is_proxy"}),
        ("paper", "neighbour", ("reading",), {"helper": "unknown_helper"}),
        ("paper", "family", ("dancing",), {"help_kinds": "unknown_help"}),
        ("fax", None, (), {"mode": "unknown_mode"}),
    ],
)
def test_who_helped_and_how_go_together(
    mode: str, helper: str | None, kinds: tuple[str, ...], wrong: dict[str, str]
) -> None:
    assert frame_rules(mode=mode, helper=helper, help_kinds=kinds) == wrong


@pytest.mark.requirement("DAT-01")
def test_a_remark_identifies_nobody_and_is_no_novel() -> None:
    assert frame_rules(remark="born on 03/04/1951") == {"remark": "birth_date"}
    assert frame_rules(remark="x" * 501) == {"remark": "text_too_long"}


def test_the_error_tells_all_faults() -> None:
    error = SheetError([RuleError("q01", "nothing_typed", number=1), RuleError("mode", "unknown_mode")])
    assert str(error) == "q01: nothing typed (number=1); mode: unknown mode"
    assert [each.field for each in error.faults] == ["q01", "mode"]
