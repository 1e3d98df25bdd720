"""The sheet of a visit: printed blank, typed once or twice, settled; by those who may, and by nobody else."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import scoring
from app.clock import SteppedClock
from app.models import FIRST, MAIN, SECOND, SUBMITTED, Patient, Response, Study, User
from app.services.access import Role
from app.services.qr import qr_code
from tests import factories
from tests.conftest import NOW
from tests.page import Browser, Page, text_of
from tests.sheets import ask_for_two_transcriptions

SVG = "{http://www.w3.org/2000/svg}"
PATIENT = "/nurse/GIST-IMA/04-001"
SHEET, PAPER = (f"{PATIENT}/visits/BASELINE/{name}" for name in ("sheet", "paper"))
LOWEST = {item.id: str(item.lowest) for item in scoring.load_instrument("qlq-c30").items}
TYPED: dict[str, Any] = LOWEST | {"mode": "paper", "completed_on": "2026-11-23"}


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient of Lyon who reads English."""
    patient = factories.make_patient(session, clock, study, language="en")
    session.commit()
    return patient


@pytest.fixture
def colleague(app: object, browser: Browser, session: Session, clock: SteppedClock, study: Study) -> Browser:
    """A browser in which another nurse of Lyon is signed in."""
    site = factories.get_site(session, study, "04")
    user = factories.make_staff(
        session, clock, Role.NURSE, study, site, email="bea@staff.example", language="en"
    )
    other = Browser(browser.client.application)
    return factories.sign_in(other, session, clock, user)


@pytest.fixture
def twice(session: Session, clock: SteppedClock, patient: Patient) -> None:
    """The study asks for two transcriptions."""
    assert patient.id
    ask_for_two_transcriptions(session, clock)
    session.commit()


def stored(session: Session, entry: str = MAIN) -> list[Response]:
    """The responses of an entry."""
    session.expire_all()
    return list(session.scalars(select(Response).where(Response.entry == entry)))


def record(browser: Browser, status: int = 200, **typed: Any) -> Page:
    """Types a sheet: the lowest number everywhere, unless given otherwise."""
    return browser.press(browser.get(PAPER), "Record the sheet", status, **(TYPED | typed))


def faults(page: Page) -> list[str]:
    """What the page says is wrong, question by question."""
    return [text_of(each) for each in page.all("p", class_="fault")]


# The blank sheet


@pytest.mark.requirement("CLI-04")
@pytest.mark.parametrize(
    ("language", "label", "study_name"),
    [("fr", "Non", "Étude de suivi 0426"), ("en", "No", "Follow-up study 0426")],
)
def test_the_sheet_is_in_the_patients_language_with_every_item_and_option(
    nurse: Browser,
    session: Session,
    clock: SteppedClock,
    study: Study,
    language: str,
    label: str,
    study_name: str,
) -> None:
    factories.make_patient(session, clock, study, language=language)
    session.commit()
    page = nurse.get(SHEET)
    assert (page.language, page.h1) == (language, study_name)
    assert [each.get("id") for each in page.all("fieldset")] == list(LOWEST)
    boxes = [
        text_of(each) for each in page.one("fieldset", id="q01").iter("span") if each.get("class") is None
    ]
    assert len(boxes) == 4
    assert boxes[0] == f"1 {label}"
    seven = [text_of(each) for each in page.one("fieldset", id="q30").iter("b")]
    assert seven == list("1234567")
    assert page.all("p", class_="stand-in")
    assert nurse.get(PATIENT).language == "en"


