"""The worker that opens a questionnaire without a network, and the page for when it has no copy."""

import json
from functools import cache

from flask import Response, current_app, render_template

from app.patient import blueprint
from app.patient.document import asset_addresses
from app.services import access

# The page has a style and nothing else.
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@blueprint.get("/sw.js")
@access.public
def worker() -> Response:
    """The worker's script; its content changes with every release, and so browsers take the new one."""
    files = asset_addresses()
    facts = {
        "files": files,
        "assets": [each.split("?")[0] for each in files],
        "policy": POLICY,
        "page": render_template("patient/offline.html"),
    }
    script = f"const FACTS = {json.dumps(facts)};\n{_source()}"
    return current_app.response_class(script, mimetype="text/javascript")


@cache
def _source() -> str:
    with current_app.open_resource("static/worker.js", "rt", "utf-8") as source:
        return str(source.read())
