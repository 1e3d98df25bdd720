"""Visits besides the schedule, another site, answers sent under the wrong patient's name."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Link, Patient, Response, Site, SiteStay, Study, Visit
from app.services.access import Role
from app.services.unscheduled import unscheduled_visits
from tests import factories
from tests.page import Browser, faults, text_of

pytestmark = pytest.mark.requirement("VIS-08")
PATIENT, OTHERS = "/nurse/GIST-IMA/04-001", "/nurse/GIST-IMA/01-001"
VISITS, TRANSFER, MIX_UP = f"{PATIENT}/unscheduled", f"{PATIENT}/transfer", f"{PATIENT}/wrong-patient"
PLAN, MOVE, CHECK = "Plan the visit", "Record the transfer", "Check"
GIVE = "Give the answers to the other patient"
TYPED = {"visit": "BASELINE", "other_code": "04-002", "other_visit": "BASELINE", "reason": "Phones mixed up"}


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient of Lyon who consented ten days ago."""
    clock.advance(days=-10)
    patient = factories.make_patient(session, clock, study)
    clock.advance(days=10)
    session.commit()
    return patient


@pytest.fixture
def manager(app: Flask, session: Session, clock: SteppedClock, study: Study) -> Browser:
    """A browser in which a data manager of the whole study is signed in."""
    user = factories.make_staff(session, clock, Role.DATA_MANAGER, study, language="en")
    return factories.sign_in(Browser(app), session, clock, user)


@pytest.fixture
def mixed_up(session: Session, clock: SteppedClock, study: Study, patient: Patient) -> Patient:
    """Another patient of Lyon, whose initial questionnaire was sent under the first one's name."""
    other = factories.make_patient(session, clock, study, "04-002")
    factories.submit(session, clock, factories.get_visit(session, patient))
    session.commit()
    return other


def key(browser: Browser) -> dict[str, Any]:
    return {"csrf_token": browser.get("/nurse/").all("input", name="csrf_token")[0].get("value")}


# Visits besides the schedule


def test_a_visit_is_planned_for_today_and_its_link_given(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    page = nurse.follow(nurse.get(PATIENT), "Visits besides the schedule")
    done = nurse.press(page, PLAN, questionnaires=["qlq-c30"])
    assert "The visit is planned and open today." in text_of(done.one("div", role="status"))
    assert "U1 QLQ-C30 23 Nov 2026 to 25 Nov 2026 Open" in done.text
    link = nurse.press(done, "Give a link U1")
    assert link.h1 == "Link for 04-001"
    (visit,) = unscheduled_visits(session, patient)
    assert session.scalars(select(Link.visit_id)).all() == [visit.id]


def test_what_was_sent_there_needs_no_link(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    nurse.press(nurse.get(VISITS), PLAN, questionnaires=["qlq-c30"])
    (visit,) = unscheduled_visits(session, patient)
    factories.submit(session, clock, visit)
    session.commit()
    page = nurse.get(VISITS)
    assert "Received" in page.text
    assert not [each for each in page.all("button") if text_of(each) == "Give a link U1"]
    page = nurse.post(f"{VISITS}/U1/link", key(nurse), 422)
    assert "it needs no link any more" in text_of(page.one("div", role="alert"))


@pytest.mark.parametrize("chosen", [[], ["report"], ["sf-36"]])
def test_only_questionnaires_of_the_study_are_asked(
    nurse: Browser, session: Session, patient: Patient, chosen: list[str]
) -> None:
    page = nurse.press(nurse.get(VISITS), PLAN, 422, questionnaires=chosen)
    assert faults(page) == ["Choose at least one questionnaire."]
    assert unscheduled_visits(session, patient) == []


def test_nobody_who_left_is_asked(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.milestone(session, clock, patient, "stops-questionnaires")
    session.commit()
    page = nurse.press(nurse.get(VISITS), PLAN, 422, questionnaires=["qlq-c30"])
    assert faults(page)[0].startswith("Nothing is expected of this patient from 23 November 2026 on")
    assert page.one("input", value="qlq-c30").get("checked") is not None


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_patient_is_not_found(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    factories.make_patient(session, clock, study, "01-001")
    session.commit()
    before = len(session.scalars(select(Visit.id)).all())
    nurse.get(f"{OTHERS}/unscheduled", 404)
    nurse.post(f"{OTHERS}/unscheduled", key(nurse) | {"questionnaires": "qlq-c30"}, 404)
    nurse.post(f"{OTHERS}/unscheduled/U1/link", key(nurse), 404)
    assert len(session.scalars(select(Visit.id)).all()) == before


# Another site


def site_of(session: Session) -> str:
    session.expire_all()
    return session.scalars(select(Site.number).join(Patient, Patient.site_id == Site.id)).one()


def test_a_patient_moves_after_a_second_look_and_the_former_site_sees_them_no_more(
    nurse: Browser, manager: Browser, session: Session, patient: Patient
) -> None:
    page = manager.follow(manager.get(PATIENT), "Another site")
    assert "Centre Léon Bérard" in page.text
    look = manager.press(page, CHECK, site="03", from_on="2026-11-20")
    assert [text_of(each) for each in look.all("dd")] == [
        "Centre Léon Bérard",
        "CHU Dupuytren",
        "Friday, 20 November 2026",
    ]
    assert "the staff of Centre Léon Bérard no longer see the patient" in look.text
    assert site_of(session) == "04"
    assert session.scalars(select(SiteStay.id)).all() == []
    nurse.get(PATIENT)
    done = manager.press(look, MOVE)
    assert "The transfer is recorded" in text_of(done.one("div", role="status"))
    assert "From 20 November 2026 CHU Dupuytren" in done.text
    assert site_of(session) == "03"
    nurse.get(PATIENT, 404)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"site": ""}, "Choose the site."),
        ({"site": "04"}, "Choose the site."),
        ({"site": "99"}, "Choose the site."),
        ({"from_on": ""}, "Give the date."),
        ({"from_on": "2026-11-24"}, "This date is in the future. Today is 23 November 2026."),
        ({"from_on": "2026-11-13"}, "The present stay began on 13 November 2026: give a later day."),
        (
            {"from_on": "2026-11-12"},
            "The consent is dated 13 November 2026: give a date from that day on.",
        ),
    ],
)
@pytest.mark.parametrize("confirm", [{}, {"confirm": "y"}])
def test_a_transfer_that_cannot_be_is_refused_and_what_was_typed_stays(
    manager: Browser,
    session: Session,
    patient: Patient,
    fields: dict[str, str],
    fault: str,
    confirm: dict[str, str],
) -> None:
    typed = {"site": "03", "from_on": "2026-11-20"} | fields
    page = manager.press(manager.get(TRANSFER), CHECK, 422, **typed, **confirm)
    assert faults(page) == [fault]
    assert page.one("input", id="from_on").get("value") == typed["from_on"]
    assert site_of(session) == "04"


