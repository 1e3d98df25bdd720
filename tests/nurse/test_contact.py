"""The page of a patient's contact details: who may, what is shown when, what is refused and how."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Contact, Patient, Study
from app.services.access import Role
from app.services.contact import FOR_SENDING, flag_bounce, read_contact
from tests import factories
from tests.conftest import CONTACT_KEYS
from tests.page import Browser, Page, faults, text_of

pytestmark = pytest.mark.requirement("DAT-01")
PATIENT = "/nurse/GIST-IMA/04-001"
HERE, OPENED = f"{PATIENT}/contact", f"{PATIENT}/contact/show"
KEEP, OPEN, ERASE = "Keep the contact details", "Open the contact details", "Erase for good"
CANARIES = ("39980001", "39 98 00 01", "a.patient")
SetKeys = Callable[..., None]


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient of Lyon of whom nothing is kept."""
    patient = factories.make_patient(session, clock, study, "04-001")
    session.commit()
    return patient


@pytest.fixture
def kept(session: Session, clock: SteppedClock, patient: Patient) -> Patient:
    """The patient with a telephone number and an e-mail address."""
    factories.keep_contact(session, clock, patient, CONTACT_KEYS)
    session.commit()
    return patient


@pytest.fixture
def set_keys(app: Flask, monkeypatch: pytest.MonkeyPatch) -> SetKeys:
    """Lets the application go on with other contact keys."""

    def change(*keys: tuple[int, bytes]) -> None:
        settings = replace(app.extensions["settings"], contact_keys=keys)
        monkeypatch.setitem(app.extensions, "settings", settings)

    return change


def value(page: Page, name: str) -> str | None:
    """What stands in a field."""
    return page.one("input", id=name).get("value")


def chosen(page: Page) -> list[str | None]:
    """The channel that is chosen."""
    return [each.get("value") for each in page.all("input", type="radio") if each.get("checked") is not None]


def facts(page: Page) -> dict[str, str]:
    """What the page says without opening anything."""
    rows = [each for box in page.all("dl") for each in box.iter("div")]
    return {text_of(next(each.iter("dt"))): text_of(next(each.iter("dd"))) for each in rows}


def entries(session: Session) -> list[tuple[str, str, str]]:
    """What the trail has of contact details: action, actor, role."""
    query = select(AuditEntry).where(AuditEntry.entity == "contact").order_by(AuditEntry.id)
    return [(each.action, each.actor, each.role) for each in session.scalars(query)]


def token(browser: Browser) -> str:
    """A form token of the session, from whichever page the account may open."""
    return browser.get("/").all("input", name="csrf_token")[0].get("value", "")


