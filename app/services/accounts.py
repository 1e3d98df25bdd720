"""Staff accounts and their dated roles."""

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import RoleAssignment, Site, Study, User
from app.services.access import SITE_BOUND, Role
from app.services.errors import RuleError


def create_account(
    session: Session, clock: Clock, email: str, password_hash: str | None, language: str
) -> User:
    """Creates an account without any role, and without a password until the person sets it (None).

    Raises RuleError when the address is taken or is none.
    """
    address = email.strip().lower()
    if "@" not in address.strip("@"):
        raise RuleError("email", "no_address", email=email)
    if session.scalar(select(User.id).where(User.email == address)) is not None:
        raise RuleError("email", "address_taken", email=address)
    user = User(
        email=address,
        password=password_hash,
        active=True,
        language=language,
        created_at=clock.now(),
        fs_uniquifier=secrets.token_hex(16),
    )
    session.add(user)
    session.flush()
    return user


def grant_role(
    session: Session, clock: Clock, user: User, role: Role, study: Study | None, site: Site | None = None
) -> RoleAssignment:
    """Gives a role in a study, from now on, at a site or at all.

    Raises RuleError where the role and the place do not fit.
    """
    if role in SITE_BOUND and site is None:
        raise RuleError("site", "role_needs_site", role=role.value)
    if role is not Role.ADMINISTRATOR and study is None:
        raise RuleError("study", "role_needs_study", role=role.value)
    if site is not None and (study is None or site.study_id != study.id):
        raise RuleError("site", "site_of_other_study", site=site.number)
    assignment = RoleAssignment(
        user_id=user.id,
        study_id=study.id if study else None,
        site_id=site.id if site else None,
        role=role.value,
        granted_at=clock.now(),
    )
    session.add(assignment)
    session.flush()
    return assignment
