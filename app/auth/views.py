"""The page that sends staff to their place, the switch of language, and the frame of the staff's pages."""

from flask import g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from app.auth import blueprint, pages
from app.i18n import LANGUAGES, page_language
from app.services import access
from app.services.access import Permission


@blueprint.get("/")
@access.signed_in
def home() -> str | Response:
    """To the front page of the role; without any role, a page that says so."""
    if g.actor.may(Permission.SEE_PATIENTS):
        return redirect(url_for("nurse.front"), 303)
    if g.actor.may(Permission.EXPORT):
        return redirect(url_for("analyst.front"), 303)
    if g.actor.may(Permission.MANAGE_STAFF):
        return redirect(url_for("admin.front"), 303)
    return render_template("auth/home.html")


@blueprint.post("/language")
@access.signed_in
def language() -> Response:
    """Keeps the language for this session and returns to the page it was asked on."""
    chosen = request.form.get("language")
    if chosen in LANGUAGES:
        session["language"] = chosen
    return redirect(local_path(request.form.get("next", "/")), 303)


@blueprint.app_context_processor
def frame() -> dict[str, object]:
    """What staff/base.html and the sign-in page need; also on error pages, so it reads no body."""
    actor = g.get("actor")
    places = pages.places(
        sees_patients=bool(actor and actor.may(Permission.SEE_PATIENTS)),
        exports=bool(actor and actor.may(Permission.EXPORT)),
        manages_wording=bool(actor and actor.may(Permission.MANAGE_WORDING)),
        manages_staff=bool(actor and actor.may(Permission.MANAGE_STAFF)),
    )
    email = actor.email if actor else ""
    found = pages.Frame(
        language=page_language(),
        email=email,
        places=places,
        here=_here(),
    )
    return {"frame": found, "local_path": local_path}


def local_path(target: str) -> str:
    """The path if it is one of this site's own, else the front page: never another host."""
    is_local = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if is_local and target.isprintable() else "/"


def _here() -> str:
    """Where the switch of language returns to; a page that cannot be asked for again names another."""
    is_chosen = "lang" in request.args or request.method != "GET"
    return request.path if is_chosen else request.full_path.rstrip("?")
