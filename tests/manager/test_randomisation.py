"""An error of transcription in a randomisation, put right on the data manager's page after a second look."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.manager import randomisation_words
from app.models import AuditEntry, Milestone, Patient, Study
from app.services import milestones, randomisation
from app.services.access import Role
from app.services.visits import visits_of
from tests import factories
from tests.nurse.test_words import rules_of
from tests.page import Browser, faults, text_of

pytestmark = pytest.mark.requirement("VIS-07")
PATIENT = "/nurse/GIST-IMA/04-001"
PATH = "/manager/randomisation/GIST-IMA/04-001"
CHECK, RECORD = "Check", "Record the correction"
RIGHT = {"arm": "continuation", "randomised_on": "2026-11-20", "reason": "Lines of the fax swapped"}


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient of Lyon, recorded as randomised to the interruption a week ago."""
    now = clock.now()
    clock.advance(days=-10)
    patient = factories.make_patient(session, clock, study)
    clock.advance(days=3)
    factories.randomise(session, clock, patient, "interruption")
    clock.set(now)
    session.commit()
    return patient


def kept(session: Session, patient: Patient) -> tuple[str | None, list[date]]:
    """Arm and dates of randomisation that stand."""
    session.expire_all()
    query = select(Milestone.occurred_on).where(
        Milestone.kind == "randomisation", Milestone.undone_at.is_(None)
    )
    return patient.arm, list(session.scalars(query))


def test_every_refusal_of_a_correction_has_words() -> None:
    dates = {"before_study", "before_consent", "in_future", "after_death", "after_withdrawal"}
    assert dates < rules_of(milestones)
    found = rules_of(randomisation) | dates | {"national_number", "birth_date"}
    assert set(randomisation_words.RULES) == found


@pytest.mark.requirement("CLI-02")
@pytest.mark.threat("D13")
def test_arm_and_date_are_put_right_after_a_second_look_and_the_former_entry_stays_in_sight(
    manager: Browser, session: Session, patient: Patient
) -> None:
    page = manager.follow(manager.get(PATIENT), "Correct the randomisation")
    assert page.one("input", id="arm-0").get("checked") is not None
    assert page.one("input", id="randomised_on").get("value") == "2026-11-16"
    look = manager.press(page, CHECK, 200, **RIGHT)
    assert [text_of(each) for each in look.all("dd")] == [
        "Interruption, Monday, 16 November 2026",
        "Continuation, Friday, 20 November 2026",
        "Lines of the fax swapped",
    ]
    rows = [[text_of(cell) for cell in row] for row in look.one("tbody").iter("tr")]
    assert ["Month 3", "16 Feb 2027", "20 Feb 2027"] in rows
    assert kept(session, patient) == ("interruption", [date(2026, 11, 16)])
    done = manager.press(look, RECORD)
    assert "The randomisation is corrected" in text_of(done.one("div", role="status"))
    assert "Continuation, Friday, 20 November 2026" in done.text
    assert kept(session, patient) == ("continuation", [date(2026, 11, 20)])
    assert "Undone on 23 Nov 2026: Lines of the fax swapped" in manager.get(f"{PATIENT}/milestones").text
    entries = session.scalars(select(AuditEntry).where(AuditEntry.entity == "patient"))
    changes = [str(each.changes) for each in entries]
    assert any("interruption" in each and "continuation" in each for each in changes)


def test_what_the_second_look_finds_wrong_is_put_right_from_what_was_typed(
    manager: Browser, session: Session, patient: Patient
) -> None:
    look = manager.press(manager.get(PATH), CHECK, 200, **RIGHT)
    again = manager.press(look, "Correct")
    assert again.one("input", id="arm-1").get("checked") is not None
    assert again.one("input", id="randomised_on").get("value") == "2026-11-20"
    assert text_of(again.one("textarea")) == "Lines of the fax swapped"
    assert kept(session, patient)[0] == "interruption"


def test_a_visit_that_somebody_touched_stays_where_it_is(
    manager: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.make_link(session, clock, patient, "M3")
    session.commit()
    look = manager.press(manager.get(PATH), CHECK, 200, **RIGHT)
    names = [text_of(next(row.iter("th"))) for row in look.one("tbody").iter("tr")]
    assert "Month 3" not in names
    assert "Month 6" in names
    manager.press(look, RECORD)
    session.expire_all()
    due = {each.code: each.due_on for each in visits_of(session, patient)}
    assert (due["M3"], due["M6"]) == (date(2027, 2, 16), date(2027, 5, 20))


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"arm": ""}, "Choose an arm of the study."),
        ({"arm": "placebo"}, "Choose an arm of the study."),
        ({"randomised_on": ""}, "Give the date."),
        ({"randomised_on": "2026-11-24"}, "This date is in the future."),
        ({"randomised_on": "2026-11-12"}, "The consent is dated 13 November 2026"),
        ({"arm": "interruption", "randomised_on": "2026-11-16"}, "Arm and date are recorded so already"),
        ({"reason": " "}, "Give the reason."),
        ({"reason": "Né le 03/04/1951"}, "This holds what may be a birth date"),
        ({"reason": "x" * 501}, "Write at most 500 characters."),
    ],
)
@pytest.mark.parametrize("confirm", [{}, {"confirm": "y"}])
def test_a_correction_that_cannot_be_is_refused_and_what_was_typed_stays(
    manager: Browser,
    session: Session,
    patient: Patient,
    fields: dict[str, str],
    fault: str,
    confirm: dict[str, str],
) -> None:
    typed = RIGHT | fields
    page = manager.press(manager.get(PATH), CHECK, 422, **typed, **confirm)
    (found,) = faults(page)
    assert found.startswith(fault)
    assert page.one("input", id="randomised_on").get("value") == typed["randomised_on"]
    assert text_of(page.one("textarea")) == typed["reason"].strip()
    assert kept(session, patient) == ("interruption", [date(2026, 11, 16)])


def test_a_later_event_keeps_the_date_before_it(
    manager: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    day = clock.now().date() - timedelta(days=4)
    factories.milestone(session, clock, patient, "reintroduction", day)
    session.commit()
    page = manager.press(manager.get(PATH), CHECK, 422, **RIGHT)
    (found,) = faults(page)
    assert found.startswith("Another event that follows from it is dated 19 November 2026")


def test_who_is_not_randomised_has_nothing_to_correct(
    manager: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    factories.make_patient(session, clock, study)
    session.commit()
    page = manager.get(PATH)
    assert "This patient is not randomised yet." in page.text
    assert not page.all("textarea")
    assert "Correct the randomisation" not in manager.get(PATIENT).text
    token = page.all("input", name="csrf_token")[0].get("value")
    manager.post(PATH, RIGHT | {"csrf_token": token, "confirm": "y"}, 422)


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [Role.NURSE, Role.INVESTIGATOR, Role.MONITOR])
def test_nobody_else_corrects_a_randomisation(
    app: Flask, session: Session, clock: SteppedClock, study: Study, patient: Patient, role: Role
) -> None:
    site = None if role is Role.MONITOR else factories.get_site(session, study, "04")
    user = factories.make_staff(session, clock, role, study, site, language="en")
    other = factories.sign_in(Browser(app), session, clock, user)
    page = other.get(PATIENT)
    assert "Correct the randomisation" not in page.text
    token = page.all("input", name="csrf_token")[0].get("value")
    other.get(PATH, 403)
    other.post(PATH, RIGHT | {"csrf_token": token, "confirm": "y"}, 403)
    assert kept(session, patient)[0] == "interruption"
