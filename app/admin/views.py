"""What administrators do: invite people, give and end roles, hand over links, close and open accounts."""

from collections.abc import Callable
from typing import Any

from flask import current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.admin import blueprint, show_person, words
from app.admin.common import place_text
from app.db import db
from app.forms.admin import ConfirmedForm, InvitationForm, RoleForm
from app.services import access, staff_changes
from app.services.access import Permission, Role
from app.services.errors import NotFoundError, RuleError
from app.services.staff import Person, find_person, places_within
from app.services.staff_changes import Invitation

Reply = str | Response | tuple[str, int]
REFUSED = 422
PERSON = "/staff/<number>"
# Two forms of one page ask for the password: their fields have names of their own.
LINK = "link-"
# What no row of the database has as its number.
LONGEST_NUMBER = 9


@blueprint.route("/invite", methods=["GET", "POST"])
@access.staff(Permission.MANAGE_STAFF)
def invite() -> Reply:
    """Invites a person: an account, a role, and a link for the password, by e-mail where that is set up."""
    form, by_mail = _offered(InvitationForm()), bool(current_app.extensions["settings"].smtp_url)
    if form.validate_on_submit():
        try:
            _confirm(form)
            wanted = Invitation(form.email.data, form.language.data, *_role(form))
            user, issued = staff_changes.invite(db.session, _clock(), g.actor, wanted, by_mail=by_mail)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        else:
            db.session.commit()
            if issued is None:
                return _back(str(user.id), "invited")
            return render_template("admin/link.html", page=show_person.link_page(user, issued))
    html = render_template("admin/invite.html", form=form, by_mail=by_mail)
    return html, REFUSED if form.errors else 200


@blueprint.get(PERSON)
@access.staff(Permission.MANAGE_STAFF)
def person(number: str) -> Reply:
    """One account: roles, history, what can be done."""
    return _person_page(_person(number), done=request.args.get("done", ""))


@blueprint.post(f"{PERSON}/roles")
@access.staff(Permission.MANAGE_STAFF)
def give_role(number: str) -> Reply:
    """Gives a person another role from now on."""
    found, form = _person(number), _offered(RoleForm())
    if form.validate_on_submit():
        try:
            _confirm(form)
            staff_changes.give_role(db.session, _clock(), g.actor, found.user, *_role(form))
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        else:
            db.session.commit()
            return _back(number, "given")
    return _person_page(_person(number), giving=form)


@blueprint.post(f"{PERSON}/roles/<role>/end")
@access.staff(Permission.MANAGE_STAFF)
def end_role(number: str, role: str) -> Reply:
    """Ends a role now."""
    return _change(number, "ended", staff_changes.end_role, _number(role))


@blueprint.post(f"{PERSON}/link")
@access.staff(Permission.MANAGE_STAFF)
def renew_link(number: str) -> Reply:
    """Makes a link for a person's password and shows it once, as the answer to the tap."""
    found, form = _person(number), ConfirmedForm(prefix=LINK)
    if form.validate_on_submit():
        try:
            _confirm(form)
            issued = staff_changes.renew_link(db.session, _clock(), g.actor, found.user)
        except RuleError as error:
            db.session.rollback()
            words.refuse(form, error)
        else:
            db.session.commit()
            return render_template("admin/link.html", page=show_person.link_page(found.user, issued))
    return _person_page(_person(number), linking=form)


@blueprint.post(f"{PERSON}/sign-out")
@access.staff(Permission.MANAGE_STAFF)
def sign_out(number: str) -> Reply:
    """Ends all sessions of a person."""
    return _change(number, "signed_out", staff_changes.sign_out)


@blueprint.post(f"{PERSON}/deactivate")
@access.staff(Permission.MANAGE_STAFF)
def deactivate(number: str) -> Reply:
    """Closes an account at once."""
    return _change(number, "deactivated", staff_changes.deactivate)


@blueprint.post(f"{PERSON}/reactivate")
@access.staff(Permission.MANAGE_STAFF)
def reactivate(number: str) -> Reply:
    """Opens an account again."""
    return _change(number, "reactivated", staff_changes.reactivate)


def _change(number: str, done: str, change: Callable[..., None], *facts: int) -> Reply:
    found = _person(number)
    try:
        change(db.session, _clock(), g.actor, found.user, *facts)
    except RuleError as error:
        db.session.rollback()
        return _person_page(_person(number), error=words.refusal(error))
    db.session.commit()
    return _back(number, done)


def _person_page(
    found: Person, done: str = "", error: str = "", giving: Any = None, linking: Any = None
) -> Reply:
    page = show_person.person_page(found, done, error)
    giving = giving or _offered(RoleForm(formdata=None))
    linking = linking or ConfirmedForm(formdata=None, prefix=LINK)
    is_refused = bool(error or giving.errors or linking.errors)
    html = render_template("admin/person.html", page=page, giving=giving, linking=linking)
    return html, REFUSED if is_refused else 200


def _confirm(form: Any) -> None:
    """The password once more, before anything is changed: checking it ends the transaction."""
    current_app.extensions["confirm_password"](form.password.data)


def _offered(form: Any) -> Any:
    places = places_within(db.session, g.actor)
    roles = {role.value: words.ROLES[role] for role in Role}
    form.offer(roles, {key: place_text(place) for key, place in places.items()})
    return form


def _role(form: Any) -> tuple[Role, Any]:
    return Role(form.role.data), places_within(db.session, g.actor)[form.place.data]


def _person(number: str) -> Person:
    return find_person(db.session, _clock(), g.actor, _number(number))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER):
        raise NotFoundError("person", text)
    return int(text)


def _back(number: str, done: str) -> Response:
    return redirect(url_for("admin.person", number=number, done=done), 303)


def _clock() -> Any:
    return current_app.extensions["clock"]
