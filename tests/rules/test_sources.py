"""Our source files keep the rules of source_rules.py; what is excused stands here with its reason."""

import re
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.rules import source_rules as rules

ROOT = Path(__file__).resolve().parents[2]
CODE = ("app", "scoring", "scripts", "benchmarks")
TEMPLATES, STATIC = ROOT / "app" / "templates", ROOT / "app" / "static"

# Reviewed exceptions: path, or path::function, with the reason. One that is no longer needed fails a test.
LONG_FILES: dict[str, str] = {
    "tests/services/test_definition.py": "one table of faults, read as a whole",
    "tests/services/test_schedule.py": "the calendar's rules and the first study's dates side by side",
}
LONG_FUNCTIONS: dict[str, str] = {}
UNREFERENCED_TEMPLATES: dict[str, str] = {}

Rule = Callable[[str], Iterable[str]]


def files(folders: Iterable[str], *suffixes: str) -> list[Path]:
    """Files below the folders, and wsgi.py with the code."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in suffixes]
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def name(path: Path) -> str:
    """The path as the exceptions write it."""
    return path.relative_to(ROOT).as_posix()


def broken(rule: Rule, paths: Iterable[Path]) -> list[str]:
    """Where the files break the rule."""
    return [
        f"{name(path)}: {problem}" for path in paths for problem in rule(path.read_text(encoding="utf-8"))
    ]


def long_files() -> dict[str, str]:
    """Path -> what is wrong."""
    sources = files((*CODE, "migrations", "tests"), ".py", ".html", ".js", ".css")
    own = [path for path in sources if "vendor" not in path.parts]
    return {name(path): line for path in own for line in rules.long_file(path.read_text(encoding="utf-8"))}


def long_functions() -> dict[str, int]:
    """path::function -> its lines; a migration's upgrade is a list of tables, not a thought."""
    return {
        f"{name(path)}::{function}": lines
        for path in files((*CODE, "tests"), ".py")
        for function, lines in rules.long_functions(path.read_text(encoding="utf-8"))
    }


def test_no_source_file_is_longer_than_a_reader_holds_in_mind() -> None:
    found = long_files()
    assert not {path: line for path, line in found.items() if path not in LONG_FILES}
    assert set(LONG_FILES) <= set(found), "an exception that is no longer needed"


def test_hardly_any_function_is_long() -> None:
    found = long_functions()
    assert not {function: lines for function, lines in found.items() if function not in LONG_FUNCTIONS}
    assert set(LONG_FUNCTIONS) <= set(found), "an exception that is no longer needed"


@pytest.mark.threat("C3")
@pytest.mark.threat("C4")
def test_templates_hold_nothing_that_the_content_policy_refuses() -> None:
    assert not broken(rules.markup, files(("app/templates",), ".html", ".svg", ".txt"))


@pytest.mark.threat("C4")
def test_static_files_hold_no_inline_style_or_script() -> None:
    assert not broken(rules.markup, files(("app/static",), ".html", ".svg"))


@pytest.mark.threat("C3")
def test_scripts_make_no_markup_or_code_from_text() -> None:
    assert not broken(rules.scripts, files(("app/static",), ".js"))


@pytest.mark.threat("G11")
def test_templates_and_static_files_name_no_other_host() -> None:
    suffixes = (".html", ".svg", ".txt", ".js", ".css", ".webmanifest", ".json")
    assert not broken(rules.addresses, files(("app/templates", "app/static"), *suffixes))


@pytest.mark.threat("A1")
def test_no_secret_is_a_uuid() -> None:
    assert not broken(rules.guessable, files(("app", "scoring"), ".py"))


@pytest.mark.threat("C11")
def test_sql_is_never_put_together_from_values() -> None:
    assert not broken(rules.built_sql, files(("app", "scoring"), ".py"))


def test_tests_do_not_pause() -> None:
    assert not broken(rules.waits, files(("tests",), ".py"))


def test_no_test_is_left_out_without_a_reason() -> None:
    assert not broken(rules.silent_skips, files(("tests",), ".py"))


def referenced(template: str, texts: str) -> bool:
    """Whether the code or another template names the template, or its folder where the name is computed."""
    if re.search(rf"""["']{re.escape(template)}["']""", texts):
        return True
    folder = re.escape(template.rsplit("/", 1)[0] + "/")
    return bool(re.search(rf"""["']{folder}["']\s*~|f["']{folder}\{{""", texts))


