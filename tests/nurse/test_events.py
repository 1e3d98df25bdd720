"""From a report to a signed event: the nurse drafts, the investigator decides and signs."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AdverseEvent, AuditEntry, Patient, Study, SymptomReport, User
from app.services.access import Role
from app.services.adverse_events import events_of
from app.services.event_signatures import SignatureState, signature_state
from app.services.sign_in import FREE_TRIES
from tests import factories
from tests.nurse.conftest import PASSWORD
from tests.page import Browser, Page, text_of

pytestmark = pytest.mark.requirement("AE-05")
EVENTS, OTHERS = "/nurse/GIST-IMA/04-001/events", "/nurse/GIST-IMA/01-001/events"
WORDS = "Bourdonnements <b>dans</b> l’oreille"
FACTS: dict[str, Any] = {"grade": "2", "onset_on": "2026-11-23", "action": "none", "outcome": "not_recovered"}
DECISION: dict[str, Any] = {
    "is_serious": "yes",
    "criteria": ["hospitalisation"],
    "causes": ["imatinib", "disease"],
}
RECORD, DECIDE, SIGN, SEND = "Record", "Record the decision", "Sign", "Record the sending"


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient of Lyon who reported nausea, and ringing ears in their own words."""
    patient = factories.make_patient(session, clock, study)
    for values in (
        {"symptom": "pt009", "pt009a": 4, "pt009b": 4},
        {"symptom": "other", "othertext": WORDS, "othera": 2, "otherb": 1},
    ):
        issued = factories.make_personal_link(session, clock, patient)
        factories.report(session, clock, issued, values)  # type: ignore[arg-type]  # both kinds of answers
    session.commit()
    return patient


def stored(session: Session, patient: Patient) -> AdverseEvent:
    session.expire_all()
    (event,) = events_of(session, patient)
    return event


def alert(page: Page) -> str:
    return " ".join(text_of(each) for each in page.all("div", role="alert"))


def draft(nurse: Browser, report: str = "Nausea") -> Page:
    page = nurse.get(EVENTS)
    link = next(each for each in page.all("a") if f"Draft an event {report}" in text_of(each))
    return nurse.press(nurse.get(str(link.get("href"))), RECORD, term="Nausea", **FACTS)


def token(browser: Browser) -> dict[str, str]:
    return {"csrf_token": browser.get("/").all("input", name="csrf_token")[0].get("value", "")}


# The nurse


@pytest.mark.requirement("AE-06")
def test_reports_stand_beside_events_and_what_does_not_fit_is_listed(
    nurse: Browser, patient: Patient
) -> None:
    page = nurse.follow(nurse.get("/nurse/GIST-IMA/04-001"), "Reports and adverse events")
    assert page.path == EVENTS
    assert WORDS in page.text
    assert "<b>" not in page.html.split("<main")[1]
    assert "It is no CTCAE grade." in page.text
    assert "Nausea – Composite grade 3, no event within 14 days" in page.text
    draft(nurse)
    page = nurse.get(EVENTS)
    assert "no event within" not in page.text
    assert "1. Nausea" in page.text


