"""Who gets in: the sign-in library, the gate that every request passes, headers, form tokens."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask_login import current_user
from flask_login.utils import _user_context_processor
from flask_security.core import Security
from flask_security.datastore import FSQLALiteUserDatastore
from flask_security.forms import LoginForm
from flask_security.utils import hash_password, verify_password
from flask_wtf import CSRFProtect
from werkzeug.wrappers import Response as AnyResponse

from app.db import SAFE_METHODS, db
from app.i18n import lazy_translate
from app.models import User
from app.services import links, sign_in
from app.services.access import Permission, load_actor
from app.services.audit import AuditContext, act_as, record
from app.services.drafts import Saving
from app.services.errors import RuleError
from app.services.links import FoundLink, LinkState
from app.services.passwords import SHORTEST_PASSWORD
from app.settings import Settings

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
        "worker-src 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# What is loaded by a page and shows nothing itself; a phone gets one for each answer. The worker is a script
# too, but asks for pages, and so keeps the whole policy.
NOT_PAGES = frozenset({"application/json", "image/svg+xml", "text/css", "text/javascript"})
POLICY_OF_DATA = "default-src 'none'; frame-ancestors 'none'"
HEADERS_OF_PAGES = frozenset({"Cross-Origin-Opener-Policy", "Permissions-Policy"})
HSTS = "max-age=31536000; includeSubDomains"
TOKEN_HEADER, TOKEN_FIELD = "X-CSRFToken", "csrf_token"
# Of as many pages the tokens are remembered, in each process.
MOST_TOKENS = 10_000
KEEP_FOREVER = "public, max-age=31536000, immutable"
MAX_BODY_BYTES = 64 * 1024
# Endpoints of libraries, which cannot declare their access themselves.
LIBRARY_ACCESS = {
    "static": "public",
    "bootstrap.static": "public",
    "security.login": "public",
    "security.logout": "signed in",
    # Not used: nothing here asks for the password again, and its own look is not ours.
    "security.verify": "nobody",
    "security.static": "nobody",
}


class FormTokens(CSRFProtect):  # type: ignore[misc]  # the library has no types
    """The library's check of form tokens, made once for each: a page sends the same one with every answer.

    A token is signed for good and for one session, so that what was right stays right.
    """

    def __init__(self, app: Flask) -> None:
        self._right: set[tuple[str | None, str | None]] = set()
        super().__init__(app)

    def protect(self, apply_exemptions: bool = False) -> None:
        """Refuses a request that changes something without the token of its session."""
        pair = (request.headers.get(TOKEN_HEADER), session.get(TOKEN_FIELD))
        if pair in self._right:
            g.csrf_valid = True
            return
        super().protect(apply_exemptions)
        # A form's own field goes before the header, which then was not looked at.
        if all(pair) and g.get("csrf_valid") and self._get_csrf_token() == pair[0]:
            if len(self._right) >= MOST_TOKENS:
                self._right.clear()
            self._right.add(pair)


class SignInForm(LoginForm):
    """The sign-in form: slowed down after failures, and without a cookie that outlives the session."""

    remember = None  # type: ignore[assignment]  # so the library leaves a field out
    # The page says to wait only to who has to: the library's own words are not shown.
    is_locked = False

    def validate(self, **kwargs: Any) -> bool:
        """Whether the address and the password are right; tells the trail and the counter."""
        writer, clock, email = db.session, current_app.extensions["clock"], self.email.data or ""
        if sign_in.is_locked(writer, clock, email):
            self.is_locked = True
            self.form_errors.append(lazy_translate("Too many tries. Wait a few minutes, then try again."))
            return False
        # Argon2 takes its time on purpose: a patient's save does not wait for it.
        with db.reading():
            is_right: bool = super().validate(**kwargs)
            who = (str(self.user.id), self.user.email) if is_right and self.user else None
        if who:
            sign_in.clear_failures(writer, email)
            act_as(writer, clock, AuditContext(who[1], "staff"))
            record(writer, "sign in", "user", who[0], "system", {})
        else:
            sign_in.count_failure(writer, clock, email)
        writer.commit()
        return is_right


class NoRoles:
    """The sign-in library asks for a role model; roles are dated rows of ours (RoleAssignment)."""


def confirm_password(password: str) -> datetime:
    """When whoever is signed in has just given the password once more: now. For acts such as signing.

    Slowed down as signing in is, with the same counter. Raises RuleError: wrong, or too many tries. Ends the
    transaction that is open: call it before anything is changed.
    """
    writer, clock, email = db.session, current_app.extensions["clock"], g.actor.email
    if sign_in.is_locked(writer, clock, email):
        raise RuleError("password", "too_many_tries")
    hashed = current_user.password or ""
    with db.reading():
        is_right = bool(hashed) and verify_password(_as_signing_in(password), hashed)
    if not is_right:
        sign_in.count_failure(writer, clock, email)
        writer.commit()
        raise RuleError("password", "wrong_password")
    sign_in.clear_failures(writer, email)
    now: datetime = clock.now()
    return now


def hash_new_password(password: str) -> str:
    """The Argon2id hash of a password in the form in which the sign-in page compares it. Slow on purpose."""
    return str(hash_password(_as_signing_in(password)))


def _as_signing_in(password: str) -> str:
    # The sign-in page brings an é typed in two ways to one form; so must whoever sets or checks a password.
    return str(current_app.extensions["security"].password_util.normalize(password))


def init_app(app: Flask, settings: Settings) -> None:
    """Puts every route behind form tokens, its declared access and the security headers."""
    app.config.update(
        WTF_CSRF_TIME_LIMIT=None,
        # It asks for a Referer, which our own pages never send; Sec-Fetch-Site is looked at instead.
        WTF_CSRF_SSL_STRICT=False,
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        TRUSTED_HOSTS=trusted_hosts(settings),
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of a scheme
        SECURITY_PASSWORD_SALT=settings.secret_key,
        SECURITY_PASSWORD_LENGTH_MIN=SHORTEST_PASSWORD,
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        # Roles are dated rows of ours, no relationship that the library could join.
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/login",
        SECURITY_FLASH_MESSAGES=False,
        # It would write into every session at its first page, a patient's too: reading changes nothing.
        SESSION_PROTECTION=None,
    )
    FormTokens(app)
    # The surfaces know no sign-in library.
    app.extensions["confirm_password"] = confirm_password
    app.extensions["hash_password"] = hash_new_password
    app.before_request(_gate)
    app.after_request(_headers(settings))
    library = Security(app, FSQLALiteUserDatastore(db, User, NoRoles), login_form=SignInForm)  # type: ignore[arg-type]
    # Its idea of who may do what is not ours (services/access), and would be worked out at every request.
    library.principal.identity_loaders.clear()
    # It would look for a member of staff at every page, a patient's too; our pages show `g.actor`.
    app.template_context_processors[None].remove(_user_context_processor)


def trusted_hosts(settings: Settings) -> list[str]:
    """The host names that requests may bear; another one is refused."""
    names = {urlsplit(settings.public_url).hostname or "", *settings.trusted_hosts}
    if settings.is_demonstration:
        names |= {"127.0.0.1", "localhost"}
    return sorted(names)


def access_of(app: Flask, endpoint: str) -> str | Permission | None:
    """What an endpoint declares: public, patient, signed in, or a permission; None for nothing."""
    declared = getattr(app.view_functions[endpoint], "access", None)
    return LIBRARY_ACCESS.get(endpoint, declared)


def _gate() -> AnyResponse | None:
    """Lets a request through to a view only by the access that the view declares."""
    if request.endpoint is None:
        return None
    if request.method not in SAFE_METHODS and _comes_from_elsewhere():
        abort(400)
    access = access_of(current_app, request.endpoint)
    if access == "public":
        return None
    if access == "nobody":
        abort(404)
    if access == "handed over":
        return _admit_holder()
    if access == "patient":
        _admit_patient()
        return None
    if access == "patient saving":
        _admit_saving()
        return None
    return _admit_staff(access)


def _comes_from_elsewhere() -> bool:
    return request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}


def _admit_patient() -> None:
    link_id: int | None = getattr(session, "link_id", None)
    clock, to_change = current_app.extensions["clock"], request.method not in SAFE_METHODS
    if to_change:
        # All of it is here before anything is held in the database: a slow sender holds up nobody.
        request.get_data(parse_form_data=True)
    if link_id is None:
        abort(401)
    is_live = getattr(session, "found", None) is not None
    _admit(links.find_link_by_id(db.session, clock, link_id, to_change=to_change), is_live=is_live)
    if to_change:
        act_as(db.session, clock, AuditContext(f"patient {g.link.code}", "patient"))


def _admit_saving() -> None:
    """As _admit_patient; the session brings with it what it was found with."""
    found: Saving | None = getattr(session, "saving", None)
    _admit(found, is_live=found is not None and found.is_live)


def _admit(found: FoundLink | Saving | None, *, is_live: bool) -> None:
    # Whose session ended with the link is still told so, in the own language and with whom to call.
    if found is None or not (is_live or found.state is LinkState.CLOSED):
        abort(401)
    g.link, g.patient_language = found, found.language


def _admit_holder() -> AnyResponse | None:
    """Lets through the browser of staff that is in a patient's hands; any other goes where it belongs."""
    handed = getattr(session, "handed", None)
    if handed is None:
        return redirect(url_for("auth.home" if current_user.is_authenticated else "security.login"), 303)
    clock, g.handed = current_app.extensions["clock"], handed
    g.link = links.find_link_by_id(
        db.session, clock, handed.handed_link_id, to_change=request.method not in SAFE_METHODS
    )
    # Whose finger it is nobody knows before the patient has confirmed to be the right one.
    act_as(db.session, clock, AuditContext(f"tablet for {g.link.code}", "patient"))
    return None


