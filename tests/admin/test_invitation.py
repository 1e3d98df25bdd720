"""From the invitation to the first sign-in, and the reset: links that open once and look alike when over."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, PasswordLink, RoleAssignment, SignInFailures, User
from app.services.sessions import open_staff_session
from tests.admin.conftest import PASSWORD
from tests.page import Browser, Page, text_of

pytestmark = [pytest.mark.requirement("ACC-01"), pytest.mark.threat("B11")]
OWN = "several words I remember"
INVITATION = {
    "email": "new@staff.example",
    "language": "en",
    "role": "nurse",
    "place": "GIST-IMA/04",
    "password": PASSWORD,
}


def invite(admin: Browser, status: int = 200, **changes: str) -> Page:
    """Fills in the invitation."""
    page = admin.get("/admin/invite")
    return admin.press(page, "Make the invitation", status, **(INVITATION | changes))


def make_link(admin: Browser, user: User, password: str = PASSWORD, status: int = 200) -> Page:
    """Makes another link on the person's page."""
    page = admin.get(f"/admin/staff/{user.id}")
    field: dict[str, Any] = {"link-password": password}
    return admin.press(page, "Make the link", status, **field)


def address_on(page: Page) -> str:
    """The path of the link that a page shows."""
    return (page.one("textarea").text or "").strip().removeprefix("http://localhost")


def choose(
    person: Browser, path: str, password: str = OWN, again: str | None = None, status: int = 200
) -> Page:
    """Sets a password by a link."""
    page = person.get(f"{path}?lang=en")
    return person.press(page, "Keep the password", status, password=password, again=again or password)


def faults(page: Page) -> str:
    """What the page says went wrong."""
    return text_of(page.one("div", role="alert"))


@pytest.fixture
def person(app: Flask) -> Browser:
    """The invited person's own browser."""
    return Browser(app)


def test_an_invited_person_sets_the_password_and_signs_in(
    admin: Browser, person: Browser, session: Session
) -> None:
    page = invite(admin)
    assert page.h1 == "Link for new@staff.example"
    assert "Works once, until 26 Nov 2026 at 09:00 UTC." in page.text
    kept = choose(person, address_on(page))
    assert (kept.path, kept.h1) == ("/password-kept?lang=en", "Your password is set")
    front = person.press(person.get("/login?lang=en"), "Sign in", email="new@staff.example", password=OWN)
    assert (front.path, front.language) == ("/nurse/", "en")
    assert "04-001" in front.text
    user = session.scalars(select(User).where(User.email == "new@staff.example")).one()
    assert (user.password or "").startswith("$argon2id$")


def test_who_invites_neither_sets_nor_sees_the_password(admin: Browser, person: Browser) -> None:
    page = admin.get("/admin/invite")
    labels = [text_of(each) for each in page.all("label")]
    assert [each for each in labels if "assword" in each] == ["Your password"]
    choose(person, address_on(invite(admin)))
    for path in ("/admin/", "/admin/access"):
        assert OWN not in admin.get(path).html


def test_the_token_is_in_no_other_address_page_or_entry(admin: Browser, session: Session) -> None:
    token = address_on(invite(admin)).rpartition("/")[2]
    assert len(token) == 43
    user = session.scalars(select(User).where(User.email == "new@staff.example")).one()
    for path in ("/admin/", "/admin/access", f"/admin/staff/{user.id}"):
        assert token not in admin.get(path).html
    assert token not in str([each.changes for each in session.scalars(select(AuditEntry))])


def test_looking_at_the_link_changes_nothing(admin: Browser, person: Browser, session: Session) -> None:
    path = address_on(invite(admin))
    before = session.scalar(select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(1))
    for _ in range(3):
        assert person.get(f"{path}?lang=en").h1 == "Your password"
        assert person.client.head(path).status_code == 200
    session.expire_all()
    link = session.scalars(select(PasswordLink)).one()
    assert (link.used_at, link.ended_at) == (None, None)
    assert session.scalar(select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(1)) == before
    choose(person, path)


def test_used_expired_replaced_and_unknown_links_look_alike(
    app: Flask, admin: Browser, person: Browser, session: Session, clock: SteppedClock
) -> None:
    used, expired = address_on(invite(admin)), address_on(invite(admin, email="late@staff.example"))
    choose(person, used)
    replaced = address_on(invite(admin, email="twice@staff.example"))
    user = session.scalars(select(User).where(User.email == "twice@staff.example")).one()
    make_link(admin, user)
    unknown = "/password/" + "x" * 43
    clock.advance(hours=72)
    over = (used, expired, replaced, unknown, "/password/x")
    pages = [Browser(app).get(f"{path}?lang=en", 404) for path in over]
    assert {each.h1 for each in pages} == {"This link opens nothing"}
    assert len({each.text for each in pages}) == 1
    for path in over:
        visitor = Browser(app)
        token = visitor.get("/login?lang=en").all("input", name="csrf_token")[0].get("value", "")
        answer = {"csrf_token": token, "password": OWN, "again": OWN}
        assert visitor.post(f"{path}?lang=en", answer, 404).text == pages[0].text


