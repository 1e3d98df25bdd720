"""A browser without a screen: fetches pages, checks each of them, fills in forms."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

from flask import Flask
from werkzeug.test import TestResponse

from tests.markup import parse

NAMED = {"input", "select", "textarea"}


class Page:
    """One answer of the application."""

    def __init__(self, response: TestResponse, path: str) -> None:
        self.response, self.path = response, path
        self.status = response.status_code
        self.html = response.get_data(as_text=True)

    @cached_property
    def tree(self) -> Element:
        """The document, parsed as strictly as browsers never do."""
        return parse(self.html)

    @cached_property
    def unseen(self) -> set[Element]:
        """What a reader does not meet: hidden elements and templates, with all that they hold."""
        everything = self.tree.iter()
        roots = [each for each in everything if each.get("hidden") is not None or each.tag == "template"]
        return {each for root in roots for each in root.iter()}

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """The elements of a tag in sight that bear these attributes (class_ and for_ for reserved words)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            each
            for each in self.tree.iter(tag)
            if each not in self.unseen and all(each.get(name) == value for name, value in wanted.items())
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        """The only element of a tag that bears these attributes."""
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} <{tag} {attributes}> on {self.path}"
        return found[0]

    @property
    def text(self) -> str:
        """What a reader reads, spaces folded."""
        return " ".join("".join(self._texts(self.one("body"))).split())

    @property
    def h1(self) -> str:
        """The heading."""
        return text_of(self.one("h1"))

    @property
    def title(self) -> str:
        """The title."""
        return text_of(self.one("title"))

    @property
    def language(self) -> str | None:
        """The language that the document says it is in."""
        return self.one("html").get("lang")

    def form(self, button: str) -> Element:
        """The form that holds a button of this text."""
        for form in self.all("form"):
            if any(text_of(each) == button for each in form.iter("button") if each not in self.unseen):
                return form
        raise AssertionError(f"no form with the button {button!r} on {self.path}")

    def check(self) -> None:
        """What holds for every page."""
        assert len(list(self.tree.iter("h1"))) == 1, f"{self.path}: one h1"
        assert self.title, f"{self.path}: a title"
        assert self.language in {"fr", "en"}, f"{self.path}: language"
        ids = Counter(each.get("id") for each in self.tree.iter() if each.get("id"))
        assert not [each for each, count in ids.items() if count > 1], f"{self.path}: unique ids"
        for field in self._unlabelled():
            raise AssertionError(f"{self.path}: <{field.tag} name={field.get('name')}> has no label")
        for each in self.tree.iter():
            assert each.get("style") is None, f"{self.path}: inline style"
            assert not [name for name in each.attrib if name.startswith("on")], f"{self.path}: inline script"

    def _texts(self, element: Element) -> Iterator[str]:
        if element not in self.unseen:
            yield element.text or ""
            for child in element:
                yield from self._texts(child)
                yield child.tail or ""

    def _unlabelled(self) -> Iterator[Element]:
        labelled = {each.get("for") for each in self.tree.iter("label")}
        within = {each for label in self.tree.iter("label") for each in label.iter()}
        for field in (each for tag in NAMED for each in self.tree.iter(tag)):
            if field.get("type") in {"hidden", "submit"} or field.get("aria-label"):
                continue
            if field.get("aria-labelledby") or field.get("id") in labelled or field in within:
                continue
            yield field


class Browser:
    """Keeps cookies, follows redirects, sends forms with their hidden fields."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, path: str, status: int = 200, **options: Any) -> Page:
        """Fetches a page and checks it."""
        return self._meet(self.client.get(path, **options), path, status)

    def post(self, path: str, data: dict[str, Any] | None = None, status: int = 200, **options: Any) -> Page:
        """Sends a form as it is given and follows where it leads."""
        return self._meet(self.client.post(path, data=data or {}, **options), path, status)

    def press(self, page: Page, button: str, status: int = 200, **fields: Any) -> Page:
        """Fills in fields of the form that has this button, presses it, follows where it leads."""
        form = page.form(button)
        data = dict(_defaults(form)) | fields
        buttons = (each for each in form.iter("button") if each not in page.unseen)
        pressed = next(each for each in buttons if text_of(each) == button)
        if pressed.get("name"):
            data[str(pressed.get("name"))] = pressed.get("value", "")
        path = pressed.get("formaction") or form.get("action") or page.path
        return self.post(urljoin(page.path, path), data, status)

    def follow(self, page: Page, link: str, status: int = 200) -> Page:
        """Clicks the first link of this text."""
        found = next(each for each in page.all("a") if text_of(each) == link)
        return self.get(urljoin(page.path, found.get("href", "")), status)

    def _meet(self, response: TestResponse, path: str, status: int) -> Page:
        hops = 0
        while response.status_code in {301, 302, 303, 307, 308}:
            hops += 1
            assert hops < 6, f"{path} leads in circles"
            parts = urlsplit(urljoin(path, response.headers["Location"]))
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            response = self.client.get(path)
        page = Page(response, path)
        assert page.status == status, f"{path}: {page.status} instead of {status}\n{page.html[:2000]}"
        if response.mimetype == "text/html":
            page.check()
        return page


def text_of(element: Element) -> str:
    """All text of an element, spaces folded."""
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip()


def _defaults(form: Element) -> Iterator[tuple[str, str]]:
    groups = [each for each in form.iter("fieldset") if each.get("disabled") is not None]
    idle = {each for group in groups for each in group.iter()}
    for field in form.iter("input"):
        if field in idle:
            continue
        if field.get("type") in {"radio", "checkbox"} and field.get("checked") is None:
            continue
        if field.get("name") and field.get("type") != "submit":
            yield str(field.get("name")), field.get("value", "")
    for select in form.iter("select"):
        options = list(select.iter("option"))
        chosen = [each for each in options if each.get("selected") is not None] or options[:1]
        for option in chosen:
            yield str(select.get("name")), option.get("value", text_of(option))
    for area in form.iter("textarea"):
        if area not in idle:
            yield str(area.get("name")), (area.text or "").replace("\n", "\r\n")


def faults(page: Page) -> list[str]:
    """What the list at the top of the page says is wrong."""
    return [text_of(each) for box in page.all("div", role="alert") for each in box.iter("li")]


def rows(page: Page) -> list[str]:
    """What the rows of the page's tables say."""
    return [text_of(each) for body in page.all("tbody") for each in body.iter("tr")]
