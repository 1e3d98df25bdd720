"""Signing in: who gets in, what everybody else is told, and when one has to wait."""

from urllib.parse import urljoin, urlsplit

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import create_app
from app.clock import SteppedClock
from app.models import AuditEntry, SignInFailures, Study, User
from app.security import hash_new_password
from app.services.access import Role
from app.services.accounts import create_account
from app.services.sign_in import FREE_TRIES, count_failure
from tests import factories
from tests.auth.conftest import PASSWORD, SignIn
from tests.conftest import test_settings
from tests.page import Browser, Page, text_of

WRONG = "The e-mail address or the password is not right. Check both and try again."
WAIT = "Too many tries. Wait a few minutes, then try again."


def told(page: Page) -> str:
    """What the page says went wrong."""
    return text_of(page.one("div", role="alert"))


def test_the_right_password_leads_to_the_nurses_place(user: User, sign_in: SignIn) -> None:
    page = sign_in()
    assert page.path == "/nurse/"
    assert "nurse@staff.example" in page.text


@pytest.mark.requirement("AUD-01")
def test_signing_in_is_in_the_trail(session: Session, user: User, sign_in: SignIn) -> None:
    sign_in()
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "sign in")).one()
    assert (entry.actor, entry.entity_id) == ("nurse@staff.example", str(user.id))


def test_the_address_is_found_in_capitals_too(user: User, sign_in: SignIn) -> None:
    assert sign_in("NURSE@Staff.Example").path == "/nurse/"


@pytest.mark.threat("B7")
def test_a_wrong_password_and_an_unknown_address_look_the_same(user: User, sign_in: SignIn) -> None:
    wrong = sign_in(password="not this one either")
    unknown = sign_in(email="nobody@staff.example")
    assert told(wrong) == told(unknown) == WRONG
    assert wrong.text == unknown.text
    assert wrong.status == unknown.status
    assert wrong.one("input", id="email").get("value") == "nurse@staff.example"
    assert wrong.one("input", id="password").get("value") is None


@pytest.mark.threat("B7")
def test_a_closed_account_is_told_no_more_than_others(session: Session, user: User, sign_in: SignIn) -> None:
    user.active = False
    session.commit()
    assert told(sign_in()) == WRONG


@pytest.mark.parametrize(("email", "password"), [("", ""), ("nurse@staff.example", ""), ("no address", "x")])
def test_a_form_half_filled_in_is_told_the_same(
    user: User, sign_in: SignIn, email: str, password: str
) -> None:
    assert told(sign_in(email, password)) == WRONG


@pytest.mark.requirement("ACC-02")
@pytest.mark.threat("B6")
@pytest.mark.threat("B7")
@pytest.mark.parametrize("email", ["nurse@staff.example", "nobody@staff.example"])
def test_after_ten_failures_one_has_to_wait(
    session: Session, clock: SteppedClock, user: User, sign_in: SignIn, email: str
) -> None:
    # Through the service, since each try on the page takes its time on purpose.
    for _ in range(FREE_TRIES - 1):
        count_failure(session, clock, email)
    session.commit()
    assert told(sign_in(email, "guess")) == WRONG
    assert told(sign_in(email, PASSWORD)) == WAIT
    assert session.scalars(select(SignInFailures.count)).one() == FREE_TRIES
    clock.advance(seconds=61)
    page = sign_in(email, PASSWORD)
    assert (page.path == "/nurse/") == (email == user.email)


@pytest.mark.threat("B6")
def test_the_wait_grows_with_each_failure_up_to_an_hour(session: Session, clock: SteppedClock) -> None:
    waits = []
    for _ in range(FREE_TRIES + 8):
        count_failure(session, clock, "nurse@staff.example")
        until = session.scalars(select(SignInFailures.locked_until)).one()
        waits.append((until - clock.now()).total_seconds() / 60 if until else 0)
    assert waits == [0] * (FREE_TRIES - 1) + [1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.threat("B6")
def test_a_success_forgets_the_failures(session: Session, user: User, sign_in: SignIn) -> None:
    sign_in(password="guess")
    sign_in()
    assert session.scalars(select(SignInFailures)).all() == []


@pytest.mark.requirement("ACC-02")
@pytest.mark.threat("B4")
def test_passwords_are_kept_as_argon2id_and_guessing_them_costs_time_and_memory() -> None:
    app = create_app(
        test_settings("sqlite:///none.sqlite", mode="production", public_url="https://study.example")
    )
    with app.app_context():
        assert hash_new_password(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.requirement("CLI-06")
def test_the_page_is_there_in_both_languages(browser: Browser) -> None:
    english = browser.get("/login?lang=en")
    assert (english.language, english.h1) == ("en", "Sign in")
    french = browser.follow(english, "Français")
    assert french.language == "fr"
    assert browser.follow(french, "English").h1 == "Sign in"


def test_the_switch_of_language_keeps_where_one_was_going(
    user: User, browser: Browser, sign_in: SignIn
) -> None:
    page = browser.get("/nurse/patients/new?lang=fr")
    page = browser.follow(page, "Français") if page.language == "en" else page
    english = browser.follow(page, "English")
    assert english.one("input", name="next").get("value") == "/nurse/patients/new?lang=fr"
    page = browser.press(english, "Sign in", email="nurse@staff.example", password=PASSWORD)
    assert page.path == "/nurse/patients/new?lang=fr"


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "http:evil.example",
    "javascript:alert(1)",
    "https://localhost@evil.example/",
    " //evil.example",
    "/\t/evil.example",
]


@pytest.mark.threat("C10")
@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_page_asked_for_elsewhere_is_forgotten(browser: Browser, target: str) -> None:
    page = browser.get("/login", query_string={"next": target, "lang": "en"})
    assert page.one("input", name="next").get("value") == "/"


@pytest.mark.threat("C10")
@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_never_leads_to_another_host(browser: Browser, user: User, target: str) -> None:
    token = browser.get("/login").all("input", name="csrf_token")[0].get("value", "")
    data = {"csrf_token": token, "email": user.email, "password": PASSWORD}
    answer = browser.client.post("/login", data=data | {"next": target}, query_string={"next": target})
    location = answer.headers.get("Location", "/")
    assert answer.status_code in {200, 302}
    assert urlsplit(urljoin("http://localhost/login", location)).netloc == "localhost"
    assert not {"\\", "\t", "\r", "\n"} & set(location)


@pytest.mark.threat("C1")
def test_without_the_form_token_nobody_signs_in(browser: Browser, user: User) -> None:
    answer = browser.client.post("/login", data={"email": user.email, "password": PASSWORD})
    assert answer.status_code == 400
    browser.get("/nurse/")
    assert browser.get("/nurse/").path.startswith("/login")


def test_home_sends_an_analyst_to_the_data(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    analyst = factories.make_staff(session, clock, Role.ANALYST, study, language="en")
    assert factories.sign_in(browser, session, clock, analyst).get("/").path == "/analyst/"


def test_home_sends_an_administrator_to_the_people(
    browser: Browser, session: Session, clock: SteppedClock
) -> None:
    administrator = factories.make_staff(session, clock, Role.ADMINISTRATOR, None, language="en")
    assert factories.sign_in(browser, session, clock, administrator).get("/").path == "/admin/"


def test_home_tells_who_has_no_role_what_will_come(
    browser: Browser, session: Session, clock: SteppedClock
) -> None:
    nobody = create_account(session, clock, "new@staff.example", "$none$", "en")
    page = factories.sign_in(browser, session, clock, nobody).get("/")
    assert page.h1 == "No study yet"
    assert not page.all("nav")
