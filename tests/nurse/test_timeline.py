"""The way through the study on the patient's page: what was, what comes, in shapes and in words."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Study, User
from app.services.access import Role
from tests import factories
from tests.page import Browser, Page, text_of

pytestmark = pytest.mark.requirement("CLI-03")
PAGE = "/nurse/GIST-IMA/04-001"
SVG = "{http://www.w3.org/2000/svg}"


def see(nurse: Browser, session: Session, clock: SteppedClock) -> Page:
    """The patient's page as the nurse sees it who has just signed in again: months went by."""
    session.commit()
    user = session.scalars(select(User).where(User.email == "nurse.04@staff.example")).one()
    return factories.sign_in(nurse, session, clock, user).get(PAGE)


def stops(page: Page) -> list[str]:
    """What stands on the line, from the first to the last."""
    return [text_of(each) for each in page.one("ol", class_="timeline").iter("li")]


def test_it_begins_with_the_consent_and_today(nurse: Browser, patient: Patient) -> None:
    page = nurse.get(PAGE)
    assert stops(page) == ["Consent 23 Nov 2026", "Initial 11/2026 Open", "Today 23 Nov 2026"]
    legend = page.one("ul", aria_label="Visits on the line")
    assert text_of(legend) == "Open"


@pytest.mark.requirement("VIS-05")
def test_visits_and_milestones_stand_in_the_order_of_time_and_the_rest_is_counted(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.submit(session, clock, factories.get_visit(session, patient))
    clock.advance(days=1)
    factories.randomise(session, clock, patient)
    clock.advance(days=150)
    factories.milestone(session, clock, patient, "progression")
    assert stops(see(nurse, session, clock)) == [
        "Consent 23 Nov 2026",
        "Initial 11/2026 Received",
        "Randomisation 24 Nov 2026",
        "M3 02/2027 Missing",
        "Progression 23 Apr 2027",
        "Today 23 Apr 2027",
        "M6 05/2027 Not yet expected",
        "12 more visits until 11/2031",
    ]


def test_each_stop_has_a_shape_that_is_not_read_aloud(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.randomise(session, clock, patient)
    page = see(nurse, session, clock)
    line = page.one("ol", class_="timeline")
    drawn = list(line.iter(f"{SVG}svg"))
    assert len(drawn) == len(list(line.iter("li")))
    assert all(each.get("aria-hidden") == "true" for each in drawn)
    kinds = {each.get("class") for each in line.iter("li")}
    assert kinds == {
        "is-milestone is-milestone",
        "is-visit is-open",
        "is-visit is-not_yet_expected",
        "is-today is-today",
        "is-rest is-rest",
    }


@pytest.mark.requirement("VIS-03")
def test_treatment_stands_on_the_line_and_a_reintroduction_once(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    today = clock.now().date()
    factories.randomise(session, clock, patient)
    clock.advance(days=100)
    factories.expose(
        session, clock, patient, today - factories.days(4000), today + factories.days(7), "protocol"
    )
    factories.milestone(session, clock, patient, "progression", today + factories.days(90))
    factories.milestone(session, clock, patient, "reintroduction", today + factories.days(95))
    factories.expose(session, clock, patient, today + factories.days(95))
    found = stops(see(nurse, session, clock))
    assert "Imatinib stopped 30 Nov 2026" in found
    assert [each for each in found if "26 Feb 2027" in each and "Imatinib" in each] == []
    assert "Re-introduction of treatment 26 Feb 2027" in found


@pytest.mark.requirement("VIS-03")
def test_a_visit_that_another_one_serves_says_so(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    today = clock.now().date()
    factories.randomise(session, clock, patient)
    clock.advance(days=180)
    factories.milestone(session, clock, patient, "progression", today + factories.days(178))
    factories.milestone(session, clock, patient, "reintroduction", today + factories.days(180))
    found = stops(see(nurse, session, clock))
    assert [each for each in found if " with " in each] == ["RI0 05/2027 with M6"]


def test_after_leaving_no_visit_stands_ahead(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.randomise(session, clock, patient)
    factories.milestone(session, clock, patient, "consent-withdrawn")
    found = stops(see(nurse, session, clock))
    assert found[-1] == "Today 23 Nov 2026"
    assert not [each for each in found if "more visit" in each]


@pytest.mark.requirement("ACC-01")
def test_a_monitor_sees_the_line(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    user = factories.make_staff(session, clock, Role.MONITOR, study, language="en")
    assert len(stops(factories.sign_in(browser, session, clock, user).get(PAGE))) == 3


# Visits years ahead


def visits(page: Page) -> tuple[list[str], list[str]]:
    """The visits that the page shows at once, and those that wait to be opened."""
    later = [text_of(row) for box in page.all("details", class_="later") for row in box.iter("tr")]
    shown = [text_of(row) for row in page.all("table")[0].iter("tr")]
    return shown[1:], later[1:]


def test_visits_with_nothing_to_do_wait_to_be_opened(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.submit(session, clock, factories.get_visit(session, patient))
    factories.randomise(session, clock, patient)
    page = see(nurse, session, clock)
    shown, later = visits(page)
    assert [each.split(" ")[0] for each in shown] == ["Baseline", "Month"]
    assert [each.split(" ")[2] for each in later][:3] == ["M6", "M9", "M12"]
    assert text_of(page.one("summary", id="later")) == f"Later visits {len(later)}"
    assert text_of(page.one("h2", id="visits")) == f"Visits {len(shown) + len(later)}"


def test_few_visits_to_come_stand_where_they_are(nurse: Browser, patient: Patient) -> None:
    shown, later = visits(nurse.get(PAGE))
    assert (len(shown), later) == (1, [])


def test_a_link_given_before_its_time_is_not_hidden(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.randomise(session, clock, patient)
    factories.make_link(session, clock, patient, "M9")
    shown, later = visits(see(nurse, session, clock))
    assert "M9" in shown[-1]
    assert "M9" not in " ".join(later)
    assert len(later) > 3
