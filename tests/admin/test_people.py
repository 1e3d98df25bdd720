"""The pages of people, dated access and sites: what is on them, what they change, and no patient."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import RoleAssignment, Study, User
from app.services.access import Role
from app.services.accounts import create_account, grant_role
from app.services.sessions import find_session, open_staff_session
from tests import factories
from tests.admin.conftest import PASSWORD
from tests.page import Browser, rows, text_of
from tests.rules.test_budgets import queries

pytestmark = [pytest.mark.requirement("ACC-01")]
LISTS = ("/admin/", "/admin/access")
QUERIES = {"/admin/": 10, "/admin/access": 10, "/admin/sites": 6}


def test_the_front_page_lists_people_with_state_and_present_roles(
    admin: Browser, session: Session, clock: SteppedClock
) -> None:
    create_account(session, clock, "invited@staff.example", None, "fr")
    session.commit()
    page = admin.get("/")
    assert (page.path, page.h1) == ("/admin/", "Staff 3")
    assert rows(page) == [
        "admin@staff.example Active Administrator – All studies",
        "invited@staff.example Invited –",
        "nurse@staff.example Active Nurse – GIST-IMA, 04 Centre Léon Bérard",
    ]


def test_a_search_that_finds_nobody_leads_back_to_all(admin: Browser) -> None:
    for path, said in zip(LISTS, ("Nobody is found.", "No role is found."), strict=True):
        page = admin.get(f"{path}?q=zzz")
        assert said in page.text
        assert admin.get(path + "?q=NURSE").h1.endswith(" 1")
    assert admin.get("/admin/?place=GIST-IMA%2F04").h1 == "Staff 1"
    assert admin.get("/admin/?place=GIST-IMA%2F01").h1 == "Staff 0"


def test_longer_lists_have_pages(admin: Browser, session: Session, clock: SteppedClock, study: Study) -> None:
    for number in range(60):
        factories.make_staff(session, clock, Role.MONITOR, study, None, f"m{number:02}@staff.example")
    session.commit()
    first = admin.get("/admin/?place=GIST-IMA&q=staff")
    assert first.h1 == "Staff 61"
    assert len(rows(first)) == 50
    second = admin.follow(first, "Next page")
    assert (second.h1, len(rows(second))) == ("Staff 61", 11)
    assert not set(rows(first)) & set(rows(second))
    assert rows(admin.follow(second, "Back to the start")) == rows(first)


def test_the_dated_list_says_from_when_to_when_and_by_whom(
    admin: Browser, session: Session, clock: SteppedClock, nurse: User
) -> None:
    page = admin.get(f"/admin/staff/{nurse.id}")
    clock.advance(minutes=25)
    page = admin.press(page, "End the role Nurse GIST-IMA, 04 Centre Léon Bérard")
    assert "The role is ended." in page.text
    line = next(each for each in rows(admin.get("/admin/access")) if each.startswith(nurse.email))
    assert line == (
        "nurse@staff.example Nurse GIST-IMA, 04 Centre Léon Bérard 23 Nov 2026 at 09:00 UTC test "
        "23 Nov 2026 at 09:25 UTC admin@staff.example"
    )


def test_a_role_is_given_with_the_own_password(
    admin: Browser, session: Session, clock: SteppedClock, nurse: User
) -> None:
    secret = open_staff_session(session, clock, nurse.id, {})
    session.commit()
    page = admin.get(f"/admin/staff/{nurse.id}")
    wish: dict[str, Any] = {"role": "monitor", "place": "GIST-IMA"}
    refused = admin.press(page, "Give the role", 422, **wish, password="not the own one")
    assert "This is not your password." in text_of(refused.one("div", role="alert"))
    page = admin.press(refused, "Give the role", **wish, password=PASSWORD)
    assert "The role is given from now on." in page.text
    assert [each.split(" 23 ")[0] for each in rows(page)] == [
        "Monitor GIST-IMA, all sites",
        "Nurse GIST-IMA, 04 Centre Léon Bérard",
    ]
    assert find_session(session, clock, secret) is None
    again = admin.press(page, "Give the role", 422, **wish, password=PASSWORD)
    assert "The person holds this role there already." in text_of(again.one("div", role="alert"))


def test_the_own_last_role_of_administrator_cannot_be_ended(
    admin: Browser, session: Session, admin_user: User
) -> None:
    page = admin.get(f"/admin/staff/{admin_user.id}")
    assert not [each for each in page.all("button") if text_of(each) == "Deactivate the account"]
    refused = admin.press(page, "End the role Administrator All studies", 422)
    assert "This is your own last role of administrator" in refused.text
    path = f"/admin/staff/{admin_user.id}/deactivate"
    token = page.all("input", name="csrf_token")[0].get("value", "")
    assert "another administrator has to deactivate it" in admin.post(path, {"csrf_token": token}, 422).text
    session.expire_all()
    assert admin_user.active


@pytest.mark.threat("B1")
def test_a_deactivated_person_is_out_at_once_and_comes_back_as_before(
    app: Flask, admin: Browser, session: Session, clock: SteppedClock, nurse: User
) -> None:
    outsider = factories.sign_in(Browser(app), session, clock, nurse)
    assert outsider.get("/nurse/").path == "/nurse/"
    page = admin.press(admin.get(f"/admin/staff/{nurse.id}"), "Deactivate the account")
    assert outsider.get("/nurse/").path.startswith("/login")
    assert "Deactivated" in page.text
    assert not [each for each in page.all("button") if text_of(each) == "Make the link"]
    line = next(each for each in rows(admin.get("/admin/access")) if each.startswith(nurse.email))
    assert line.endswith("– Account deactivated 23 Nov 2026 at 09:00 UTC")
    # The cookie of then opens nothing after the reactivation either.
    page = admin.press(page, "Reactivate the account")
    assert outsider.get("/nurse/").path.startswith("/login")
    history = page.text.partition("History of the account")[2]
    order = [history.index(each) for each in ("Account made", "Account deactivated", "Account reactivated")]
    assert order == sorted(order)
    assert factories.sign_in(outsider, session, clock, nurse).get("/nurse/").path == "/nurse/"


@pytest.mark.threat("B13")
def test_all_sessions_of_a_person_end_at_a_press(
    app: Flask, admin: Browser, session: Session, clock: SteppedClock, nurse: User
) -> None:
    others = [factories.sign_in(Browser(app), session, clock, nurse) for _ in range(2)]
    page = admin.press(admin.get(f"/admin/staff/{nurse.id}"), "Sign out everywhere")
    assert "Signed out everywhere admin@staff.example" in page.text
    assert [each.get("/nurse/").path.partition("?")[0] for each in others] == ["/login", "/login"]
    assert admin.get("/admin/").path == "/admin/"


def test_sites_are_shown_as_the_definition_has_them(admin: Browser, study: Study) -> None:
    page = admin.get("/admin/sites")
    assert "GIST-IMA, definition 1.0" in page.text
    lyon = next(each for each in rows(page) if each.startswith("04 "))
    assert lyon == "04 Centre Léon Bérard Lyon Recruits Metropolitan France Europe/Paris"
    assert not [each for each in page.all("form") if "/admin/" in each.get("action", "")]


@pytest.mark.threat("C13")
def test_no_page_shows_a_patient(admin: Browser, nurse: User, admin_user: User) -> None:
    paths = (*LISTS, "/admin/sites", "/admin/invite", f"/admin/staff/{nurse.id}")
    for path in paths:
        assert "04-001" not in admin.get(path).html
    assert "Nobody is found." in admin.get("/admin/?q=04-001").text
    for path in ("/nurse/", "/nurse/GIST-IMA/04-001", "/analyst/", "/manager/wording/"):
        assert "04-001" not in admin.get(path, 403).text


@pytest.mark.threat("C13")
def test_the_administrator_of_a_study_sees_and_changes_its_people_alone(
    study_admin: Browser, session: Session, clock: SteppedClock, nurse: User
) -> None:
    other = factories.make_study(session, clock, code="OTHER")
    stranger = factories.make_staff(session, clock, Role.MONITOR, other, None, "stranger@staff.example")
    grant_role(session, clock, nurse, Role.ANALYST, other)
    session.commit()
    for path in (*LISTS, "/admin/sites", "/admin/invite", f"/admin/staff/{nurse.id}"):
        html = study_admin.get(path).html
        assert "stranger" not in html
        assert "OTHER" not in html
    missing = study_admin.get("/admin/staff/99999", 404).html
    assert study_admin.get(f"/admin/staff/{stranger.id}", 404).html == missing
    page = study_admin.get(f"/admin/staff/{nurse.id}")
    assert "only an administrator of all studies" in page.text
    key = {"csrf_token": page.all("input", name="csrf_token")[0].get("value", "")}
    for change in ("sign-out", "deactivate", "reactivate"):
        study_admin.post(f"/admin/staff/{nurse.id}/{change}", key, 403)
        study_admin.post(f"/admin/staff/{stranger.id}/{change}", key, 404)
    study_admin.post(f"/admin/staff/{nurse.id}/link", key | {"link-password": PASSWORD}, 403)
    elsewhere = session.scalars(select(RoleAssignment).where(RoleAssignment.study_id == other.id)).all()
    for role in elsewhere:
        study_admin.post(f"/admin/staff/{role.user_id}/roles/{role.id}/end", key, 404)
    session.expire_all()
    assert (nurse.active, [each.ended_at for each in elsewhere]) == (True, [None, None])


@pytest.mark.threat("C13")
@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "²", "1.5"])
def test_what_is_no_number_is_nobody(admin: Browser, number: str) -> None:
    admin.get(f"/admin/staff/{number}", 404)


def test_lists_cost_the_same_whatever_their_length(
    admin: Browser, connection: Connection, session: Session, clock: SteppedClock, study: Study
) -> None:
    for round_ in range(2):
        for path, budget in QUERIES.items():
            with queries(connection) as found:
                admin.get(path)
            assert len(found) <= budget, (path, round_, len(found))
        for number in range(40):
            email = f"m{round_}{number:02}@staff.example"
            factories.make_staff(session, clock, Role.MONITOR, study, None, email).active = number % 2 == 0
        session.commit()
