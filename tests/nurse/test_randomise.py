"""Recording a randomisation: a second look, what is refused, and that it never changes."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Milestone, Patient, Study, Visit
from tests import factories
from tests.page import Browser, faults, text_of

FORM = "/nurse/GIST-IMA/04-001/randomisation"
RECORD = "Record the randomisation"


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient of Lyon who consented ten days ago and sent the initial questionnaire."""
    patient = factories.make_patient(
        session, clock, study, consent_on=clock.now().date() - timedelta(days=10)
    )
    factories.submit(session, clock, factories.get_visit(session, patient))
    session.commit()
    return patient


def is_randomised(session: Session) -> bool:
    """Whether an arm, a second milestone or a second visit is stored."""
    session.expire_all()
    arm = session.scalars(select(Patient.arm)).one()
    return arm is not None or len(session.scalars(select(Milestone.id)).all()) > 1


@pytest.mark.requirement("VIS-07")
@pytest.mark.requirement("CLI-02")
def test_from_the_front_page_through_a_second_look_to_the_visits(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    form = nurse.follow(nurse.get("/nurse/"), "Record the randomisation 04-001")
    look = nurse.press(form, "Check", randomised_on="2026-11-20", arm="interruption")
    assert look.h1 == "Check the randomisation of 04-001"
    assert "Friday, 20 November 2026" in look.text
    assert "14 visits will follow" in look.text
    assert "Month 3 20 February 2027" in look.text
    assert not is_randomised(session)
    page = nurse.press(look, RECORD)
    assert "The randomisation is recorded." in text_of(page.one("div", role="status"))
    assert "Arm Interruption" in page.text
    assert "Month 60" in page.text
    assert not [each for each in page.all("a") if text_of(each) == RECORD]
    visit = session.scalars(select(Visit).where(Visit.code == "M6")).one()
    assert visit.due_on == date(2027, 5, 20)


@pytest.mark.requirement("VIS-07")
def test_the_second_look_can_lead_back_with_everything_kept(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    look = nurse.press(nurse.get(FORM), "Check", randomised_on="2026-11-20", arm="continuation")
    form = nurse.press(look, "Correct")
    assert form.one("input", id="randomised_on").get("value") == "2026-11-20"
    assert [each.get("value") for each in form.all("input", name="arm") if "checked" in each.attrib] == [
        "continuation"
    ]
    assert not is_randomised(session)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"randomised_on": "2026-01-04"}, "The study began on 5 January 2026: give a date from that day on."),
        (
            {"randomised_on": "2026-11-12"},
            "The consent is dated 13 November 2026: give a date from that day on.",
        ),
        ({"randomised_on": "2026-11-24"}, "This date is in the future. Today is 23 November 2026."),
        ({"randomised_on": ""}, "Give the date."),
        ({"arm": "placebo"}, "Choose an arm of the study."),
        ({"arm": ""}, "Choose an arm of the study."),
    ],
)
@pytest.mark.parametrize("confirm", [{}, {"confirm": "yes"}])
def test_what_the_study_forbids_is_refused_with_the_reason(
    nurse: Browser,
    session: Session,
    patient: Patient,
    fields: dict[str, str],
    fault: str,
    confirm: dict[str, str],
) -> None:
    typed = {"randomised_on": "2026-11-20", "arm": "interruption"} | fields | confirm
    page = nurse.press(nurse.get(FORM), "Check", 422, **typed)
    assert faults(page) == [fault]
    assert not is_randomised(session)


@pytest.mark.requirement("VIS-07")
def test_without_the_initial_questionnaire_a_reason_is_asked_and_kept(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    factories.make_patient(session, clock, study)
    session.commit()
    typed = {"randomised_on": "2026-11-23", "arm": "interruption"}
    page = nurse.press(nurse.get(FORM), "Check", 422, **typed)
    assert faults(page)[0].startswith("The initial questionnaire was not received.")
    assert not is_randomised(session)
    look = nurse.press(page, "Check", remark="Filled in on paper", **typed)
    assert "Filled in on paper" in look.text
    nurse.press(look, RECORD)
    remarks = session.scalars(select(Milestone.remark).where(Milestone.kind == "randomisation"))
    assert remarks.all() == ["Filled in on paper"]


def test_a_reason_is_asked_only_then(nurse: Browser, session: Session, patient: Patient) -> None:
    form = nurse.get(FORM)
    assert not form.all("textarea")
    look = nurse.press(form, "Check", randomised_on="2026-11-20", arm="interruption", remark="no need")
    nurse.press(look, RECORD)
    remarks = session.scalars(select(Milestone.remark).where(Milestone.kind == "randomisation"))
    assert remarks.all() == [None]


def test_a_reason_is_no_essay(nurse: Browser, session: Session, clock: SteppedClock, study: Study) -> None:
    factories.make_patient(session, clock, study)
    session.commit()
    typed = {"randomised_on": "2026-11-23", "arm": "interruption", "remark": "x" * 501}
    page = nurse.press(nurse.get(FORM), "Check", 422, **typed)
    assert faults(page) == ["Write at most 500 characters."]
    assert text_of(page.one("textarea", id="remark")) == "x" * 501


@pytest.mark.requirement("VIS-07")
def test_it_never_changes_afterwards(nurse: Browser, session: Session, patient: Patient) -> None:
    form = nurse.get(FORM)
    typed = {"randomised_on": "2026-11-20", "confirm": "yes"}
    nurse.press(form, "Check", arm="interruption", **typed)
    page = nurse.press(form, "Check", 422, arm="continuation", **typed)
    assert faults(page) == ["The randomisation of 04-001 is already recorded, and never changes."]
    session.expire_all()
    assert session.scalars(select(Patient.arm)).one() == "interruption"
    assert nurse.get(FORM).path == "/nurse/GIST-IMA/04-001"


@pytest.mark.threat("C12")
def test_keys_that_the_form_has_not_are_ignored(nurse: Browser, session: Session, patient: Patient) -> None:
    extra = {"code": "04-999", "site_id": "1", "arm_disclosed_at": "2020-01-01", "version": "9"}
    typed = {"randomised_on": "2026-11-20", "arm": "interruption", "confirm": "yes"}
    nurse.press(nurse.get(FORM), "Check", **typed, **extra)
    session.expire_all()
    stored = session.scalars(select(Patient)).one()
    assert stored.code == "04-001"
    assert stored.arm_disclosed_at is not None
    assert stored.arm_disclosed_at.year == 2026
