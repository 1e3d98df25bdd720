"""The rows of the front page: in words, counted on top, each with one next step that leads somewhere."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.channels import Outcome
from app.clock import SteppedClock
from app.models import Patient, Study
from app.nurse import show_morning
from app.services.access import Role
from tests import factories
from tests.nurse.test_front import FRONT, to_do
from tests.page import Browser, text_of
from tests.services.test_message_list import attempt, planned

pytestmark = pytest.mark.requirement("CLI-01")


def days_ago(session: Session, clock: SteppedClock, study: Study, code: str, days: int) -> Patient:
    return factories.make_patient(
        session, clock, study, code, consent_on=clock.now().date() - factories.days(days)
    )


@pytest.fixture
def busy(session: Session, clock: SteppedClock, study: Study) -> None:
    """A row of each matter."""
    days_ago(session, clock, study, "04-001", 35)
    factories.make_patient(session, clock, study, "04-002")
    factories.make_link(session, clock, days_ago(session, clock, study, "04-003", 27))
    serious = days_ago(session, clock, study, "04-004", 3)
    factories.make_link(session, clock, serious)
    factories.decide(session, clock, factories.make_event(session, clock, serious), is_serious=True)
    failed = days_ago(session, clock, study, "04-005", 5)
    attempt(session, clock, planned(session, clock, failed), Outcome.REFUSED)
    factories.make_link(session, clock, days_ago(session, clock, study, "04-006", 5))
    session.commit()


@pytest.mark.requirement("REM-03")
@pytest.mark.requirement("VIS-05")
def test_each_row_says_what_it_asks_for_and_has_one_step(nurse: Browser, busy: None) -> None:
    page = nurse.get(FRONT)
    assert to_do(page) == [
        "04-005 Not sent Link for Baseline by e-mail: not sent. Show the QR code 04-005",
        (
            "04-004 To declare Nausea, serious: to be declared to the sponsor by 24 Nov 2026 at 10:00. "
            "Record the declaration 04-004"
        ),
        "04-003 Closing soon Baseline closes on Tuesday, 24 November 2026: nothing received yet. See 04-003",
        (
            "04-005 Link to give Baseline is open until Wednesday, 16 December 2026: no link given. "
            "Give the link 04-005"
        ),
        (
            "04-002 Link to give Baseline is open until Monday, 21 December 2026: no link given. "
            "Give the link 04-002"
        ),
        "04-001 Missing Baseline, closed on 16 November 2026: the reason is missing. Give the reason 04-001",
    ]
    (tally,) = [text_of(each) for each in page.all("p") if each.get("class") == "tally"]
    assert tally == (
        "1 message not sent · 1 serious event to declare · 1 window closes · 2 to do today · 1 reason to give"
    )
    assert "To do 6" in page.text


def test_each_step_leads_where_it_says(nurse: Browser, busy: None) -> None:
    assert nurse.press(nurse.get(FRONT), "Show the QR code 04-005").h1 == "Link for 04-005"
    assert not [row for row in to_do(nurse.get(FRONT)) if row.startswith("04-005 Link to give")]
    assert "Nausea" in nurse.follow(nurse.get(FRONT), "Record the declaration 04-004").h1
    assert nurse.follow(nurse.get(FRONT), "See 04-003").h1 == "04-003"
    page = nurse.follow(nurse.get(FRONT), "Give the reason 04-001")
    assert page.h1 == "Why is the questionnaire missing?"


@pytest.mark.requirement("REM-03")
def test_a_link_given_anew_takes_what_did_not_go_off_the_list(nurse: Browser, busy: None) -> None:
    nurse.press(nurse.get(FRONT), "Show the QR code 04-005")
    assert not [row for row in to_do(nurse.get(FRONT)) if "04-005" in row]


@pytest.mark.requirement("REM-03")
@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.UNKNOWN, "nobody knows whether it arrived. Ask the patient. See 04-001"),
        (Outcome.BOUNCED, "came back. Check the contact details. Show the QR code 04-001"),
        (Outcome.NOT_NOW, "waits since 23 Nov 2026 at 10:01, nothing leaves at present. See 04-001"),
    ],
)
def test_what_is_uncertain_or_waits_is_not_sent_again_by_mistake(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, outcome: Outcome, words: str
) -> None:
    patient = factories.make_patient(session, clock, study)
    attempt(session, clock, planned(session, clock, patient), outcome)
    session.commit()
    assert to_do(nurse.get(FRONT))[0].endswith(words)


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_who_may_only_look_gets_the_rows_of_all_sites_without_a_step_that_changes(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, busy: None
) -> None:
    days_ago(session, clock, study, "01-001", 35)
    user = factories.make_staff(session, clock, Role.MONITOR, study, language="en")
    page = factories.sign_in(browser, session, clock, user).get(FRONT)
    rows = to_do(page)
    assert len(rows) == 7
    assert all(" See " in row for row in rows)
    assert not [each for each in page.all("form") if "/nurse/GIST" in (each.get("action") or "")]


def test_beyond_a_hundred_rows_the_rest_is_counted(
    app: Flask, nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    for number in range(1, show_morning.MOST_ROWS + 3):
        factories.make_patient(session, clock, study, f"04-{number:03}")
    session.commit()
    page = nurse.get(FRONT)
    assert len(to_do(page)) == show_morning.MOST_ROWS
    assert "102 to do today" in page.text
    assert "2 more are not shown: deal with these first." in page.text


def test_a_search_shows_patients_alone(nurse: Browser, busy: None) -> None:
    page = nurse.get(f"{FRONT}?q=04-00")
    assert to_do(page) == []
    assert "To do" not in page.text