def _admit_staff(access: str | Permission | None) -> AnyResponse | None:
    if getattr(session, "handed", None) is not None:
        return redirect(url_for("auth.resume"), 303)
    if not current_user.is_authenticated:
        next_path = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("security.login", next=next_path), 303)
    clock = current_app.extensions["clock"]
    g.actor = load_actor(db.session, clock, current_user)
    if isinstance(access, Permission):
        if not g.actor.may(access):
            abort(403)
    elif access != "signed in":
        abort(403)
    if request.method not in SAFE_METHODS:
        act_as(db.session, clock, g.actor.audit_context())
    return None


def _headers(settings: Settings) -> Callable[[Response], Response]:
    of_pages = HEADERS | ({"Strict-Transport-Security": HSTS} if settings.is_secure else {})
    of_data = {name: text for name, text in of_pages.items() if name not in HEADERS_OF_PAGES}
    of_data["Content-Security-Policy"] = POLICY_OF_DATA

    def add(response: Response) -> Response:
        is_data = response.mimetype in NOT_PAGES and request.endpoint != "patient.worker"
        response.headers.update(of_data if is_data else of_pages)
        is_fixed = request.endpoint in {"static", "bootstrap.static"} and response.status_code < 400
        response.headers["Cache-Control"] = KEEP_FOREVER if is_fixed else "no-store"
        return response

    return add
