"""A note for whoever covers: left in two taps, read above the list, taken down by anybody of the site."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import HandoverNote, Site, Study
from app.services.access import Role
from app.services.accounts import grant_role
from app.services.handover import write_note
from tests import factories
from tests.page import Browser, Page, text_of

pytestmark = pytest.mark.requirement("CLI-01")
FRONT, PAGE = "/nurse/", "/nurse/handover"
UNTIL = "2026-11-30"


def notes(page: Page) -> list[str]:
    """The notes above the list."""
    return [text_of(each) for each in page.all("aside")]


def write(session: Session, clock: SteppedClock, site: Site, text: str) -> None:
    """A note of a colleague, until today."""
    patient = factories.make_patient(
        session, clock, factories.get_study(session, site.study_id), f"{site.number}-900"
    )
    colleague = factories.actor_of(session, clock, Role.INVESTIGATOR, patient)
    write_note(session, clock, colleague, site, text, clock.now().date())
    session.commit()


def test_without_a_note_the_front_page_offers_to_leave_one(nurse: Browser, study: Study) -> None:
    page = nurse.get(FRONT)
    assert notes(page) == []
    page = nurse.follow(page, "Leave a handover note")
    assert page.h1 == "Handover note"
    assert "Centre Léon Bérard" in page.text
    assert not page.all("select")


def test_a_note_is_left_and_read_above_the_list(nurse: Browser, study: Study) -> None:
    text = "04-001: call on Thursday.\nCards are in the left drawer."
    page = nurse.press(nurse.get(PAGE), "Leave the note", text=text, stands_until=UNTIL)
    assert page.path == FRONT
    said = "04-001: call on Thursday. Cards are in the left drawer."
    facts = "nurse.04@staff.example on 23 Nov 2026 at 10:00 · shown until 30 November 2026"
    assert notes(page) == [f"{said} {facts} Take the note down 1"]
    assert page.html.index("left drawer") < page.html.index('id="patients"')
    assert notes(nurse.get(f"{FRONT}?q=04")) == [], "a search shows patients alone"


def test_many_notes_stand_one_below_the_other(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    write(session, clock, factories.get_site(session, study), "From a colleague.")
    page = nurse.press(nurse.get(PAGE), "Leave the note", text="Mine.", stands_until=UNTIL)
    assert [each.split(" ")[0] for each in notes(page)] == ["Mine.", "From"]


def test_a_colleagues_note_is_taken_down(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    write(session, clock, factories.get_site(session, study), "Done by now.")
    page = nurse.press(nurse.get(FRONT), "Take the note down 1")
    assert notes(page) == []
    session.expire_all()
    (note,) = session.scalars(select(HandoverNote))
    assert (note.taken_down_by, note.taken_down_at) == ("nurse.04@staff.example", clock.now())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": " ", "stands_until": UNTIL}, "Write what whoever covers must know."),
        ({"text": "Born 3 May 1948", "stands_until": UNTIL}, "This holds what may be a birth date"),
        (
            {"text": "A note", "stands_until": "2026-11-22"},
            "Give a day from 23 November 2026 to 24 January 2027.",
        ),
        ({"text": "A note", "stands_until": ""}, "Give the date."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    nurse: Browser, session: Session, study: Study, fields: dict[str, str], said: str
) -> None:
    page = nurse.press(nurse.get(PAGE), "Leave the note", 422, **fields)
    assert said in page.text
    assert text_of(page.one("textarea")) == fields["text"].strip()
    assert session.scalars(select(HandoverNote)).all() == []


@pytest.mark.threat("C3")
def test_a_note_is_shown_as_text(nurse: Browser, study: Study) -> None:
    page = nurse.press(
        nurse.get(PAGE), "Leave the note", text="<script>alert(1)</script>", stands_until=UNTIL
    )
    assert not page.all("script")
    assert notes(page)[0].startswith("<script>alert(1)</script>")


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_note_is_not_seen_and_not_taken_down(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    write(session, clock, factories.get_site(session, study, "01"), "Of Besançon alone.")
    assert "Of Besançon alone." not in nurse.get(FRONT).html
    number = session.scalars(select(HandoverNote.id)).one()
    key = {"csrf_token": nurse.get(PAGE).all("input", name="csrf_token")[0].get("value", "")}
    for note in (str(number), "x", "9" * 12):
        nurse.post(f"{PAGE}/{note}/down", key, 404)
    session.expire_all()
    assert session.scalars(select(HandoverNote.taken_down_at)).one() is None


@pytest.mark.requirement("ACC-01")
def test_a_monitor_reads_the_notes_with_their_sites_and_changes_nothing(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    write(session, clock, factories.get_site(session, study), "For the cover.")
    user = factories.make_staff(session, clock, Role.MONITOR, study, language="en")
    page = factories.sign_in(browser, session, clock, user).get(FRONT)
    assert notes(page)[0].startswith("For the cover. Lyon · investigator.04@staff.example on 23 Nov 2026")
    assert "Take the note down" not in page.text
    assert "Leave a handover note" not in page.text
    browser.get(PAGE, 403)


def test_who_works_at_two_sites_says_for_which_the_note_is(
    nurse: Browser, browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    site = factories.get_site(session, study, "01")
    user = factories.make_staff(session, clock, Role.NURSE, study, site, "both@staff.example", "en")
    grant_role(session, clock, user, Role.NURSE, study, factories.get_site(session, study, "04"))
    both = factories.sign_in(browser, session, clock, user)
    page = both.press(both.get(PAGE), "Leave the note", 422, site="0", text="A note", stands_until=UNTIL)
    assert "Choose the site." in page.text
    page = both.press(both.get(PAGE), "Leave the note", site=str(site.id), text="A note", stands_until=UNTIL)
    assert notes(page)[0].startswith("A note Besançon")
