"""Notes looks at links once the page has left, so that no look waits for a note or fails by it."""

from flask import Response, after_this_request, current_app

from app.db import db
from app.services.link_fetches import is_worth_noting, note_fetch
from app.services.links import FoundLink


def note_look(found: FoundLink) -> None:
    """Has the present look at a link noted after its response was sent, if it says something new."""
    clock, link_id = current_app.extensions["clock"], found.link.id
    if not is_worth_noting(found, clock.now()):
        return
    context = current_app.app_context()

    def note() -> None:
        with context, db.noting() as session:
            note_fetch(session, clock, link_id)

    @after_this_request
    def once_sent(response: Response) -> Response:
        response.call_on_close(note)
        return response
