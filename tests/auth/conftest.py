"""A nurse of Lyon with a password, and a way to sign in with it."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask_security.utils import hash_password
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Study, User
from app.services.access import Role
from tests import factories
from tests.page import Browser, Page

PASSWORD = "nine green bottles hanging"
SignIn = Callable[..., Page]


@pytest.fixture(scope="session")
def password_hash(app: Flask) -> str:
    """The hash of the password, made once: it is slow on purpose."""
    with app.app_context():
        return str(hash_password(PASSWORD))


@pytest.fixture
def study(first_study: Study) -> Study:
    """The first study."""
    return first_study


@pytest.fixture
def user(session: Session, clock: SteppedClock, study: Study, password_hash: str) -> User:
    """A nurse of Lyon."""
    site = factories.get_site(session, study, "04")
    user = factories.make_staff(session, clock, Role.NURSE, study, site, "nurse@staff.example", "en")
    user.password = password_hash
    session.commit()
    return user


@pytest.fixture
def sign_in(browser: Browser) -> SignIn:
    """Fills in the sign-in page, in English."""

    def fill(
        email: str = "nurse@staff.example",
        password: str = PASSWORD,
        path: str = "/login?lang=en",
        **options: int,
    ) -> Page:
        page = browser.get(path)
        return browser.press(page, "Sign in", email=email, password=password, **options)

    return fill
