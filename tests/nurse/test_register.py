"""Registering a patient: what is asked, what is refused and why, and that nothing is half written."""

from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Patient, Study, Visit
from app.services.access import Role
from app.services.accounts import grant_role
from tests import factories
from tests.page import Browser, Page, faults, text_of

NEW = "/nurse/patients/new"
BUTTON = "Register the patient"


def value(page: Page, name: str) -> str | None:
    """What stands in a field."""
    return page.one("input", id=name).get("value")


def count(session: Session, model: type) -> int:
    """How many rows there are."""
    return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.requirement("CLI-02")
def test_three_taps_from_the_front_page_to_a_registered_patient(nurse: Browser, session: Session) -> None:
    form = nurse.follow(nurse.get("/nurse/"), "New patient")
    assert value(form, "code") == "04-001"
    page = nurse.press(form, BUTTON, consent_on="2026-11-20", language="en")
    assert page.path == "/nurse/GIST-IMA/04-001?done=registered"
    assert "The patient is registered." in text_of(page.one("div", role="status"))
    patient = session.scalars(select(Patient)).one()
    assert (patient.code, patient.language, patient.arm) == ("04-001", "en", None)
    assert session.scalars(select(Visit)).one().opens_on == date(2026, 11, 20)


@pytest.mark.requirement("AUD-01")
def test_the_trail_names_the_nurse(nurse: Browser, session: Session) -> None:
    nurse.press(nurse.get(NEW), BUTTON, consent_on="2026-11-20")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.entity == "patient")).one()
    assert (entry.actor, entry.role) == ("nurse.04@staff.example", "nurse")


def test_an_empty_code_is_the_next_number(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    factories.make_patient(session, clock, study, "04-041")
    session.commit()
    page = nurse.press(nurse.get(NEW), BUTTON, code=" ", consent_on="2026-11-20")
    assert page.h1 == "04-042"


def test_a_date_typed_by_hand_is_read_as_in_france(nurse: Browser, session: Session) -> None:
    nurse.press(nurse.get(NEW), BUTTON, consent_on="20/11/2026")
    assert session.scalars(select(Visit)).one().due_on == date(2026, 11, 20)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"code": "4-1"}, "Write the site’s number, a dash and three digits, such as 04-007."),
        ({"code": "01-001"}, "The codes of this site begin with 04-."),
        ({"code": "04-001"}, "04-001 is already registered. Check the number, or take the next one."),
        ({"code": "04-001'; DROP TABLE patient; --"}, "Write the site’s number"),
        ({"consent_on": "2026-11-24"}, "This date is in the future. Today is 23 November 2026."),
        ({"consent_on": "2026-01-04"}, "The study began on 5 January 2026: give a date from that day on."),
        ({"consent_on": ""}, "Give the date."),
        ({"consent_on": "2026-02-30"}, "Give a whole date, such as 23/11/2026."),
        ({"consent_on": "yesterday"}, "Give a whole date, such as 23/11/2026."),
        ({"language": "de"}, "Choose a language of the study."),
    ],
)
def test_bad_input_names_the_field_keeps_what_was_typed_and_changes_nothing(
    nurse: Browser,
    session: Session,
    clock: SteppedClock,
    study: Study,
    fields: dict[str, str],
    fault: str,
) -> None:
    factories.make_patient(session, clock, study, "04-001")
    session.commit()
    before = [count(session, model) for model in (Patient, Visit, AuditEntry)]
    typed = {"code": "04-002", "consent_on": "2026-11-20", "language": "fr"} | fields
    page = nurse.press(nurse.get(NEW), BUTTON, 422, **typed)
    assert len(faults(page)) == 1
    assert faults(page)[0].startswith(fault)
    assert value(page, "code") == typed["code"]
    name = next(iter(fields))
    if name != "language":
        field = page.one("input", id=name)
        assert field.get("aria-invalid") == "true"
        assert f"{name}-fault" in (field.get("aria-describedby") or "").split()
        assert value(page, name) == typed[name]
    assert text_of(page.one("p", id=f"{name}-fault")).startswith(fault)
    session.expire_all()
    assert [count(session, model) for model in (Patient, Visit, AuditEntry)] == before


def test_every_fault_is_named_at_once_with_a_way_to_its_field(nurse: Browser) -> None:
    typed = {"csrf_token": token(nurse), "code": "04-001", "language": ""}
    page = nurse.post(NEW, typed, 422)
    assert faults(page) == ["Give the date.", "Choose a language of the study."]
    targets = {each.get("id") for each in page.tree.iter()}
    links = [each.get("href", "") for box in page.all("div", role="alert") for each in box.iter("a")]
    assert [link.removeprefix("#") in targets for link in links] == [True, True]


@pytest.mark.threat("C12")
def test_keys_that_the_form_has_not_are_ignored(nurse: Browser, session: Session, study: Study) -> None:
    other = factories.get_site(session, study, "01")
    extra = {
        "arm": "interruption",
        "site": str(other.id),
        "site_id": str(other.id),
        "study_id": "9",
        "id": "77",
    }
    nurse.press(nurse.get(NEW), BUTTON, consent_on="2026-11-20", **extra)
    patient = session.scalars(select(Patient)).one()
    assert patient.arm is None
    assert patient.id != 77
    assert (patient.site_id, patient.study_id) == (factories.get_site(session, study).id, study.id)


@pytest.mark.threat("C1")
def test_without_the_form_token_nothing_happens(nurse: Browser, session: Session) -> None:
    nurse.post(NEW, {"code": "04-001", "consent_on": "2026-11-20", "language": "fr"}, 400)
    assert count(session, Patient) == 0


def test_a_nurse_of_two_sites_chooses_one(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    sites = [factories.get_site(session, study, number) for number in ("01", "04", "05")]
    user = factories.make_staff(session, clock, Role.NURSE, study, sites[0], language="en")
    for site in sites[1:]:
        grant_role(session, clock, user, Role.NURSE, study, site)
    browser = factories.sign_in(browser, session, clock, user)
    form = browser.get(NEW)
    offered = [text_of(each) for each in form.one("select", id="site").iter("option")]
    assert offered == ["01 CHU de Besançon", "04 Centre Léon Bérard"]
    page = browser.press(form, BUTTON, site=str(sites[1].id), consent_on="2026-11-20")
    assert page.h1 == "04-001"
    refused = browser.press(form, BUTTON, 422, site=str(sites[2].id), consent_on="2026-11-20")
    assert faults(refused) == ["Choose the site."]


def test_a_site_that_does_not_recruit_yet_registers_nobody(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    site = factories.get_site(session, study, "06")
    user = factories.make_staff(session, clock, Role.NURSE, study, site, language="en")
    page = factories.sign_in(browser, session, clock, user).get(NEW)
    assert "None of your sites is open for registration yet." in page.text
    browser.post(NEW, {"csrf_token": token(browser), "code": "06-001", "consent_on": "2026-11-20"})
    assert count(session, Patient) == 0


def token(browser: Browser) -> str:
    """A form token of the session."""
    return browser.get("/nurse/").all("input", name="csrf_token")[0].get("value", "")
