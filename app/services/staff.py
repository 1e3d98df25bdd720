"""What an administrator looks at: people, the roles they hold and held, and who gave and ended them.

Each page costs a constant number of queries. No patient is read here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import AuditEntry, Message, PasswordLink, RoleAssignment, Site, Study, User
from app.services.access import Actor, Permission, Role, assignments_within, sites_within, studies_within
from app.services.errors import NotFoundError
from app.services.invitations import unsent_invitation
from app.services.password_links import live_password_link

PAGE_LENGTH = 50
# The dated list is printed: a page of it is several sheets.
ACCESS_LENGTH = 500
ACCOUNT_ACTIONS = ("create", "change", "set password", "end sessions")


class AccountState(StrEnum):
    """Whether a person can sign in."""

    ACTIVE = "active"
    INVITED = "invited"
    INACTIVE = "inactive"


@dataclass(frozen=True)
class Place:
    """A study, or one of its sites; neither for everywhere."""

    study: Study | None = None
    site: Site | None = None

    @property
    def key(self) -> str:
        """How an address or a form names it: GIST-IMA, GIST-IMA/04, or nothing for everywhere."""
        if self.study is None:
            return ""
        return f"{self.study.code}/{self.site.number}" if self.site else self.study.code


@dataclass(frozen=True)
class RoleLine:
    """A role from when to when, where, and who gave and ended it, by the trail."""

    assignment: RoleAssignment
    user: User
    place: Place
    granted_by: str
    ended_by: str

    @property
    def role(self) -> Role:
        """The role."""
        return Role(self.assignment.role)

    def stands_at(self, now: datetime) -> bool:
        """Whether it is held at that instant."""
        ended = self.assignment.ended_at
        return self.assignment.granted_at <= now and (ended is None or ended > now)


@dataclass(frozen=True)
class StaffLine:
    """A person with the roles held now, of those that the asker may see.

    unsent: the invitation by e-mail that did not go, or waits although it is due.
    """

    user: User
    state: AccountState
    roles: tuple[RoleLine, ...]
    unsent: Message | None = None


@dataclass(frozen=True)
class Listing:
    """A page of a list; `next_after` asks for the page after it."""

    total: int
    lines: tuple[Any, ...]
    next_after: str | None


@dataclass(frozen=True)
class Person:
    """One account: its roles, newest first, what became of it by the trail, and the link that waits."""

    user: User
    state: AccountState
    roles: tuple[RoleLine, ...]
    history: tuple[AuditEntry, ...]
    link: PasswordLink | None
    is_governed: bool
    unsent: Message | None


@dataclass(frozen=True)
class Wanted:
    """What a list is kept to: part of an address, and a place by its key."""

    search: str = ""
    place: str = ""
    after: str = ""


def places_within(session: Session, actor: Actor) -> dict[str, Place]:
    """The places where the actor gives roles, by key: everywhere first, then each study with its sites."""
    found = [Place()] if actor.may_at(Permission.MANAGE_STAFF, None, None) else []
    whole = {each.id for each in studies_within(session, actor, Permission.MANAGE_STAFF)}
    sites = sites_within(session, actor, Permission.MANAGE_STAFF)
    ids = whole | {each.study_id for each in sites}
    for study in session.scalars(select(Study).where(Study.id.in_(ids)).order_by(Study.code)):
        found += [Place(study)] if study.id in whole else []
        found += [Place(study, site) for site in sites if site.study_id == study.id]
    return {each.key: each for each in found}


def staff_list(session: Session, clock: Clock, actor: Actor, wanted: Wanted) -> Listing:
    """The people whom the actor may see, by address, with their present roles."""
    stands = _stands(clock)
    mine = _visible(actor)
    if wanted.place:
        here = and_(RoleAssignment.user_id == User.id, assignments_within(actor), stands, _at(wanted.place))
        mine = and_(mine, exists().where(here))
    found = and_(mine, _searched(wanted.search))
    query = select(User, Message).outerjoin(Message, unsent_invitation(clock))
    query = query.where(found, User.email > wanted.after).order_by(User.email).limit(PAGE_LENGTH + 1)
    unsent: dict[User, Message | None] = {row.User: row.Message for row in session.execute(query)}
    has_more, page = len(unsent) > PAGE_LENGTH, list(unsent)[:PAGE_LENGTH]
    roles = _lines(session, and_(assignments_within(actor), stands, RoleAssignment.user_id.in_(_ids(page))))
    return Listing(
        total=session.scalar(select(func.count(User.id)).where(found)) or 0,
        lines=tuple(
            StaffLine(
                each,
                state_of(each),
                tuple(line for line in roles if line.user.id == each.id),
                unsent[each],
            )
            for each in page
        ),
        next_after=page[-1].email if has_more else None,
    )


def access_list(session: Session, actor: Actor, wanted: Wanted) -> Listing:
    """Every role ever given that the actor may see, in the order in which they were given."""
    found = and_(assignments_within(actor), _searched(wanted.search))
    if wanted.place:
        found = and_(found, _at(wanted.place))
    after = int(wanted.after) if wanted.after.isascii() and wanted.after.isdecimal() else 0
    # No identifier of a row is larger, and PostgreSQL would refuse to compare one.
    beyond = RoleAssignment.id > min(after, 2**31 - 1)
    lines = _lines(session, and_(found, beyond), ACCESS_LENGTH + 1)
    has_more, lines = len(lines) > ACCESS_LENGTH, lines[:ACCESS_LENGTH]
    count = select(func.count(RoleAssignment.id)).join(User, User.id == RoleAssignment.user_id)
    return Listing(
        total=session.scalar(count.where(found)) or 0,
        lines=tuple(lines),
        next_after=str(lines[-1].assignment.id) if has_more else None,
    )


def find_person(session: Session, clock: Clock, actor: Actor, user_id: int) -> Person:
    """A person whom the actor may see; NotFoundError for another one as for none."""
    query = select(User, Message).outerjoin(Message, unsent_invitation(clock))
    found = session.execute(query.where(User.id == user_id, _visible(actor))).one_or_none()
    if found is None:
        raise NotFoundError("person", str(user_id))
    user, unsent = found
    roles = _lines(session, and_(assignments_within(actor), RoleAssignment.user_id == user.id))
    history = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.entity == "user", AuditEntry.entity_id == str(user.id))
        .where(AuditEntry.action.in_(ACCOUNT_ACTIONS))
        .order_by(AuditEntry.id)
    )
    return Person(
        user=user,
        state=state_of(user),
        roles=tuple(reversed(roles)),
        history=tuple(history),
        link=live_password_link(session, clock, user),
        is_governed=governs(session, clock, actor, user),
        unsent=unsent,
    )


def governs(session: Session, clock: Clock, actor: Actor, user: User) -> bool:
    """Whether the actor may act on the account itself: all roles that it holds now are theirs to end.

    So the administrator of one study cannot take over the account of somebody who works in another.
    """
    beyond = select(RoleAssignment.id).where(
        RoleAssignment.user_id == user.id, _stands(clock), ~assignments_within(actor)
    )
    is_everywhere = actor.may_at(Permission.MANAGE_STAFF, None, None)
    return is_everywhere or session.scalar(beyond.limit(1)) is None


def state_of(user: User) -> AccountState:
    """Whether the person can sign in."""
    if not user.active:
        return AccountState.INACTIVE
    return AccountState.INVITED if user.password is None else AccountState.ACTIVE


def deactivations(session: Session, users: Iterable[User]) -> dict[int, AuditEntry]:
    """Since when, by the trail, each of these people is deactivated; who is not is left out."""
    ids = [str(each.id) for each in users if not each.active]
    query = (
        select(AuditEntry)
        .where(AuditEntry.entity == "user", AuditEntry.entity_id.in_(ids), AuditEntry.action == "change")
        .order_by(AuditEntry.id)
    )
    return {int(each.entity_id): each for each in session.scalars(query) if "active" in each.changes}


def _lines(session: Session, condition: ColumnElement[bool], limit: int | None = None) -> list[RoleLine]:
    query = (
        select(RoleAssignment, User, Study, Site)
        .join(User, User.id == RoleAssignment.user_id)
        .join(Study, Study.id == RoleAssignment.study_id, isouter=True)
        .join(Site, Site.id == RoleAssignment.site_id, isouter=True)
        .where(condition)
        .order_by(RoleAssignment.id)
        .limit(limit)
    )
    rows = session.execute(query).all()
    granted, ended = _authors(session, [assignment.id for assignment, *_ in rows])
    return [
        RoleLine(
            assignment, user, Place(study, site), granted.get(assignment.id, ""), ended.get(assignment.id, "")
        )
        for assignment, user, study, site in rows
    ]


def _authors(session: Session, ids: Sequence[int]) -> tuple[dict[int, str], dict[int, str]]:
    """Who gave and who ended each role, by the trail."""
    query = (
        select(AuditEntry.action, AuditEntry.entity_id, AuditEntry.actor, AuditEntry.changes)
        .where(AuditEntry.entity == "role_assignment", AuditEntry.entity_id.in_([str(each) for each in ids]))
        .order_by(AuditEntry.id)
    )
    granted: dict[int, str] = {}
    ended: dict[int, str] = {}
    for action, entity_id, actor, changes in session.execute(query):
        if action == "create":
            granted[int(entity_id)] = actor
        if "ended_at" in changes:
            ended[int(entity_id)] = actor
    return granted, ended


def _visible(actor: Actor) -> ColumnElement[bool]:
    if actor.may_at(Permission.MANAGE_STAFF, None, None):
        return true()
    return exists().where(RoleAssignment.user_id == User.id, assignments_within(actor))


def _stands(clock: Clock) -> ColumnElement[bool]:
    now = clock.now()
    is_over = and_(RoleAssignment.ended_at.is_not(None), RoleAssignment.ended_at <= now)
    return and_(RoleAssignment.granted_at <= now, ~is_over)


def _searched(search: str) -> ColumnElement[bool]:
    return User.email.icontains(search, autoescape=True) if search else true()


def _at(place: str) -> ColumnElement[bool]:
    """Whether a role counts at a place: one for all sites counts at each of them."""
    study, _, site = place.partition("/")
    is_study = RoleAssignment.study_id.in_(select(Study.id).where(Study.code == study))
    is_site = RoleAssignment.site_id.in_(select(Site.id).where(Site.number == site))
    return and_(is_study, or_(RoleAssignment.site_id.is_(None), is_site)) if site else is_study


def _ids(users: Sequence[User]) -> list[int]:
    return [each.id for each in users]
