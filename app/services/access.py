"""The one place that decides who may see and do what."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import Patient, RoleAssignment, Site, Study, User
from app.services.audit import AuditContext

View = TypeVar("View", bound=Callable[..., Any])


class Role(StrEnum):
    """What a person is in a study."""

    NURSE = "nurse"
    INVESTIGATOR = "investigator"
    DATA_MANAGER = "data_manager"
    MONITOR = "monitor"
    ANALYST = "analyst"
    INSPECTOR = "inspector"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """What a role allows."""

    SEE_PATIENTS = "see patients"
    SEE_ARM = "see arms"
    REGISTER = "register patients"
    RANDOMISE = "record randomisations"
    ISSUE_LINKS = "issue links"
    EXPLAIN_MISSING = "give the reasons of missing forms"
    DRAFT_EVENT = "draft adverse events"
    ANSWER_ALERT = "answer alerts"
    DECIDE_EVENT = "decide on adverse events and sign them"
    CORRECT = "correct patients’ answers"
    EXPORT = "export pseudonymous data"
    MANAGE_WORDING = "import and approve wording"
    SEE_CONTACT = "see contact details"
    CHANGE_CONTACT = "change contact details"
    CORRECT_RANDOMISATION = "correct an error of transcription of a randomisation"
    IMPORT_ALLOCATIONS = "import lists of assignments already made"
    RECORD_COURSE = "record milestones, treatment and visits besides the schedule"
    TRANSFER = "transfer patients to another site"
    REATTRIBUTE = "void forms of the wrong patient and give them to the right one"
    TRANSCRIBE = "print and transcribe questionnaires on paper"
    MANAGE_STAFF = "manage staff and their roles"
    WRITE_HANDOVER = "write handover notes and take them down"
    WRITE_NOTE = "write notes about patients and calls down"


P = Permission
SITE_STAFF = frozenset(
    {
        *(P.SEE_PATIENTS, P.SEE_ARM, P.REGISTER, P.RANDOMISE),
        *(P.ISSUE_LINKS, P.SEE_CONTACT, P.CHANGE_CONTACT, P.DRAFT_EVENT),
        *(P.TRANSCRIBE, P.RECORD_COURSE, P.EXPLAIN_MISSING, P.ANSWER_ALERT),
        *(P.WRITE_HANDOVER, P.WRITE_NOTE),
    }
)
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.NURSE: SITE_STAFF,
    Role.INVESTIGATOR: SITE_STAFF | {P.DECIDE_EVENT, P.CORRECT},
    Role.DATA_MANAGER: frozenset(
        {
            P.SEE_PATIENTS,
            P.SEE_ARM,
            P.EXPORT,
            P.MANAGE_WORDING,
            P.CORRECT_RANDOMISATION,
            P.IMPORT_ALLOCATIONS,
            P.TRANSFER,
            P.REATTRIBUTE,
        }
    ),
    Role.MONITOR: frozenset({P.SEE_PATIENTS, P.SEE_ARM}),
    Role.ANALYST: frozenset({P.EXPORT, P.SEE_ARM}),
    Role.INSPECTOR: frozenset({P.SEE_PATIENTS, P.SEE_ARM}),
    Role.ADMINISTRATOR: frozenset({P.MANAGE_STAFF}),
}
SITE_BOUND = frozenset({Role.NURSE, Role.INVESTIGATOR})


@dataclass(frozen=True)
class Grant:
    """One role in one study, at one site or (site_id None) at all."""

    role: Role
    study_id: int | None
    site_id: int | None

    @property
    def is_everywhere(self) -> bool:
        """Whether it holds in every study: an administrator's alone may."""
        return self.role is Role.ADMINISTRATOR and self.study_id is None

    def covers(self, permission: Permission, study_id: int | None, site_id: int | None) -> bool:
        """Whether this grant gives the permission there; without a study it is asked for everywhere."""
        if permission not in PERMISSIONS[self.role]:
            return False
        is_study = study_id is not None and self.study_id == study_id
        return self.is_everywhere or (is_study and (self.site_id is None or self.site_id == site_id))


