"""From a file to approved wording, on the pages of data managers."""

import io
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.manager import words
from app.manager.views import MAX_FILE_BYTES
from app.models import Study, WordingPack
from app.services.access import SITE_BOUND, Role
from app.services.wording import Fault
from app.services.wording.faults import RULES, Unit
from tests import factories, wording
from tests.page import Browser, Page, text_of
from tests.services.test_wording_packs import tamper

FRONT = "/manager/wording/"
SET = "/manager/wording/GIST-IMA/qlq-c30/fr"
LICENCE = {"reference": "Agreement 12", "version": "3.0", "licence_on": "2026-10-01", "has_read": "y"}


def upload(
    browser: Browser, source: bytes, status: int = 200, name: str = "texts.csv", path: str = SET
) -> Page:
    """Chooses a file on the page and presses the button."""
    page = browser.get(path)
    return browser.press(page, "Check the file", status, file=(io.BytesIO(source), name))


def texts(session: Session, study: Study) -> dict[str, str]:
    return wording.made_up(wording.slots(session, study))


def packs(session: Session) -> list[WordingPack]:
    session.expire_all()
    return list(session.scalars(select(WordingPack).order_by(WordingPack.id)))


def rows(page: Page) -> dict[str, list[str]]:
    """The cells of each row by what its head says."""
    found = {}
    for row in page.one("tbody").iter("tr"):
        head, *cells = [text_of(each) for each in row]
        found[head] = cells
    return found


# From a file to approved texts


@pytest.mark.requirement("INS-03")
def test_a_file_is_imported_compared_and_approved(manager: Browser, session: Session, study: Study) -> None:
    front = manager.get(FRONT)
    assert rows(front)["QLQ-C30 French"] == ["French", "Provisional wording", "–", "–"]
    found = texts(session, study)
    preview = upload(manager, wording.csv_file(found))
    assert preview.path == f"{SET}/draft"
    assert preview.h1 == "Draft: QLQ-C30 – French"
    shown = rows(preview)
    assert len(shown) == len(found)
    assert shown["q01 Question 1"][0] == found["q01"]
    assert shown["four-point.2 Answer 2"][0] == found["four-point.2"]
    assert packs(session)[0].sha256 in preview.text
    assert rows(manager.get(FRONT))["QLQ-C30 French"][3] == "Draft to approve"
    done = manager.press(preview, "Approve these texts", **LICENCE)
    assert done.path == f"{SET}?done=approved"
    assert "from now on patients read them" in done.text
    pack = packs(session)[0]
    assert (pack.status, pack.approved_by) == ("approved", "data_manager.all@staff.example")
    assert (pack.licence_reference, pack.licence_version) == ("Agreement 12", "3.0")
    assert rows(manager.get(FRONT))["QLQ-C30 French"] == ["French", "Approved", "23 Nov 2026", "–"]


@pytest.mark.requirement("INS-03")
@pytest.mark.parametrize("kind", ["xlsx", "json"])
def test_workbooks_and_fhir_are_taken_too(
    manager: Browser, session: Session, study: Study, kind: str
) -> None:
    found, slots = texts(session, study), wording.slots(session, study)
    fhir = wording.fhir_file(wording.fhir_resource(slots, found))
    source = {"xlsx": wording.xlsx_file(found), "json": fhir}[kind]
    assert rows(upload(manager, source, name=f"texts.{kind}"))["q30 Question 30"][0] == found["q30"]
    assert packs(session)[0].source_name == f"texts.{kind}"


