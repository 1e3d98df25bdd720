"""What a patient meets where the wording cannot be shown: plain words, and whom to call."""

from flask import current_app, g, render_template, request
from werkzeug.wrappers import Response

from app.db import db
from app.i18n import page_language
from app.patient import blueprint, pages, show
from app.services import links
from app.services.links import FoundLink
from app.services.studies import definition_in_force
from app.services.wording import NoWordingError, SealBrokenError

RETRY_AFTER_SECONDS = 600
# Tells this from a failure that passes: the phone then lets go of its own copy of the texts.
MARK = "Wording-Broken"


@blueprint.errorhandler(SealBrokenError)
@blueprint.errorhandler(NoWordingError)
def wording_broken(error: SealBrokenError | NoWordingError) -> Response:
    """Serves no question; nothing that the request was about to change is kept."""
    db.session.rollback()
    found: FoundLink | None = g.get("link") or _link_of_address()
    if found is None:
        raise error
    g.patient_language = found.patient.language
    current_app.logger.error("study %s: %s", found.patient.study.code, error)
    text = render_template("patient/wording-broken.html", page=_page(found))
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS), MARK: "1"}
    return Response(text, 503, headers, mimetype="text/html")


def _link_of_address() -> FoundLink | None:
    token = (request.view_args or {}).get("token")
    return links.find_link(db.session, current_app.extensions["clock"], token) if token else None


def _page(found: FoundLink) -> pages.BrokenPage:
    site, language = found.patient.site, page_language()
    definition = definition_in_force(db.session, found.patient.study)
    return pages.BrokenPage(
        language=language,
        draft=show.draft_id(found),
        study_name=definition.public_name.get(language) or definition.public_name[definition.languages[0]],
        site_name=site.public_name,
        site_phone=site.phone,
    )
