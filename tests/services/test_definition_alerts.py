"""Alert rules in the study definition: off by default, and refused with the line at fault."""

import pytest

from app.services.definition import AlertRule, DefinitionError, parse_definition
from app.services.errors import NotFoundError
from tests import alerting
from tests import factories as make

pytestmark = pytest.mark.requirement("ALR-01")
SOURCE = make.source(with_symptoms=True)
# The line of the table's header of a rule that stands at the end of the file; its keys follow.
FIRST = SOURCE.count("\n") + 2
LINES = {
    key: FIRST + number
    for number, key in enumerate(
        ("table", "code", "names", "enabled", "on", "questionnaire", "of", "tells"), start=0
    )
}
SYMPTOM = {"questionnaire": '"symptoms"', "of": '"pt009"', "on": '"composite"', "at_least": 3}


def parsed(text: str) -> AlertRule:
    return parse_definition(SOURCE + text, "study.toml").alerts[-1]


def problems(text: str) -> list[str]:
    with pytest.raises(DefinitionError) as refused:
        parse_definition(SOURCE + text, "study.toml")
    return [str(each) for each in refused.value.problems]


def test_the_shipped_study_has_rules_and_none_is_on() -> None:
    rules = make.definition().alerts
    assert {rule.on for rule in rules} == {"composite", "change", "scale"}
    assert not [rule.code for rule in rules if rule.enabled]


def test_a_rule_is_off_until_the_file_says_otherwise() -> None:
    assert not parsed(alerting.alert_rule().replace("enabled = true\n", "")).enabled
    assert parsed(alerting.alert_rule()).enabled


def test_a_study_without_rules_has_none() -> None:
    without = SOURCE.split("# Alerts.")[0] + "\n[[arms]]" + SOURCE.split("\n[[arms]]", 1)[1]
    assert parse_definition(without, "study.toml").alerts == ()


@pytest.mark.parametrize(
    ("changes", "value", "is_reached"),
    [
        ({"at_least": 50}, 49.999999, False),
        ({"at_least": 50}, 50, True),
        ({"at_least": 50}, 50.1, True),
        ({"at_most": 33.3}, 33.4, False),
        ({"at_most": 33.3}, 33.3, True),
        ({"at_most": 33.3}, 0, True),
        ({"on": '"change"', "at_most": -10}, -9.9, False),
        ({"on": '"change"', "at_most": -10}, -10, True),
    ],
)
def test_the_threshold_itself_counts_and_the_direction_holds(
    changes: dict[str, object], value: float, *, is_reached: bool
) -> None:
    assert parsed(alerting.alert_rule(**changes)).is_reached_by(value) is is_reached


@pytest.mark.parametrize(
    "changes",
    [
        {"on": '"item"', "of": '"q30"', "at_most": 1},
        {"on": '"item"', "of": '"q30"', "at_least": 7},
        {"of": '"SUMMARY"', "at_most": 0},
        {"on": '"change"', "at_least": 100},
        SYMPTOM,
        SYMPTOM | {"on": '"item"', "of": '"pt009b"', "at_least": 4},
        SYMPTOM | {"on": '"item"', "of": '"otherb"', "at_least": 4},
    ],
)
def test_each_kind_of_rule_is_read(changes: dict[str, object]) -> None:
    assert parsed(alerting.alert_rule(**changes)).code == "pain"


@pytest.mark.parametrize(
    ("changes", "key", "found", "expected"),
    [
        ({"on": '"total"'}, "on", '"total"', '"item", "scale", "change" or "composite"'),
        ({"questionnaire": '"qlq-c31"'}, "questionnaire", '"qlq-c31"', "the code of a questionnaire"),
        ({"of": '"PX"'}, "of", '"PX"', "one of QL2, PF2"),
        ({"on": '"item"'}, "of", '"PA"', "one of q01"),
        ({"on": '"composite"'}, "of", '"PA"', "none, as qlq-c30 has nothing of the kind"),
        (SYMPTOM | {"on": '"scale"'}, "of", '"pt009"', "none, as symptoms has nothing of the kind"),
        (SYMPTOM | {"of": '"pt001"'}, "of", '"pt001"', "one of pt"),
        (SYMPTOM | {"on": '"item"', "of": '"pt009c"'}, "of", '"pt009c"', "one of pt"),
        ({"tells": "[]"}, "tells", "[]", 'a list from "nurse" and "investigator"'),
        ({"tells": '["nurse", "nurse"]'}, "tells", '["nurse", "nurse"]', "each value once"),
        ({"enabled": 1}, "enabled", "1", "true or false"),
    ],
)
def test_a_rule_at_fault_is_refused_with_its_line(
    changes: dict[str, object], key: str, found: str, expected: str
) -> None:
    (problem,) = problems(alerting.alert_rule(**changes))
    assert problem.startswith(f"study.toml:{LINES[key]}: [[alerts]] number 4, {key}")
    assert f"found {found}" in problem
    assert expected in problem.partition(", expected ")[2]


@pytest.mark.parametrize(
    ("changes", "found", "expected"),
    [
        ({"at_least": 0}, "0", "above 0 up to 100"),
        ({"at_least": 100.1}, "100.1", "above 0 up to 100"),
        ({"at_most": 100}, "100", "from 0 to below 100"),
        ({"at_most": -1}, "-1", "from 0 to below 100"),
        ({"on": '"change"', "at_most": -101}, "-101", "from -100 to below 100"),
        ({"on": '"item"', "of": '"q30"', "at_least": 8}, "8", "above 1 up to 7"),
        (SYMPTOM | {"at_least": 4}, "4", "above 0 up to 3"),
        ({"at_least": 3, "at_most": 5}, "both", "either at_least or at_most"),
        ({"at_least": "nan"}, "nan", "a number"),
        ({"at_least": '"high"'}, '"high"', "a number"),
        ({"escalates_after_hours": 0}, "0", "working hours from 1 to 400"),
        ({"escalates_after_hours": 1.5}, "1.5", "working hours from 1 to 400"),
    ],
)
def test_a_threshold_that_no_answer_or_every_answer_reaches_is_refused(
    changes: dict[str, object], found: str, expected: str
) -> None:
    (problem,) = problems(alerting.alert_rule(**changes))
    assert f"found {found}, expected" in problem
    assert expected in problem


def test_a_rule_without_a_threshold_or_a_second_one_of_its_code_is_refused() -> None:
    (problem,) = problems(alerting.alert_rule().replace("at_least = 50\n", ""))
    assert f"study.toml:{FIRST}: [[alerts]] number 4, at_least: found neither" in problem
    (problem,) = problems(alerting.alert_rule() + alerting.alert_rule())
    assert (
        f'[[alerts]] number 5, code: found "pain" a second time, expected it once (first on line {FIRST + 1})'
    )


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(NotFoundError, match="alert rule 'no'"):
        make.definition().alert("no")
