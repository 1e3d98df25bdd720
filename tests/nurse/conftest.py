"""A nurse of Lyon in a study with patients of two sites; pages in English, which is what the code says."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_security.utils import hash_password
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Study
from app.services.access import Role
from tests import factories
from tests.page import Browser

PASSWORD = "nine green bottles hanging"


@pytest.fixture
def study(first_study: Study) -> Study:
    """The first study."""
    return first_study


@pytest.fixture
def nurse(browser: Browser, session: Session, clock: SteppedClock, study: Study) -> Browser:
    """A browser in which a nurse of Lyon is signed in."""
    site = factories.get_site(session, study, "04")
    user = factories.make_staff(session, clock, Role.NURSE, study, site, language="en")
    return factories.sign_in(browser, session, clock, user)


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient of Lyon whose initial visit is open."""
    patient = factories.make_patient(session, clock, study)
    session.commit()
    return patient


@pytest.fixture(scope="session")
def password_hash(app: Flask) -> str:
    """The hash of the password, made once: it is slow on purpose."""
    with app.app_context():
        return str(hash_password(PASSWORD))


@pytest.fixture
def investigator(
    app: Flask, session: Session, clock: SteppedClock, study: Study, password_hash: str
) -> Browser:
    """A browser in which the investigator of Lyon is signed in."""
    site = factories.get_site(session, study)
    user = factories.make_staff(
        session, clock, Role.INVESTIGATOR, study, site, "investigator.04@staff.example", "en"
    )
    user.password = password_hash
    return factories.sign_in(Browser(app), session, clock, user)


@pytest.fixture
def app_context(app: Flask) -> Iterator[None]:
    """A request for a page in English, without a session."""
    with app.test_request_context("/?lang=en"):
        yield
