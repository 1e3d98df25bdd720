"""The features that a script uses: syntax, globals, members, and the platform's words in texts.

What type a value has cannot be known here: a member is judged by its name alone, by the oldest interface that
has it. Where it is asked of a global (Object.hasOwn, navigator.locks), both names together must be listed.
"""

import re
from collections.abc import Iterator

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from scripts.browsers import css, script_names
from scripts.browsers.features import Use
from scripts.browsers.script_names import Names, field, text
from scripts.browsers.script_syntax import syntax

LANGUAGE = Language(tree_sitter_javascript.language())
WHOLE = {"self", "window", "globalThis"}
PATTERNS = {
    "lookbehind": re.compile(r"\(\?<[=!]"),
    "named-group": re.compile(r"\(\?<[A-Za-z_$]"),
    "property-escape": re.compile(r"\\[pP]\{"),
    "modifier": re.compile(r"\(\?[ims-]+:"),
}
TAKE_SELECTOR = {"querySelector", "querySelectorAll", "closest", "matches"}
TAKE_ATTRIBUTE = {"setAttribute", "toggleAttribute"}


def uses(source: str) -> Iterator[Use]:
    """Every feature of the script."""
    root = Parser(LANGUAGE).parse(source.encode()).root_node
    names = script_names.of(root)
    for node in script_names.walk(root):
        line = node.start_point[0] + 1
        yield from (Use(line, "syntax", (name,)) for name in syntax(node))
        match node.type:
            case "identifier" | "shorthand_property_identifier":
                yield from global_name(node, names, line)
            case "member_expression" | "subscript_expression":
                yield from member(node, names, line)
            case "object_pattern":
                yield from taken_apart(node, names, line)
            case "call_expression" | "new_expression":
                yield from call(node, line)
            case "regex":
                yield from pattern(text(field(node, "pattern")), text(field(node, "flags")), line)


def global_name(node: Node, names: Names, line: int) -> Iterator[Use]:
    """A name that the file does not declare is the platform's."""
    if text(node) not in names.declared:
        yield Use(line, "global", (text(node),))


def member(node: Node, names: Names, line: int) -> Iterator[Use]:
    """What is asked of an object, by a dot or by a text in brackets."""
    owner = field(node, "object")
    key = field(node, "property") or field(node, "index")
    if key is None or key.type not in ("property_identifier", "string") or is_dataset(owner):
        return
    name = text(key).strip("\"'")
    if owner and owner.type == "identifier" and text(owner) not in names.declared:
        yield of_global(text(owner), name, line)
    else:
        yield Use(line, "member", (name,), names.is_ours(name))


def is_dataset(owner: Node | None) -> bool:
    """The names in element.dataset are ours."""
    return owner is not None and text(field(owner, "property")) == "dataset"


def of_global(owner: str, name: str, line: int) -> Use:
    """window.caches is the global caches; of others both names count."""
    return Use(line, "global", (name,)) if owner in WHOLE else Use(line, "member", (f"{owner}.{name}",))


def taken_apart(node: Node, names: Names, line: int) -> Iterator[Use]:
    """const { locks } = navigator asks for navigator.locks. Of another object the names may be ours."""
    value = field(node.parent, "value") if node.parent else None
    is_global = value is not None and value.type == "identifier" and text(value) not in names.declared
    for name in script_names.keys(node):
        if is_global:
            yield of_global(text(value), name, line)
        else:
            yield Use(line, "member", (name,), is_ours=True)


def call(node: Node, line: int) -> Iterator[Use]:
    """What a call says in texts and options."""
    called = field(node, "function") or field(node, "constructor")
    name = text(field(called, "property")) or text(called)
    given = field(node, "arguments")
    arguments = given.named_children if given else []
    if arguments and arguments[0].type == "string":
        yield from said(name, text(arguments[0])[1:-1], line)
    for each in arguments:
        if each.type == "object":
            options = script_names.keys(each)
            yield from (Use(line, "option", (f"{name}({key})",), is_ours=True) for key in options)


def said(name: str, word: str, line: int) -> Iterator[Use]:
    """What the first argument of a call names, where it is a text."""
    if name == "addEventListener":
        yield Use(line, "event", (word,))
    elif name == "createElement":
        yield Use(line, "element", (word.lower(),))
    elif name in TAKE_ATTRIBUTE and not word.startswith("data-"):
        yield Use(line, "attribute", (f"[{word.lower()}]",))
    elif name in TAKE_SELECTOR:
        yield from css.selectors(word, line)
    elif name == "matchMedia":
        yield from css.conditions(word, line)
    elif name == "RegExp":
        yield from pattern(word, "", line)


def pattern(expression: str, flags: str, line: int) -> Iterator[Use]:
    """Of a regular expression."""
    yield from (Use(line, "regexp", (name,)) for name, found in PATTERNS.items() if found.search(expression))
    yield from (Use(line, "regexp", (f"flag-{each}",)) for each in flags)