def library_template(template: str) -> bool:
    """Whether the template stands in for one that the sign-in library renders by the same name."""
    spec = find_spec("flask_security")
    folders = spec.submodule_search_locations if spec else None
    return any((Path(folder) / "templates" / template).exists() for folder in folders or ())


def test_every_template_is_used() -> None:
    sources = [*files(("app",), ".py"), *files(("app/templates",), ".html", ".txt")]
    texts = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    unused = {
        template
        for path in files(("app/templates",), ".html", ".txt")
        if not referenced(template := path.relative_to(TEMPLATES).as_posix(), texts)
        and not library_template(template)
    }
    assert not unused - set(UNREFERENCED_TEMPLATES)
    assert set(UNREFERENCED_TEMPLATES) <= unused, "an exception that is no longer needed"


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (rules.long_file, "x = 1\n" * 401),
        (rules.long_functions, "def f():\n" + "    x = 1\n" * 45),
        (rules.markup, "<p>{{ text|safe }}</p>"),
        (rules.markup, "<p>{{ text | trim | safe }}</p>"),
        (rules.markup, "{% autoescape false %}"),
        (rules.markup, '<p class="a"\n   style="color: red">'),
        (rules.markup, "<style>p { color: red }</style>"),
        (rules.markup, "<script>start()</script>"),
        (rules.markup, '<button type="button" onclick="start()">'),
        (rules.markup, '<a href="javascript:start()">'),
        (rules.scripts, "row.innerHTML = answer;"),
        (rules.scripts, "eval (text)"),
        (rules.addresses, '<script src="https://cdn.example.org/a.js"></script>'),
        (rules.addresses, '<script src="//cdn.example.org/a.js"></script>'),
        (rules.addresses, 'fetch("//example.org/answers")'),
        (rules.addresses, "a { background: url(data:image/png;base64,AAAA) }"),
        (rules.guessable, "from uuid import uuid4"),
        (rules.guessable, "import uuid\ntoken = str(uuid.uuid4())"),
        (rules.built_sql, 'text(f"SELECT * FROM patient WHERE code = {code}")'),
        (rules.built_sql, 'sa.text("SELECT * FROM patient WHERE code = %s" % code)'),
        (rules.built_sql, 'connection.exec_driver_sql("SELECT " + column)'),
        (rules.built_sql, 'text("SELECT {}".format(column))'),
        (rules.waits, "import time\ntime.sleep(1)"),
        (rules.waits, "page.wait_for_timeout(500)"),
        (rules.silent_skips, "@pytest.mark.skip\ndef test_a(): pass"),
        (rules.silent_skips, "@pytest.mark.skip()\ndef test_a(): pass"),
        (rules.silent_skips, "@pytest.mark.skipif(is_late)\ndef test_a(): pass"),
        (rules.silent_skips, 'pytest.skip("")'),
    ],
)
def test_rule_catches(rule: Callable[[str], Iterable[object]], source: str) -> None:
    assert len(list(rule(source))) == 1


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (rules.long_file, "x = 1\n" * 400),
        (rules.long_functions, "def f():\n" + "    x = 1\n" * 44),
        (rules.markup, '{# style="..." and |safe are refused #}<p class="style">on = 1</p>'),
        (rules.markup, "<script src=\"{{ asset('patient.js') }}\" defer></script>"),
        (rules.markup, "{% if a < b %}<p>once = twice</p>"),
        (rules.scripts, "/* innerHTML = would be wrong */ row.textContent = answer;"),
        (rules.addresses, '<svg xmlns="http://www.w3.org/2000/svg">'),
        (rules.addresses, '<a href="/nurse/">'),
        (rules.addresses, "// a remark\nlet a = b // c;"),
        (rules.guessable, "from app.models.base import uuid7"),
        (rules.built_sql, 'text("SELECT 1")'),
        (rules.built_sql, 'log(f"{count} rows")'),
        (rules.waits, 'page.wait_for_selector("h1")'),
        (rules.silent_skips, '@pytest.mark.skipif(is_late, reason="needs a clock")\ndef test_a(): pass'),
    ],
)
def test_rule_lets_pass(rule: Callable[[str], Iterable[object]], source: str) -> None:
    assert list(rule(source)) == []


def test_template_is_referenced_by_name_or_by_its_folder() -> None:
    assert referenced("patient/item.html", 'render_template("patient/item.html", page=page)')
    assert referenced("patient/kinds/four.html", '{% include "patient/kinds/" ~ kind ~ ".html" %}')
    assert referenced("errors/404.html", 'render_template(f"errors/{code}.html")')
    assert not referenced("patient/item.html", 'render_template("patient/items.html")')