@pytest.mark.requirement("CLI-04")
@pytest.mark.requirement("LINK-07")
@pytest.mark.usefixtures("patient")
def test_the_square_code_says_which_sheet_it_is_and_opens_nothing(nurse: Browser) -> None:
    page = nurse.get(SHEET)
    drawing = page.one(f"{SVG}svg")
    says = drawing.get("aria-label") or ""
    assert says == "Follow-up study 0426 / 04-001 / BASELINE"
    assert [each.get("d") for each in drawing.iter(f"{SVG}path")] == [qr_code(says).path]
    # The study's own code names the disease: it is on nothing that a patient holds.
    assert "GIST" not in page.text
    assert not [each for each in page.all("a") if "/l/" in each.get("href", "")]
    assert "04-001" in page.text
    assert "Date on which you fill this in" in page.text


@pytest.mark.requirement("CLI-04")
@pytest.mark.requirement("AE-01")
def test_symptoms_stand_on_the_sheet_with_their_follow_ups(
    nurse: Browser, session: Session, clock: SteppedClock
) -> None:
    study = factories.make_study(session, clock, with_symptoms=True, code="TWIN")
    user = factories.make_staff(
        session,
        clock,
        Role.INVESTIGATOR,
        study,
        factories.get_site(session, study),
        email="twin@staff.example",
        language="en",
    )
    factories.make_patient(session, clock, study, language="en")
    browser = factories.sign_in(nurse, session, clock, user)
    page = browser.get("/nurse/TWIN/04-001/visits/BASELINE/sheet")
    ids = [each.get("id") or "" for each in page.all("fieldset")]
    assert {"pt009a", "pt009b", "other", "othertext", "othera"} <= set(ids)
    followed = text_of(page.one("fieldset", id="pt009b"))
    assert "Only if you have felt this." in followed
    assert page.one("fieldset", id="pt009b").get("data-same") is not None
    typed = browser.get("/nurse/TWIN/04-001/visits/BASELINE/paper")
    rows = {each.get("data-if") for each in typed.all("div") if each.get("data-if")}
    assert {"pt009a>0", "other=1"} <= rows


@pytest.mark.requirement("INS-04")
def test_without_wording_nothing_is_printed(
    nurse: Browser, session: Session, study: Study, patient: Patient
) -> None:
    study.mode = "production"
    session.commit()
    for path in (SHEET, PAPER):
        page = nurse.get(path, 422)
        assert "no wording that may be shown" in page.text
        assert page.h1 == patient.code


# Typed once


@pytest.mark.requirement("CLI-04")
@pytest.mark.requirement("INS-02")
@pytest.mark.usefixtures("patient")
def test_a_sheet_is_printed_and_typed_from_the_patients_page(nurse: Browser, session: Session) -> None:
    page = nurse.follow(nurse.get(PATIENT), "On paper Baseline")
    assert page.h1 == "Paper sheet of 04-001"
    assert page.all("p", class_="stand-in")
    assert nurse.follow(page, "Blank sheet to print").path == SHEET
    done = nurse.press(page, "Record the sheet", **(TYPED | {"q30": "-"}))
    assert done.path.startswith(PATIENT)
    assert "The answers on paper are recorded as received." in done.text
    assert "Received" in done.text
    sent = stored(session)[0]
    assert (sent.status, sent.mode, sent.transcribed_by) == (SUBMITTED, "paper", "nurse.04@staff.example")
    assert (sent.answers["q29"]["value"], sent.answers["q30"]["state"]) == (1, "skipped")
    assert not [each for each in done.all("a") if text_of(each).startswith("On paper")]


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("patient")
def test_what_is_wrong_is_said_at_its_question_and_what_was_typed_stays(
    nurse: Browser, session: Session
) -> None:
    page = record(nurse, 422, q01="7", q02="", q03="3", completed_on="2026-11-24", remark="two ticks at q03")
    assert faults(page) == [
        "This date is in the future. Today is 23 November 2026.",
        "Question 1: type a number from 1–4, or - where the sheet has no answer.",
        "Question 2: type the answer, or - where the sheet has none.",
    ]
    assert [page.one("input", id=each).get("value") for each in ("q01", "q02", "q03")] == ["7", "", "3"]
    assert page.one("textarea", id="remark").text.strip() == "two ticks at q03"  # type: ignore[union-attr]
    assert page.one("input", id="q01").get("aria-invalid") == "true"
    assert "q01-fault" in (page.one("input", id="q01").get("aria-describedby") or "")
    assert stored(session) == []
    again = nurse.press(page, "Record the sheet", q01="4", q02="1", completed_on="2026-11-23")
    assert "recorded as received" in again.text
    assert stored(session)[0].answers["q03"]["value"] == 3


