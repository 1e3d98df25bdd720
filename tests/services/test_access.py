"""Who may do what, and whose rows they see: the table, and queries that keep to it."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, RoleAssignment, Site, Study, User
from app.services.access import (
    PERMISSIONS,
    SITE_BOUND,
    AccessDeniedError,
    Actor,
    Grant,
    Permission,
    Role,
    load_actor,
    patient,
    patients_within,
    public,
    require,
    signed_in,
    sites_within,
    staff,
    studies_within,
)
from app.services.accounts import grant_role
from app.services.errors import NotFoundError
from app.services.patients import find_patient, patients_of
from app.services.studies import load_study
from tests import factories as make
from tests.conftest import NOW

pytestmark = [pytest.mark.requirement("ACC-01"), pytest.mark.threat("C13")]
P, R = Permission, Role
SITE_STAFF = {
    *(P.SEE_PATIENTS, P.SEE_ARM, P.REGISTER, P.RANDOMISE),
    *(P.ISSUE_LINKS, P.SEE_CONTACT, P.CHANGE_CONTACT, P.DRAFT_EVENT),
    *(P.TRANSCRIBE, P.RECORD_COURSE, P.EXPLAIN_MISSING, P.ANSWER_ALERT),
    *(P.WRITE_HANDOVER, P.WRITE_NOTE),
}
# Written out once more: a change of the table in the code has to be meant.
EXPECTED = {
    R.NURSE: SITE_STAFF,
    R.INVESTIGATOR: SITE_STAFF | {P.DECIDE_EVENT, P.CORRECT},
    R.DATA_MANAGER: {
        P.SEE_PATIENTS,
        P.SEE_ARM,
        P.EXPORT,
        P.MANAGE_WORDING,
        P.CORRECT_RANDOMISATION,
        P.IMPORT_ALLOCATIONS,
        P.TRANSFER,
        P.REATTRIBUTE,
    },
    R.MONITOR: {P.SEE_PATIENTS, P.SEE_ARM},
    R.ANALYST: {P.EXPORT, P.SEE_ARM},
    R.INSPECTOR: {P.SEE_PATIENTS, P.SEE_ARM},
    R.ADMINISTRATOR: {P.MANAGE_STAFF},
}
CHANGES = {
    *(P.REGISTER, P.RANDOMISE, P.ISSUE_LINKS, P.EXPLAIN_MISSING),
    *(P.DRAFT_EVENT, P.DECIDE_EVENT, P.TRANSCRIBE, P.ANSWER_ALERT, P.CORRECT),
    *(P.WRITE_HANDOVER, P.WRITE_NOTE),
}


@pytest.fixture
def other_study(session: Session, clock: SteppedClock) -> Study:
    """A second study with the same sites' numbers and patients' codes."""
    source = make.source().replace('code = "GIST-IMA"', 'code = "OTHER"')
    return load_study(session, clock, source, "other.toml").study


@pytest.fixture
def everybody(session: Session, clock: SteppedClock, study: Study, other_study: Study) -> list[Patient]:
    """Two patients at site 04, one at site 03, one at site 04 of the other study."""
    first = [make.make_patient(session, clock, study, code) for code in ("04-001", "04-002", "03-001")]
    return [*first, make.make_patient(session, clock, other_study, "04-001")]


def actor_of(session: Session, clock: SteppedClock, user: User) -> Actor:
    return load_actor(session, clock, user)


def staff_of(
    session: Session, clock: SteppedClock, role: Role, study: Study | None, site: Site | None = None
) -> Actor:
    return actor_of(session, clock, make.make_staff(session, clock, role, study, site))


def seen(session: Session, actor: Actor) -> list[tuple[str, str]]:
    return [(each.study.code, each.code) for each in patients_of(session, actor)]


@pytest.mark.parametrize("role", Role)
def test_each_role_allows_what_the_table_says(role: Role) -> None:
    assert PERMISSIONS[role] == EXPECTED[role]
    grant = Grant(role, 1, None)
    allowed = {each for each in Permission if Actor(1, "a@b", "fr", (grant,)).may_at(each, 1, None)}
    assert allowed == EXPECTED[role]


def test_who_is_only_to_look_changes_nothing() -> None:
    for role in (R.MONITOR, R.INSPECTOR, R.ANALYST, R.DATA_MANAGER, R.ADMINISTRATOR):
        assert not PERMISSIONS[role] & CHANGES
    assert {R.NURSE, R.INVESTIGATOR} == SITE_BOUND


@pytest.mark.requirement("EXP-05")
def test_analysts_never_reach_patients_pages() -> None:
    assert P.SEE_PATIENTS not in PERMISSIONS[R.ANALYST]


@pytest.mark.parametrize(
    ("grant", "study_id", "site_id", "covered"),
    [
        (Grant(R.NURSE, 1, 4), 1, 4, True),
        (Grant(R.NURSE, 1, 4), 1, 3, False),
        (Grant(R.NURSE, 1, 4), 2, 4, False),
        (Grant(R.NURSE, 1, 4), 1, None, False),
        (Grant(R.MONITOR, 1, None), 1, 4, True),
        (Grant(R.MONITOR, 1, None), 1, None, True),
        (Grant(R.MONITOR, 1, None), 2, 4, False),
        (Grant(R.MONITOR, None, None), 1, 4, False),
        (Grant(R.ANALYST, 1, None), 1, 4, False),
    ],
)
def test_a_grant_covers_its_study_and_its_site(
    grant: Grant, study_id: int, site_id: int | None, covered: bool
) -> None:
    assert grant.covers(P.SEE_PATIENTS, study_id, site_id) is covered
    actor = Actor(1, "a@b", "fr", (grant,))
    assert actor.may_at(P.SEE_PATIENTS, study_id, site_id) is covered
    if covered:
        require(actor, P.SEE_PATIENTS, study_id, site_id)
    else:
        with pytest.raises(AccessDeniedError, match="see patients") as refused:
            require(actor, P.SEE_PATIENTS, study_id, site_id)
        assert refused.value.permission is P.SEE_PATIENTS


@pytest.mark.parametrize("role", sorted(SITE_BOUND))
def test_site_staff_see_the_patients_of_their_own_site_alone(
    session: Session, clock: SteppedClock, study: Study, everybody: list[Patient], role: Role
) -> None:
    actor = staff_of(session, clock, role, study, make.get_site(session, study, "04"))
    assert seen(session, actor) == [("GIST-IMA", "04-001"), ("GIST-IMA", "04-002")]
    assert [each.number for each in sites_within(session, actor, P.REGISTER)] == ["04"]
    assert studies_within(session, actor, P.SEE_PATIENTS) == []


@pytest.mark.parametrize("role", [R.DATA_MANAGER, R.MONITOR, R.INSPECTOR])
def test_study_staff_see_the_patients_of_all_sites_of_their_study(
    session: Session, clock: SteppedClock, study: Study, everybody: list[Patient], role: Role
) -> None:
    actor = staff_of(session, clock, role, study)
    assert [code for _, code in seen(session, actor)] == ["03-001", "04-001", "04-002"]
    assert {code for code, _ in seen(session, actor)} == {"GIST-IMA"}
    assert studies_within(session, actor, P.SEE_PATIENTS) == [study]
    assert sites_within(session, actor, P.REGISTER) == []


def test_analysts_administrators_and_nobody_see_no_patient(
    session: Session, clock: SteppedClock, study: Study, everybody: list[Patient]
) -> None:
    nobody = Actor(1, "a@b", "fr", ())
    actors = [staff_of(session, clock, R.ANALYST, study), staff_of(session, clock, R.ADMINISTRATOR, None)]
    for actor in (*actors, nobody):
        assert seen(session, actor) == []
    assert studies_within(session, actors[0], P.EXPORT) == [study]
    assert (nobody.role_names, actors[0].role_names) == ("none", "analyst")


def test_several_roles_add_up(
    session: Session, clock: SteppedClock, study: Study, other_study: Study, everybody: list[Patient]
) -> None:
    user = make.make_staff(session, clock, R.NURSE, study, make.get_site(session, study, "03"))
    grant_role(session, clock, user, R.MONITOR, other_study)
    actor = actor_of(session, clock, user)
    assert seen(session, actor) == [("GIST-IMA", "03-001"), ("OTHER", "04-001")]
    assert actor.role_names == "monitor,nurse"
    assert actor.may(P.ISSUE_LINKS)
    # What one role gives in one place is not joined with another role's place.
    assert not actor.may_at(P.ISSUE_LINKS, other_study.id, everybody[3].site_id)
    assert actor.audit_context("why").reason == "why"


def test_roles_count_from_their_beginning_to_their_end_to_the_second(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    user = make.make_staff(session, clock, R.MONITOR, study)
    assignment = session.scalars(select(RoleAssignment)).one()
    assignment.granted_at, assignment.ended_at = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    session.flush()
    at = [timedelta(minutes=59, seconds=59), timedelta(hours=1), timedelta(minutes=119, seconds=59)]
    for moment, expected in zip((*at, timedelta(hours=2)), (False, True, True, False), strict=True):
        clock.set(NOW + moment)
        assert actor_of(session, clock, user).may(P.SEE_PATIENTS) is expected, moment


# One patient


def test_a_patient_is_found_with_what_a_page_needs(
    session: Session, clock: SteppedClock, study: Study, everybody: list[Patient]
) -> None:
    actor = staff_of(session, clock, R.NURSE, study, make.get_site(session, study, "04"))
    session.expunge_all()
    found = find_patient(session, actor, "GIST-IMA", "04-002", P.ISSUE_LINKS)
    assert (found.code, found.site.number, found.study.code) == ("04-002", "04", "GIST-IMA")
    assert [each.kind for each in found.milestones] == ["consent"]


@pytest.mark.parametrize(
    ("study_code", "code"),
    [("GIST-IMA", "03-001"), ("OTHER", "04-001"), ("GIST-IMA", "04-999"), ("NONE", "04-001"), ("", "")],
)
def test_patients_of_others_look_like_none(
    session: Session,
    clock: SteppedClock,
    study: Study,
    everybody: list[Patient],
    study_code: str,
    code: str,
) -> None:
    actor = staff_of(session, clock, R.NURSE, study, make.get_site(session, study, "04"))
    with pytest.raises(NotFoundError) as refused:
        find_patient(session, actor, study_code, code)
    assert str(refused.value) == f"no patient {code!r}"


def test_a_patient_who_may_be_seen_may_not_be_changed_by_everybody(
    session: Session, clock: SteppedClock, study: Study, everybody: list[Patient]
) -> None:
    actor = staff_of(session, clock, R.MONITOR, study)
    assert find_patient(session, actor, "GIST-IMA", "03-001").code == "03-001"
    for permission in CHANGES:
        with pytest.raises(AccessDeniedError):
            find_patient(session, actor, "GIST-IMA", "03-001", permission)


@pytest.mark.parametrize("permission", Permission)
def test_the_condition_of_a_query_agrees_with_the_answer_for_one_row(
    session: Session, clock: SteppedClock, study: Study, everybody: list[Patient], permission: Permission
) -> None:
    sites = [make.get_site(session, study, "04"), None]
    for role in Role:
        site = sites[0] if role in SITE_BOUND else None
        actor = staff_of(session, clock, role, None if role is R.ADMINISTRATOR else study, site)
        rows = set(session.scalars(select(Patient).where(patients_within(actor, permission))))
        allowed = {each for each in everybody if actor.may_at(permission, each.study_id, each.site_id)}
        assert rows == allowed, role


# What views declare


def test_a_view_declares_its_access() -> None:
    def view() -> None: ...

    declared = [declare(view).access for declare in (public, patient, signed_in)]  # type: ignore[attr-defined]
    assert declared == ["public", "patient", "signed in"]
    assert staff(P.EXPORT)(view).access is P.EXPORT  # type: ignore[attr-defined]
