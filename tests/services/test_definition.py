"""The study definition file: the shipped one is right, and a wrong one is refused with each line at fault."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.services.definition import DefinitionError, Problem, StudyDefinition, parse_definition
from app.services.definition.lines import find_lines
from app.services.errors import NotFoundError

EXAMPLES = Path(__file__).parent / "definitions"
SHIPPED = Path(__file__).parents[2] / "app" / "studies" / "gist-ima.toml"
SMALL = (EXAMPLES / "small.toml").read_text(encoding="utf-8")

pytestmark = pytest.mark.requirement("VIS-01")


def shipped() -> StudyDefinition:
    return parse_definition(SHIPPED.read_text(encoding="utf-8"), SHIPPED.name)


def problems_of(source: str) -> list[Problem]:
    with pytest.raises(DefinitionError) as refused:
        parse_definition(source, "study.toml")
    return refused.value.problems


def edited(old: str, new: str) -> str:
    assert SMALL.count(old) == 1, f"{old!r} is not there once"
    return SMALL.replace(old, new)


# The shipped study


def test_the_shipped_study_is_identified_as_planned() -> None:
    study = shipped()
    assert (study.code, study.version, study.mode) == ("GIST-IMA", "1.0", "demonstration")
    assert study.starts_on == date(2026, 1, 5)
    assert study.languages == ("fr", "en")
    assert study.public_name == {"fr": "Étude de suivi 0426", "en": "Follow-up study 0426"}
    assert study.on_reintroduction == "keep"
    assert study.title["fr"] != study.title["en"]


def test_the_shipped_study_has_its_two_arms_in_both_languages() -> None:
    names = {arm.code: dict(arm.names) for arm in shipped().arms}
    assert names == {
        "interruption": {"fr": "Interruption", "en": "Interruption"},
        "continuation": {"fr": "Poursuite", "en": "Continuation"},
    }


def test_the_shipped_study_has_its_ten_sites_in_order() -> None:
    sites = shipped().sites
    assert [(site.number, site.name, site.city, site.recruiting) for site in sites] == [
        ("01", "CHU de Besançon", "Besançon", True),
        ("02", "Institut Bergonié", "Bordeaux", True),
        ("03", "CHU Dupuytren", "Limoges", True),
        ("04", "Centre Léon Bérard", "Lyon", True),
        ("05", "Institut Paoli Calmettes", "Marseille", False),
        ("06", "Institut Curie", "Paris", False),
        ("07", "CHU de Reims", "Reims", True),
        ("08", "Centre Eugène Marquis", "Rennes", False),
        ("09", "Institut de Cancérologie de l’Ouest, site René Gauducheau", "Saint-Herblain", False),
        ("10", "Institut de Cancérologie Lucien Neuwirth", "Saint-Priest-en-Jarez", False),
    ]
    assert {site.timezone for site in sites} == {"Europe/Paris"}


def test_the_shipped_telephones_belong_to_ranges_kept_for_fiction() -> None:
    ranges = ("01 99 00", "02 61 91", "03 53 01", "04 65 71", "05 36 49")
    phones = [site.phone for site in shipped().sites]
    assert all(phone.startswith(ranges) for phone in phones)
    assert len(set(phones)) == len(phones)


@pytest.mark.requirement("LINK-07")
def test_the_shipped_public_names_hold_no_word_of_disease_drug_or_department() -> None:
    study = shipped()
    public = [*study.public_name.values(), *(site.public_name for site in study.sites)]
    words = ("cancer", "cancéro", "onco", "tumo", "gist", "stroma", "imatinib", "service", "département")
    assert [name for name in public for word in words if word in name.lower()] == []


def test_the_shipped_milestones_say_which_happen_once() -> None:
    once = {kind.code: kind.once for kind in shipped().milestones}
    assert once == {
        "consent": True,
        "randomisation": True,
        "progression": False,
        "reintroduction": True,
        "response": False,
        "tumour-assessment": False,
        "known-alive": False,
        "stops-questionnaires": True,
        "stops-treatment": True,
        "consent-withdrawn": True,
        "lost-to-follow-up": True,
        "death": True,
    }


def test_every_shipped_visit_asks_for_the_questionnaire_and_then_the_symptoms() -> None:
    assert {visit.questionnaires for visit in shipped().visits} == {("qlq-c30", "symptoms")}


def test_every_time_zone_read_is_one_that_python_knows() -> None:
    small = parse_definition(SMALL, "small.toml")
    zones = [ZoneInfo(site.timezone).key for site in small.sites]
    assert zones == ["Europe/Paris", "Indian/Reunion"]


# Reading


def test_a_small_study_is_read_with_its_default_language_first() -> None:
    small = parse_definition(SMALL, "small.toml")
    assert small.languages == ("en", "fr")
    assert small.mode == "production"
    assert small.arm("no-pause").names["fr"] == "Sans pause"
    assert small.milestone("randomisation").names["en"] == "Randomisation"
    assert small.visits[1].months == (1, 3, 6)
    assert small.visits[2].arms == ("pause",)


def test_a_site_is_found_by_its_number() -> None:
    assert shipped().site("04").city == "Lyon"


@pytest.mark.parametrize("find", [StudyDefinition.arm, StudyDefinition.site, StudyDefinition.milestone])
def test_an_unknown_code_is_named_in_the_error(find: Any) -> None:
    with pytest.raises(NotFoundError, match="'99'") as refused:
        find(shipped(), "99")
    assert refused.value.name == "99"


def test_without_a_schedule_visits_go_on_after_reintroduction() -> None:
    without = edited('[schedule]\non_reintroduction = "close"\n', "")
    assert parse_definition(without, "small.toml").on_reintroduction == "keep"


@pytest.mark.requirement("LINK-05")
@pytest.mark.parametrize(
    ("mode", "links", "asks"),
    [
        ("production", "", True),
        ("demonstration", "", False),
        ("production", "[links]\ncode = false\n", False),
        ("demonstration", "[links]\ncode = true\n", True),
        ("production", "[links]\n", True),
    ],
)
def test_in_production_links_ask_for_the_code_unless_the_file_says_otherwise(
    mode: str, links: str, asks: bool
) -> None:
    text = edited('mode = "production"', f'mode = "{mode}"') + links
    assert parse_definition(text, "small.toml").asks_code is asks


@pytest.mark.requirement("LINK-05")
def test_what_is_no_yes_or_no_about_the_code_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r'\[links\], code: found "yes", expected true or false'):
        parse_definition(SMALL + '[links]\ncode = "yes"\n', "small.toml")


def test_a_definition_cannot_be_changed_once_read() -> None:
    small = parse_definition(SMALL, "small.toml")
    with pytest.raises(ValidationError, match="frozen"):
        small.arms[0].code = "other"


@pytest.mark.parametrize("disguise", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_files_saved_on_windows_read_the_same(disguise: Any) -> None:
    assert parse_definition(disguise(SMALL), "w.toml") == parse_definition(SMALL, "u.toml")


def test_lines_are_right_in_a_file_with_windows_line_ends() -> None:
    (problem,) = problems_of(edited('mode = "production"', 'mode = "real"').replace("\n", "\r\n"))
    assert problem.line == 5


# Faults one by one: the text replaced, what replaces it, the line, the place, what was found and expected

FAULTS = [
    ('code = "SMALL-1"', 'code = "small 1"', 3, "[study], code", '"small 1"', "a code in capitals"),
    ('code = "SMALL-1"\n', "", 2, "[study], code", "nothing", "a code in capitals"),
    ('"2.1"', "2.1", 4, "[study], version", "2.1", "a version in quotes"),
    ('"2.1"', '""', 4, "[study], version", '""', "a version in quotes"),
    ('"production"', '"real"', 5, "[study], mode", '"real"', '"demonstration" or "production"'),
    ("2025-03-01", '"1 March"', 6, "[study], starts_on", '"1 March"', "a date without quotes"),
    ("2025-03-01", "2025-03-01T10:00:00", 6, "[study], starts_on", "2025-03-01 10:00", "a date without"),
    (
        'timezone = "Europe/Paris"',
        'ends_on = 2025-03-01\ntimezone = "Europe/Paris"',
        8,
        "[study], ends_on",
        "2025-03-01",
        "a date after starts_on (2025-03-01)",
    ),
    (
        'timezone = "Europe/Paris"',
        'ends_on = "soon"\ntimezone = "Europe/Paris"',
        8,
        "[study], ends_on",
        '"soon"',
        "a date without quotes",
    ),
    ('["en", "fr"]', '["en", "en"]', 7, "[study], languages", '["en", "en"]', "each value once"),
    ('"Europe/Paris"', '"Paris"', 8, "[study], timezone", '"Paris"', "the IANA name of a time zone"),
    ('"Europe/Paris"', '"../etc"', 8, "[study], timezone", '"../etc"', "the IANA name of a time zone"),
    (', en = "Small study"', "", 9, "[study], title", "a table with fr", "a text in each language"),
    ('en = "Small study"', 'en = " "', 9, "[study], title, en", '" "', "the title for staff"),
    ('"close"', '"end"', 13, "[schedule], on_reintroduction", '"end"', '"keep" or "close"'),
    (
        'code = "no-pause"',
        'code = "pause"',
        20,
        "[[arms]] number 2, code",
        '"pause" a second time',
        "it once",
    ),
    ('names.en = "No pause"', "names.en = 1", 22, "[[arms]] number 2, names, en", "1", "a text in each"),
    ('number = "01"', "number = 1", 25, "[[sites]] number 1, number", "1", "two or three digits"),
    ('number = "02"', 'number = "01"', 33, "[[sites]] number 2, number", '"01" a second time', "it once"),
    ('city = "Lille"\n', "", 24, "[[sites]] number 1, city", "nothing", "the hospital's city"),
    (
        '"03 53 01 00 01"',
        '"03 53 01 00 01"\ncalendar = "alsace"',
        30,
        "[[sites]] number 1, calendar",
        '"alsace"',
        "whose public holidays the site keeps",
    ),
    ('"03 53 01 00 01"', '"ask"', 29, "[[sites]] number 1, phone", '"ask"', "a telephone number"),
    ("recruiting = false", "recruiting = 0", 39, "[[sites]] number 2, recruiting", "0", "true or false"),
    ("Indian/Reunion", "Reunion", 38, "[[sites]] number 2, timezone", '"Reunion"', "the IANA name"),
    ('fr = "Randomisation"\n', "", 49, "[[milestones]] number 2, names", "a table with en", "each language"),
    (
        '"consent"\ndays',
        '"consant"\ndays',
        66,
        "[[visits]] number 1, anchor",
        '"consant"',
        "of a milestone of",
    ),
    ('"consent"\ndays', '"progression"\ndays', 66, "[[visits]] number 1, anchor", '"prog', "happens once"),
    ("days_before = 0", "days_before = -1", 68, "[[visits]] number 1, days_before", "-1", "0 or more"),
    ("days_after = 28", "days_after = 4.5", 69, "[[visits]] number 1, days_after", "4.5", "a whole number"),
    ("days_after = 28\n", "", 63, "[[visits]] number 1, days_after", "nothing", "a whole number"),
    ('code = "M{month}"', 'code = "M"', 73, "[[visits]] number 2, code", '"M"', "{month} where the"),
    ('"BASELINE"', '"B{month}"', 64, "[[visits]] number 1, code", '"B{month}"', "no {month} in one"),
    ('"BASELINE"', '"U7"', 64, "[[visits]] number 1, code", '"U7"', "a code other than U and a number"),
    ('code = "M{month}"', 'code = "U{month}"', 73, "[[visits]] number 2, code", '"U{month}"', "other than U"),
    ("Month {month}", "Month", 74, "[[visits]] number 2, names, en", '"Month"', "{month} where the"),
    ("    3,\n", '    "3",\n', 78, "[[visits]] number 2, months, value 2", '"3"', "a list of months"),
    ("    6,\n", "    3,\n", 76, "[[visits]] number 2, months", "[1, 3, 3]", "growing order"),
    ("months = [", "days = 3\nmonths = [", 77, "[[visits]] number 2, months", "both", "either days"),
    ('"RI0"', '"M6"', 86, "[[visits]] number 3, code", '"M6" a second time', "(first on line 73)"),
    ('["pause"]', '["stop"]', 92, "[[visits]] number 3, arms, value 1", '"stop"', "of an arm of this file"),
    ('["pause"]', "[]", 92, "[[visits]] number 3, arms", "[]", "a list of arms"),
    ('arms = ["pause"]', 'arm = "pause"', 92, "[[visits]] number 3, arm", "an unknown key", "only days"),
]


@pytest.mark.parametrize(("old", "new", "line", "where", "found", "expected"), FAULTS)
def test_a_fault_is_refused_with_its_line_what_was_found_and_what_was_expected(
    old: str, new: str, line: int, where: str, found: str, expected: str
) -> None:
    (problem,) = problems_of(edited(old, new))
    assert (problem.file, problem.line, problem.where) == ("study.toml", line, where)
    before, _, after = problem.message.partition(", expected ")
    assert before.startswith(f"found {found}")
    assert expected in after


@pytest.mark.parametrize("code", ["qlq-c31", "QLQ-C30", "../qlq-c30", ""])
def test_a_questionnaire_must_be_one_that_the_software_holds(code: str) -> None:
    source = edited(
        'arms = ["pause"]\nquestionnaires = ["qlq-c30"]', f'questionnaires = ["qlq-c30", "{code}"]'
    )
    (problem,) = problems_of(source)
    assert (problem.line, problem.where) == (92, "[[visits]] number 3, questionnaires, value 2")
    assert "the code of a questionnaire" in problem.message


@pytest.mark.parametrize(
    ("code", "number", "line"), [("consent", 1, 66), ("randomisation", 2, 75), ("reintroduction", 3, 88)]
)
def test_the_milestones_of_the_software_are_needed(code: str, number: int, line: int) -> None:
    (missing, dangling) = problems_of(edited(f'code = "{code}"', 'code = "other"'))
    assert (missing.line, missing.where) == (41, "[milestones]")
    assert missing.message == f'found no milestone "{code}", expected one with this code'
    assert (dangling.line, dangling.where) == (line, f"[[visits]] number {number}, anchor")


def test_languages_at_fault_are_not_blamed_on_every_text() -> None:
    (problem,) = problems_of(edited('["en", "fr"]', '["en", "fr", "de"]'))
    assert (problem.line, problem.where) == (7, "[study], languages, value 3")


def test_a_study_of_one_language_has_texts_in_that_one_only() -> None:
    problems = problems_of(edited('["en", "fr"]', '["fr"]'))
    assert {problem.message.partition(", expected ")[2] for problem in problems} == {
        "a text in each language of the study and in no other: fr"
    }


def test_reintroduction_is_needed_only_where_it_closes_visits() -> None:
    kept = edited('"close"', '"keep"').split('[[visits]]\ncode = "RI0"')[0]
    parse_definition(kept.replace('code = "reintroduction"', 'code = "restart"'), "small.toml")


def test_a_series_that_repeats_a_code_of_another_series_is_refused_for_each() -> None:
    again = (
        '\n[[visits]]\ncode = "M{month}"\nnames = { fr = "{month}", en = "{month}" }\nanchor = "consent"\n'
    )
    source = (
        SMALL + again + 'months = [3, 6, 9]\ndays_before = 0\ndays_after = 0\nquestionnaires = ["qlq-c30"]\n'
    )
    assert [(problem.line, problem.message.split(",")[0]) for problem in problems_of(source)] == [
        (96, 'found "M3" a second time'),
        (96, 'found "M6" a second time'),
    ]


@pytest.mark.parametrize(
    ("source", "line", "found"),
    [
        ('[study]\ncode = "A"\ncode = "B"\n', 3, "Cannot overwrite a value"),
        ('[study]\ncode = "A\n', 2, "Illegal character"),
        ("[study]\n\n[study]\n", 3, "Cannot declare"),
        ("[study]\nstarts_on = 2026-02-30\n", 2, "Invalid date or datetime"),
        ("[study]\nlanguages = [\n  'fr'\n", 3, "Unclosed array"),
        ("[study]\ncode GIST\n", 2, "Expected '='"),
        (f"[study]\nversion = {'9' * 5000}\n", 2, "Exceeds the limit"),
    ],
)
def test_what_is_no_toml_is_refused_with_its_line(source: str, line: int, found: str) -> None:
    (problem,) = problems_of(source)
    assert (problem.line, problem.where) == (line, "file")
    assert problem.message.startswith(f"found no valid TOML ({found}")


def test_endless_nesting_is_refused() -> None:
    (problem,) = problems_of("x = " + "[" * 5000)
    assert "nested too deeply" in problem.message


# All at once


def test_all_problems_are_told_at_once_in_the_order_of_their_lines() -> None:
    with pytest.raises(DefinitionError) as refused:
        parse_definition((EXAMPLES / "many-faults.toml").read_text(encoding="utf-8"), "many-faults.toml")
    expected = (EXAMPLES / "many-faults.txt").read_text(encoding="utf-8")
    assert str(refused.value) + "\n" == expected


def test_an_empty_file_lacks_every_table() -> None:
    problems = problems_of("")
    assert [problem.where for problem in problems] == [
        "[arms]",
        "[milestones]",
        "[sites]",
        "[study]",
        "[visits]",
    ]
    assert {problem.line for problem in problems} == {1}


def test_tables_of_the_wrong_shape_are_told_with_the_shape_expected() -> None:
    problems = problems_of('study = "A"\narms = { code = "a" }\nsites = [1]\nmilestones = 3\n[[visits]]\n')
    first = {problem.line: str(problem) for problem in problems if problem.line < 5}
    assert first == {
        1: 'study.toml:1: [study]: found "A", expected a table [study]',
        2: "study.toml:2: [arms]: found a table with code, expected a table [[arms]] for each arm",
        3: "study.toml:3: [[sites]] number 1: found 1, expected a table [[sites]] for each site",
        4: "study.toml:4: [milestones]: found 3, expected a table [[milestones]] for each milestone",
    }


# Faults that neither bring others about nor need another place to be as it was.
APART = [
    fault
    for fault in FAULTS
    if fault[3] not in {"[study], languages", "[study], ends_on"} and "a second time" not in fault[4]
]


@settings(deadline=None)
@given(st.sets(st.sampled_from(APART), min_size=2, max_size=6))
def test_faults_together_are_all_told(
    chosen: set[tuple[str, str, int, str, str, str]],
) -> None:
    source, wheres = SMALL, set()
    for old, new, _, where, _, _ in sorted(chosen):
        # Edits of one place exclude each other.
        if source.count(old) == 1:
            source = source.replace(old, new)
            wheres.add(field_of(where))
    assert wheres <= {field_of(problem.where) for problem in problems_of(source)}


def field_of(where: str) -> str:
    """A list is not judged as a whole while one of its values is wrong."""
    return ", ".join(where.split(", ")[:2])


# As TOML writes them: every type, empty, nested and where a text, a number or a list is expected.
VALUES = [
    "0",
    "-1",
    "1.5",
    "nan",
    "true",
    '""',
    '"a"',
    '"{month}"',
    "2026-01-05",
    "2026-01-05T10:00:00Z",
    "10:00:00",
]
VALUES += ["[]", "[[]]", "[0]", '["a"]', "[{}]", "{}", "{ fr = 1, en = [] }", '{ code = "a" }', "9" * 30]


def assert_read_or_refused(source: str) -> None:
    problems: list[Problem] = []
    try:
        parse_definition(source, "study.toml")
    except DefinitionError as refused:
        problems = refused.problems
    assert all(1 <= problem.line <= source.count("\n") for problem in problems)


@pytest.mark.parametrize("value", VALUES)
def test_any_value_of_any_key_is_read_or_refused_never_a_crash(value: str) -> None:
    for line in SMALL.splitlines():
        key, equals, _ = line.partition(" = ")
        if equals:
            assert_read_or_refused(SMALL.replace(line, f"{key} = {value}", 1))


@settings(deadline=None)
@given(st.sets(st.integers(min_value=0, max_value=SMALL.count("\n") - 1), min_size=1, max_size=40))
def test_a_file_with_lines_lost_is_read_or_refused_never_a_crash(lost: set[int]) -> None:
    kept = [line for number, line in enumerate(SMALL.splitlines()) if number not in lost]
    assert_read_or_refused("\n".join(kept) + "\n")


# Lines

TANGLE = '''\
# a comment with = [brackets]
"quoted key" = 1
dotted.'inner key'.last = 2

text = """
[not.a.header]
key = "no key" ""quotes"""""
literal = \'\'\'
# no comment
\'\'\'
moment = 2026-01-05 10:00:00
list = [ # of all sorts
  1, "two, ]", { three = 3, more = [
    4 ] },

  [5, 6],
]
[table]
  indented = "}"
[table.sub."deep est"]
key = true
[[rows]]
key = 1
[[rows.cells]]
key = 2
[[rows.cells]]
key = 3
[rows.style]
key = 4
[[rows]]
[[rows.cells]]
key = 5
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("quoted key",), 2),
        (("dotted", "inner key", "last"), 3),
        (("text",), 5),
        (("literal",), 8),
        (("moment",), 11),
        (("list",), 12),
        (("list", 0), 13),
        (("list", 2, "three"), 13),
        (("list", 2, "more", 0), 14),
        (("list", 3, 1), 16),
        (("table",), 18),
        (("table", "indented"), 19),
        (("table", "sub"), 20),
        (("table", "sub", "deep est", "key"), 21),
        (("rows",), 22),
        (("rows", 0, "key"), 23),
        (("rows", 0, "cells", 0, "key"), 25),
        (("rows", 0, "cells", 1, "key"), 27),
        (("rows", 0, "style", "key"), 29),
        (("rows", 1), 30),
        (("rows", 1, "cells", 0, "key"), 32),
        (("rows", 1, "absent"), 30),
        (("rows", 0, "cells", 1, "absent", 3), 26),
        (("absent",), 1),
        ((), 1),
    ],
)
def test_the_line_of_a_key_is_found_in_every_way_of_writing_it(
    path: tuple[str | int, ...], line: int
) -> None:
    assert find_lines(TANGLE).of(path) == line


def test_a_table_named_first_by_its_part_has_the_line_of_its_own_header() -> None:
    lines = find_lines("[a.b]\nx = 1\n[a]\ny = 2\n")
    assert (lines.of(("a",)), lines.of(("a", "b")), lines.of(("a", "z"))) == (3, 1, 3)


@pytest.mark.parametrize("source", [TANGLE, SMALL, SHIPPED.read_text(encoding="utf-8")])
def test_every_value_that_tomllib_reads_has_a_line_of_its_own(source: str) -> None:
    lines = find_lines(source)
    written = source.splitlines()
    for path in paths(tomllib.loads(source)):
        key = next(part for part in reversed(path) if isinstance(part, str))
        if isinstance(path[-1], str):
            assert key in written[lines.of(path) - 1], path


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(found for key, each in inner for found in paths(each, (*path, key)))]
