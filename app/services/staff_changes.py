"""What an administrator changes: invites people, gives and ends roles, closes and opens accounts.

Whatever changes what a person may do ends that person's sessions: the next one begins with a new identity.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import RoleAssignment, User
from app.services import audit
from app.services.access import AccessDeniedError, Actor, Permission, Role, load_actor, require
from app.services.accounts import create_account, grant_role
from app.services.errors import NotFoundError, RuleError
from app.services.invitations import BY_HAND, end_invitations, plan_invitation
from app.services.password_links import IssuedPasswordLink, end_password_links, make_password_link
from app.services.phones import parse_email
from app.services.sessions import end_sessions_of_user
from app.services.staff import Place, find_person


@dataclass(frozen=True)
class Invitation:
    """Whom to invite, in which language to speak to them, and the role that they begin with."""

    email: str
    language: str
    role: Role
    place: Place


def invite(
    session: Session, clock: Clock, actor: Actor, invitation: Invitation, *, by_mail: bool = False
) -> tuple[User, IssuedPasswordLink | None]:
    """Makes an account without a password, its first role, and the link by which the password is set.

    by_mail: the link is made when the tick sends it, and nobody here sees it; a role in all studies has none
    whose name could stand above the message, so that link is made now as without mail.
    Raises RuleError when the address is none or taken, or the role and the place do not fit;
    AccessDeniedError where the actor gives no roles there.
    """
    _require_at(actor, invitation.place)
    email = parse_email(invitation.email)
    user = create_account(session, clock, email, None, invitation.language)
    grant_role(session, clock, user, invitation.role, invitation.place.study, invitation.place.site)
    if by_mail and invitation.place.study is not None:
        plan_invitation(session, clock, user, invitation.place.study)
        return user, None
    return user, make_password_link(session, clock, user)


def give_role(
    session: Session, clock: Clock, actor: Actor, user: User, role: Role, place: Place
) -> RoleAssignment:
    """Gives a person another role from now on. RuleError for one held there already, or that does not fit."""
    _require_at(actor, place)
    _hold_people(session, clock, actor, user)
    held = select(RoleAssignment.id).where(
        RoleAssignment.user_id == user.id,
        RoleAssignment.role == role.value,
        RoleAssignment.ended_at.is_(None),
        RoleAssignment.study_id.is_not_distinct_from(place.study.id if place.study else None),
        RoleAssignment.site_id.is_not_distinct_from(place.site.id if place.site else None),
    )
    if session.scalar(held) is not None:
        raise RuleError("role", "role_held")
    assignment = grant_role(session, clock, user, role, place.study, place.site)
    end_sessions_of_user(session, clock, user.id)
    return assignment


def end_role(session: Session, clock: Clock, actor: Actor, user: User, assignment_id: int) -> None:
    """Ends a role now. RuleError for the actor's own last role of administrator; NotFoundError for none."""
    _hold_people(session, clock, actor, user)
    lines = find_person(session, clock, actor, user.id).roles
    standing = {each.assignment.id: each for each in lines if each.stands_at(clock.now())}
    if assignment_id not in standing:
        raise NotFoundError("role", str(assignment_id))
    found = standing[assignment_id]
    is_own = user.id == actor.user_id and found.role is Role.ADMINISTRATOR
    if is_own and sum(each.role is Role.ADMINISTRATOR for each in standing.values()) == 1:
        raise RuleError("role", "own_last_administrator")
    found.assignment.ended_at = clock.now()
    session.flush()
    end_sessions_of_user(session, clock, user.id)


def renew_link(session: Session, clock: Clock, actor: Actor, user: User) -> IssuedPasswordLink:
    """A new link for a person to set the password: an invitation or a reset. RuleError: deactivated."""
    _govern(session, clock, actor, user)
    end_invitations(session, clock, user, BY_HAND)
    return make_password_link(session, clock, user)


def deactivate(session: Session, clock: Clock, actor: Actor, user: User) -> None:
    """Closes an account: its sessions and links end at once, its roles stay as they are dated.

    Raises RuleError for the actor's own account.
    """
    if user.id == actor.user_id:
        raise RuleError("account", "own_account")
    _govern(session, clock, actor, user)
    user.active = False
    session.flush()
    end_password_links(session, clock, user)
    end_sessions_of_user(session, clock, user.id)


def reactivate(session: Session, clock: Clock, actor: Actor, user: User) -> None:
    """Opens an account again: its password and its roles are what they were."""
    _govern(session, clock, actor, user)
    user.active = True
    session.flush()


def sign_out(session: Session, clock: Clock, actor: Actor, user: User) -> None:
    """Ends all sessions of a person, wherever they were opened."""
    _govern(session, clock, actor, user)
    end_sessions_of_user(session, clock, user.id)
    audit.record(session, "end sessions", "user", str(user.id), "system", {})


def _govern(session: Session, clock: Clock, actor: Actor, user: User) -> None:
    _hold_people(session, clock, actor, user)
    if not find_person(session, clock, actor, user.id).is_governed:
        raise AccessDeniedError(Permission.MANAGE_STAFF)


def _require_at(actor: Actor, place: Place) -> None:
    study, site = place.study, place.site
    require(actor, Permission.MANAGE_STAFF, study.id if study else None, site.id if site else None)


def _hold_people(session: Session, clock: Clock, actor: Actor, user: User) -> None:
    """Holds both accounts, in one order; of two who end each other's rights the second is refused.

    Raises AccessDeniedError where the actor's own rights ended meanwhile.
    """
    both = select(User).where(User.id.in_({actor.user_id, user.id})).order_by(User.id)
    held = {
        each.id: each
        for each in session.scalars(
            both.with_for_update(key_share=True).execution_options(populate_existing=True)
        )
    }
    now = load_actor(session, clock, held[actor.user_id])
    if not held[actor.user_id].active or not set(actor.grants) <= set(now.grants):
        raise AccessDeniedError(Permission.MANAGE_STAFF)
