"""What a survey could cost at least: one page written by hand with the same items, and no server behind it.

/ has its style in a file of its own, as the application's policy on content asks; /inline has it inside.
"""

from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import Any

import brotli  # type: ignore[import-untyped]

import scoring
from app.assets import STATIC
from app.i18n import Wording, wording

LANGUAGE = "fr"
HEADERS = [("Cache-Control", "no-store"), ("Content-Encoding", "br")]
Start = Callable[[str, list[tuple[str, str]]], object]


def page(style: str) -> str:
    """The thirty items of the QLQ-C30 with all their options, and a button."""
    words = wording("qlq-c30", LANGUAGE)
    items = "\n".join(_item(words, item) for item in scoring.load_instrument("qlq-c30").items)
    return (
        f'<!doctype html>\n<html lang="{LANGUAGE}">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(words['title'])}</title>\n{style}\n<h1>{escape(words['title'])}</h1>\n"
        f'<form method="post">\n{items}\n<button class="primary">Envoyer</button>\n</form>\n</html>\n'
    )


def _item(words: Wording, item: scoring.Item) -> str:
    options = "\n".join(_option(words, item, code) for code in item.codes)
    legend = f'<legend><span class="item">{escape(words[item.id])}</span></legend>'
    return f"<fieldset>\n{legend}\n{options}\n</fieldset>"


def _option(words: Wording, item: scoring.Item, code: int) -> str:
    label, id_ = words.get(f"{item.kind}.{code}") or str(code), f"{item.id}-{code}"
    field = f'<input type="radio" name="{item.id}" id="{id_}" value="{code}">'
    return f'<div class="option">{field}<label for="{id_}">{escape(label)}</label></div>'


def _files() -> Iterator[tuple[str, tuple[str, bytes]]]:
    style = (STATIC / "patient.css").read_text("utf-8")
    yield "/", ("text/html; charset=utf-8", _small(page('<link rel="stylesheet" href="/style.css">')))
    yield "/inline", ("text/html; charset=utf-8", _small(page(f"<style>{style}</style>")))
    yield "/style.css", ("text/css; charset=utf-8", _small(style))


def _small(text: str) -> bytes:
    packed: bytes = brotli.compress(text.encode())
    return packed


FILES = dict(_files())


def application(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    """Answers with a file; 404 for any other address."""
    kind, content = FILES.get(environ["PATH_INFO"], ("", b""))
    if not kind:
        start_response("404 Not Found", [("Content-Length", "0")])
        return [b""]
    start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(content))), *HEADERS])
    return [content]
