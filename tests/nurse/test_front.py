"""The nurse's front page: the own site's patients, what is to be done first."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Study
from app.services.access import Role
from app.services.links import revoke_links
from app.services.worklist import PAGE_LENGTH
from tests import factories
from tests.page import Browser, Page, rows, text_of

FRONT = "/nurse/"


def to_do(page: Page) -> list[str]:
    """What stands in the list of things to do, row by row."""
    return [text_of(each) for each in page.all("li") if (each.get("class") or "").startswith("task")]


def test_front_names_the_site_and_the_day_there(nurse: Browser) -> None:
    page = nurse.get(FRONT)
    assert page.h1 == "Lyon, Monday, 23 November 2026"
    assert "Centre Léon Bérard" in page.text


@pytest.mark.requirement("CLI-06")
def test_without_patients_the_page_says_how_to_have_some(nurse: Browser) -> None:
    page = nurse.get(FRONT)
    assert "No patient yet." in page.text
    assert not page.all("table")
    nurse.follow(page, "New patient")


@pytest.mark.threat("C13")
def test_patients_of_another_site_are_nowhere(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    factories.make_patient(session, clock, study, "04-001")
    factories.make_patient(session, clock, study, "01-001")
    session.commit()
    for path in (FRONT, f"{FRONT}?q=001", f"{FRONT}?after=0~"):
        page = nurse.get(path)
        assert "04-001" in page.text
        assert "01-001" not in page.html
    assert len(rows(nurse.get(FRONT))) == 1


@pytest.mark.requirement("VIS-05")
@pytest.mark.requirement("CLI-02")
def test_a_new_patient_needs_a_link_and_the_row_gives_it(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    factories.make_patient(session, clock, study, "04-001")
    session.commit()
    page = nurse.get(FRONT)
    sentence = "Baseline is open until Monday, 21 December 2026: no link given."
    assert to_do(page) == [f"04-001 Link to give {sentence} Give the link 04-001"]
    link = nurse.press(page, "Give the link 04-001")
    assert link.h1 == "Link for 04-001"
    sentence = "Baseline is due today: link given, nothing received yet."
    assert to_do(nurse.get(FRONT)) == [f"04-001 Due today {sentence} See 04-001"]


@pytest.mark.requirement("VIS-05")
def test_what_presses_most_stands_first(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    today = clock.now().date()
    received = factories.make_patient(session, clock, study, "04-001")
    factories.submit(session, clock, factories.get_visit(session, received))
    begun = factories.make_patient(session, clock, study, "04-002")
    factories.make_link(session, clock, begun)
    factories.begin_response(session, clock, factories.get_visit(session, begun))
    factories.make_patient(session, clock, study, "04-003")
    factories.make_patient(session, clock, study, "04-004", consent_on=today - timedelta(days=27))
    waiting = factories.make_patient(session, clock, study, "04-005")
    factories.make_link(session, clock, waiting)
    session.commit()
    badges = [
        "04-004 Closing soon",
        "04-003 Link to give",
        "04-002 In progress",
        "04-005 Due today",
        "04-001 To randomise",
    ]
    found = to_do(nurse.get(FRONT))
    assert [row[: len(badge)] for row, badge in zip(found, badges, strict=True)] == badges


@pytest.mark.requirement("LINK-04")
def test_a_revoked_link_is_to_be_given_again(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    patient = factories.make_patient(session, clock, study)
    factories.make_link(session, clock, patient)
    revoke_links(session, clock, factories.get_visit(session, patient), "lost_phone")
    session.commit()
    assert to_do(nurse.get(FRONT))[0].startswith("04-001 Link to give")


def test_the_response_is_seen_to_arrive(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    patient = factories.make_patient(session, clock, study)
    factories.make_link(session, clock, patient)
    visit = factories.get_visit(session, patient)
    factories.answer(session, clock, visit, {"q01": 2})
    session.commit()
    assert "In progress" in rows(nurse.get(FRONT))[0]
    factories.submit(session, clock, visit)
    session.commit()
    assert rows(nurse.get(FRONT))[0].endswith("23 Nov 2026")
    page = nurse.get("/nurse/GIST-IMA/04-001")
    assert "Received 23 Nov 2026 at 10:00" in rows(page)[0]


@pytest.mark.parametrize(
    ("days", "state"), [(-1, "Not yet expected"), (0, "Open"), (29, "Missing"), (40, "Missing")]
)
@pytest.mark.requirement("VIS-05")
def test_the_state_follows_the_window(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, days: int, state: str
) -> None:
    start = clock.now().date()
    patient = factories.make_patient(session, clock, study, consent_on=start - timedelta(days=max(days, 0)))
    if days < 0:
        factories.randomise(session, clock, patient)
    session.commit()
    page = nurse.get("/nurse/GIST-IMA/04-001")
    assert state in " ".join(rows(page))


@pytest.mark.requirement("VIS-05")
def test_a_draft_left_unsent_is_partial_once_the_grace_is_over(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    start = clock.now().date()
    patient = factories.make_patient(session, clock, study, consent_on=start - timedelta(days=31))
    visit = factories.get_visit(session, patient)
    clock.advance(days=-10)
    factories.answer(session, clock, visit, {"q01": 2})
    clock.advance(days=10)
    session.commit()
    assert "Partial" in rows(nurse.get("/nurse/GIST-IMA/04-001"))[0]


@pytest.mark.requirement("SUR-15")
def test_in_the_last_hours_of_a_draft_the_page_says_until_when_it_can_be_sent(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    start = clock.now().date()
    patient = factories.make_patient(session, clock, study, consent_on=start - timedelta(days=29))
    clock.advance(days=-2)
    factories.make_link(session, clock, patient)
    factories.answer(session, clock, factories.get_visit(session, patient), {"q01": 1})
    clock.advance(days=2)
    session.commit()
    (row,) = to_do(nurse.get(FRONT))
    assert "Baseline closed on Sunday, 22 November 2026; what was begun can be sent for 24 hours more." in row


def test_search_finds_codes_by_a_part(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    for code in ("04-001", "04-012", "04-120"):
        factories.make_patient(session, clock, study, code)
    session.commit()
    assert [row[:6] for row in rows(nurse.get(f"{FRONT}?q=12"))] == ["04-012", "04-120"]
    assert "0 patients for “%”." in nurse.get(f"{FRONT}?q=%25").text


@pytest.mark.threat("C3")
def test_search_shows_what_was_typed_as_text(nurse: Browser) -> None:
    page = nurse.get(FRONT + "?q=<script>alert(1)")
    assert not page.all("script")
    assert "<script>alert(1)" in page.text


def test_paging_by_key_meets_every_patient_once(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    codes = [f"04-{number:03}" for number in range(1, PAGE_LENGTH * 2 + 3)]
    for code in codes:
        factories.make_patient(session, clock, study, code)
    session.commit()
    page, met = nurse.get(FRONT), []
    for _ in range(3):
        met += [row[:6] for row in rows(page)]
        page = nurse.follow(page, "Next patients" if len(met) < len(codes) else "Back to the start")
    assert met == codes
    assert f"Patients {len(codes)}" in page.text


@pytest.mark.parametrize("after", ["x", "~", "99999999999999999999~04-001", "1~' OR 1=1 --"])
@pytest.mark.threat("C11")
def test_a_key_of_nonsense_harms_nothing(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, after: str
) -> None:
    factories.make_patient(session, clock, study)
    session.commit()
    assert len(rows(nurse.get(FRONT, query_string={"after": after}))) <= 1


def test_the_number_of_queries_does_not_grow_with_the_patients(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, connection: Connection
) -> None:
    def count() -> int:
        statements: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
            statements.append(statement)

        event.listen(connection, "before_cursor_execute", note)
        nurse.get(FRONT)
        event.remove(connection, "before_cursor_execute", note)
        return len([each for each in statements if each.lstrip().upper().startswith("SELECT")])

    def register(numbers: range) -> None:
        for number in numbers:
            patient = factories.make_patient(session, clock, study, f"04-{number:03}")
            if number % 2:
                factories.make_link(session, clock, patient)
                factories.begin_response(session, clock, factories.get_visit(session, patient))
        session.commit()

    register(range(1, 6))
    few = count()
    register(range(6, 61))
    assert count() == few <= 12


@pytest.mark.requirement("ACC-01")
def test_a_data_manager_sees_all_sites_and_may_change_nothing(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    factories.make_patient(session, clock, study, "04-001")
    factories.make_patient(session, clock, study, "01-001")
    user = factories.make_staff(session, clock, Role.DATA_MANAGER, study, language="en")
    page = factories.sign_in(browser, session, clock, user).get(FRONT)
    assert page.h1 == "10 sites, Monday, 23 November 2026"
    assert [row[:15] for row in rows(page)] == ["01-001 Besançon", "04-001 Lyon Not"]
    buttons = {text_of(each) for each in page.all("button")}
    assert buttons == {"Français", "Sign out", "Search"}
    assert "New patient" not in page.text


def test_in_french_the_states_are_in_french(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    factories.make_patient(session, clock, study, "04-001")
    site = factories.get_site(session, study, "04")
    user = factories.make_staff(session, clock, Role.NURSE, study, site, language="fr")
    page = factories.sign_in(browser, session, clock, user).get(FRONT)
    assert page.language == "fr"
    assert page.h1 == "Lyon, lundi 23 novembre 2026"
    assert "Ouvert" in rows(page)[0]