@dataclass(frozen=True)
class Actor:
    """A signed-in member of staff with the roles held now."""

    user_id: int
    email: str
    language: str
    grants: tuple[Grant, ...]

    def may(self, permission: Permission) -> bool:
        """Whether any role gives the permission somewhere: enough to open a page, not to see a row."""
        return any(permission in PERMISSIONS[grant.role] for grant in self.grants)

    def may_at(self, permission: Permission, study_id: int | None, site_id: int | None) -> bool:
        """Whether the permission is held at that site (None: at all sites of the study, or everywhere)."""
        return any(grant.covers(permission, study_id, site_id) for grant in self.grants)

    @property
    def role_names(self) -> str:
        """The roles held, for the audit trail."""
        return ",".join(sorted({grant.role.value for grant in self.grants})) or "none"

    def audit_context(self, reason: str | None = None) -> AuditContext:
        """On whose behalf the trail says that a change was made."""
        return AuditContext(self.email, self.role_names, reason)


class AccessDeniedError(PermissionError):
    """The actor holds no role that allows this."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(f"no role that allows to {permission.value}")
        self.permission = permission


def load_actor(session: Session, clock: Clock, user: User) -> Actor:
    """The user with the roles that are in force now."""
    now = clock.now()
    query = select(RoleAssignment).where(
        RoleAssignment.user_id == user.id,
        RoleAssignment.granted_at <= now,
        or_(RoleAssignment.ended_at.is_(None), RoleAssignment.ended_at > now),
    )
    grants = [Grant(Role(row.role), row.study_id, row.site_id) for row in session.scalars(query)]
    return Actor(user.id, user.email, user.language, tuple(grants))


def require(actor: Actor, permission: Permission, study_id: int | None, site_id: int | None) -> None:
    """Raises AccessDeniedError unless the permission is held there."""
    if not actor.may_at(permission, study_id, site_id):
        raise AccessDeniedError(permission)


def patients_within(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """The condition that keeps a query to the patients for whom the actor holds the permission."""
    return _within(actor.grants, permission, Patient.study_id, Patient.site_id)


def sites_within(session: Session, actor: Actor, permission: Permission) -> list[Site]:
    """The sites where the actor holds the permission, by number."""
    query = select(Site).where(sites_where(actor, permission))
    return list(session.scalars(query.order_by(Site.study_id, Site.number)))


def sites_where(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """The condition that keeps a query to the sites where the actor holds the permission."""
    return _within(actor.grants, permission, Site.study_id, Site.id)


def assignments_within(actor: Actor) -> ColumnElement[bool]:
    """The condition that keeps a query to the roles that the actor may give and end."""
    return _within(actor.grants, Permission.MANAGE_STAFF, RoleAssignment.study_id, RoleAssignment.site_id)


def studies_within(session: Session, actor: Actor, permission: Permission) -> list[Study]:
    """The studies in which the actor holds the permission for all sites, by code."""
    grants = [grant for grant in actor.grants if permission in PERMISSIONS[grant.role]]
    ids = [grant.study_id for grant in grants if grant.site_id is None]
    is_mine = true() if any(grant.is_everywhere for grant in grants) else Study.id.in_(ids)
    return list(session.scalars(select(Study).where(is_mine).order_by(Study.code)))


def _within(grants: Iterable[Grant], permission: Permission, study: Any, site: Any) -> ColumnElement[bool]:
    conditions = [_there(grant, study, site) for grant in grants if permission in PERMISSIONS[grant.role]]
    return or_(*conditions) if conditions else false()


def _there(grant: Grant, study: Any, site: Any) -> ColumnElement[bool]:
    if grant.is_everywhere:
        return true()
    is_study: ColumnElement[bool] = study == grant.study_id
    return is_study if grant.site_id is None else is_study & (site == grant.site_id)


def public(view: View) -> View:
    """Declares that anybody may call this view."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def patient(view: View) -> View:
    """Declares that this view is for the browser that opened a patient's link."""
    view.access = "patient"  # type: ignore[attr-defined]
    return view


def patient_saving(view: View) -> View:
    """Declares that this view takes answers from the browser that opened a patient's link."""
    view.access = "patient saving"  # type: ignore[attr-defined]
    return view


def handed_over(view: View) -> View:
    """Declares that this view is for a browser of staff in a patient's hands, whose session is suspended."""
    view.access = "handed over"  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Declares that this view is for any member of staff who is signed in."""
    view.access = "signed in"  # type: ignore[attr-defined]
    return view


def staff(permission: Permission) -> Callable[[View], View]:
    """Declares that this view is for staff who hold the permission; rows are judged by the services."""

    def declare(view: View) -> View:
        view.access = permission  # type: ignore[attr-defined]
        return view

    return declare
