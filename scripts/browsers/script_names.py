"""The names that a script defines itself, and the ways through its tree."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

# The platform writes camelCase and CONSTANTS; this is how the server names its fields.
OF_SERVER = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+")
NAMED = {
    "function_declaration",
    "function_expression",
    "generator_function",
    "generator_function_declaration",
}
NAMED |= {"class", "class_declaration", "variable_declarator"}
IMPORTED = {"import_specifier", "import_clause", "namespace_import"}
KEYED = {"pair", "method_definition", "field_definition", "pair_pattern"}
SHORT = {"shorthand_property_identifier", "shorthand_property_identifier_pattern"}


@dataclass(frozen=True)
class Names:
    """declared: variables, parameters, functions of the whole file. members: keys of objects and classes."""

    declared: frozenset[str]
    members: frozenset[str]

    def is_ours(self, member: str) -> bool:
        """Whether the file defines a member of this name, or the server does."""
        return member in self.members or OF_SERVER.fullmatch(member) is not None


def of(root: Node) -> Names:
    """What the whole file defines."""
    nodes = list(walk(root))
    declared = {text(each) for node in nodes for each in declarations(node)}
    objects = [node for node in nodes if node.type in ("object", "class_body", "object_pattern")]
    members = {key for node in objects for key in keys(node)}
    return Names(frozenset(declared), frozenset(members))


def declarations(node: Node) -> Iterator[Node]:
    """The identifiers that a node declares."""
    if node.type in NAMED:
        yield from bound(field(node, "name"))
    elif node.type == "formal_parameters":
        for child in node.named_children:
            yield from bound(child)
    elif node.type == "for_in_statement" and field(node, "kind"):
        yield from bound(field(node, "left"))
    elif node.type in IMPORTED:
        yield from (child for child in node.named_children if child.type == "identifier")
    elif node.type in ("arrow_function", "catch_clause"):
        yield from bound(field(node, "parameter"))


def bound(node: Node | None) -> Iterator[Node]:
    """The identifiers that a pattern binds; its defaults and keys are none."""
    if node is None:
        return
    if node.type in ("identifier", "shorthand_property_identifier_pattern"):
        yield node
    elif node.type in ("assignment_pattern", "object_assignment_pattern"):
        yield from bound(field(node, "left"))
    elif node.type == "pair_pattern":
        yield from bound(field(node, "value"))
    elif node.type in ("object_pattern", "array_pattern", "rest_pattern"):
        for child in node.named_children:
            yield from bound(child)


def keys(node: Node) -> Iterator[str]:
    """The names directly in an object, a class or a pattern that takes an object apart."""
    for child in node.named_children:
        inner = field(child, "left") if child.type == "object_assignment_pattern" else child
        if inner is None:
            continue
        key = field(inner, "key") or field(inner, "name") or field(inner, "property")
        if inner.type in SHORT:
            yield text(inner)
        elif inner.type in KEYED and key and key.type in ("property_identifier", "string"):
            yield text(key).strip("\"'")


def walk(root: Node) -> Iterator[Node]:
    """Every node below the root, in the order of the file."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def field(node: Node | None, name: str) -> Node | None:
    """The child of that name."""
    return node.child_by_field_name(name) if node else None


def text(node: Node | None) -> str:
    """The source of the node; nothing for none."""
    return (node.text or b"").decode() if node else ""