def test_what_the_second_look_finds_wrong_is_put_right(
    manager: Browser, session: Session, patient: Patient
) -> None:
    look = manager.press(manager.get(TRANSFER), CHECK, site="03", from_on="2026-11-20")
    again = manager.press(look, "Correct")
    assert again.one("option", selected="").get("value") == "03"
    assert again.one("input", id="from_on").get("value") == "2026-11-20"
    assert site_of(session) == "04"


# The wrong patient


def entries(session: Session) -> list[tuple[str, str]]:
    """Patient and entry of each questionnaire."""
    session.expire_all()
    query = select(Patient.code, Response.entry).join(Response, Response.patient_id == Patient.id)
    return [(code, entry) for code, entry in session.execute(query.order_by(Response.id))]


def test_answers_are_given_to_the_right_patient_after_a_second_look(
    manager: Browser, session: Session, mixed_up: Patient
) -> None:
    page = manager.follow(manager.get(PATIENT), "Answers of another patient")
    look = manager.press(page, CHECK, 200, **TYPED)
    assert "Void at 04-001, Baseline" in look.text
    assert "Copied to 04-002, Baseline" in look.text
    assert "Phones mixed up" in look.text
    assert entries(session) == [("04-001", "main")]
    again = manager.press(look, "Correct")
    assert text_of(again.one("textarea")) == "Phones mixed up"
    done = manager.press(look, GIVE)
    assert "void since 23 Nov 2026: Phones mixed up" in done.text
    assert entries(session) == [("04-001", "void-1"), ("04-002", "main")]


@pytest.mark.threat("D13")
@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"visit": ""}, "Choose the visit."),
        ({"visit": "M3"}, "Choose the visit."),
        ({"other_code": ""}, "Give the code of another patient of the study."),
        ({"other_code": "04-001"}, "Give the code of another patient of the study."),
        ({"other_code": "04-999"}, "No patient of this code is registered in the study."),
        ({"other_visit": "M3"}, "This patient has no such visit."),
        ({"reason": " "}, "Give the reason, in at most 500 characters."),
        ({"reason": "Né le 03/04/1951"}, "This holds what may be a birth date"),
    ],
)
@pytest.mark.parametrize("confirm", [{}, {"confirm": "y"}])
def test_a_mix_up_that_cannot_be_is_refused_and_what_was_typed_stays(
    manager: Browser,
    session: Session,
    mixed_up: Patient,
    fields: dict[str, str],
    fault: str,
    confirm: dict[str, str],
) -> None:
    typed = TYPED | fields
    page = manager.press(manager.get(MIX_UP), CHECK, 422, **typed, **confirm)
    found = faults(page)
    assert len(found) == 1
    assert found[0].startswith(fault)
    assert page.one("input", id="other_code").get("value") == typed["other_code"]
    assert text_of(page.one("textarea")) == typed["reason"].strip()
    assert entries(session) == [("04-001", "main")]


def test_a_form_that_stands_there_is_not_written_over(
    manager: Browser, session: Session, clock: SteppedClock, mixed_up: Patient
) -> None:
    factories.begin_response(session, clock, factories.get_visit(session, mixed_up))
    session.commit()
    page = manager.press(manager.get(MIX_UP), CHECK, 422, **TYPED)
    assert faults(page)[0].startswith("The other patient has begun or sent")


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [Role.NURSE, Role.INVESTIGATOR, Role.MONITOR, Role.INSPECTOR])
def test_site_staff_and_readers_neither_transfer_nor_move_answers(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, mixed_up: Patient, role: Role
) -> None:
    site = factories.get_site(session, study) if role in {Role.NURSE, Role.INVESTIGATOR} else None
    user = factories.make_staff(session, clock, role, study, site, language="en")
    reader = factories.sign_in(browser, session, clock, user)
    assert "Answers of another patient" not in reader.get(PATIENT).text
    for path, sent in ((TRANSFER, {"site": "03", "from_on": "2026-11-20"}), (MIX_UP, TYPED)):
        reader.get(path, 403)
        reader.post(path, key(reader) | sent | {"confirm": "y"}, 403)
    assert entries(session) == [("04-001", "main")]
    assert session.scalars(
        select(Site.number).join(Patient, Patient.site_id == Site.id).distinct()
    ).all() == ["04"]
