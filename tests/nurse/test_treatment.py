"""Which drugs a patient takes: recorded, stopped, corrected; the state of treatment in words."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Exposure, Patient, Study
from app.services.access import Role
from tests import factories
from tests.page import Browser, faults, text_of

pytestmark = pytest.mark.requirement("VIS-04")
PATIENT, OTHERS = "/nurse/GIST-IMA/04-001", "/nurse/GIST-IMA/01-001"
LIST, NEW = f"{PATIENT}/treatment", f"{PATIENT}/treatment/new"
RECORD, UNDO = "Record", "Undo the drug"
IMATINIB = {"which": "imatinib", "started_on": "2012-03-01"}
TODAY = date(2026, 11, 23)


@pytest.fixture
def imatinib(session: Session, clock: SteppedClock, patient: Patient) -> Exposure:
    """Imatinib since long before the study."""
    exposure = factories.expose(session, clock, patient, date(2012, 3, 1))
    session.commit()
    return exposure


def stored(session: Session) -> list[tuple[Any, ...]]:
    session.expire_all()
    query = select(Exposure).order_by(Exposure.id)
    return [
        (each.drug, each.started_on, each.stopped_on, each.stop_reason) for each in session.scalars(query)
    ]


def state(nurse: Browser) -> str:
    """What the patient's page says of the treatment."""
    facts = [text_of(each) for each in nurse.get(PATIENT).one("dl", class_="facts")]
    return next(each for each in facts if each.startswith("Treatment"))


@pytest.mark.requirement("CLI-02")
def test_a_drug_is_recorded_then_stopped_and_the_patients_page_says_so(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    assert state(nurse) == "Treatment Not known: no drug is recorded"
    page = nurse.follow(nurse.get(PATIENT), "Treatment: record, stop, correct")
    form = nurse.follow(page, "Record a drug")
    done = nurse.press(form, RECORD, 200, **IMATINIB)
    assert "The drug is recorded." in text_of(done.one("div", role="status"))
    days = (TODAY - date(2012, 3, 1)).days
    assert state(nurse) == f"Treatment Imatinib for {days} days"
    form = nurse.follow(done, "Record the stop Imatinib 1 Mar 2012")
    assert "Thursday, 1 March 2012" in form.text
    stop = (TODAY - timedelta(days=141)).isoformat()
    nurse.press(form, RECORD, stopped_on=stop, stop_reason="protocol")
    assert state(nurse) == "Treatment Stopped for 141 days, as the protocol asks"
    assert stored(session) == [("imatinib", date(2012, 3, 1), TODAY - timedelta(days=141), "protocol")]


def test_another_drug_is_called_by_its_name(nurse: Browser, session: Session, patient: Patient) -> None:
    typed = {"which": "other", "drug": "  Sunitinib ", "started_on": "2026-11-22"}
    page = nurse.press(nurse.get(NEW), RECORD, 200, **typed)
    assert "Sunitinib" in page.text
    assert stored(session)[0][0] == "sunitinib"
    assert state(nurse) == "Treatment Another drug for 1 day"


def test_what_is_typed_for_another_drug_does_not_rename_imatinib(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    nurse.press(nurse.get(NEW), RECORD, 200, **IMATINIB, drug="sunitinib")
    assert stored(session)[0][0] == "imatinib"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"which": ""}, "Choose the drug."),
        ({"which": "other", "drug": " "}, "Give the drug’s name."),
        ({"which": "other", "drug": "x" * 101}, "Write at most 100 characters."),
        ({"which": "other", "drug": "née le 3/4/1951"}, "This holds what may be a birth date"),
        ({"started_on": ""}, "Give the date."),
        ({"started_on": "2026-11-24"}, "This date is in the future."),
        ({"stopped_on": "2026-11-20"}, "With the day of a stop goes its reason"),
        ({"stop_reason": "protocol"}, "With the day of a stop goes its reason"),
        ({"stopped_on": "2026-11-20", "stop_reason": "bored"}, "With the day of a stop goes its reason"),
        ({"stopped_on": "2012-02-01", "stop_reason": "other"}, "The drug was begun on 1 March 2012"),
        ({"stopped_on": "2026-11-24", "stop_reason": "other"}, "This date is in the future."),
    ],
)
def test_what_cannot_be_is_refused_and_what_was_typed_stays(
    nurse: Browser, session: Session, patient: Patient, fields: dict[str, str], fault: str
) -> None:
    typed = IMATINIB | fields
    page = nurse.press(nurse.get(NEW), RECORD, 422, **typed)
    found = faults(page)
    assert len(found) == 1
    assert found[0].startswith(fault)
    assert page.one("input", id="started_on").get("value") == typed["started_on"]
    if "drug" in typed:
        assert page.one("input", id="drug").get("value") == typed["drug"].strip()
    assert stored(session) == []


