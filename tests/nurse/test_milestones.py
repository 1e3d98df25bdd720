"""The events of a patient's way: seen, recorded after a second look, undone with a reason."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Link, Milestone, Patient, Study
from app.nurse import step_words
from app.services.access import Role
from tests import factories
from tests.page import Browser, Page, faults, text_of

pytestmark = pytest.mark.requirement("VIS-08")
PATIENT, OTHERS = "/nurse/GIST-IMA/04-001", "/nurse/GIST-IMA/01-001"
LIST, NEW = f"{PATIENT}/milestones", f"{PATIENT}/milestones/new"
CHECK, RECORD, UNDO = "Check", "Record the event", "Undo the event"
LINKS_END = "This ends the patient’s links and sessions at once"


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient of Lyon, randomised a hundred days ago."""
    clock.advance(days=-100)
    patient = factories.make_patient(session, clock, study)
    factories.randomise(session, clock, patient)
    clock.advance(days=100)
    session.commit()
    return patient


def kinds(session: Session) -> list[str]:
    """The kinds of the milestones that stand besides consent and randomisation."""
    session.expire_all()
    query = select(Milestone.kind).where(Milestone.undone_at.is_(None)).order_by(Milestone.id)
    return list(session.scalars(query))[2:]


def changes(page: Page) -> dict[str, tuple[str, str]]:
    """Visit -> how it stands now and afterwards, as the page's table says."""
    rows = [[text_of(cell) for cell in row] for row in page.one("tbody").iter("tr")]
    return {name: (before, after) for name, before, after in rows}


def look(nurse: Browser, kind: str, occurred_on: str = "2026-11-23") -> Page:
    """The second look at an event, by default of today."""
    return nurse.press(nurse.get(f"{NEW}/{kind}"), CHECK, occurred_on=occurred_on)


def milestone_id(session: Session, kind: str) -> int:
    return session.scalars(select(Milestone.id).where(Milestone.kind == kind)).one()


