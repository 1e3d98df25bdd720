"""Staff sessions: they end on the server, by sign-out, by idleness and by age, and are new at sign-in."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import User, WebSession
from app.services.tokens import hash_secret
from tests.auth.conftest import PASSWORD, SignIn
from tests.page import Browser

COOKIE = "ressenti_staff"


def cookie(browser: Browser) -> str:
    """What the browser holds."""
    found = browser.client.get_cookie(COOKIE)
    assert found is not None
    return found.value


def is_signed_in(browser: Browser) -> bool:
    """Whether the nurse's page opens."""
    return browser.get("/nurse/").path == "/nurse/"


@pytest.mark.requirement("ACC-02")
@pytest.mark.threat("B1")
def test_a_cookie_kept_from_before_the_sign_out_opens_nothing(
    app: Flask, browser: Browser, session: Session, user: User, sign_in: SignIn
) -> None:
    page = sign_in()
    stolen = cookie(browser)
    assert browser.press(page, "Sign out").path == "/login"
    thief = Browser(app)
    thief.client.set_cookie(COOKIE, stolen)
    assert not is_signed_in(thief)
    assert session.scalars(select(WebSession.ended_at)).one() is not None


@pytest.mark.threat("C1")
def test_signing_out_takes_a_form_with_its_token(browser: Browser, user: User, sign_in: SignIn) -> None:
    sign_in()
    assert browser.client.get("/logout").status_code == 405
    assert browser.client.post("/logout").status_code == 400
    assert is_signed_in(browser)


@pytest.mark.requirement("ACC-02")
@pytest.mark.threat("B2")
def test_what_the_browser_held_before_signing_in_opens_nothing_after(
    app: Flask, browser: Browser, user: User, sign_in: SignIn
) -> None:
    browser.get("/login")
    planted = cookie(browser)
    page = sign_in()
    assert cookie(browser) != planted
    attacker = Browser(app)
    attacker.client.set_cookie(COOKIE, planted)
    assert not is_signed_in(attacker)
    token = page.all("input", name="csrf_token")[0].get("value", "")
    old_token = attacker.get("/login").all("input", name="csrf_token")[0].get("value", "")
    data = {"language": "fr", "next": "/nurse/"}
    assert browser.client.post("/language", data=data | {"csrf_token": old_token}).status_code == 400
    assert browser.client.post("/language", data=data | {"csrf_token": token}).status_code == 303


@pytest.mark.threat("B2")
def test_signing_in_again_makes_another_session(
    app: Flask, browser: Browser, session: Session, user: User, sign_in: SignIn
) -> None:
    sign_in()
    first = cookie(browser)
    other = Browser(app)
    page = other.get("/login?lang=en")
    other.press(page, "Sign in", email=user.email, password=PASSWORD)
    assert cookie(other) != first
    assert len(session.scalars(select(WebSession)).all()) == 2


@pytest.mark.threat("A2")
def test_only_a_hash_of_the_cookie_is_kept(
    browser: Browser, session: Session, user: User, sign_in: SignIn
) -> None:
    sign_in()
    secret = cookie(browser).partition(".")[2]
    assert session.scalars(select(WebSession.id_hash)).one() == hash_secret(secret)


@pytest.mark.requirement("ACC-02")
@pytest.mark.threat("B3")
def test_thirty_idle_minutes_sign_out(
    browser: Browser, clock: SteppedClock, user: User, sign_in: SignIn
) -> None:
    sign_in()
    clock.advance(minutes=29)
    assert is_signed_in(browser)
    clock.advance(minutes=29)
    assert is_signed_in(browser)
    clock.advance(minutes=31)
    assert not is_signed_in(browser)


@pytest.mark.requirement("ACC-02")
@pytest.mark.threat("B3")
def test_twelve_hours_sign_out_even_who_is_busy(
    browser: Browser, clock: SteppedClock, user: User, sign_in: SignIn
) -> None:
    sign_in()
    for _ in range(35):
        clock.advance(minutes=20)
        assert is_signed_in(browser)
    clock.advance(minutes=20)
    assert not is_signed_in(browser)


@pytest.mark.requirement("ACC-02")
def test_an_account_that_was_closed_is_out_at_once(
    browser: Browser, session: Session, user: User, sign_in: SignIn
) -> None:
    sign_in()
    user.active = False
    session.commit()
    assert not is_signed_in(browser)


@pytest.mark.threat("C6")
def test_the_cookie_is_kept_from_scripts_and_other_sites(
    browser: Browser, user: User, sign_in: SignIn
) -> None:
    sign_in()
    found = browser.client.get_cookie(COOKIE)
    assert found is not None
    assert found.http_only
    assert found.same_site == "Lax"
    assert found.expires is None
