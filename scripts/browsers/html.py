"""The features that a template uses; what Jinja puts in is left out."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from scripts.browsers.features import Use

JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
# Attributes whose values are words of the platform; the others' are ours.
WORDS = {
    "rel",
    "inputmode",
    "enterkeyhint",
    "autocapitalize",
    "popover",
    "hidden",
    "contenteditable",
    "loading",
}
WORDS_OF_ELEMENT = {("input", "type"), ("button", "type"), ("script", "type"), ("meta", "name")}


class Reader(HTMLParser):
    """Collects the uses of each start tag."""

    def __init__(self) -> None:
        super().__init__()
        self.uses: list[Use] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the element, its attributes and their words."""
        self.note("element", tag)
        for name, value in attrs:
            if name.startswith("data-"):
                continue
            self.note("attribute", f"{tag}[{name}]", f"[{name}]")
            if name in WORDS or (tag, name) in WORDS_OF_ELEMENT:
                for word in (value or "").lower().split():
                    self.note("attribute", f"{tag}[{name}={word}]", f"[{name}={word}]")

    def note(self, kind: str, *names: str) -> None:
        """Adds a use at the present place."""
        self.uses.append(Use(self.getpos()[0], kind, names))


def uses(source: str) -> Iterator[Use]:
    """Every element and attribute, in the order of the file."""
    reader = Reader()
    reader.feed(JINJA.sub(lambda found: "\n" * found.group().count("\n"), source))
    reader.close()
    yield from reader.uses
