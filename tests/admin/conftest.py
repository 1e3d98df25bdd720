"""Administrators of all studies and of one, with a password to give once more; pages in English."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Study, User
from app.security import hash_new_password
from app.services.access import Role
from tests import factories
from tests.page import Browser

PASSWORD = "nine green bottles hanging"


@pytest.fixture(scope="session")
def password_hash(app: Flask) -> str:
    """The hash of the password, made once: it is slow on purpose."""
    with app.app_context():
        return hash_new_password(PASSWORD)


@pytest.fixture
def study(session: Session, clock: SteppedClock, first_study: Study) -> Study:
    """The first study, with a patient of Lyon whom no administrator may see."""
    factories.make_patient(session, clock, first_study, "04-001")
    return first_study


@pytest.fixture
def nurse(session: Session, clock: SteppedClock, study: Study) -> User:
    """A nurse of Lyon."""
    site = factories.get_site(session, study, "04")
    return factories.make_staff(session, clock, Role.NURSE, study, site, "nurse@staff.example", "en")


@pytest.fixture
def admin_user(session: Session, clock: SteppedClock, password_hash: str) -> User:
    """The administrator of all studies."""
    user = factories.make_staff(session, clock, Role.ADMINISTRATOR, None, None, "admin@staff.example", "en")
    user.password = password_hash
    return user


@pytest.fixture
def admin(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, nurse: User, admin_user: User
) -> Browser:
    """A browser in which the administrator of all studies is signed in; the study has one nurse."""
    return factories.sign_in(browser, session, clock, admin_user)


@pytest.fixture
def study_admin(
    app: Flask, session: Session, clock: SteppedClock, study: Study, nurse: User, password_hash: str
) -> Browser:
    """A browser in which the administrator of the first study alone is signed in."""
    user = factories.make_staff(session, clock, Role.ADMINISTRATOR, study, None, "one@staff.example", "en")
    user.password = password_hash
    return factories.sign_in(Browser(app), session, clock, user)
