"""What an administrator looks at: people, dated roles, who gave and ended them; and nobody else's people."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Study, User
from app.services import staff
from app.services.access import Actor, Grant, Role
from app.services.accounts import create_account, grant_role
from app.services.audit import AuditContext, act_as
from app.services.errors import NotFoundError
from app.services.staff import AccountState, Wanted, access_list, find_person, staff_list
from tests import factories as make
from tests.conftest import NOW

pytestmark = [pytest.mark.requirement("ACC-01"), pytest.mark.threat("C13")]


def administrator(study: Study | None = None, site_id: int | None = None) -> Actor:
    """An administrator of everything, of a study, or of a site, without an account."""
    grant = Grant(Role.ADMINISTRATOR, study.id if study else None, site_id)
    return Actor(0, "admin@staff.example", "en", (grant,))


@pytest.fixture
def other(session: Session, clock: SteppedClock) -> Study:
    """A second study with the same sites' numbers."""
    return make.make_study(session, clock, code="OTHER")


@pytest.fixture
def people(session: Session, clock: SteppedClock, study: Study, other: Study) -> dict[str, User]:
    """Nurses of two sites and an analyst of the study, a nurse of the other study, one without roles."""
    found = {}
    for name, place, number in (("lyon", study, "04"), ("besancon", study, "01"), ("elsewhere", other, "04")):
        site = make.get_site(session, place, number)
        found[name] = make.make_staff(session, clock, Role.NURSE, place, site, f"{name}@staff.example")
    found["analyst"] = make.make_staff(session, clock, Role.ANALYST, study, None, "analyst@staff.example")
    found["nobody"] = create_account(session, clock, "nobody@staff.example", None, "fr")
    return found


def names(listing: staff.Listing) -> list[str]:
    """The first parts of the addresses of a list."""
    return [each.user.email.partition("@")[0] for each in listing.lines]


def test_each_administrator_sees_the_own_people(
    session: Session, clock: SteppedClock, study: Study, other: Study, people: dict[str, User]
) -> None:
    site = make.get_site(session, study, "04")
    everybody = ["analyst", "besancon", "elsewhere", "lyon", "nobody"]
    expected = {
        administrator(): everybody,
        administrator(study): ["analyst", "besancon", "lyon"],
        administrator(other): ["elsewhere"],
        administrator(study, site.id): ["lyon"],
    }
    for actor, wanted in expected.items():
        assert names(staff_list(session, clock, actor, Wanted())) == wanted
        assert sorted(names(access_list(session, actor, Wanted()))) == [
            each for each in wanted if each != "nobody"
        ]
        for name, user in people.items():
            if name not in wanted:
                with pytest.raises(NotFoundError):
                    find_person(session, clock, actor, user.id)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_no_other_role_sees_anybody(
    session: Session, clock: SteppedClock, study: Study, people: dict[str, User], role: Role
) -> None:
    for grant in (Grant(role, study.id, None), Grant(role, None, None)):
        actor = Actor(0, "x@staff.example", "en", (grant,))
        assert names(staff_list(session, clock, actor, Wanted())) == []
        assert names(access_list(session, actor, Wanted())) == []
        assert staff.places_within(session, actor) == {}


def test_a_role_elsewhere_is_not_shown(
    session: Session, clock: SteppedClock, study: Study, other: Study, people: dict[str, User]
) -> None:
    grant_role(session, clock, people["lyon"], Role.MONITOR, other)
    person = find_person(session, clock, administrator(study), people["lyon"].id)
    assert [each.role for each in person.roles] == [Role.NURSE]
    assert not person.is_governed
    assert find_person(session, clock, administrator(), people["lyon"].id).is_governed
    assert find_person(session, clock, administrator(study), people["analyst"].id).is_governed


def test_places_lead_from_everywhere_to_each_site(session: Session, study: Study, other: Study) -> None:
    site = make.get_site(session, study, "04")
    assert list(staff.places_within(session, administrator()))[:3] == ["", "GIST-IMA", "GIST-IMA/01"]
    own = staff.places_within(session, administrator(study))
    assert next(iter(own)) == "GIST-IMA"
    assert not [key for key in own if key.startswith("OTHER") or not key]
    assert list(staff.places_within(session, administrator(study, site.id))) == ["GIST-IMA/04"]


