"""A study with a randomised patient whose initial questionnaire was received, and an analyst of it."""

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Study
from app.services.access import Role
from tests import factories
from tests.page import Browser


@pytest.fixture
def study(first_study: Study) -> Study:
    """The first study."""
    return first_study


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient with a baseline, and two without."""
    patient = factories.make_patient(session, clock, study, "04-001")
    factories.submit(session, clock, factories.get_visit(session, patient))
    factories.randomise(session, clock, patient, "interruption", remark=None)
    factories.make_patient(session, clock, study, "04-002")
    factories.make_patient(session, clock, study, "01-001")
    session.commit()
    return patient


@pytest.fixture
def analyst(browser: Browser, session: Session, clock: SteppedClock, study: Study) -> Browser:
    """A browser in which an analyst of the whole study is signed in."""
    user = factories.make_staff(session, clock, Role.ANALYST, study, language="en")
    return factories.sign_in(browser, session, clock, user)
