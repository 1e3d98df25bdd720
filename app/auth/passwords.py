"""A person sets the own password by a link that opens once. Looking at the link changes nothing."""

from flask import current_app, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.auth import blueprint, words
from app.db import db
from app.forms.password import NewPasswordForm
from app.i18n import page_language
from app.services import access
from app.services.errors import NotFoundError, RuleError
from app.services.password_links import find_password_link, set_password
from app.services.passwords import require_good_password

Reply = str | Response | tuple[str, int]
REFUSED, GONE = 422, 404


@blueprint.get("/password/<token>")
@access.public
def new_password(token: str) -> Reply:
    """The form for a new password; one page for all links that open nothing (any more)."""
    return _page(token, NewPasswordForm(formdata=None))


@blueprint.post("/password/<token>")
@access.public
def keep_password(token: str) -> Reply:
    """Sets the password and ends the link."""
    form = NewPasswordForm()
    # Argon2 takes its time on purpose: nothing is held in the database meanwhile.
    with db.reading():
        link = find_password_link(db.session, current_app.extensions["clock"], token)
        email = link.user.email if link else None
        if email is None or not form.validate() or not _is_good(form, email):
            return _page(token, form)
        hashed = current_app.extensions["hash_password"](form.password.data)
    try:
        set_password(db.session, current_app.extensions["clock"], token, hashed)
    except NotFoundError:
        db.session.rollback()
        return _page(token, form)
    db.session.commit()
    return redirect(url_for("auth.password_kept", lang=page_language()), 303)


@blueprint.get("/password-kept")
@access.public
def password_kept() -> Reply:
    """Says that the password is set, and where to sign in."""
    return render_template("auth/password-kept.html")


def _is_good(form: NewPasswordForm, email: str) -> bool:
    try:
        require_good_password(form.password.data or "", email)
    except RuleError as error:
        form.password.errors = [*form.password.errors, words.refusal(error)]
    return not form.errors


def _page(token: str, form: NewPasswordForm) -> Reply:
    link = find_password_link(db.session, current_app.extensions["clock"], token)
    if link is None:
        return render_template("auth/password-gone.html"), GONE
    facts = {"email": link.user.email, "is_invitation": link.kind == "invitation", "token": token}
    status = REFUSED if form.errors else 200
    return render_template("auth/password.html", form=form, **facts), status
