"""What an administrator changes, and what one may not: roles elsewhere, the own last one, the own account."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, PasswordLink, RoleAssignment, Study, User
from app.services import staff_changes as changes
from app.services.access import AccessDeniedError, Actor, Role, load_actor
from app.services.accounts import grant_role
from app.services.errors import NotFoundError, RuleError
from app.services.password_links import find_password_link
from app.services.sessions import find_session, open_staff_session
from app.services.staff import Place
from app.services.staff_changes import Invitation
from tests import factories as make
from tests.conftest import NOW
from tests.live import Live, together

pytestmark = [pytest.mark.requirement("ACC-01")]


@pytest.fixture
def other(session: Session, clock: SteppedClock) -> Study:
    """A second study."""
    return make.make_study(session, clock, code="OTHER")


@pytest.fixture
def admin(session: Session, clock: SteppedClock) -> Actor:
    """The administrator of all studies."""
    user = make.make_staff(session, clock, Role.ADMINISTRATOR, None, None, "admin@staff.example")
    return load_actor(session, clock, user)


@pytest.fixture
def study_admin(session: Session, clock: SteppedClock, study: Study) -> Actor:
    """The administrator of one study."""
    user = make.make_staff(session, clock, Role.ADMINISTRATOR, study, None, "one@staff.example")
    return load_actor(session, clock, user)


@pytest.fixture
def nurse(session: Session, clock: SteppedClock, study: Study) -> User:
    """A nurse of Lyon."""
    site = make.get_site(session, study, "04")
    return make.make_staff(session, clock, Role.NURSE, study, site, "nurse@staff.example")


def role_of(session: Session, user: User) -> RoleAssignment:
    """The only role of a person."""
    return session.scalars(select(RoleAssignment).where(RoleAssignment.user_id == user.id)).one()


def at_site(session: Session, study: Study, number: str = "04") -> Place:
    """A site of the study."""
    return Place(study, make.get_site(session, study, number))


@pytest.mark.threat("B11")
def test_an_invitation_is_an_account_without_a_password_with_a_role_and_a_link(
    session: Session, clock: SteppedClock, study: Study, admin: Actor
) -> None:
    place = at_site(session, study)
    wanted = Invitation(" New@Staff.Example ", "en", Role.NURSE, place)
    user, issued = changes.invite(session, clock, admin, wanted)
    assert (user.email, user.language, user.password, user.active) == ("new@staff.example", "en", None, True)
    role = role_of(session, user)
    assert (role.role, role.granted_at, role.ended_at) == ("nurse", NOW, None)
    assert place.site is not None
    assert (role.study_id, role.site_id) == (study.id, place.site.id)
    found = find_password_link(session, clock, issued.token)
    assert found is not None
    assert (found.user_id, issued.kind) == (user.id, "invitation")


@pytest.mark.parametrize(
    ("email", "role", "is_site", "rule"),
    [
        ("nobody", Role.MONITOR, False, "no_email"),
        ("nurse@hospital", Role.MONITOR, False, "no_email"),
        ("NURSE@staff.example", Role.MONITOR, False, "address_taken"),
        ("new@staff.example", Role.NURSE, False, "role_needs_site"),
    ],
)
def test_what_cannot_be_invited_is_refused(
    session: Session,
    clock: SteppedClock,
    study: Study,
    admin: Actor,
    nurse: User,
    email: str,
    role: Role,
    is_site: bool,
    rule: str,
) -> None:
    with pytest.raises(RuleError) as refused:
        changes.invite(session, clock, admin, Invitation(email, "fr", role, Place(study)))
    assert refused.value.rule == rule
    assert session.scalar(select(func.count(PasswordLink.id))) == 0


@pytest.mark.threat("C13")
def test_nobody_gives_a_role_beyond_the_own_study(
    session: Session, clock: SteppedClock, study: Study, other: Study, study_admin: Actor, nurse: User
) -> None:
    for role, place in (
        (Role.MONITOR, Place(other)),
        (Role.NURSE, at_site(session, other)),
        (Role.ADMINISTRATOR, Place()),
    ):
        with pytest.raises(AccessDeniedError):
            changes.invite(session, clock, study_admin, Invitation("x@staff.example", "fr", role, place))
        with pytest.raises(AccessDeniedError):
            changes.give_role(session, clock, study_admin, nurse, role, place)
    changes.give_role(session, clock, study_admin, nurse, Role.MONITOR, Place(study))
    assert session.scalar(select(func.count(RoleAssignment.id))) == 3


@pytest.mark.threat("C13")
def test_roles_elsewhere_are_not_ended_and_their_accounts_not_taken_over(
    session: Session, clock: SteppedClock, other: Study, study_admin: Actor, nurse: User
) -> None:
    elsewhere = grant_role(session, clock, nurse, Role.MONITOR, other)
    with pytest.raises(NotFoundError):
        changes.end_role(session, clock, study_admin, nurse, elsewhere.id)
    for change in (changes.renew_link, changes.deactivate, changes.reactivate, changes.sign_out):
        with pytest.raises(AccessDeniedError):
            change(session, clock, study_admin, nurse)
    assert (nurse.active, elsewhere.ended_at) == (True, None)


@pytest.mark.threat("C13")
def test_whom_one_does_not_see_one_does_not_change(
    session: Session, clock: SteppedClock, other: Study, study_admin: Actor
) -> None:
    stranger = make.make_staff(session, clock, Role.MONITOR, other, None, "stranger@staff.example")
    role = role_of(session, stranger)
    for change in (changes.renew_link, changes.deactivate, changes.sign_out):
        with pytest.raises(NotFoundError):
            change(session, clock, study_admin, stranger)
    with pytest.raises(NotFoundError):
        changes.end_role(session, clock, study_admin, stranger, role.id)


@pytest.mark.threat("B1")
@pytest.mark.threat("B2")
def test_a_change_of_roles_is_dated_and_ends_the_sessions(
    session: Session, clock: SteppedClock, study: Study, admin: Actor, nurse: User
) -> None:
    first = open_staff_session(session, clock, nurse.id, {})
    clock.advance(hours=1)
    given = changes.give_role(session, clock, admin, nurse, Role.MONITOR, Place(study))
    assert find_session(session, clock, first) is None
    second = open_staff_session(session, clock, nurse.id, {})
    clock.advance(minutes=5)
    changes.end_role(session, clock, admin, nurse, given.id)
    assert given.ended_at == clock.now()
    assert find_session(session, clock, second) is None
    assert [each.role for each in load_actor(session, clock, nurse).grants] == [Role.NURSE]
    with pytest.raises(NotFoundError):
        changes.end_role(session, clock, admin, nurse, given.id)
    again = changes.give_role(session, clock, admin, nurse, Role.MONITOR, Place(study))
    assert again.id != given.id


def test_a_role_is_held_once_at_a_place(
    session: Session, clock: SteppedClock, study: Study, admin: Actor, nurse: User
) -> None:
    with pytest.raises(RuleError) as refused:
        changes.give_role(session, clock, admin, nurse, Role.NURSE, at_site(session, study))
    assert refused.value.rule == "role_held"
    changes.give_role(session, clock, admin, nurse, Role.NURSE, at_site(session, study, "01"))
    changes.give_role(session, clock, admin, nurse, Role.ADMINISTRATOR, Place())
    with pytest.raises(RuleError):
        changes.give_role(session, clock, admin, nurse, Role.ADMINISTRATOR, Place())


def test_the_own_last_role_of_administrator_stays(
    session: Session, clock: SteppedClock, study: Study, admin: Actor
) -> None:
    own = session.get_one(User, admin.user_id)
    role = role_of(session, own)
    with pytest.raises(RuleError) as refused:
        changes.end_role(session, clock, admin, own, role.id)
    assert refused.value.rule == "own_last_administrator"
    assert role.ended_at is None
    changes.give_role(session, clock, admin, own, Role.ADMINISTRATOR, Place(study))
    changes.end_role(session, clock, load_actor(session, clock, own), own, role.id)
    assert role.ended_at == NOW


@pytest.mark.threat("B1")
def test_a_deactivated_account_has_no_session_and_no_link(
    session: Session, clock: SteppedClock, admin: Actor, nurse: User
) -> None:
    secrets = [open_staff_session(session, clock, nurse.id, {}) for _ in range(3)]
    own = open_staff_session(session, clock, admin.user_id, {})
    issued = changes.renew_link(session, clock, admin, nurse)
    secrets.append(open_staff_session(session, clock, nurse.id, {}))
    changes.deactivate(session, clock, admin, nurse)
    assert [find_session(session, clock, each) for each in secrets] == [None] * 4
    assert find_session(session, clock, own) is not None
    changes.reactivate(session, clock, admin, nurse)
    assert find_password_link(session, clock, issued.token) is None
    assert (nurse.active, nurse.password) == (True, "$none$")
    assert [each.role for each in load_actor(session, clock, nurse).grants] == [Role.NURSE]


def test_nobody_deactivates_the_own_account(session: Session, clock: SteppedClock, admin: Actor) -> None:
    own = session.get_one(User, admin.user_id)
    with pytest.raises(RuleError) as refused:
        changes.deactivate(session, clock, admin, own)
    assert (refused.value.rule, own.active) == ("own_account", True)


@pytest.mark.threat("B13")
def test_all_sessions_of_a_person_are_ended_and_the_trail_says_so(
    session: Session, clock: SteppedClock, admin: Actor, nurse: User
) -> None:
    secrets = [open_staff_session(session, clock, nurse.id, {}) for _ in range(2)]
    changes.sign_out(session, clock, admin, nurse)
    assert [find_session(session, clock, each) for each in secrets] == [None, None]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "end sessions")).one()
    assert (entry.entity, entry.entity_id) == ("user", str(nurse.id))


@pytest.mark.threat("C13")
def test_whose_own_rights_ended_meanwhile_changes_nothing(
    session: Session, clock: SteppedClock, admin: Actor, nurse: User
) -> None:
    role_of(session, session.get_one(User, admin.user_id)).ended_at = clock.now()
    session.flush()
    for change in (changes.renew_link, changes.deactivate, changes.sign_out):
        with pytest.raises(AccessDeniedError):
            change(session, clock, admin, nurse)
    assert nurse.active


def test_of_two_administrators_who_end_each_other_one_stays(live: Live) -> None:
    with live.session() as session:
        users = [
            make.make_staff(session, live.clock, Role.ADMINISTRATOR, None, None, f"{each}@rivals.example")
            for each in ("a", "b")
        ]
        actors = [load_actor(session, live.clock, each) for each in users]
        roles = [role_of(session, each).id for each in users]
        session.commit()

    def end(actor: Actor, victim: int, role: int) -> bool:
        with live.session() as session:
            try:
                changes.end_role(session, live.clock, actor, session.get_one(User, victim), role)
            except AccessDeniedError:
                return False
            session.commit()
            return True

    attempts: list[Callable[[], bool]] = [
        partial(end, actors[0], actors[1].user_id, roles[1]),
        partial(end, actors[1], actors[0].user_id, roles[0]),
    ]
    assert sorted(together(*attempts)) == [False, True]
    with live.session() as session:
        standing = [session.get_one(RoleAssignment, each).ended_at is None for each in roles]
        assert sorted(standing) == [False, True]