def test_one_drug_is_not_taken_twice_at_a_time(nurse: Browser, session: Session, imatinib: Exposure) -> None:
    page = nurse.press(nurse.get(NEW), RECORD, 422, which="imatinib", started_on="2026-01-01")
    assert faults(page)[0].startswith("The drug begun on 1 March 2012 is still taken at that time")
    assert len(stored(session)) == 1


def test_a_stop_needs_its_day_and_reason_and_is_recorded_once(
    nurse: Browser, session: Session, imatinib: Exposure
) -> None:
    form = nurse.get(f"{LIST}/{imatinib.id}/stop")
    assert faults(nurse.press(form, RECORD, 422)) == ["Give the date.", "Choose a reason."]
    stop = {"stopped_on": "2026-11-01", "stop_reason": "toxicity"}
    nurse.press(form, RECORD, 200, **stop)
    page = nurse.press(form, RECORD, 422, **stop)
    assert faults(page)[0].startswith("The stop is recorded already, on 1 November 2026")
    assert "Record the stop" not in nurse.get(LIST).text


def test_a_correction_begins_with_what_is_recorded_and_the_trail_keeps_it(
    nurse: Browser, session: Session, imatinib: Exposure
) -> None:
    form = nurse.follow(nurse.get(LIST), "Correct Imatinib 1 Mar 2012")
    assert form.one("input", id="started_on").get("value") == "2012-03-01"
    nurse.press(form, RECORD, started_on="2013-03-01")
    assert stored(session) == [("imatinib", date(2013, 3, 1), None, None)]
    entries = session.scalars(select(AuditEntry).where(AuditEntry.entity == "exposure"))
    assert any("2012-03-01" in str(each.changes) and "2013-03-01" in str(each.changes) for each in entries)


def test_a_correction_of_another_drug_keeps_its_name(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    exposure = factories.expose(session, clock, patient, TODAY, drug="sunitinib")
    session.commit()
    form = nurse.get(f"{LIST}/{exposure.id}/change")
    assert form.one("input", id="drug").get("value") == "sunitinib"
    nurse.press(form, RECORD, started_on="2026-11-20")
    assert stored(session)[0][:2] == ("sunitinib", date(2026, 11, 20))


@pytest.mark.threat("D13")
def test_a_drug_of_another_patient_is_undone_with_a_reason_and_stays_in_sight(
    nurse: Browser, session: Session, imatinib: Exposure
) -> None:
    form = nurse.follow(nurse.get(LIST), "Undo Imatinib 1 Mar 2012")
    assert "Thursday, 1 March 2012" in form.text
    assert faults(nurse.press(form, UNDO, 422))[0].startswith("Give the reason")
    refused = nurse.press(form, UNDO, 422, reason="Née le 03/04/1951")
    assert text_of(refused.one("textarea")) == "Née le 03/04/1951"
    done = nurse.press(form, UNDO, reason="Taken by the patient after")
    assert "The drug is undone" in text_of(done.one("div", role="status"))
    (row,) = done.one("tbody").iter("tr")
    assert [text_of(each) for each in row.iter("s")] == ["Imatinib", "1 Mar 2012", "Goes on"]
    assert "Undone on 23 Nov 2026: Taken by the patient after" in text_of(row)
    assert not list(row.iter("a"))
    assert state(nurse) == "Treatment Not known: no drug is recorded"
    for what in ("undo", "change", "stop"):
        nurse.get(f"{LIST}/{imatinib.id}/{what}", 404)
    entries = session.scalars(select(AuditEntry).where(AuditEntry.entity == "exposure"))
    assert any("Taken by the patient after" in str(each.changes) for each in entries)


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_patient_looks_like_none(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, imatinib: Exposure
) -> None:
    other = factories.make_patient(session, clock, study, "01-001")
    theirs = factories.expose(session, clock, other, date(2015, 1, 1))
    session.commit()
    key = {"csrf_token": nurse.get(LIST).all("input", name="csrf_token")[0].get("value")}
    sent: dict[str, Any] = key | IMATINIB | {"stopped_on": "2026-11-01", "stop_reason": "other"}
    sent |= {"reason": "Mixed up"}
    before = stored(session)
    nurse.get(f"{OTHERS}/treatment", 404)
    for base in (f"{OTHERS}/treatment", LIST):
        for what in ("stop", "change", "undo"):
            path = f"{base}/{theirs.id}/{what}"
            nurse.get(path, 404)
            nurse.post(path, sent, 404)
    nurse.post(f"{OTHERS}/treatment/new", sent, 404)
    assert stored(session) == before


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [Role.DATA_MANAGER, Role.MONITOR, Role.INSPECTOR])
def test_who_may_only_look_records_nothing(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, imatinib: Exposure, role: Role
) -> None:
    user = factories.make_staff(session, clock, role, study, language="en")
    reader = factories.sign_in(browser, session, clock, user)
    page = reader.get(LIST)
    assert "Imatinib" in page.text
    assert not [each for each in page.all("a") if "treatment/" in each.get("href", "")]
    for path in (NEW, *(f"{LIST}/{imatinib.id}/{what}" for what in ("stop", "change", "undo"))):
        reader.get(path, 403)
