"""Flask's session on our rows: a browser holds a secret, everything else stays on the server.

Nobody yet known (a sign-in page, a link's landing page) is worth no row: a signed cookie holds
their form token, so that looking at a link changes nothing. Patients and staff have a cookie each:
a nurse who opens a patient's link stays signed in.
"""

import secrets
from datetime import datetime
from typing import Any

from flask import Flask, Request, Response, request, session
from flask.sessions import SessionInterface, SessionMixin
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.datastructures import CallbackDict
from werkzeug.exceptions import HTTPException

from app.db import READ, db
from app.models import User
from app.models import WebSession as SessionRow
from app.services import drafts, sessions
from app.services.tokens import hash_secret
from app.settings import Settings

PATIENT_PATHS = ("/l/", "/survey/", "/display", "/ward/leave")
# Where a page's script brings answers: nearly all requests of patients.
SAVING_PATH = "/survey/answers"
# The same for everybody: no session is looked up, and any cache may keep them.
STATIC_PATHS = ("/static/", "/bootstrap/static/")
USER_KEY = "_user_id"


class WebSession(CallbackDict[str, Any], SessionMixin):
    """The data of one browser's session."""

    def __init__(
        self,
        data: dict[str, Any] | None = None,
        found: sessions.FoundSession | None = None,
        *,
        is_patient: bool,
        former_link_id: int | None = None,
    ) -> None:
        def mark(_self: object) -> None:
            self.modified = True

        super().__init__(data or {}, mark)
        self.found = found
        self.is_patient = is_patient
        # The link of the patient's session, also of one that is over.
        self.link_id = found.link_id if found else former_link_id
        self.modified = False
        # Of a member of staff whose browser is in a patient's hands: nothing of it is in the data.
        self.handed: sessions.FoundSession | None = None
        self.adopted: tuple[str, datetime] | None = None
        self.lent: tuple[str, datetime] | None = None
        self.is_left_clean = False
        self.is_ended = False
        self.saving: drafts.Saving | None = None
        self.failure: Exception | None = None

    def adopt(self, secret: str, expires_at: datetime) -> None:
        """From the next request on, the browser holds the session of this secret."""
        self.adopted = (secret, expires_at)

    def lend(self, secret: str, expires_at: datetime) -> None:
        """From the next request on, this browser of staff holds a patient's session as well."""
        self.lent = (secret, expires_at)

    def leave_clean(self) -> None:
        """Leaves nothing of any patient in the browser: no cookie, no page to go back to, nothing stored."""
        self.is_left_clean = True

    def end(self) -> None:
        """Ends the session on the server and in the browser."""
        self.is_ended = True


