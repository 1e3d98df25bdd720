"""What the tests of several services need."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Study
from tests.conftest import NOW
from tests.factories import make_patient
from tests.live import Live, live_database


@pytest.fixture(scope="session")
def live_of_session(
    database_kind: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Live]:
    """One database of its own for all tests that need several connections."""
    with live_database(database_kind, tmp_path_factory.mktemp("live"), worker_id) as live:
        yield live


@pytest.fixture
def live(live_of_session: Live) -> Live:
    """The live database, its clock at NOW."""
    live_of_session.clock.set(NOW)
    return live_of_session


@pytest.fixture
def study(first_study: Study) -> Study:
    """The first study."""
    return first_study


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A registered patient of site 04, not yet randomised."""
    return make_patient(session, clock, study)
