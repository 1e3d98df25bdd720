"""What a patient's phone brought too late: shown to the own site, and to nobody else."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Study
from app.services.access import Role
from app.services.late_answers import keep_late_answers
from app.services.responses import Answer, AnswerState
from tests import factories
from tests.page import Browser, text_of

HEADING = "Answers that came after sending"
PATIENT = "/nurse/GIST-IMA/04-001"


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient of Lyon."""
    return factories.make_patient(session, clock, study)


@pytest.fixture
def late(session: Session, clock: SteppedClock, patient: Patient) -> None:
    """A questionnaire sent from one phone, and two answers that another one still had."""
    response = factories.submit(session, clock, factories.get_visit(session, patient))
    given_at = clock.now() - timedelta(minutes=5)
    device = "tablet-0123456789abcdef"
    answers = [
        Answer("q01", AnswerState.ANSWERED, 4, "en", given_at, given_at, device, 1),
        Answer("q02", AnswerState.SKIPPED, None, "en", given_at, given_at, device, 2),
    ]
    keep_late_answers(session, clock, response, answers)
    session.commit()


@pytest.mark.requirement("SUR-10")
@pytest.mark.usefixtures("late")
def test_the_nurse_sees_what_came_too_late(nurse: Browser) -> None:
    page = nurse.get(PATIENT)
    rows = [
        [text_of(cell) for cell in row.iter("td")] for row in page.all("tr") if len(list(row.iter("td"))) == 4
    ]
    assert [row[1:] for row in rows] == [["Baseline", "q01", "4"], ["Baseline", "q02", "Skipped"]]
    assert all(row[0].endswith("10:00") for row in rows)
    assert HEADING in page.text


def test_nothing_is_said_where_nothing_came_too_late(nurse: Browser, patient: Patient) -> None:
    assert patient.code == "04-001"
    assert HEADING not in nurse.get(PATIENT).text


@pytest.mark.requirement("ACC-01")
@pytest.mark.usefixtures("late")
def test_another_sites_nurse_sees_nothing_of_it(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    site = factories.get_site(session, study, "01")
    user = factories.make_staff(session, clock, Role.NURSE, study, site)
    page = factories.sign_in(browser, session, clock, user).get(PATIENT, 404)
    assert "q01" not in page.text
