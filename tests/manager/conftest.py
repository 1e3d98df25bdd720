"""A data manager of the first study; pages in English, which is what the code says."""

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Study
from app.services.access import Role
from tests import factories
from tests.page import Browser


@pytest.fixture
def study(session: Session, clock: SteppedClock) -> Study:
    """The first study, its list of symptoms included."""
    return factories.make_study(session, clock, with_symptoms=True)


@pytest.fixture
def manager(browser: Browser, session: Session, clock: SteppedClock, study: Study) -> Browser:
    """A browser in which a data manager of the whole study is signed in."""
    user = factories.make_staff(session, clock, Role.DATA_MANAGER, study, language="en")
    return factories.sign_in(browser, session, clock, user)