def test_a_link_that_is_over_sets_nothing(admin: Browser, app: Flask, session: Session) -> None:
    path = address_on(invite(admin))
    first, second = Browser(app), Browser(app)
    late = second.get(f"{path}?lang=en")
    choose(first, path)
    user = session.scalars(select(User).where(User.email == "new@staff.example")).one()
    kept = user.password
    second.press(
        late, "Keep the password", 404, password="another long password", again="another long password"
    )
    session.expire_all()
    assert user.password == kept


@pytest.mark.requirement("ACC-02")
@pytest.mark.threat("B5")
@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", "short", "at least 15 characters"),
        ("x" * 30, "x" * 30, "easily guessed"),
        ("new@staff.example", "new@staff.example", "easily guessed"),
        (OWN, OWN + " ", "The two passwords differ"),
    ],
)
def test_a_password_that_will_not_do_is_refused_and_the_link_stays(
    admin: Browser, person: Browser, password: str, again: str, said: str
) -> None:
    path = address_on(invite(admin))
    page = choose(person, path, password, again, 422)
    assert said in faults(page)
    assert password not in [each.get("value") for each in page.all("input", type="password")]
    choose(person, path)


@pytest.mark.threat("B5")
def test_a_password_of_accents_opens_however_it_is_typed(admin: Browser, person: Browser) -> None:
    choose(person, address_on(invite(admin)), "une forêt de chênes verts")
    composed = "une fore\u0302t de che\u0302nes verts"
    page = person.get("/login?lang=en")
    assert person.press(page, "Sign in", email="new@staff.example", password=composed).path == "/nurse/"


@pytest.mark.threat("C1")
def test_without_the_form_token_no_password_is_set(admin: Browser, person: Browser, session: Session) -> None:
    path = address_on(invite(admin))
    assert person.client.post(path, data={"password": OWN, "again": OWN}).status_code == 400
    assert session.scalars(select(PasswordLink.used_at)).one() is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": ""}, "Give the e-mail address."),
        ({"email": "nobody"}, "This is no e-mail address"),
        ({"email": "nurse@staff.example"}, "This address has an account already."),
        ({"role": ""}, "Choose a role."),
        ({"role": "king"}, "Choose a role."),
        ({"place": "GIST-IMA"}, "This role is held at one site"),
        ({"place": "", "role": "monitor"}, "This role is held in one study"),
        ({"place": "OTHER"}, "Choose a study or a site."),
        ({"language": "de"}, "Choose a language."),
        ({"password": ""}, "Give your password."),
        ({"password": "not the own one"}, "This is not your password."),
    ],
)
def test_an_invitation_that_cannot_be_says_why_and_makes_nothing(
    admin: Browser, session: Session, changes: dict[str, str], said: str
) -> None:
    page = invite(admin, 422, **changes)
    assert said in faults(page)
    assert PASSWORD not in page.html
    assert len(session.scalars(select(User)).all()) == 2
    assert session.scalars(select(PasswordLink)).all() == []


@pytest.mark.threat("B6")
def test_wrong_passwords_are_counted_as_at_the_sign_in(admin: Browser, session: Session) -> None:
    invite(admin, 422, password="not the own one")
    assert session.scalars(select(SignInFailures.count)).one() == 1
    invite(admin)
    assert session.scalars(select(SignInFailures)).all() == []


@pytest.mark.threat("C12")
def test_what_the_form_does_not_ask_for_changes_nothing(admin: Browser, session: Session) -> None:
    invite(admin, active="", is_admin="1", study_id="99", password_hash="x")
    user = session.scalars(select(User).where(User.email == "new@staff.example")).one()
    assert (user.active, user.password) == (True, None)
    roles = session.scalars(select(RoleAssignment.role).where(RoleAssignment.user_id == user.id)).all()
    assert roles == ["nurse"]


@pytest.mark.threat("B1")
def test_a_reset_ends_sessions_and_the_old_password_once_the_new_one_is_set(
    admin: Browser, person: Browser, session: Session, clock: SteppedClock, nurse: User, password_hash: str
) -> None:
    nurse.password = password_hash
    session.commit()
    person.press(person.get("/login?lang=en"), "Sign in", email=nurse.email, password=PASSWORD)
    assert person.get("/nurse/").path == "/nurse/"
    page = make_link(admin, nurse)
    assert "until 23 Nov 2026 at 10:00 UTC" in page.text
    assert person.get("/nurse/").path.startswith("/login")
    secret = open_staff_session(session, clock, nurse.id, {"_user_id": nurse.fs_uniquifier})
    session.commit()
    choose(person, address_on(page))
    person.client.set_cookie("ressenti_staff", f"s.{secret}")
    login = person.get("/nurse/?lang=en")
    assert login.path.startswith("/login")
    refused = person.press(person.get("/login?lang=en"), "Sign in", email=nurse.email, password=PASSWORD)
    assert refused.path.startswith("/login")
    assert person.press(refused, "Sign in", email=nurse.email, password=OWN).path == "/nurse/"


def test_a_wrong_own_password_makes_no_link(admin: Browser, session: Session, nurse: User) -> None:
    refused = make_link(admin, nurse, "not the own one", 422)
    assert "This is not your password." in faults(refused)
    assert session.scalars(select(PasswordLink)).all() == []
