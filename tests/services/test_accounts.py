"""Staff accounts and their dated roles."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import RoleAssignment, Study, User
from app.services.access import SITE_BOUND, Role
from app.services.accounts import create_account, grant_role
from app.services.errors import RuleError
from app.services.studies import load_study
from tests import factories as make
from tests.conftest import NOW

pytestmark = pytest.mark.requirement("ACC-01")


@pytest.fixture
def user(session: Session, clock: SteppedClock) -> User:
    return create_account(session, clock, "  Élodie.Nurse@Staff.Example ", "$none$", "fr")


def rule_of(refused: pytest.ExceptionInfo[RuleError]) -> tuple[str, str]:
    return refused.value.field, refused.value.rule


def test_an_account_has_a_plain_address_and_no_role(session: Session, user: User) -> None:
    assert (user.email, user.language, user.active) == ("élodie.nurse@staff.example", "fr", True)
    assert user.created_at == NOW
    assert session.scalar(select(func.count(RoleAssignment.id))) == 0


def test_accounts_differ_in_what_signs_them_in(session: Session, clock: SteppedClock, user: User) -> None:
    other = create_account(session, clock, "other@staff.example", "$none$", "en")
    assert len({user.fs_uniquifier, other.fs_uniquifier}) == 2
    assert len(user.fs_uniquifier) == 32


@pytest.mark.parametrize("email", ["", "nurse", "@", "nurse@", "@staff.example", " @ "])
def test_what_is_no_address_is_refused(session: Session, clock: SteppedClock, email: str) -> None:
    with pytest.raises(RuleError) as refused:
        create_account(session, clock, email, "$none$", "fr")
    assert rule_of(refused) == ("email", "no_address")
    assert session.scalar(select(func.count(User.id))) == 0


@pytest.mark.parametrize("email", ["élodie.nurse@staff.example", "ÉLODIE.NURSE@STAFF.EXAMPLE "])
def test_an_address_is_given_once(session: Session, clock: SteppedClock, user: User, email: str) -> None:
    with pytest.raises(RuleError) as refused:
        create_account(session, clock, email, "$none$", "fr")
    assert rule_of(refused) == ("email", "address_taken")


def test_a_role_is_dated_and_placed(session: Session, clock: SteppedClock, study: Study, user: User) -> None:
    site = make.get_site(session, study)
    assignment = grant_role(session, clock, user, Role.NURSE, study, site)
    assert (assignment.user_id, assignment.role) == (user.id, "nurse")
    assert (assignment.study_id, assignment.site_id) == (study.id, site.id)
    assert (assignment.granted_at, assignment.ended_at) == (NOW, None)


@pytest.mark.parametrize("role", sorted(SITE_BOUND))
def test_roles_at_a_site_need_one(
    session: Session, clock: SteppedClock, study: Study, user: User, role: Role
) -> None:
    with pytest.raises(RuleError) as refused:
        grant_role(session, clock, user, role, study)
    assert rule_of(refused) == ("site", "role_needs_site")


@pytest.mark.parametrize("role", sorted(set(Role) - SITE_BOUND - {Role.ADMINISTRATOR}))
def test_roles_in_a_study_need_one(session: Session, clock: SteppedClock, user: User, role: Role) -> None:
    with pytest.raises(RuleError) as refused:
        grant_role(session, clock, user, role, None)
    assert rule_of(refused) == ("study", "role_needs_study")
    assert session.scalar(select(func.count(RoleAssignment.id))) == 0


def test_a_site_of_another_study_is_refused(
    session: Session, clock: SteppedClock, study: Study, user: User
) -> None:
    source = make.source().replace('code = "GIST-IMA"', 'code = "OTHER"')
    other = load_study(session, clock, source, "other.toml").study
    for role, place in ((Role.NURSE, study), (Role.ANALYST, study), (Role.ADMINISTRATOR, None)):
        with pytest.raises(RuleError) as refused:
            grant_role(session, clock, user, role, place, make.get_site(session, other))
        assert rule_of(refused) == ("site", "site_of_other_study")


def test_an_administrator_needs_no_study(session: Session, clock: SteppedClock, user: User) -> None:
    assignment = grant_role(session, clock, user, Role.ADMINISTRATOR, None)
    assert (assignment.study_id, assignment.site_id) == (None, None)
