"""The demonstration's staff: their passwords come from the secret key, so that they can be printed again."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import Study
from app.services.access import Role
from app.services.accounts import create_account, grant_role
from app.services.studies import find_site
from app.services.tokens import DemonstrationTokens

PASSWORD_LENGTH = 20
STAFF = (
    (Role.NURSE, "01", "fr"),
    (Role.NURSE, "02", "en"),
    (Role.NURSE, "04", "fr"),
    (Role.INVESTIGATOR, "04", "fr"),
    (Role.DATA_MANAGER, None, "fr"),
    (Role.MONITOR, None, "fr"),
    (Role.ANALYST, None, "fr"),
    (Role.INSPECTOR, None, "en"),
    (Role.ADMINISTRATOR, None, "fr"),
)


@dataclass(frozen=True)
class StaffAccount:
    """One account of the demonstration, with the password to sign in with."""

    role: str
    site: str | None
    email: str
    password: str
    language: str


def staff_accounts(tokens: DemonstrationTokens) -> list[StaffAccount]:
    """The accounts of the demonstration; the same secret key gives the same passwords."""
    accounts = []
    for role, site, language in STAFF:
        email = f"{role.value.replace('_', '.')}{f'.{site}' if site else ''}@demo.example"
        password = tokens.derive("password", email)[:PASSWORD_LENGTH]
        accounts.append(StaffAccount(role.value, site, email, password, language))
    return accounts


def create_staff(
    session: Session,
    clock: Clock,
    tokens: DemonstrationTokens,
    study: Study,
    password_hasher: Callable[[str], str],
) -> None:
    """Creates the accounts, each with its one role."""
    for account in staff_accounts(tokens):
        site = find_site(session, study, account.site) if account.site else None
        role = Role(account.role)
        hashed = password_hasher(account.password)
        user = create_account(session, clock, account.email, hashed, account.language)
        grant_role(session, clock, user, role, None if role is Role.ADMINISTRATOR else study, site)
