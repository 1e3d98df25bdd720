"""Why a questionnaire did not come, in two taps from the front page."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import MissingReason, Patient, Study
from app.services.access import Role
from app.services.missing import Reason
from tests import factories
from tests.nurse.test_front import FRONT, to_do
from tests.page import Browser, text_of

pytestmark = pytest.mark.requirement("VIS-05")
PAGE = "/nurse/GIST-IMA/04-001/visits/BASELINE/reason"


@pytest.fixture
def late(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient whose initial window closed without a word."""
    consent_on = clock.now().date() - factories.days(35)
    patient = factories.make_patient(session, clock, study, consent_on=consent_on)
    session.commit()
    return patient


def on_record(session: Session) -> list[tuple[str, str | None]]:
    """Each reason with its words."""
    session.expire_all()
    return [(row.reason, row.text) for row in session.scalars(select(MissingReason))]


@pytest.mark.requirement("CLI-01")
def test_two_taps_from_the_front_page_record_a_coded_reason(
    nurse: Browser, session: Session, late: Patient
) -> None:
    page = nurse.follow(nurse.get(FRONT), "Give the reason 04-001")
    page = nurse.press(page, "The patient forgot")
    assert "The reason is recorded." in page.text
    assert on_record(session) == [("forgot", None)]
    assert to_do(nurse.get(FRONT)) == []


def test_the_page_offers_every_reason_as_a_button(nurse: Browser, late: Patient) -> None:
    page = nurse.get(PAGE)
    values = {each.get("value") for each in page.all("button", name="reason")}
    assert values == set(Reason)
    assert "04-001 – Baseline Missing" in page.text


def test_another_reason_is_said_in_words(nurse: Browser, session: Session, late: Patient) -> None:
    page = nurse.press(nurse.get(PAGE), "Record this reason", status=422)
    assert "Say the reason in a few words." in page.text
    nurse.press(page, "Record this reason", text=" Snowed in ")
    assert on_record(session) == [("other", "Snowed in")]
    assert "On record: Snowed in" in nurse.get(PAGE).text


def test_a_reason_is_put_right_by_another(nurse: Browser, session: Session, late: Patient) -> None:
    for label in ("The patient forgot", "Technical problem"):
        nurse.press(nurse.get(PAGE), label)
    assert on_record(session) == [("technical", None)]


@pytest.mark.threat("D13")
@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ("1 80 01 69 123 456 78", "social security number"),
        ("né le 3/2/1950", "birth date"),
        ("x" * 201, "200"),
    ],
)
def test_words_that_identify_or_have_no_end_are_refused(
    nurse: Browser, session: Session, late: Patient, words: str, refusal: str
) -> None:
    page = nurse.press(nurse.get(PAGE), "Record this reason", status=422, text=words)
    assert refusal in page.text
    assert on_record(session) == []


def test_a_form_that_can_still_come_asks_for_none(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    factories.make_patient(session, clock, study)
    session.commit()
    page = nurse.get(PAGE)
    assert "it asks for no reason" in page.text
    assert page.all("button", name="reason") == []
    token = page.all("input", name="csrf_token")[0].get("value")
    page = nurse.post(PAGE, {"csrf_token": token, "reason": "forgot"}, 422)
    assert "it asks for no reason" in page.text
    assert on_record(session) == []


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize(
    ("role", "status"), [(Role.MONITOR, 403), (Role.DATA_MANAGER, 403), (Role.NURSE, 404)]
)
def test_others_give_no_reason(
    browser: Browser,
    session: Session,
    clock: SteppedClock,
    study: Study,
    late: Patient,
    role: Role,
    status: int,
) -> None:
    site = factories.get_site(session, study, "01") if role is Role.NURSE else None
    user = factories.make_staff(session, clock, role, study, site, language="en")
    browser = factories.sign_in(browser, session, clock, user)
    token = browser.get("/").all("input", name="csrf_token")[0].get("value")
    browser.get(PAGE, status)
    browser.post(PAGE, {"csrf_token": token, "reason": "forgot"}, status)
    assert on_record(session) == []


def test_an_unknown_visit_is_not_found(nurse: Browser, late: Patient) -> None:
    page = nurse.get(PAGE.replace("BASELINE", "M99"), 404)
    assert text_of(page.one("h1"))