@pytest.mark.requirement("INS-03")
def test_the_preview_marks_what_differs_from_the_texts_in_force(
    manager: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    wording.make_approved(session, clock, study)
    wording.make_draft(session, clock, study, q02="Changed", title="New title")
    session.commit()
    page = manager.get(f"{SET}/draft")
    assert "2 texts differ from what patients read now" in page.text
    former = texts(session, study)
    assert rows(page)["q02 Question 2"] == ["Changed", former["q02"]]
    assert rows(page)["q03 Question 3"] == [former["q03"], "–"]
    assert len(page.all("tr", class_="is-changed")) == 2


def test_texts_are_marked_with_their_language(
    manager: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    wording.make_draft(session, clock, study)
    session.commit()
    cells = manager.get(f"{SET}/draft").all("td", class_="reads")
    assert {each.get("lang") for each in cells} == {"fr"}


def test_markup_in_a_text_stays_text(
    manager: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    wording.make_draft(session, clock, study, q01="<script>alert(1)</script>")
    session.commit()
    page = manager.get(f"{SET}/draft")
    assert rows(page)["q01 Question 1"][0] == "<script>alert(1)</script>"
    assert not page.all("script")


# What is refused


@pytest.mark.requirement("INS-03")
def test_a_faulty_file_is_refused_with_every_line_and_nothing_changes(
    manager: Browser, session: Session, study: Study
) -> None:
    found = texts(session, study) | {"q03": ""}
    del found["q11"]
    page = upload(manager, wording.csv_file(found), 422, "my texts.csv")
    faults = [text_of(each) for each in page.one("div", class_="alert alert-danger faults").iter("li")]
    assert faults == ["Line 7 – q03 has no text.", "Line 14 – q11 is missing: expected after q10."]
    assert "Your file my texts.csv is as it was." in page.text
    assert page.form("Check the file") is not None
    assert packs(session) == []


def test_no_file_is_told_at_the_field(manager: Browser, session: Session, study: Study) -> None:
    page = manager.press(manager.get(SET), "Check the file", 422)
    assert page.one("input", id="file").get("aria-invalid") == "true"
    assert page.one("a", href="#file").text == "Choose a file."
    assert packs(session) == []


@pytest.mark.threat("D1")
def test_only_the_form_that_takes_a_file_takes_more_than_a_page_needs(
    manager: Browser, session: Session, study: Study
) -> None:
    large = b"id,text\n" + b"x" * (100 * 1024)
    assert "Line 2" in upload(manager, large, 422).text
    for path, size in ((SET, MAX_FILE_BYTES + 1), (f"{SET}/draft", 100 * 1024)):
        options = {"data": b"x" * size, "content_type": "multipart/form-data; boundary=b"}
        assert manager.client.post(path, **options).status_code == 413
    assert packs(session) == []


@pytest.mark.requirement("INS-03")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"reference": " "}, "Give the reference of the licence agreement."),
        ({"version": ""}, "Give the version that the licence names."),
        ({"licence_on": ""}, "Give the date."),
        ({"licence_on": "2026-11-24"}, "This date is in the future. Today is 23 November 2026."),
        ({"reference": "x" * 201}, "Write at most 200 characters."),
        ({"has_read": None}, "Compare the texts first, then tick this box."),
    ],
)
def test_an_approval_without_its_facts_is_refused(
    manager: Browser, session: Session, clock: SteppedClock, study: Study, change: dict[str, Any], told: str
) -> None:
    wording.make_draft(session, clock, study)
    session.commit()
    fields = {name: value for name, value in (LICENCE | change).items() if value is not None}
    page = manager.press(manager.get(f"{SET}/draft"), "Approve these texts", 422, **fields)
    assert told in page.text
    assert packs(session)[0].status == "draft"