def test_a_draft_begins_from_the_report_with_its_terms_and_nothing_graded(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    link = next(each for each in nurse.get(EVENTS).all("a") if "Draft an event Nausea" in text_of(each))
    form = nurse.get(str(link.get("href")))
    assert [each.get("value") for each in form.all("input", name="term")] == ["Nausea", ""]
    assert not [each for each in form.all("input", type="radio") if each.get("checked") is not None]
    page = nurse.press(form, RECORD, term="Nausea", **FACTS)
    assert "The event is drafted." in page.text
    event = stored(session, patient)
    assert (event.symptom, event.latest.term, event.latest.grade) == ("pt009", "Nausea", 2)
    assert event.latest.recorded_by == "nurse.04@staff.example"


def test_the_patients_words_stay_beside_the_form_and_the_event(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    link = next(each for each in nurse.get(EVENTS).all("a") if "Draft an event Other" in text_of(each))
    form = nurse.get(str(link.get("href")))
    assert WORDS in form.text
    page = nurse.press(form, RECORD, term="", text="Acouphène pulsatile", **FACTS)
    assert (page.h1, WORDS in page.text) == ("1. Acouphène pulsatile", True)
    assert stored(session, patient).words == WORDS


def test_a_term_is_looked_for_without_a_script_and_nothing_typed_is_lost(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    form = nurse.press(nurse.get(f"{EVENTS}/new"), "Search", find="oedeme periorbitaire", **FACTS)
    assert not alert(form)
    terms = [each.get("value") for each in form.all("input", name="term")]
    assert terms[0] == "Periorbital edema"
    assert form.one("input", name="onset_on").get("value") == "2026-11-23"
    assert form.one("input", name="grade", value="2").get("checked") is not None
    page = nurse.press(form, RECORD, term="Periorbital edema")
    assert page.h1 == "1. Periorbital edema"
    assert "No term found." in nurse.press(nurse.get(f"{EVENTS}/new"), "Search", find="xyzxyz").text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"term": "Nausea", "grade": "4"}, "The grades of “Nausea” are: 1, 2, 3."),
        ({"term": "Nausea", "onset_on": "2026-11-24"}, "This date is in the future."),
        ({"term": "Nausea", "onset_on": ""}, "Give the date."),
        ({"term": "Nausea", "outcome": "recovered"}, "give the day on which the event ended"),
        ({"term": "Nausea", "grade": ""}, "Choose the grade."),
        ({"term": ""}, "Choose a term, or describe the event in your own words"),
        ({"term": "Bad luck"}, "Choose a term of the list."),
    ],
)
def test_what_cannot_be_is_told_at_the_form(
    nurse: Browser, session: Session, patient: Patient, changes: dict[str, Any], told: str
) -> None:
    page = nurse.press(nurse.get(f"{EVENTS}/new"), RECORD, 422, **(FACTS | changes))
    assert told in alert(page)
    assert session.scalars(select(AdverseEvent)).all() == []