@pytest.mark.requirement("CLI-05")
@pytest.mark.usefixtures("patient")
def test_who_helped_and_how_is_recorded(nurse: Browser, session: Session) -> None:
    page = record(nurse, 422, mode="proxy")
    assert "Say who helped." in faults(page)
    token = page.all("input", name="csrf_token")[0].get("value")
    data = TYPED | {"mode": "proxy", "helper": "family", "csrf_token": token}
    done = nurse.post(PAPER, data | {"help_kinds": ["deciding", "writing"]})
    assert "recorded as received" in done.text
    sent = stored(session)[0]
    assert (sent.mode, sent.helper, set((sent.help_kinds or "").split())) == (
        "proxy",
        "family",
        {"deciding", "writing"},
    )


@pytest.mark.requirement("DAT-01")
@pytest.mark.usefixtures("patient")
def test_a_remark_with_a_birth_date_is_refused(nurse: Browser, session: Session) -> None:
    page = record(nurse, 422, remark="Mrs X, born on 03/04/1951")
    assert any("birth date" in each for each in faults(page))
    assert stored(session) == []


@pytest.mark.requirement("CLI-04")
def test_what_was_begun_on_the_screen_is_replaced_only_when_the_box_is_ticked(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    visit = factories.get_visit(session, patient)
    factories.answer(session, clock, visit, {"q01": 4, "q02": None})
    session.commit()
    page = record(nurse, 422)
    assert faults(page) == ["Questions answered on the screen: 2. Tick the box if the sheet is what counts."]
    nurse.press(page, "Record the sheet", replaces="y")
    sent = stored(session)[0]
    assert (sent.status, sent.mode, sent.answers["q01"]["value"]) == (SUBMITTED, "paper", 1)


@pytest.mark.requirement("CLI-04")
def test_out_of_its_time_a_sheet_is_refused_in_clear_words(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    page = nurse.get(PAPER)
    clock.set(NOW + timedelta(days=40))
    user = session.scalars(select(User)).one()
    factories.sign_in(nurse, session, clock, user)
    closed = nurse.get(PAPER)
    assert "This visit closed on 21 December 2026: no sheet can be added any more." in closed.text
    assert closed.all("form", id="transcription") == []
    late = nurse.press(page, "Record the sheet", 422, **(TYPED | {"q01": "3"}))
    assert "no sheet can be added any more" in late.text
    assert late.one("input", id="q01").get("value") == "3"
    clock.set(NOW)
    factories.sign_in(nurse, session, clock, user)
    factories.submit(session, clock, factories.get_visit(session, patient))
    session.commit()
    assert "was received: no sheet can be added." in nurse.get(PAPER).text
    assert nurse.get(f"{PATIENT}/visits/M99/paper", 404).status == 404


# Typed twice


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("twice")
def test_the_second_person_does_not_see_what_the_first_one_typed(
    nurse: Browser, colleague: Browser, session: Session
) -> None:
    kept = record(nurse, q01="3", remark="a remark of the first")
    assert "Another person types the sheet a second time" in kept.text
    own = nurse.get(PAPER)
    assert "You have typed this sheet." in own.text
    assert own.all("form", id="transcription") == []
    page = colleague.follow(colleague.get(PATIENT), "Second transcription Baseline")
    typed = [each.get("value") for each in page.all("input") if each.get("data-digits")]
    assert [each for each in typed if each] == []
    assert "a remark of the first" not in page.html
    assert "anna" not in page.html
    colleague.press(page, "Record the sheet", **(TYPED | {"q01": "3"}))
    assert [each.answers["q01"]["value"] for each in stored(session)] == [3]


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("twice")
def test_differences_are_listed_and_a_third_look_settles_them(
    nurse: Browser, colleague: Browser, session: Session
) -> None:
    record(nurse, q01="3", q05="2")
    page = record(colleague, q01="4", completed_on="2026-11-23", helper="family", help_kinds="reading")
    assert page.path == PAPER
    assert "Two persons have read this sheet differently." in page.text
    rows = [each.get("id") for each in page.all("input") if each.get("data-digits")]
    assert rows == ["q01", "q05"]
    assert "First transcription: 3. Second: 4." in page.text
    assert "Who helped – First transcription: –. Second: Family or friend." in page.text
    nurse.follow(nurse.get(PATIENT), "Settle the two transcriptions Baseline")
    fields = {"q01": "4", "q05": "-", "helper": "", "completed_on": "2026-11-23"}
    button = "Record what the sheet shows"
    refused = nurse.press(nurse.get(PAPER), button, 422, **fields)
    assert faults(refused) == ["Say what the sheet shows where the two transcriptions differ."]
    assert refused.one("input", id="q01").get("value") == "4"
    done = nurse.press(refused, button, remark="4 is circled, 3 crossed out")
    assert "recorded as received" in done.text
    sent = stored(session)[0]
    values = {item: sent.answers[item]["value"] for item in ("q01", "q02", "q05")}
    assert (values, sent.helper, sent.remark) == (
        {"q01": 4, "q02": 1, "q05": None},
        None,
        "4 is circled, 3 crossed out",
    )
    assert [stored(session, each)[0].answers["q01"]["value"] for each in (FIRST, SECOND)] == [3, 4]


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("twice")
def test_a_page_opened_before_is_no_third_look(
    nurse: Browser, colleague: Browser, browser: Browser, session: Session
) -> None:
    late = colleague.get(PAPER)
    record(nurse, q01="3")
    record(colleague, q01="4")
    page = colleague.press(late, "Record the sheet", 422, **(TYPED | {"q01": "2", "remark": "x"}))
    assert "open the page again to compare" in page.text
    assert page.one("input", id="q01").get("value") == "2"
    assert stored(session) == []


# Who may


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_nurse_finds_no_sheet(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    site = factories.get_site(session, study, "01")
    user = factories.make_staff(session, clock, Role.NURSE, study, site, language="en")
    stranger = factories.sign_in(browser, session, clock, user)
    token = stranger.get("/nurse/").all("input", name="csrf_token")[0].get("value")
    for path in (SHEET, PAPER):
        assert patient.code not in stranger.get(path, 404).text
    for path in (PAPER, f"{PAPER}/settle"):
        stranger.post(path, TYPED | {"csrf_token": token}, 404)
    assert stored(session) == []


@pytest.mark.requirement("ACC-01")
@pytest.mark.parametrize("role", [Role.DATA_MANAGER, Role.MONITOR, Role.INSPECTOR])
@pytest.mark.usefixtures("patient")
def test_who_may_only_look_types_nothing(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, role: Role
) -> None:
    user = factories.make_staff(session, clock, role, study, language="en")
    reader = factories.sign_in(browser, session, clock, user)
    page = reader.get(PATIENT)
    assert not [each for each in page.all("a") if "/visits/" in each.get("href", "")]
    token = page.all("input", name="csrf_token")[0].get("value")
    for path in (SHEET, PAPER):
        reader.get(path, 403)
    reader.post(PAPER, TYPED | {"csrf_token": token}, 403)
    assert stored(session) == []


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("patient")
def test_the_date_is_kept_as_typed_by_hand(nurse: Browser, session: Session) -> None:
    record(nurse, completed_on="23/11/2026")
    assert stored(session)[0].completed_on == date(2026, 11, 23)
