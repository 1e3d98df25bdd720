"""Addresses of static files that change with their content, so that browsers may keep them."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, current_app, request

STATIC = Path(__file__).parent / "static"


@cache
def _version(filename: str) -> str:
    return hashlib.sha256((STATIC / filename).read_bytes()).hexdigest()[:12]


def asset_url(filename: str) -> str:
    """The address of a file in app/static, with the hash of its content."""
    # Not by url_for: it fails where the request's host was refused, whose page needs its style too.
    return f"{request.script_root}{current_app.static_url_path}/{filename}?v={_version(filename)}"


def init_app(app: Flask) -> None:
    """Gives templates asset_url()."""
    app.jinja_env.globals["asset_url"] = asset_url