@pytest.mark.requirement("CLI-02")
def test_from_the_patients_page_to_the_event_and_its_visits(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    offers = nurse.follow(nurse.get(PATIENT), "All milestones: record, undo")
    form = nurse.follow(offers, "Re-introduction of treatment")
    second = nurse.press(form, CHECK, occurred_on="2026-11-20")
    assert second.h1 == "Check: Re-introduction of treatment"
    assert "Friday, 20 November 2026" in second.text
    added = {name: after for name, (before, after) in changes(second).items() if before == "–"}
    assert added
    assert kinds(session) == []
    done = nurse.press(second, RECORD)
    assert done.path == f"{LIST}?done=recorded"
    assert "The event is recorded" in text_of(done.one("div", role="status"))
    assert kinds(session) == ["reintroduction"]
    assert all(day in nurse.get(PATIENT).text for day in added.values())


def test_the_second_look_leads_back_with_everything_kept(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    second = look(nurse, "progression", occurred_on="2026-11-20")
    form = nurse.press(second, "Correct")
    assert form.one("input", id="occurred_on").get("value") == "2026-11-20"
    assert kinds(session) == []


def test_a_result_is_asked_where_the_kind_has_one(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    assert not nurse.get(f"{NEW}/progression").all("select")
    factories.milestone(session, clock, patient, "reintroduction")
    session.commit()
    page = nurse.press(nurse.get(f"{NEW}/response"), CHECK, 422, occurred_on="2026-11-23", value="")
    assert faults(page) == ["Choose the result."]
    second = nurse.press(page, CHECK, occurred_on="2026-11-23", value="PR")
    assert "Partial response (PR)" in second.text
    done = nurse.press(second, RECORD)
    assert "Partial response (PR)" in done.text
    assert session.scalars(select(Milestone.value).where(Milestone.kind == "response")).all() == ["PR"]


@pytest.mark.requirement("VIS-08")
@pytest.mark.parametrize("kind", ["death", "consent-withdrawn"])
def test_death_and_withdrawal_say_plainly_that_links_and_sessions_end(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient, kind: str
) -> None:
    issued = factories.make_link(session, clock, patient, "M3")
    session.commit()
    second = look(nurse, kind)
    assert LINKS_END in second.text
    found = changes(second)
    assert found["Month 6"][1] == "Not expected"
    assert found["Month 3"][1] == "Closes early, on 23 Nov 2026" or found["Month 3"][1] == "Not expected"
    session.refresh(issued.link)
    assert issued.link.revoked_at is None
    nurse.press(second, RECORD)
    session.expire_all()
    assert session.scalars(select(Link.revoked_reason)).all() == [kind]


@pytest.mark.parametrize("kind", ["stops-treatment", "lost-to-follow-up", "known-alive"])
def test_what_ends_no_link_does_not_say_so(nurse: Browser, patient: Patient, kind: str) -> None:
    second = look(nurse, kind)
    assert LINKS_END not in second.text
    assert "No visit changes." in second.text


def test_the_five_ways_of_leaving_are_told_apart(nurse: Browser, patient: Patient) -> None:
    page = nurse.get(LIST)
    for effect in step_words.EFFECTS.values():
        assert str(effect) in page.text
    assert len(step_words.EFFECTS) == 5


def test_a_restart_reminds_of_the_drug_and_a_relapse_does_not(nurse: Browser, patient: Patient) -> None:
    reminder = "Record the drug that is taken again under Treatment too."
    assert reminder in nurse.get(f"{NEW}/reintroduction").text
    assert reminder in look(nurse, "reintroduction").text
    assert reminder not in nurse.get(f"{NEW}/progression").text


def test_what_was_sent_after_leaving_is_flagged(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.submit(session, clock, factories.get_visit(session, patient, "M3"))
    session.commit()
    second = look(nurse, "stops-questionnaires", occurred_on="2026-11-10")
    assert "Sent after that day: Month 3." in second.text
    assert "Sent after the patient had left: Month 3." in nurse.press(second, RECORD).text


@pytest.mark.parametrize(
    ("kind", "fields", "fault"),
    [
        ("progression", {"occurred_on": ""}, "Give the date."),
        ("progression", {"occurred_on": "soon"}, "Give a whole date, such as 23/11/2026."),
        (
            "progression",
            {"occurred_on": "2026-11-24"},
            "This date is in the future. Today is 23 November 2026.",
        ),
        (
            "progression",
            {"occurred_on": "2026-01-04"},
            "The study began on 5 January 2026: give a date from that day on.",
        ),
        ("response", {"value": "CR"}, "Another event comes before this one: record that one first."),
        ("response", {"value": "XX"}, "Choose the result."),
    ],
)
@pytest.mark.parametrize("confirm", [{}, {"confirm": "yes"}])
def test_what_cannot_be_is_refused_and_what_was_typed_stays(
    nurse: Browser,
    session: Session,
    patient: Patient,
    kind: str,
    fields: dict[str, str],
    fault: str,
    confirm: dict[str, str],
) -> None:
    typed = {"occurred_on": "2026-11-20"} | fields
    page = nurse.press(nurse.get(f"{NEW}/{kind}"), CHECK, 422, **typed, **confirm)
    assert faults(page) == [fault]
    assert page.one("input", id="occurred_on").get("value") == typed["occurred_on"]
    assert kinds(session) == []


@pytest.mark.parametrize("kind", ["consent", "randomisation", "no-such"])
def test_what_has_a_page_of_its_own_or_is_unknown_is_not_recorded_here(
    nurse: Browser, patient: Patient, kind: str
) -> None:
    nurse.get(f"{NEW}/{kind}", 404)


def test_a_mistake_is_undone_and_stays_struck_out_with_its_reason(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.milestone(session, clock, patient, "stops-questionnaires")
    session.commit()
    page = nurse.follow(nurse.get(LIST), "Undo Stops questionnaires 23 Nov 2026")
    assert changes(page)["Month 6"][1].endswith(", expected again")
    done = nurse.press(page, UNDO, reason="Typed for another patient")
    assert [text_of(each) for each in done.all("s")] == ["Stops questionnaires", "23 Nov 2026"]
    assert "Undone on 23 Nov 2026: Typed for another patient" in done.text
    assert kinds(session) == []
    nurse.get(f"{LIST}/{milestone_id(session, 'stops-questionnaires')}/undo", 404)


@pytest.mark.threat("D13")
@pytest.mark.parametrize(
    ("reason", "fault"),
    [
        ("  ", "Give the reason, in at most 500 characters."),
        ("x" * 501, "Write at most 500 characters."),
        ("Née le 03/04/1951", "This holds what may be a birth date"),
    ],
)
def test_undoing_needs_a_reason_that_identifies_nobody(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient, reason: str, fault: str
) -> None:
    factories.milestone(session, clock, patient, "progression")
    session.commit()
    path = f"{LIST}/{milestone_id(session, 'progression')}/undo"
    page = nurse.press(nurse.get(path), UNDO, 422, reason=reason)
    assert faults(page)[0].startswith(fault)
    assert text_of(page.one("textarea")) == reason.strip()
    assert kinds(session) == ["progression"]


def test_what_is_never_undone_or_needed_is_said_on_the_list(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.milestone(session, clock, patient, "reintroduction")
    factories.milestone(session, clock, patient, "response", value="SD")
    session.commit()
    for kind, said in (
        ("consent", "This event is not undone"),
        ("reintroduction", "Another event follows from this one"),
    ):
        page = nurse.get(f"{LIST}/{milestone_id(session, kind)}/undo", 422)
        assert text_of(page.one("div", role="alert")).startswith(said)


def test_what_happened_once_is_offered_no_more_and_what_is_too_early_not_yet(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    page = nurse.get(LIST)
    assert "To be recorded after: Re-introduction of treatment." in page.text
    factories.milestone(session, clock, patient, "reintroduction")
    session.commit()
    links = {text_of(each) for each in nurse.get(LIST).all("a")}
    assert "Tumour response" in links
    assert "Re-introduction of treatment" not in links


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_patient_looks_like_none(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    other = factories.make_patient(session, clock, study, "01-001")
    factories.milestone(session, clock, other, "known-alive")
    session.commit()
    theirs = next(each.id for each in other.milestones if each.kind == "known-alive")
    key = {"csrf_token": nurse.get(LIST).all("input", name="csrf_token")[0].get("value")}
    sent: dict[str, Any] = key | {"occurred_on": "2026-11-23", "confirm": "y", "reason": "x"}
    nurse.get(f"{OTHERS}/milestones", 404)
    for path in (
        f"{OTHERS}/milestones/new/death",
        f"{OTHERS}/milestones/{theirs}/undo",
        f"{LIST}/{theirs}/undo",
    ):
        nurse.get(path, 404)
        nurse.post(path, sent, 404)
    session.expire_all()
    query = select(Milestone.kind).where(Milestone.patient_id == other.id, Milestone.undone_at.is_(None))
    assert set(session.scalars(query)) == {"consent", "known-alive"}


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [Role.DATA_MANAGER, Role.MONITOR, Role.INSPECTOR])
def test_who_may_only_look_records_nothing(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient, role: Role
) -> None:
    factories.milestone(session, clock, patient, "progression")
    user = factories.make_staff(session, clock, role, study, language="en")
    reader = factories.sign_in(browser, session, clock, user)
    page = reader.get(LIST)
    assert "Progression" in page.text
    assert "Undo" not in page.text
    assert "Record an event" not in page.text
    reader.get(f"{NEW}/death", 403)
    reader.get(f"{LIST}/{milestone_id(session, 'progression')}/undo", 403)


def test_a_date_is_kept_as_the_day_that_was_given(nurse: Browser, session: Session, patient: Patient) -> None:
    nurse.press(look(nurse, "known-alive", occurred_on="21/11/2026"), RECORD)
    found = session.scalars(select(Milestone.occurred_on).where(Milestone.kind == "known-alive")).all()
    assert found == [date(2026, 11, 21)]