class RowSessionInterface(SessionInterface):
    """Opens and saves WebSession."""

    def __init__(self, settings: Settings) -> None:
        prefix = "__Host-" if settings.is_secure else ""
        self._names = {True: f"{prefix}ressenti_patient", False: f"{prefix}ressenti_staff"}
        self._is_secure = settings.is_secure
        self._serializer = URLSafeSerializer(settings.secret_key, salt="anonymous-session")

    def open_session(self, app: Flask, request: Request) -> WebSession:
        """The session of the request's cookie; an empty one where it is missing or over."""
        if request.path.startswith(STATIC_PATHS):
            return WebSession(is_patient=False)
        is_patient = request.path.startswith(PATIENT_PATHS)
        kind, _, value = request.cookies.get(self._names[is_patient], "").partition(".")
        if kind == "s" and request.path == SAVING_PATH and request.method == "POST":
            return self._saving(app, request, value)
        if kind == "s":
            return self._stored(app, value, is_patient=is_patient)
        if kind == "a":
            return WebSession(self._unsigned(value), is_patient=is_patient)
        return WebSession(is_patient=is_patient)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Writes what changed; each row in a transaction of its own, after the request's."""
        assert isinstance(session, WebSession)
        if request.path.startswith(STATIC_PATHS):
            return
        response.headers.add("Vary", "Cookie")
        if session.is_left_clean or (session.handed and USER_KEY in session):
            # Not "cookies": that of the staff leads back. Outside a secure context browsers do not obey, and
            # our pages store nothing.
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
            self._delete(response, is_patient=True)
        if session.lent:
            self._set(response, f"s.{session.lent[0]}", session.lent[1], is_patient=True)
        if session.adopted:
            secret, expires_at = session.adopted
            self._set(response, f"s.{secret}", expires_at, is_patient=session.is_patient)
        elif session.is_ended or (session.found and not session.is_patient and USER_KEY not in session):
            self._end(app, session, response)
        elif session.found is None and USER_KEY in session:
            self._open_for_staff(app, session, response)
        elif session.found is not None:
            self._keep(app, session)
        elif session.modified and session.handed is None:
            value = f"a.{self._serializer.dumps(dict(session))}"
            self._set(response, value, None, is_patient=session.is_patient)

    def _stored(self, app: Flask, secret: str, *, is_patient: bool) -> WebSession:
        try:
            # Over before the request begins: nothing is held open while a change waits for its turn to write.
            with db.new_session(READ) as reader:
                found = sessions.find_session(reader, app.extensions["clock"], secret)
                former = None if found or not is_patient else self._former(reader, secret)
        except OperationalError as error:
            return self._failed(error, is_patient=is_patient)
        if found is not None and found.handed_link_id is not None and not is_patient:
            return self._suspended(secret, found)
        if found is not None and (found.link_id is not None) == is_patient:
            return WebSession(found.data, found, is_patient=is_patient)
        if former is not None:
            return WebSession(former[0], is_patient=True, former_link_id=former[1])
        return WebSession(is_patient=is_patient)

    def _saving(self, app: Flask, request: Request, secret: str) -> WebSession:
        """A patient's session by the statement that finds what saving needs as well."""
        try:
            # All of the body is here before anything is looked up: nothing is stale where a sender is slow.
            request.get_data()
            saving = drafts.find_saving(db.single, app.extensions["clock"], hash_secret(secret))
        except (HTTPException, OperationalError) as error:
            return self._failed(error, is_patient=True)
        if saving is None:
            return self._stored(app, secret, is_patient=True)
        session = WebSession(saving.session_data, is_patient=True, former_link_id=saving.link_id)
        session.saving = saving
        return session

    def _failed(self, error: Exception, *, is_patient: bool) -> WebSession:
        # No request exists yet that could be answered with an error page.
        failed = WebSession(is_patient=is_patient)
        failed.failure = error
        return failed

    def _suspended(self, secret: str, found: sessions.FoundSession) -> WebSession:
        """Nobody's session that knows the way back; its form token is that of no session of staff."""
        token = hash_secret(f"form:{secret}")[:40]
        empty = WebSession({"csrf_token": token}, is_patient=False)
        empty.handed = found
        return empty

    def _former(self, reader: Session, secret: str) -> tuple[dict[str, Any], int] | None:
        """What a patient's session that is over held: form token and language still serve to say so."""
        query = select(SessionRow.data, SessionRow.link_id).where(SessionRow.id_hash == hash_secret(secret))
        row = reader.execute(query.where(SessionRow.link_id.is_not(None))).one_or_none()
        return (row.data, row.link_id) if row else None

    def _unsigned(self, value: str) -> dict[str, Any]:
        try:
            data: dict[str, Any] = self._serializer.loads(value)
        except BadSignature:
            return {}
        return data

    def _open_for_staff(self, app: Flask, session: WebSession, response: Response) -> None:
        # A form token of its own: whoever planted one before the sign-in cannot use it after.
        data = dict(session) | {"csrf_token": secrets.token_hex(20)}
        clock = app.extensions["clock"]
        db.end_transactions()
        with db.new_session() as writer:
            user_id = writer.scalars(select(User.id).where(User.fs_uniquifier == session[USER_KEY])).one()
            secret = sessions.open_staff_session(writer, clock, user_id, data)
            if session.handed is not None:
                sessions.end_session(writer, clock, session.handed.id)
                sessions.end_sessions_of_links(writer, clock, [session.handed.handed_link_id or 0])
            writer.commit()
        self._set(response, f"s.{secret}", None, is_patient=False)

    def _end(self, app: Flask, session: WebSession, response: Response) -> None:
        if session.found is not None:
            db.end_transactions()
            with db.new_session() as writer:
                sessions.end_session(writer, app.extensions["clock"], session.found.id)
                writer.commit()
        self._delete(response, is_patient=session.is_patient)

    def _delete(self, response: Response, *, is_patient: bool) -> None:
        response.delete_cookie(self._names[is_patient], secure=self._is_secure, httponly=True)

    def _keep(self, app: Flask, session: WebSession) -> None:
        assert session.found is not None
        clock = app.extensions["clock"]
        if session.modified or sessions.needs_touch(session.found, clock):
            db.end_transactions()
            with db.new_session() as writer:
                sessions.save_session(writer, clock, session.found.id, dict(session))
                writer.commit()

    def _set(self, response: Response, value: str, expires: datetime | None, *, is_patient: bool) -> None:
        response.set_cookie(
            self._names[is_patient],
            value,
            expires=expires,
            secure=self._is_secure,
            httponly=True,
            # Not Strict: a link tapped again in a message would arrive without its session, and what the
            # landing page then sets would take the place of the one in use. Form tokens guard each change.
            samesite="Lax",
        )


def init_app(app: Flask, settings: Settings) -> None:
    """Replaces Flask's session cookie by rows on the server."""
    app.session_interface = RowSessionInterface(settings)
    app.before_request(_raise_failure)


def _raise_failure() -> None:
    failure: Exception | None = getattr(session, "failure", None)
    if failure is not None:
        raise failure
