"""Staff see where they are signed in, and end all sessions but the one of this page."""

from datetime import datetime
from typing import Any

from flask import current_app, g, redirect, render_template, session, url_for
from werkzeug.wrappers import Response

from app.auth import blueprint
from app.auth.pages import SessionRow
from app.db import db
from app.i18n import day_text, time_text, translate
from app.services import access, audit
from app.services.sessions import end_other_sessions, live_sessions_of_user


@blueprint.get("/sessions")
@access.signed_in
def own_sessions() -> str:
    """The sessions of the reader's own account."""
    found = live_sessions_of_user(db.session, current_app.extensions["clock"], g.actor.user_id)
    rows = [
        SessionRow(opened=_moment(each.created_at), seen=_moment(each.seen_at), is_this=each.id == _this())
        for each in found
    ]
    return render_template("auth/sessions.html", rows=rows)


@blueprint.post("/sessions/end")
@access.signed_in
def end_others() -> Response:
    """Ends all of them but this one."""
    user_id = g.actor.user_id
    end_other_sessions(db.session, current_app.extensions["clock"], user_id, _this())
    audit.record(db.session, "end sessions", "user", str(user_id), "system", {})
    db.session.commit()
    return redirect(url_for("auth.own_sessions"), 303)


def _this() -> int:
    found: Any = getattr(session, "found", None)
    return found.id if found else 0


def _moment(instant: datetime) -> str:
    facts = {"day": day_text(instant.date(), "medium"), "time": time_text(instant, "UTC")}
    return str(translate("%(day)s at %(time)s UTC", **facts))