@pytest.mark.requirement("INS-03")
def test_another_file_meanwhile_has_to_be_compared_first(
    manager: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    wording.make_draft(session, clock, study)
    session.commit()
    page = manager.get(f"{SET}/draft")
    wording.make_draft(session, clock, study, q01="Another")
    session.commit()
    again = manager.press(page, "Approve these texts", 422, **LICENCE)
    assert "Another file was imported meanwhile." in again.text
    assert rows(again)["q01 Question 1"][0] == "Another"
    assert again.one("input", id="has_read").get("checked") is None
    assert manager.press(again, "Approve these texts", **LICENCE).path.endswith("done=approved")
    assert dict(packs(session)[-1].texts)["q01"] == "Another"


def test_without_a_draft_the_page_of_the_wording_comes(manager: Browser, study: Study) -> None:
    assert manager.get(f"{SET}/draft").path == SET


@pytest.mark.requirement("INS-04")
def test_a_draft_that_was_changed_in_the_database_is_neither_shown_nor_approved(
    manager: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    wording.make_draft(session, clock, study)
    session.commit()
    page = manager.get(f"{SET}/draft")
    session.execute(text('UPDATE wording_pack SET texts = \'[["q01", "Otherwise"]]\''))
    session.commit()
    for seen in (manager.press(page, "Approve these texts", **LICENCE), manager.get(f"{SET}/draft")):
        assert seen.path == f"{SET}?done=spoiled"
        assert "The draft was changed in the database" in seen.text
        assert "Otherwise" not in seen.text
    assert [pack.status for pack in packs(session)] == ["draft"]


# How a wording stands


def test_each_state_is_told_and_explained(
    manager: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    assert "Provisional wording" in manager.get(SET).text
    study.mode = "production"
    session.commit()
    assert "None yet" in manager.get(SET).text
    assert "This study is in production" in manager.get(FRONT).text
    first = wording.make_approved(session, clock, study)
    wording.make_approved(session, clock, study, q01="Later")
    session.commit()
    page = manager.get(SET)
    assert "Patients read these texts." in page.text
    assert "Agreement 2026-17" in page.text
    assert "Approved before 1" in page.text
    assert first.sha256 in page.text
    assert rows(page)["q01 Question 1"] == ["Later"]


@pytest.mark.requirement("INS-04")
def test_a_broken_seal_is_told_on_the_front_pages_of_staff(
    manager: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    wording.make_approved(session, clock, study)
    session.commit()
    for path in (FRONT, "/nurse/", "/analyst/"):
        assert "no questionnaire can be shown" not in manager.get(path).text
    tamper(session, "UPDATE wording_pack SET texts = '[]'")
    session.commit()
    for path in (FRONT, "/nurse/", "/analyst/"):
        page = manager.get(path)
        assert "GIST-IMA: no questionnaire can be shown (QLQ-C30 – French)" in page.text
        assert page.all("a", href=SET)[0].text == "Import and approve it anew"
    assert rows(manager.get(FRONT))["QLQ-C30 French"][1] == "Seal broken"
    page = manager.get(SET)
    assert "changed in the database" in page.text
    assert not page.all("table")


@pytest.mark.requirement("INS-04")
def test_a_nurse_is_told_whom_to_call_and_gives_no_link(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    factories.make_patient(session, clock, study)
    wording.make_approved(session, clock, study)
    tamper(session, "UPDATE wording_pack SET texts = '[]'")
    user = factories.make_staff(
        session, clock, Role.NURSE, study, factories.get_site(session, study), language="en"
    )
    nurse = factories.sign_in(browser, session, clock, user)
    front = nurse.get("/nurse/")
    assert "Tell the study’s data manager at once." in front.text
    assert not front.all("a", href=SET)
    page = nurse.press(nurse.get("/nurse/GIST-IMA/04-001"), "Give the link Baseline", 422)
    assert "approved wording was changed outside the application" in page.text


# Who gets here


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.DATA_MANAGER])
def test_other_roles_are_refused(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, role: Role
) -> None:
    wording.make_draft(session, clock, study)
    site = factories.get_site(session, study) if role in SITE_BOUND else None
    user = factories.make_staff(session, clock, role, study, site, language="en")
    factories.sign_in(browser, session, clock, user)
    for path in (FRONT, SET, f"{SET}/draft"):
        browser.get(path, 403)
    for path in (SET, f"{SET}/draft"):
        browser.post(path, {"csrf_token": "x"}, 400)


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_a_data_manager_of_one_site_looks_after_no_wording(
    browser: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    site = factories.get_site(session, study)
    user = factories.make_staff(session, clock, Role.DATA_MANAGER, study, site, language="en")
    factories.sign_in(browser, session, clock, user)
    assert "No study whose wording you look after." in browser.get(FRONT).text
    browser.get(SET, 404)


@pytest.mark.parametrize("path", ["NONE/qlq-c30/fr", "GIST-IMA/qlq-br23/fr", "GIST-IMA/qlq-c30/de"])
def test_what_the_study_has_not_is_not_found(manager: Browser, path: str) -> None:
    manager.get(FRONT + path, 404)
    manager.get(f"{FRONT}{path}/draft", 404)


def test_every_rule_has_words(app: Any) -> None:
    with app.test_request_context("/?lang=en"):
        facts = dict.fromkeys(
            ("id", "first", "after", "found", "expected", "count", "most", "column", "other"), "x"
        )
        for rule in RULES:
            assert words.fault_text(Fault(Unit.LINE, "7", rule, facts))
        assert [words.place_of(Fault(unit, "7", "empty")) for unit in Unit] == [
            "Whole file",
            "Line 7",
            "Row 7",
            "7",
        ]
