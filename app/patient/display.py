"""How a patient wants pages to look: kept in a cookie of the phone alone, which tells nothing of anybody."""

import re
from dataclasses import dataclass
from typing import Any

from flask import abort, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from app.forms.display import COLOURS, CONTRASTS, SIZES, DisplayForm
from app.i18n import LANGUAGES
from app.patient import blueprint
from app.services import access

COOKIE = "ressenti_display"
ALL = (SIZES, CONTRASTS, COLOURS)
YEAR = 366 * 24 * 3600
# Where the form stands: nothing else is gone back to.
PLACES = re.compile(rf"/(l/[A-Za-z0-9_-]{{1,100}}|survey/[a-z0-9-]{{1,40}})(\?lang=({'|'.join(LANGUAGES)}))?")


@dataclass(frozen=True)
class Display:
    """Text size, contrast and colours; what a browser that never chose has comes first in each list."""

    size: str = SIZES[0]
    contrast: str = CONTRASTS[0]
    colours: str = COLOURS[0]

    @property
    def classes(self) -> str:
        """The classes of the document; none for what the phone decides itself."""
        chosen = {self.size, self.contrast, self.colours} - {SIZES[0], CONTRASTS[0], COLOURS[0]}
        return " ".join(sorted(chosen))


def read_display(cookie: str) -> Display:
    """The choice that a cookie holds; what is unknown in it counts as not chosen."""
    words = set(cookie.split("."))
    return Display(*(next((each for each in known if each in words), known[0]) for known in ALL))


@blueprint.context_processor
def display() -> dict[str, Any]:
    """Gives the pages of patients `display`, and the address to go back to where the form can stand."""
    return {"display": read_display(request.cookies.get(COOKIE, "")), "display_back": _here()}


def _here() -> str:
    # Before the start of a questionnaire the language that was chosen stands in the address alone.
    language = request.args.get("lang")
    address = f"{request.path}?lang={language}" if language in LANGUAGES else request.path
    return address if PLACES.fullmatch(address) else ""


@blueprint.post("/display")
@access.public
def set_display() -> Response:
    """Keeps the choice and goes back to the page that it was made on."""
    form = DisplayForm()
    back = form.back.data or ""
    if not form.validate() or not PLACES.fullmatch(back):
        abort(400)
    reply = redirect(request.script_root + back, 303)
    keep(reply, read_display(f"{form.size.data}.{form.contrast.data}.{form.colours.data}"))
    return reply


@blueprint.after_request
def renew(reply: Response) -> Response:
    """Keeps what was chosen for another year: what a page's script keeps, Safari forgets in a week."""
    if request.method == "GET" and reply.mimetype == "text/html":
        chosen = read_display(request.cookies.get(COOKIE, ""))
        if chosen.classes:
            keep(reply, chosen)
    return reply


def keep(reply: Response, chosen: Display) -> None:
    """Gives the phone its cookie, which the page's script writes too: it cannot be HttpOnly."""
    value = ".".join((chosen.size, chosen.contrast, chosen.colours))
    is_secure = current_app.extensions["settings"].is_secure
    reply.set_cookie(COOKIE, value, max_age=YEAR, secure=is_secure, samesite="Lax", path=url_root())


def url_root() -> str:
    """The path under which the application stands."""
    return url_for("patient.set_display").removesuffix("display")