def test_the_list_names_who_gave_and_who_ended_each_role_and_when(
    session: Session, clock: SteppedClock, study: Study, people: dict[str, User]
) -> None:
    act_as(session, clock, AuditContext("first@staff.example", "administrator"))
    clock.advance(days=1)
    role = grant_role(session, clock, people["nobody"], Role.MONITOR, study)
    act_as(session, clock, AuditContext("second@staff.example", "administrator"))
    clock.advance(days=1)
    role.ended_at = clock.now()
    session.flush()
    line = access_list(session, administrator(study), Wanted(search="nobody")).lines[0]
    assert (line.assignment.granted_at, line.assignment.ended_at) == (
        NOW + timedelta(days=1),
        NOW + timedelta(days=2),
    )
    assert (line.granted_by, line.ended_by) == ("first@staff.example", "second@staff.example")
    moments = [line.stands_at(NOW + timedelta(hours=each)) for each in (23, 24, 47, 48)]
    assert moments == [False, True, True, False]


def test_present_roles_alone_are_in_the_list_of_people(
    session: Session, clock: SteppedClock, study: Study, people: dict[str, User]
) -> None:
    grant_role(session, clock, people["lyon"], Role.MONITOR, study).ended_at = clock.now()
    line = staff_list(session, clock, administrator(), Wanted(search="lyon")).lines[0]
    assert [each.role for each in line.roles] == [Role.NURSE]
    assert len(find_person(session, clock, administrator(), people["lyon"].id).roles) == 2


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("GIST-IMA", ["analyst", "besancon", "lyon"]),
        # A role for all sites counts at each.
        ("GIST-IMA/04", ["analyst", "lyon"]),
        ("OTHER/04", ["elsewhere"]),
        ("NONE", []),
        ("GIST-IMA/99", ["analyst"]),
    ],
)
def test_lists_are_kept_to_a_place(
    session: Session, clock: SteppedClock, people: dict[str, User], place: str, found: list[str]
) -> None:
    listing = staff_list(session, clock, administrator(), Wanted(place=place))
    assert (names(listing), listing.total) == (found, len(found))
    dated = access_list(session, administrator(), Wanted(place=place))
    assert (sorted(names(dated)), dated.total) == (found, len(found))


@pytest.mark.parametrize(("search", "count"), [("LYON", 1), ("@staff", 5), ("%", 0), ("_", 0), ("none", 0)])
def test_the_search_is_for_a_part_of_the_address(
    session: Session, clock: SteppedClock, people: dict[str, User], search: str, count: int
) -> None:
    assert staff_list(session, clock, administrator(), Wanted(search=search)).total == count


def test_pages_follow_one_another_by_key_and_miss_nobody(
    session: Session, clock: SteppedClock, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff, "PAGE_LENGTH", 3)
    monkeypatch.setattr(staff, "ACCESS_LENGTH", 3)
    for number in range(8):
        make.make_staff(session, clock, Role.MONITOR, study, None, f"{number}@staff.example")
    seen: dict[str, list[str]] = {"people": [], "roles": []}
    for kind, after in (("people", ""), ("roles", "")):
        following: str | None = after
        while following is not None:
            wanted = Wanted(after=following)
            actor = administrator(study)
            page = (
                staff_list(session, clock, actor, wanted)
                if kind == "people"
                else access_list(session, actor, wanted)
            )
            assert page.total == 8
            seen[kind] += names(page)
            following = page.next_after
    assert seen == {kind: [str(each) for each in range(8)] for kind in seen}


@pytest.mark.parametrize("after", ["x", "-1", "9" * 50, "²"])
def test_a_key_that_is_none_does_no_harm(
    session: Session, study: Study, people: dict[str, User], after: str
) -> None:
    assert access_list(session, administrator(study), Wanted(after=after)).total == 3


def test_states_and_deactivations_come_from_the_account_and_the_trail(
    session: Session, clock: SteppedClock, people: dict[str, User]
) -> None:
    assert staff.state_of(people["lyon"]) is AccountState.ACTIVE
    assert staff.state_of(people["nobody"]) is AccountState.INVITED
    act_as(session, clock, AuditContext("first@staff.example", "administrator"))
    clock.advance(hours=2)
    people["lyon"].active = False
    session.flush()
    assert staff.state_of(people["lyon"]) is AccountState.INACTIVE
    closed = staff.deactivations(session, people.values())
    assert list(closed) == [people["lyon"].id]
    assert closed[people["lyon"].id].at == NOW + timedelta(hours=2)
    history = find_person(session, clock, administrator(), people["lyon"].id).history
    assert [each.action for each in history] == ["create", "change"]
