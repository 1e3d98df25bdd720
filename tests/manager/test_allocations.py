"""A list of assignments already made, on the data manager's page: faults by line, a second look, recorded."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.manager import allocation_words
from app.models import Patient, Study
from app.services import allocations
from app.services.access import Role
from tests import factories
from tests.nurse.test_words import rules_of
from tests.page import Browser, Page, text_of

pytestmark = pytest.mark.requirement("VIS-07")
PATH = "/manager/allocations/GIST-IMA"
HEADING = "site;patient;arm;randomised_on;remark\n"
GOOD = "04;04-001;interruption;2026-11-20;On paper\n01;01-001;continuation;2026-11-21;On paper\n"
CHECK, RECORD = "Check the list", "Record the list"
# What a randomisation is refused for, whichever way it comes in.
OF_RANDOMISATION = {
    *("unknown_arm", "already_randomised", "no_baseline", "national_number", "birth_date"),
    *("before_study", "before_consent", "in_future", "after_death", "after_withdrawal"),
}


@pytest.fixture
def pair(session: Session, clock: SteppedClock, study: Study) -> list[Patient]:
    """A patient of Lyon and one of Besançon, who consented ten days ago."""
    on = clock.now().date() - timedelta(days=10)
    codes = ("04-001", "01-001")
    found = [factories.make_patient(session, clock, study, each, consent_on=on) for each in codes]
    session.commit()
    return found


def rows(page: Page) -> list[list[str]]:
    return [[text_of(cell) for cell in row] for row in page.one("tbody").iter("tr")]


def arms(session: Session) -> dict[str, str | None]:
    session.expire_all()
    return {each.code: each.arm for each in session.scalars(select(Patient))}


def test_every_refusal_of_a_list_has_words() -> None:
    assert set(allocation_words.RULES) == rules_of(allocations) | OF_RANDOMISATION
    assert set(allocation_words.COLUMNS) == {*allocations.COLUMNS, *allocations.OPTIONAL}


@pytest.mark.requirement("CLI-02")
def test_a_list_is_seen_line_by_line_then_recorded(
    manager: Browser, session: Session, pair: list[Patient]
) -> None:
    page = manager.follow(manager.get("/manager/wording/"), "Import assignments already made GIST-IMA")
    look = manager.press(page, CHECK, list=HEADING + GOOD)
    assert rows(look) == [
        ["04-001", "Interruption", "20 Nov 2026", "On paper", "2"],
        ["01-001", "Continuation", "21 Nov 2026", "On paper", "3"],
    ]
    assert set(arms(session).values()) == {None}
    done = manager.press(look, RECORD)
    assert "The list is recorded" in text_of(done.one("div", role="status"))
    assert arms(session) == {"04-001": "interruption", "01-001": "continuation"}
    again = manager.press(manager.get(PATH), CHECK, list=HEADING + GOOD)
    assert "Recorded already, and left as it is: 04-001, 01-001." in again.text
    assert "Nothing on this list is new." in again.text
    assert not [each for each in again.all("button") if text_of(each) == RECORD]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_file_is_read_as_spreadsheets_write_it(
    manager: Browser, session: Session, pair: list[Patient], encoding: str
) -> None:
    source = (HEADING + "04;04-001;interruption;2026-11-20;Reçu sur papier\n").encode(encoding)
    look = manager.press(manager.get(PATH), CHECK, file=(io.BytesIO(source), "list.csv"), list="else")
    assert rows(look)[0][3] == "Reçu sur papier"
    manager.press(look, RECORD)
    assert arms(session)["04-001"] == "interruption"


def test_the_second_look_leads_back_with_the_lines(manager: Browser, pair: list[Patient]) -> None:
    look = manager.press(manager.get(PATH), CHECK, list=HEADING + GOOD)
    back = manager.press(look, "Correct")
    assert (back.one("textarea").text or "").split() == (HEADING + GOOD).split()


@pytest.mark.parametrize(
    ("line", "column", "fault"),
    [
        ("99;04-001;interruption;2026-11-20;x", "Site", "The study has no site 99."),
        ("01;04-001;interruption;2026-11-20;x", "Site", "04-001 is not at site 01."),
        ("04;04-009;interruption;2026-11-20;x", "Patient", "No patient 04-009 is registered."),
        ("04;04-001;placebo;2026-11-20;x", "Arm", "The study has no arm “placebo”."),
        (
            "04;04-001;interruption;20/11/2026;x",
            "Date",
            "“20/11/2026” is no date: write it as 2026-11-23.",
        ),
        ("04;04-001;interruption;;x", "Date", "“–” is no date: write it as 2026-11-23."),
        (
            "04;04-001;interruption;2026-11-24;x",
            "Date",
            "This date is in the future. Today is 23 November 2026.",
        ),
        (
            "04;04-001;interruption;2026-11-12;x",
            "Date",
            "The consent is dated 13 November 2026: give a date from that day on.",
        ),
        (
            "04;04-001;interruption;2026-11-20;",
            "Remark",
            "The initial questionnaire was not received. Say why the patient was randomised without it.",
        ),
        (
            "04;04-001;interruption;2026-11-20;né le 03/04/1951",
            "Remark",
            "This holds what may be a birth date: leave it out, or write the month and the year alone.",
        ),
    ],
)
@pytest.mark.parametrize("confirm", [{}, {"confirm": "yes"}])
def test_a_fault_is_said_with_its_line_and_nothing_is_recorded(
    manager: Browser,
    session: Session,
    pair: list[Patient],
    line: str,
    column: str,
    fault: str,
    confirm: dict[str, str],
) -> None:
    text = HEADING + GOOD.splitlines()[1] + "\n" + line + "\n"
    page = manager.press(manager.get(PATH), CHECK, 422, list=text, **confirm)
    assert rows(page) == [["3", column, fault]]
    assert (page.one("textarea").text or "").split() == text.split()
    assert set(arms(session).values()) == {None}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "The first line names the columns. Missing: site, patient, arm, randomised_on."),
        ("site;patient;arm;randomised_on;name\n", "The first line names the columns. Missing: –. Not known"),
        (HEADING, "The list has 0 lines; it may have 1 to 5000."),
        (HEADING + "04;04-001\n", "Line 2 has not as many values"),
        (HEADING + '"' + "x" * 140_000, "Line 2 has not as many values"),
    ],
    ids=["empty", "column", "no line", "short", "quotation mark"],
)
def test_what_is_no_list_is_refused(manager: Browser, pair: list[Patient], text: str, fault: str) -> None:
    page = manager.press(manager.get(PATH), CHECK, 422, list=text)
    found = [text_of(each) for box in page.all("div", role="alert") for each in box.iter("li")]
    assert len(found) == 1
    assert found[0].startswith(fault)


@pytest.mark.threat("C12")
def test_a_file_that_is_no_text_is_refused(manager: Browser, pair: list[Patient]) -> None:
    page = manager.press(
        manager.get(PATH), CHECK, 422, file=(io.BytesIO(b"PK\x03\x04\x00\x00\x81"), "list.xlsx")
    )
    assert "This file holds no text: save the list as CSV." in page.text


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_a_list_of_another_study_is_not_found_and_its_patients_are_unknown(
    manager: Browser, session: Session, clock: SteppedClock, pair: list[Patient]
) -> None:
    twin = factories.make_study(session, clock, code="TWIN")
    factories.make_patient(session, clock, twin, "04-555")
    session.commit()
    manager.get("/manager/allocations/TWIN", 404)
    text = HEADING + "04;04-555;interruption;2026-11-23;x\n"
    page = manager.press(manager.get(PATH), CHECK, 422, list=text)
    assert rows(page) == [["2", "Patient", "No patient 04-555 is registered."]]


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [Role.NURSE, Role.MONITOR, Role.ANALYST, Role.ADMINISTRATOR])
def test_nobody_else_imports_a_list(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, pair: list[Patient], role: Role
) -> None:
    site = factories.get_site(session, study) if role is Role.NURSE else None
    user = factories.make_staff(session, clock, role, study, site, language="en")
    other = factories.sign_in(browser, session, clock, user)
    key = {"csrf_token": other.get("/").all("input", name="csrf_token")[0].get("value")}
    other.get(PATH, 403)
    other.post(PATH, key | {"list": HEADING + GOOD, "confirm": "yes"}, 403)
    assert set(arms(session).values()) == {None}
