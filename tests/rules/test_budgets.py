"""What a page may cost: queries, whatever the size of the site; bytes on a phone; modules at the start."""

import gc
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Study
from app.services.access import Role
from app.settings import ROOT
from tests import factories, wording
from tests.page import Browser
from tests.patient import steps

KILOBYTE = 1024
FIRST_ITEM_BYTES = 13 * KILOBYTE
# Queries of one request, its session and the definition of the study included.
PATIENT_QUERIES = {
    "/l/{token}": 4,
    "/survey/q01": 4,
    "/survey/q30": 4,
    "/survey/review": 4,
}
SAVING_QUERIES, SENDING_QUERIES = 5, 11
STAFF_QUERIES = {
    "/nurse/": 12,
    "/nurse/?q=04-00": 10,
    "/nurse/GIST-IMA/04-001": 12,
    "/nurse/GIST-IMA/04-001/scores": 10,
    "/nurse/GIST-IMA/04-001/contact": 7,
    "/nurse/GIST-IMA/04-001/notes": 5,
    "/nurse/GIST-IMA/04-001/visits/BASELINE/sheet": 8,
    "/nurse/GIST-IMA/04-001/visits/BASELINE/paper": 10,
    "/nurse/patients/new": 8,
    "/nurse/alerts": 4,
}
ANALYST_QUERIES = {"/analyst/": 9}
MANAGER_QUERIES = {
    "/manager/wording/": 8,
    "/manager/wording/GIST-IMA/qlq-c30/fr": 8,
    "/manager/wording/GIST-IMA/qlq-c30/fr/draft": 8,
}
NOT_FOR_THE_WEB = ("pandas", "numpy", "pyarrow", "openpyxl", "alembic", "matplotlib", "playwright")


@contextmanager
def queries(connection: Connection) -> Iterator[list[str]]:
    """The statements sent meanwhile, without those that only mark a transaction."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            found.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    yield found
    event.remove(connection, "before_cursor_execute", note)


@pytest.fixture
def study(session: Session, clock: SteppedClock, first_study: Study) -> Study:
    """The first study with one patient."""
    factories.make_patient(session, clock, first_study)
    session.commit()
    return first_study


@pytest.fixture
def token(session: Session, clock: SteppedClock, study: Study) -> str:
    """The secret of the patient's link."""
    patient = session.query(Patient).one()
    issued = factories.make_link(session, clock, patient)
    session.commit()
    return issued.token


def signed_in(app: Flask, session: Session, clock: SteppedClock, study: Study, role: Role) -> Browser:
    """The browser of a nurse of the site, or of an analyst of the study."""
    site = factories.get_site(session, study) if role is Role.NURSE else None
    user = factories.make_staff(session, clock, role, study, site)
    return factories.sign_in(Browser(app), session, clock, user)


def fill(session: Session, clock: SteppedClock, study: Study, count: int = 60) -> None:
    """More patients at the site, randomised, with links, some having answered."""
    for number in range(2, count + 2):
        patient = factories.make_patient(session, clock, study, f"04-{number:03}")
        factories.make_link(session, clock, patient)
        if number % 3 == 0:
            factories.submit(session, clock, factories.get_visit(session, patient))
        if number % 2 == 0:
            factories.randomise(session, clock, patient)
    session.commit()


def costs(connection: Connection, browser: Browser, paths: dict[str, int]) -> dict[str, int]:
    """The number of queries of each page."""
    found = {}
    for path in paths:
        with queries(connection) as statements:
            browser.get(path)
        found[path] = len(statements)
    return found


def over(found: dict[str, int], budget: dict[str, int]) -> dict[str, int]:
    """The pages that cost more than they may."""
    return {path: count for path, count in found.items() if count > budget[path]}


def test_patients_pages_need_few_queries(connection: Connection, browser: Browser, token: str) -> None:
    steps.start(browser, token)
    budget = {path.format(token=token): count for path, count in PATIENT_QUERIES.items()}
    assert over(costs(connection, browser, budget), budget) == {}


def test_saving_and_sending_need_few_queries(connection: Connection, browser: Browser, token: str) -> None:
    page = steps.start(browser, token)
    data = {"csrf_token": page.all("input", name="csrf_token")[0].get("value"), "q01": "2"}
    with queries(connection) as saving:
        browser.client.post("/survey/q01", data=data)
    review = steps.answer_all(browser, browser.get("/survey/q02"))
    data = {"csrf_token": review.all("input", name="csrf_token")[0].get("value"), "action": "send"}
    with queries(connection) as sending:
        browser.client.post("/survey/review", data=data)
    assert len(saving) <= SAVING_QUERIES, saving
    assert len(sending) <= SENDING_QUERIES, sending


@pytest.mark.parametrize(
    ("role", "budget"),
    [(Role.NURSE, STAFF_QUERIES), (Role.ANALYST, ANALYST_QUERIES), (Role.DATA_MANAGER, MANAGER_QUERIES)],
)
def test_staff_pages_need_as_few_queries_at_a_large_site_as_at_a_small_one(
    app: Flask,
    connection: Connection,
    session: Session,
    clock: SteppedClock,
    study: Study,
    role: Role,
    budget: dict[str, int],
) -> None:
    for language in ("fr", "en"):
        wording.make_approved(session, clock, study, language=language)
        wording.make_draft(session, clock, study, language=language)
    browser = signed_in(app, session, clock, study, role)
    small = costs(connection, browser, budget)
    fill(session, clock, study)
    large = costs(connection, browser, budget)
    assert (over(small, budget), over(large, budget)) == ({}, {})


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_the_first_item_is_small_on_the_way_to_a_phone(browser: Browser, token: str) -> None:
    steps.start(browser, token)
    page = browser.get("/survey/q01")
    paths = ["/survey/q01", *(each.get("href", "") for each in page.all("link") if not each.get("media"))]
    paths += [each.get("src", "") for each in page.all("script")]
    assert len(paths) <= 4
    sizes = {}
    for path in paths:
        with browser.client.get(path, headers={"Accept-Encoding": "br, gzip"}) as response:
            sizes[path] = len(response.get_data())
            # What is smaller than a packet gains nothing.
            assert response.headers.get("Content-Encoding") == "br" or sizes[path] < KILOBYTE, path
    # Far below the 30 KB promised: growth shall be noticed here before it is in a waiting room.
    assert sum(sizes.values()) <= FIRST_ITEM_BYTES, sizes
    # The compression leaves the file for the collector to close, with a warning that belongs to this test.
    gc.collect()


def test_the_web_process_starts_without_what_only_exports_need() -> None:
    code = f"""
import sys
from app import create_app
from app.settings import Settings
create_app(Settings("k" * 40, "sqlite:///none.sqlite", "https://study.example"))
print(*(name for name in {NOT_FOR_THE_WEB!r} if name in sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
