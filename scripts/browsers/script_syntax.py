"""The syntax of a script, finer than the parser names it: await at the top level, an async generator."""

from collections.abc import Callable, Iterator

from tree_sitter import Node

from scripts.browsers.script_names import field, text

FUNCTIONS = {
    "function_declaration",
    "function_expression",
    "generator_function",
    "generator_function_declaration",
    "arrow_function",
    "method_definition",
}
Test = Callable[[Node], bool]


def syntax(node: Node) -> Iterator[str]:
    """The node's type as the parser says it, and finer names; the data lists them all."""
    if node.is_missing:
        yield "MISSING"
    if node.type not in ("'", '"', "comment"):
        yield from node.type.split()
    yield from (name for kind, name, is_so in FINER if kind == node.type and is_so(node))
    if has_child("async")(node) and (has_child("*")(node) or node.type.startswith("generator")):
        yield "async-generator"


def is_in_function(node: Node) -> bool:
    """Whether a function holds the node."""
    above = node.parent
    while above and above.type not in FUNCTIONS:
        above = above.parent
    return above is not None


def has_child(kind: str) -> Test:
    """Whether a node of that kind is directly below."""
    return lambda node: any(child.type == kind for child in node.children)


def is_below(kind: str) -> Test:
    """Whether a node of that kind is directly above."""
    return lambda node: node.parent is not None and node.parent.type == kind


FINER: tuple[tuple[str, str, Test], ...] = (
    ("await_expression", "top-level-await", lambda node: not is_in_function(node)),
    ("for_in_statement", "for-await", has_child("await")),
    (
        "for_in_statement",
        "top-level-await",
        lambda node: has_child("await")(node) and not is_in_function(node),
    ),
    ("spread_element", "object-spread", is_below("object")),
    ("rest_pattern", "object-rest", is_below("object_pattern")),
    ("catch_clause", "optional-catch", lambda node: field(node, "parameter") is None),
    ("meta_property", "import-meta", lambda node: text(node).startswith("import")),
    ("import", "dynamic-import", is_below("call_expression")),
    ("method_definition", "private-method", has_child("private_property_identifier")),
    ("binary_expression", "private-in", has_child("private_property_identifier")),
    ("number", "numeric-separator", lambda node: "_" in text(node)),
    ("number", "bigint", lambda node: text(node).endswith("n")),
)
