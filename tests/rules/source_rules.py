"""What no source file of ours may hold: each rule takes a text and says, line by line, where it is broken."""

import ast
import re
from collections.abc import Iterator

MAX_LINES, MAX_FUNCTION_LINES = 400, 45
SQL_CALLS = {"text", "exec_driver_sql", "executescript"}
SKIPS = {"skip", "skipif", "xfail"}
WAITS = {"sleep", "wait_for_timeout"}
# A name that identifies, not an address that is fetched.
NAMESPACES = ("http://www.w3.org/",)
JINJA_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
CSS_OR_JS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
IN_A_TAG = r"<[a-zA-Z][^<>]*?\s"
MARKUP_RULES = {
    "|safe": re.compile(r"\|\s*safe\b"),
    "autoescape off": re.compile(r"\{%-?\s*autoescape\s+false"),
    "inline style": re.compile(rf"{IN_A_TAG}style\s*=|<style\b", re.IGNORECASE),
    "inline script": re.compile(r"<script\b(?![^>]*\ssrc=)|javascript:", re.IGNORECASE),
    "inline handler": re.compile(rf"{IN_A_TAG}on[a-z]+\s*=", re.IGNORECASE),
}
ADDRESS = re.compile(r"""(?:https?:|["'(=\s])//[\w.-]+\.[\w./-]+""")
EMBEDDED = re.compile(r"\bdata:[a-z]+/")
SCRIPT_RULES = {
    "markup from text": re.compile(r"\.(?:inner|outer)HTML\s*\+?=(?!=)|insertAdjacentHTML|document\.write"),
    "code from text": re.compile(r"\beval\s*\(|\bnew Function\s*\("),
}

Problems = Iterator[str]


def long_file(source: str) -> Problems:
    """More lines than a reader holds in mind."""
    count = len(source.splitlines())
    if count > MAX_LINES:
        yield f"{count} lines, more than {MAX_LINES}"


def long_functions(source: str) -> Iterator[tuple[str, int]]:
    """(name, lines) of each function over the limit, its signature and docstring included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield node.name, lines


def markup(source: str) -> Problems:
    """What a strict content policy refuses, and what switches escaping off."""
    text = blank(JINJA_COMMENT, source)
    for name, pattern in MARKUP_RULES.items():
        yield from (f"line {line}: {name}" for line in lines_of(pattern, text))


def scripts(source: str) -> Problems:
    """Ways by which a text could become markup or code in the browser."""
    text = blank(CSS_OR_JS_COMMENT, source)
    for name, pattern in SCRIPT_RULES.items():
        yield from (f"line {line}: {name}" for line in lines_of(pattern, text))


def addresses(source: str) -> Problems:
    """Other hosts, and content embedded in an address."""
    text = blank(CSS_OR_JS_COMMENT, blank(JINJA_COMMENT, source))
    for found in ADDRESS.finditer(text):
        if not found.group().lstrip("\"'(= \n").startswith(NAMESPACES):
            yield f"line {line_at(text, found.start())}: another host: {found.group().strip()}"
    yield from (f"line {line}: data: address" for line in lines_of(EMBEDDED, text))


def guessable(source: str) -> Problems:
    """uuid4 is no secret, and our identifiers sort by time (uuid7)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute | ast.alias) and last_name(node) == "uuid4":
            yield f"line {node.lineno}: uuid4"


def last_name(node: ast.Attribute | ast.alias) -> str:
    """What is imported, or the last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.name


def built_sql(source: str) -> Problems:
    """SQL put together from values, instead of bound parameters."""
    for call in calls(source):
        if called_name(call) in SQL_CALLS and call.args and is_built(call.args[0]):
            yield f"line {call.lineno}: {called_name(call)}() with a text put together"


def is_built(argument: ast.expr) -> bool:
    """An f-string with values, a %, a + or a .format()."""
    if isinstance(argument, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in argument.values)
    if isinstance(argument, ast.Call):
        return called_name(argument) == "format"
    return isinstance(argument, ast.BinOp)


def waits(source: str) -> Problems:
    """Pauses: a test waits for what it needs, not for time to pass."""
    yield from (
        f"line {call.lineno}: {called_name(call)}()" for call in calls(source) if called_name(call) in WAITS
    )


def silent_skips(source: str) -> Problems:
    """Tests left out, or expected to fail, without a reason that a reader can judge."""
    tree = ast.parse(source)
    called = {id(call.func) for call in calls(source, tree)}
    for call in calls(source, tree):
        if is_skip(call.func) and not has_reason(call):
            yield f"line {call.lineno}: {called_name(call)} without a reason"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_skip(node) and id(node) not in called:
            yield f"line {node.lineno}: {node.attr} without a reason"


def is_skip(node: ast.expr) -> bool:
    """pytest.skip, pytest.mark.skipif, pytest.xfail and their like."""
    return isinstance(node, ast.Attribute) and node.attr in SKIPS and ast.unparse(node).startswith("pytest.")


def has_reason(call: ast.Call) -> bool:
    """A reason by its name, or first in skip and xfail; skipif's first argument is its condition."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
    first = [] if called_name(call) == "skipif" else call.args[:1]
    return any(not isinstance(each, ast.Constant) or bool(each.value) for each in [*named, *first])


def calls(source: str, tree: ast.AST | None = None) -> list[ast.Call]:
    """Every call in the source."""
    return [node for node in ast.walk(tree or ast.parse(source)) if isinstance(node, ast.Call)]


def called_name(call: ast.Call) -> str:
    """The last part of what is called: sleep for time.sleep(1)."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def blank(pattern: re.Pattern[str], source: str) -> str:
    """The source without what the pattern finds, its lines still counted alike."""
    return pattern.sub(lambda found: "\n" * found.group().count("\n"), source)


def lines_of(pattern: re.Pattern[str], text: str) -> list[int]:
    """Where the pattern is found."""
    return [line_at(text, found.start()) for found in pattern.finditer(text)]


def line_at(text: str, position: int) -> int:
    """The number of the line that holds a position."""
    return text.count("\n", 0, position) + 1
