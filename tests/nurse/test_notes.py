"""The page of notes and calls: written in two taps, read by whoever sees the patient, never changed."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, PatientNote, Study
from app.services.access import Role
from tests import factories
from tests.course import write_call
from tests.page import Browser, Page, text_of

pytestmark = pytest.mark.requirement("CLI-03")
PATIENT = "/nurse/GIST-IMA/04-001"
HERE, WRITE = f"{PATIENT}/notes", "Write it down"


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient of Lyon."""
    found = factories.make_patient(session, clock, study)
    session.commit()
    return found


def rows(page: Page) -> list[str]:
    """The notes and calls of the page."""
    return [text_of(each) for each in page.all("tr")][1:]


def kept(session: Session) -> list[PatientNote]:
    session.expire_all()
    return list(session.scalars(select(PatientNote).order_by(PatientNote.id)))


def test_the_page_is_reached_from_the_patients_and_says_what_will_appear(
    nurse: Browser, patient: Patient
) -> None:
    page = nurse.follow(nurse.get(PATIENT), "Notes and calls")
    assert (page.path, page.h1, page.title.startswith("Notes and calls: 04-001")) == (
        HERE,
        "Notes and calls: 04-001",
        True,
    )
    assert "Notes of the site’s staff and their telephone calls appear here, the newest first" in page.text
    assert [each.get("value") for each in page.all("input", type="radio")] == [
        *("note", "call", "call_unanswered"),
    ]


def test_a_note_and_calls_are_written_and_read_below(
    nurse: Browser, clock: SteppedClock, patient: Patient
) -> None:
    page = nurse.press(nurse.get(HERE), WRITE, kind="note", text="Prefers mornings.\nHard of hearing.")
    assert page.path.split("?")[0] == HERE
    assert "It is written down, and stands first in the list." in page.text
    clock.advance(minutes=5)
    nurse.press(nurse.get(HERE), WRITE, kind="call", text="Feels better.")
    clock.advance(minutes=5)
    page = nurse.press(nurse.get(HERE), WRITE, kind="call_unanswered", text="")
    by = "nurse.04@staff.example"
    assert rows(page) == [
        f"23 Nov 2026 at 10:10 Call that nobody answered – {by}",
        f"23 Nov 2026 at 10:05 Telephone call Feels better. {by}",
        f"23 Nov 2026 at 10:00 Note Prefers mornings. Hard of hearing. {by}",
    ]
    assert text_of(page.one("textarea")) == ""
    assert "appear here" not in page.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": "Feels better."}, "Say whether it is a note or a call."),
        ({"kind": "letter", "text": "Feels better."}, "Say whether it is a note or a call."),
        (
            {"kind": "call", "text": " "},
            "Say it in a few words. Only a call that nobody answered needs none.",
        ),
        ({"kind": "note", "text": "x" * 501}, "Write at most 500 characters."),
        ({"kind": "note", "text": "Born 3 May 1948"}, "This holds what may be a birth date"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    nurse: Browser, session: Session, patient: Patient, fields: dict[str, str], said: str
) -> None:
    token = nurse.get(HERE).all("input", name="csrf_token")[0].get("value", "")
    page = nurse.post(HERE, {"csrf_token": token} | fields, 422)
    assert said in page.text
    assert text_of(page.one("textarea")) == fields["text"].strip()
    chosen = [each.get("value") for each in page.all("input", type="radio") if "checked" in each.attrib]
    assert chosen == [kind for kind in (fields.get("kind"),) if kind in ("note", "call")]
    assert kept(session) == []


def test_a_form_that_is_sent_twice_is_written_once(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    page = nurse.get(HERE)
    for _ in range(2):
        nurse.press(page, WRITE, kind="call", text="Feels better.")
    assert len(kept(session)) == 1


@pytest.mark.threat("C3")
def test_a_note_is_shown_as_text(nurse: Browser, patient: Patient) -> None:
    page = nurse.press(nurse.get(HERE), WRITE, kind="note", text="<script>alert(1)</script>")
    assert not page.all("script")
    assert "<script>alert(1)</script>" in rows(page)[0]


@pytest.mark.requirement("AUD-01")
def test_nothing_on_the_page_changes_or_takes_back_what_was_written(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    write_call(session, clock, patient)
    session.commit()
    page = nurse.get(HERE)
    posts = [each.get("action") for each in page.all("form") if each.get("method") == "post"]
    assert posts.count(HERE) == 1
    assert not [url for url in posts if url and url.startswith(PATIENT) and url != HERE]
    assert not [each for each in page.all("a") if (each.get("href") or "").startswith(f"{HERE}/")]


@pytest.mark.requirement("ACC-01")
@pytest.mark.parametrize("role", [Role.DATA_MANAGER, Role.MONITOR, Role.INSPECTOR])
def test_who_only_sees_patients_reads_by_the_sites_time_and_writes_nothing(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient, role: Role
) -> None:
    clock.advance(hours=14, minutes=30)
    write_call(session, clock, patient)
    user = factories.make_staff(session, clock, role, study, language="en")
    reader = factories.sign_in(browser, session, clock, user)
    page = reader.follow(reader.get(PATIENT), "Notes and calls")
    assert rows(page) == [
        "24 Nov 2026 at 00:30 Telephone call Feels better. Call again on Monday. nurse.04@staff.example"
    ]
    assert not page.all("textarea")
    token = page.all("input", name="csrf_token")[0].get("value", "")
    reader.post(HERE, {"csrf_token": token, "kind": "note", "text": "A note."}, 403)
    assert len(kept(session)) == 1


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_patient_is_as_none(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    write_call(session, clock, factories.make_patient(session, clock, study, "01-001"))
    session.commit()
    token = nurse.get("/nurse/").all("input", name="csrf_token")[0].get("value", "")
    for code in ("01-001", "04-999"):
        where = f"/nurse/GIST-IMA/{code}/notes"
        assert "Feels better" not in nurse.get(where, 404).html
        nurse.post(where, {"csrf_token": token, "kind": "note", "text": "A note."}, 404)
    assert len(kept(session)) == 1


@pytest.mark.requirement("EXP-05")
def test_the_morning_list_and_the_patients_page_hold_no_note(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    write_call(session, clock, patient)
    session.commit()
    for path in ("/nurse/", PATIENT):
        assert "Feels better" not in nurse.get(path).html