def test_a_change_is_a_new_version_and_both_are_shown(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    form = nurse.follow(draft(nurse), "Change")
    assert form.one("input", name="term", value="Nausea").get("checked") is not None
    assert "Give the reason" in alert(nurse.press(form, RECORD, 422, grade="3"))
    page = nurse.press(form, RECORD, grade="3", reason="Called again")
    assert [text_of(each) for each in page.all("h2")][:2] == ["Version 2", "Version 1"]
    assert "Called again" in page.text
    late = nurse.press(form, RECORD, 422, grade="1", reason="From the page of before")
    assert "nurse.04@staff.example changed this event meanwhile." in alert(late)
    assert stored(session, patient).latest_number == 2


# The investigator


@pytest.mark.threat("E8")
@pytest.mark.threat("B14")
def test_an_investigator_decides_and_signs_with_the_password(
    nurse: Browser, investigator: Browser, session: Session, patient: Patient
) -> None:
    path = draft(nurse).path.split("?")[0]
    assert "Not signed" in investigator.get(path).text
    page = investigator.press(investigator.get(path), DECIDE, aware_at="2026-11-23T10:00", **DECISION)
    assert "Stay in hospital, or a longer one" in page.text
    assert "to be declared to the sponsor at once" in page.text.lower()
    wrong = investigator.press(page, SIGN, 422, name="Dr A. Martin", password="guessed")
    assert "This is not your password." in alert(wrong)
    assert stored(session, patient).signatures == []
    page = investigator.press(investigator.get(path), SIGN, name="Dr A. Martin", password=PASSWORD)
    assert "Signature valid" in page.text
    assert (
        "Dr A. Martin (investigator.04@staff.example) signed version 2 on 23 Nov 2026 at 10:00" in page.text
    )
    assert "I have decided on the seriousness and the causes of this event." in page.text
    assert signature_state(stored(session, patient)) is SignatureState.VALID
    trail = str(session.scalars(select(AuditEntry.changes)).all())
    assert PASSWORD not in trail
    nurse.press(nurse.follow(nurse.get(path), "Change"), RECORD, grade="3", reason="Worse")
    assert "Signature not valid: changed since" in nurse.get(path).text
    assert "Signature not valid: changed since" in nurse.get(EVENTS).text


@pytest.mark.threat("B14")
def test_guessing_the_password_is_slowed_down(
    nurse: Browser, investigator: Browser, session: Session, patient: Patient
) -> None:
    path = draft(nurse).path.split("?")[0]
    page = investigator.press(investigator.get(path), DECIDE, is_serious="no", causes=["disease"])
    for _ in range(FREE_TRIES):
        investigator.press(page, SIGN, 422, name="Dr A. Martin", password="guessed")
    told = alert(investigator.press(page, SIGN, 422, name="Dr A. Martin", password=PASSWORD))
    assert "Too many tries." in told
    assert stored(session, patient).signatures == []


def test_a_decision_that_does_not_hold_is_told_and_what_was_chosen_stays(
    nurse: Browser, investigator: Browser, session: Session, patient: Patient
) -> None:
    path = draft(nurse).path.split("?")[0]
    page = investigator.press(investigator.get(path), DECIDE, 422, is_serious="yes", causes=["imatinib"])
    assert "A serious event meets at least one criterion" in alert(page)
    assert page.one("input", name="causes", value="imatinib").get("checked") is not None
    assert stored(session, patient).latest_number == 1


def test_a_serious_event_asks_for_the_declaration_until_it_is_recorded(
    nurse: Browser, investigator: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    path = draft(nurse).path.split("?")[0]
    investigator.press(investigator.get(path), DECIDE, aware_at="2026-11-23T09:30", **DECISION)
    told = "To be declared to the sponsor at once, at the latest until 24 Nov 2026 at 09:30."
    assert told in nurse.get(EVENTS).text
    clock.advance(hours=24)
    # The session of the day before is over.
    user = session.scalars(select(User).where(User.email == "nurse.04@staff.example")).one()
    factories.sign_in(nurse, session, clock, user)
    page = nurse.get(path)
    assert "Late: to be declared to the sponsor at once" in page.text
    early = nurse.press(page, SEND, 422, sent_at="2026-11-24T10:01", channel="fax")
    assert "in the future" in alert(early)
    page = nurse.press(nurse.get(path), SEND, sent_at="2026-11-24T08:00", channel="fax")
    assert "Sent on 24 Nov 2026 at 08:00 by Fax: nurse.04@staff.example" in page.text
    assert not re.search("to be declared", nurse.get(EVENTS).text, re.IGNORECASE)


# Access


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_a_nurse_neither_decides_nor_signs(nurse: Browser, session: Session, patient: Patient) -> None:
    page = draft(nurse)
    path = page.path.split("?")[0]
    assert {DECIDE, SIGN} & {text_of(each) for each in page.all("button")} == set()
    for ending in ("decision", "signature"):
        nurse.post(f"{path}/{ending}", token(nurse) | {"is_serious": "no", "causes": "imatinib"}, 403)
    event = stored(session, patient)
    assert (event.status, event.latest_number) == ("draft", 1)


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_events_look_like_none(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    elsewhere = factories.make_patient(session, clock, study, "01-001")
    factories.make_event(session, clock, elsewhere, term="Sepsis", grade=3)
    session.commit()
    for ending in ("", "/new", "/1", "/1/change"):
        assert "Sepsis" not in nurse.get(OTHERS + ending, 404).html
    for ending in ("/new", "/1/change", "/1/declaration"):
        nurse.post(OTHERS + ending, token(nurse) | FACTS | {"term": "Nausea", "seen": "1"}, 404)
    assert stored(session, elsewhere).latest_number == 1
    assert "Sepsis" not in nurse.get(EVENTS).text
    nurse.get(f"{EVENTS}/1", 404)
    nurse.get(f"{EVENTS}/x", 404)


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_patients_report_is_no_beginning(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    factories.make_patient(session, clock, study, "04-002")
    session.commit()
    report = session.scalars(select(SymptomReport).where(SymptomReport.symptom == "pt009")).one()
    source = f"response={report.response_id}&symptom=pt009"
    nurse.get(f"{EVENTS}/new?{source}")
    nurse.get(f"/nurse/GIST-IMA/04-002/events/new?{source}", 404)


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [Role.MONITOR, Role.INSPECTOR, Role.DATA_MANAGER])
def test_who_may_only_look_sees_no_form(
    app: Flask,
    nurse: Browser,
    session: Session,
    clock: SteppedClock,
    study: Study,
    patient: Patient,
    role: Role,
) -> None:
    path = draft(nurse).path.split("?")[0]
    user = factories.make_staff(session, clock, role, study, language="en")
    reader = factories.sign_in(Browser(app), session, clock, user)
    for page in (reader.get(EVENTS), reader.get(path)):
        assert "Nausea" in page.text
        assert not [each for each in page.all("form") if "/nurse/" in each.get("action", "")]
        assert not [each for each in page.all("a") if "events/new" in each.get("href", "")]
    reader.get(f"{path}/change", 403)
    reader.post(f"{path}/declaration", token(reader), 403)
