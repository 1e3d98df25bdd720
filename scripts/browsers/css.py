"""The features that a style sheet uses."""

from collections.abc import Iterable, Iterator
from typing import Any

import tinycss2

from scripts.browsers.features import Use

Token = Any
# Their words are names that the author chooses or that a phone may lack without harm.
NAMING = {"font", "font-family", "animation", "animation-name", "grid-area", "container-name", "will-change"}
GROUPS = {"media", "supports", "layer", "container", "scope", "starting-style"}
DESCRIPTORS = {"font-face", "property", "counter-style", "font-palette-values"}
SELECTOR_SIGNS = set(".>+~*,|")
OF_SELECTORS = {"is", "not", "where", "has", "host", "slotted"}


def uses(source: str) -> Iterator[Use]:
    """Every feature, in the order of the file."""
    yield from of_nodes(tinycss2.parse_stylesheet(source, skip_comments=True, skip_whitespace=True))


def of_nodes(nodes: Iterable[Token], is_nested: bool = False) -> Iterator[Use]:
    """Of rules and declarations."""
    for node in nodes:
        if node.type == "error":
            yield Use(node.source_line, "syntax", (f"({node.message})",))
        elif node.type == "declaration":
            yield from of_declaration(node)
        elif node.type == "at-rule":
            yield from of_at_rule(node, is_nested)
        elif node.type == "qualified-rule":
            if is_nested:
                yield Use(node.source_line, "selector", ("&",))
            yield from of_selector(node.prelude)
            yield from of_nodes(inside(node), is_nested=True)


def inside(node: Token) -> list[Token]:
    """What stands in the braces of a rule."""
    return list(tinycss2.parse_blocks_contents(node.content or [], skip_comments=True, skip_whitespace=True))


def of_at_rule(node: Token, is_nested: bool) -> Iterator[Use]:
    """Of an at-rule and what is in it."""
    name = node.lower_at_keyword
    yield Use(node.source_line, "at-rule", (f"@{name}",))
    if name == "media":
        yield from of_media(node.prelude)
    if name in DESCRIPTORS:
        for each in inside(node):
            descriptor = each.lower_name if each.type == "declaration" else each.type
            yield Use(each.source_line, "at-rule", (f"@{name}({descriptor})",))
    elif name.endswith("keyframes"):
        for step in tinycss2.parse_rule_list(node.content or [], skip_comments=True, skip_whitespace=True):
            yield from of_nodes(inside(step), is_nested=True)
    elif name in GROUPS and not is_nested:
        rules = tinycss2.parse_rule_list(node.content or [], skip_comments=True, skip_whitespace=True)
        yield from of_nodes(rules)
    else:
        yield from of_nodes(inside(node), is_nested)


def of_media(prelude: Iterable[Token]) -> Iterator[Use]:
    """Of the conditions in parentheses."""
    for block in (each for each in prelude if each.type == "() block"):
        words = [each for each in block.content if each.type == "ident"]
        if any(each.type == "() block" for each in block.content):
            yield from of_media(block.content)
        else:
            yield from (
                Use(each.source_line, "at-rule", (f"@media({each.lower_value})",)) for each in words[:1]
            )
        if any(each == sign for each in block.content for sign in ("<", ">", "=", "<=", ">=")):
            yield Use(block.source_line, "at-rule", ("@media(range)",))


def of_declaration(node: Token) -> Iterator[Use]:
    """Of a property and its value."""
    name = node.lower_name
    if not name.startswith("--"):
        yield Use(node.source_line, "property", (name,))
    yield from of_value(node.value, name)


def of_value(tokens: Iterable[Token], name: str) -> Iterator[Use]:
    """Of the words, units and functions in a property's value."""
    for token in tokens:
        line = token.source_line
        if token.type == "ident" and not token.value.startswith("--") and name not in NAMING:
            yield Use(line, "value", (f"{name}:{token.lower_value}", token.lower_value))
        elif token.type == "dimension":
            yield Use(line, "unit", (token.unit, token.lower_unit))
        elif token.type == "function":
            yield Use(line, "function", (token.name, token.lower_name))
            # env(safe-area-inset-top) names what a device has.
            if token.lower_name != "env":
                yield from of_value(token.arguments, name)
        elif token.type == "() block":
            yield from of_value(token.content, name)
        elif token.type == "error":
            yield Use(line, "syntax", (f"({token.message})",))


def of_selector(tokens: Iterable[Token]) -> Iterator[Use]:
    """Of pseudo-classes, pseudo-elements, signs and flags."""
    before = None
    for token in tokens:
        line = token.source_line
        if before == ":" and token.type == "ident":
            yield Use(line, "selector", (token.lower_value,))
        elif token.type == "function":
            yield Use(line, "selector", (token.lower_name,))
            yield from of_arguments(token)
        elif token.type == "[] block" and flag(token):
            yield Use(line, "selector", (f"[{flag(token)}]",))
        elif token.type == "literal" and token.value != ":" and token.value not in SELECTOR_SIGNS:
            yield Use(line, "selector", (token.value,))
        before = token


def of_arguments(function: Token) -> Iterator[Use]:
    """Of what stands in the parentheses of :not() and its like."""
    name, line = function.lower_name, function.source_line
    if name in OF_SELECTORS:
        yield from of_selector(function.arguments)
    if name == "not" and "," in function.arguments:
        yield Use(line, "selector", ("not(list)",))
    if name.startswith("nth-") and any(each == "of" for each in words(function.arguments)):
        yield Use(line, "selector", ("nth-child(of)",))


def flag(block: Token) -> str:
    """The i of [type=date i], or nothing."""
    tokens = [each for each in block.content if each.type != "whitespace"]
    is_flag = len(tokens) > 2 and tokens[-1].type == "ident" and tokens[-2].type in ("ident", "string")
    return tokens[-1].lower_value if is_flag else ""


def words(tokens: Iterable[Token]) -> list[str]:
    """The identifiers among the tokens."""
    return [each.lower_value for each in tokens if each.type == "ident"]


def selectors(text: str, line: int) -> Iterator[Use]:
    """Of a selector that a script holds in a text."""
    found = of_selector(tinycss2.parse_component_value_list(text))
    return (use._replace(line=line) for use in found)


def conditions(text: str, line: int) -> Iterator[Use]:
    """Of a media query that a script holds in a text."""
    found = of_media(tinycss2.parse_component_value_list(text))
    return (use._replace(line=line) for use in found)
