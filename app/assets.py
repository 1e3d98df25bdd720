"""Addresses of static files that change with their content, so that browsers may keep them."""

import hashlib
import mimetypes
import re
from functools import cache
from pathlib import Path

import brotli  # type: ignore[import-untyped]
from flask import Flask, Response, current_app, request

STATIC = Path(__file__).parent / "static"


def asset_url(filename: str) -> str:
    """The address of a file in app/static, with the hash of its content."""
    # Not by url_for: it fails where the request's host was refused, whose page needs its style too.
    return f"{request.script_root}{_address(filename)}"


@cache
def _address(filename: str) -> str:
    version = hashlib.sha256((STATIC / filename).read_bytes()).hexdigest()[:12]
    return f"{current_app.static_url_path}/{filename}?v={version}"


def init_app(app: Flask) -> None:
    """Gives templates asset_url(), and phones our files as small as they can be."""
    app.jinja_env.globals["asset_url"] = asset_url
    app.view_functions["static"] = static


def static(filename: str) -> Response:
    """A file in app/static, to a browser that takes it compressed once and for all, at the highest level."""
    if not (_is_compressible(filename) and request.accept_encodings.find("br") >= 0):
        return current_app.send_static_file(filename)
    headers = {"Content-Encoding": "br", "Vary": "Accept-Encoding"}
    kind = mimetypes.guess_type(filename)[0]
    return current_app.response_class(_compressed(filename), mimetype=kind, headers=headers)


def _is_compressible(filename: str) -> bool:
    return filename.endswith((".css", ".js")) and filename in _files()


@cache
def _files() -> frozenset[str]:
    return frozenset(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())


@cache
def _compressed(filename: str) -> bytes:
    # Indentation, and lines that are a comment, are for whoever reads the source.
    lines = (line.lstrip() for line in (STATIC / filename).read_bytes().splitlines(keepends=True))
    lines = (line for line in lines if not line.startswith((b"//", b"/*")) or b"{" in line)
    text = b"".join(lines)
    if filename.endswith(".css"):
        # Not before a colon: in a selector that space means something.
        text = re.sub(rb"\s*([{};,])\s*|(:)\s+", rb"\1\2", text)
    content: bytes = brotli.compress(text, quality=11)
    return content