def test_from_the_patients_page_to_details_that_are_kept(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    page = nurse.follow(nurse.get(PATIENT), "Telephone, e-mail, and how links are received")
    assert page.h1 == "Contact details of 04-001"
    assert "Only the nurses and investigators of Centre Léon Bérard can open them." in page.text
    typed = {"phone": "06 39 98 00 01", "email": "a.patient@post.example", "channel": "sms"}
    page = nurse.press(page, KEEP, **typed)
    assert page.path == f"{HERE}?done=contact_kept"
    assert text_of(page.one("div", role="status")) == "The contact details are kept."
    found = read_contact(session, CONTACT_KEYS, patient, FOR_SENDING)
    assert found is not None
    assert (found.phone, found.email) == ("+33639980001", "a.patient@post.example")
    assert entries(session)[0] == ("create", "nurse.04@staff.example", "nurse")


def test_the_page_alone_says_what_is_kept_and_opens_nothing(
    nurse: Browser, session: Session, clock: SteppedClock, kept: Patient
) -> None:
    flag_bounce(session, clock, kept, "email")
    session.commit()
    page = nurse.get(HERE)
    assert facts(page) == {
        "Telephone": "Kept",
        "E-mail": "Kept; not reachable since 23 Nov 2026",
        "Links": "By SMS",
        "Last change": "23 Nov 2026",
    }
    assert not [canary for canary in CANARIES if canary in page.html]
    assert "read" not in {action for action, _, _ in entries(session)}


@pytest.mark.requirement("AUD-01")
@pytest.mark.threat("G1")
def test_opening_is_a_press_that_names_the_nurse(nurse: Browser, session: Session, kept: Patient) -> None:
    page = nurse.press(nurse.get(HERE), OPEN)
    assert (value(page, "phone"), value(page, "email")) == ("+33639980001", "a.patient@post.example")
    assert chosen(page) == ["sms"]
    assert page.response.headers["Cache-Control"] == "no-store"
    assert entries(session)[-1] == ("read", "nurse.04@staff.example", "nurse")


def test_what_was_opened_is_changed(nurse: Browser, session: Session, kept: Patient) -> None:
    page = nurse.press(nurse.get(HERE), OPEN)
    page = nurse.press(page, KEEP, phone="", channel="email", do_not_contact="y")
    assert (facts(page)["Telephone"], facts(page)["Links"]) == ("None", "Do not contact")
    page = nurse.press(page, OPEN)
    assert (value(page, "phone"), value(page, "email")) == ("", "a.patient@post.example")
    assert page.one("input", id="do_not_contact").get("checked") is not None


def test_a_patient_without_telephone_and_mail_answers_at_the_site(nurse: Browser, patient: Patient) -> None:
    page = nurse.press(nurse.get(HERE), KEEP, channel="none")
    assert facts(page)["Links"] == "Neither: on paper or on the site’s tablet"


@pytest.mark.parametrize(
    ("field", "text", "fault"),
    [
        ("phone", "06 39", "This is no telephone number: write it as you dial it"),
        ("phone", "0899 12 34 56", "This is a service’s number"),
        ("phone", "01 99 00 12 34", "This number receives no SMS: give a mobile number."),
        ("phone", "", "Give the mobile number to which the SMS go."),
        ("email", "a.patient", "This is no e-mail address"),
        ("email", "254037512345678@post.example", "This holds a social security number"),
        ("channel", "pigeon", "Choose how the links are received."),
    ],
)
def test_bad_input_names_the_field_keeps_what_was_typed_and_changes_nothing(
    nurse: Browser, session: Session, patient: Patient, field: str, text: str, fault: str
) -> None:
    typed = {"phone": "06 39 98 00 01", "email": "", "channel": "sms", field: text}
    page = nurse.press(nurse.get(HERE), KEEP, 422, **typed)
    assert len(faults(page)) == 1
    assert faults(page)[0].startswith(fault)
    assert text_of(page.one("p", id=f"{field}-fault")).startswith(fault)
    assert value(page, "phone") == typed["phone"]
    if field != "channel":
        assert page.one("input", id=field).get("aria-invalid") == "true"
        assert chosen(page) == ["sms"]
    assert session.scalars(select(Contact)).all() == []


def test_without_a_channel_it_is_asked_for(nurse: Browser, patient: Patient) -> None:
    page = nurse.press(nurse.get(HERE), KEEP, 422, phone="06 39 98 00 01")
    assert faults(page) == ["Choose how the links are received."]


@pytest.mark.parametrize("version", ["0", "9", "", "-1", "x", "9" * 30])
def test_details_that_another_nurse_changed_are_not_written_over(
    nurse: Browser, session: Session, kept: Patient, version: str
) -> None:
    page = nurse.press(nurse.get(HERE), OPEN)
    page = nurse.press(page, KEEP, 422, phone="06 39 98 00 02", version=version)
    assert faults(page) == [
        "These details were changed meanwhile: nothing was recorded. Open them again and compare."
    ]
    assert OPEN in nurse.follow(page, "Cancel").text
    found = read_contact(session, CONTACT_KEYS, kept, FOR_SENDING)
    assert found is not None
    assert found.phone == "+33639980001"


@pytest.mark.requirement("OPS-05")
@pytest.mark.threat("G4")
def test_what_is_erased_is_gone(nurse: Browser, session: Session, kept: Patient) -> None:
    page = nurse.press(nurse.get(HERE), ERASE)
    assert text_of(page.one("div", role="status")) == "The contact details are erased."
    assert facts(page) == {}
    assert session.scalars(select(Contact)).all() == []
    assert entries(session)[-1][0] == "delete"


def test_without_a_key_the_page_says_so_and_takes_nothing(
    nurse: Browser, session: Session, patient: Patient, set_keys: SetKeys
) -> None:
    key = token(nurse)
    set_keys()
    page = nurse.get(HERE)
    assert "No contact details can be kept or opened yet" in text_of(page.one("div", role="status"))
    assert KEEP not in page.text
    typed = {"csrf_token": key, "phone": "06 39 98 00 01", "channel": "sms", "version": "0"}
    assert faults(nurse.post(HERE, typed, 422)) == [
        "The server has no key for contact details (CONTACT_KEYS)."
    ]
    assert session.scalars(select(Contact)).all() == []


def test_details_whose_key_is_lost_are_told_apart_and_written_anew(
    nurse: Browser, session: Session, kept: Patient, set_keys: SetKeys
) -> None:
    new = (2, b"n" * 32)
    set_keys(new)
    page = nurse.press(nurse.get(HERE), OPEN, 422)
    assert faults(page)[0].startswith("What is kept cannot be opened: the server lacks its key")
    nurse.press(page, KEEP, phone="06 39 98 00 02", email="", channel="sms")
    found = read_contact(session, [new], kept, FOR_SENDING)
    assert found is not None
    assert (found.phone, found.email) == ("+33639980002", None)


# Who may


def is_untouched(session: Session, kept: Patient) -> bool:
    """Whether the details are as they were, and nobody has read them."""
    session.expire_all()
    read = {action for action, _, _ in entries(session)} - {"create"}
    found = read_contact(session, CONTACT_KEYS, kept, FOR_SENDING)
    return not read and found is not None and found.phone == "+33639980001"


def refused(browser: Browser, status: int, place: str = HERE) -> None:
    """Every way to the details, refused without a word of them."""
    form = {"csrf_token": token(browser), "phone": "", "channel": "none", "version": "1"}
    pages = [browser.get(place, status)]
    pages += [browser.post(place + ending, form, status) for ending in ("", "/show", "/erase")]
    assert not [canary for page in pages for canary in CANARIES if canary in page.html]


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.threat("G1")
@pytest.mark.parametrize("role", sorted(set(Role) - {Role.NURSE, Role.INVESTIGATOR}))
def test_other_roles_see_no_way_to_the_details_and_are_refused(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, kept: Patient, role: Role
) -> None:
    user = factories.make_staff(session, clock, role, study, language="en")
    browser = factories.sign_in(browser, session, clock, user)
    if role in {Role.DATA_MANAGER, Role.MONITOR, Role.INSPECTOR}:
        assert "Contact details" not in browser.get(PATIENT).text
    refused(browser, 403)
    assert is_untouched(session, kept)


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_patient_looks_like_none(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, kept: Patient
) -> None:
    site = factories.get_site(session, study, "01")
    user = factories.make_staff(session, clock, Role.NURSE, study, site, language="en")
    browser = factories.sign_in(browser, session, clock, user)
    refused(browser, 404)
    missing = browser.get("/nurse/GIST-IMA/04-999/contact", 404).html
    assert browser.get(HERE, 404).html == missing
    assert is_untouched(session, kept)


@pytest.mark.requirement("ACC-01")
def test_an_investigator_of_the_site_may_open_them(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, kept: Patient
) -> None:
    site = factories.get_site(session, study, "04")
    user = factories.make_staff(session, clock, Role.INVESTIGATOR, study, site, language="en")
    browser = factories.sign_in(browser, session, clock, user)
    page = browser.press(browser.get(HERE), OPEN)
    assert value(page, "phone") == "+33639980001"
    assert entries(session)[-1] == ("read", "investigator.04@staff.example", "investigator")


@pytest.mark.threat("G1")
@pytest.mark.requirement("EXP-04")
def test_no_other_page_of_the_patient_holds_them(nurse: Browser, kept: Patient) -> None:
    for path in ("/nurse/", PATIENT, f"{PATIENT}/randomisation"):
        assert not [canary for canary in CANARIES if canary in nurse.get(path).html]
