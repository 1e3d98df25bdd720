"""That a link was looked at is noted after the page has left: seldom, apart, and never in anybody's way."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, event, select, text
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.db import NOTE, WRITE, db, noting_options
from app.models import AuditEntry, LinkFetch, Patient
from app.services import links
from app.services.link_fetches import WHILE, note_fetch
from tests import factories
from tests.conftest import NOW
from tests.live import Live, live_database, together
from tests.page import Browser
from tests.patient import steps
from tests.postgres_process import free_port

pytestmark = [pytest.mark.requirement("LINK-08"), pytest.mark.threat("A4")]


def look(browser: Browser, token: str, status: int = 200) -> None:
    """Fetches the page of a link to its end, as a server and a browser do."""
    with browser.client.get(f"/l/{token}") as response:
        assert response.status_code == status


def noted(session: Session) -> list[tuple[datetime, datetime, int]]:
    """First and last look, and how many were noted, of each link."""
    session.expire_all()
    return [(each.first_at, each.last_at, each.times) for each in session.scalars(select(LinkFetch))]


@pytest.mark.requirement("LINK-02")
def test_fifty_fetches_are_one_note_and_the_patient_still_gets_in(
    browser: Browser, session: Session, clock: SteppedClock, token: str
) -> None:
    before = len(session.scalars(select(AuditEntry.id)).all())
    for _ in range(25):
        look(browser, token)
        with browser.client.head(f"/l/{token}", headers={"User-Agent": "MailScanner"}) as response:
            assert response.status_code == 200
    assert noted(session) == [(NOW, NOW, 1)]
    assert len(session.scalars(select(AuditEntry.id)).all()) == before
    assert steps.item_of(steps.start(browser, token)) == "q01"


def test_a_look_after_a_while_is_noted_again(
    browser: Browser, session: Session, clock: SteppedClock, token: str
) -> None:
    look(browser, token)
    clock.advance(seconds=WHILE.total_seconds() - 1)
    look(browser, token)
    assert noted(session) == [(NOW, NOW, 1)]
    clock.advance(seconds=1)
    look(browser, token)
    assert noted(session) == [(NOW, NOW + WHILE, 2)]


def test_what_was_begun_sent_revoked_or_is_unknown_is_not_noted(
    browser: Browser, session: Session, clock: SteppedClock, patient: Patient, token: str
) -> None:
    look(browser, "A" * 43, 404)
    # The page that the button is on is a look as well.
    steps.start(browser, token)
    visit = factories.get_visit(session, patient)
    clock.advance(hours=1)
    before = noted(session)
    look(browser, token)
    factories.submit(session, clock, visit)
    session.commit()
    look(browser, token)
    links.revoke_links(session, clock, visit, "test")
    session.commit()
    look(browser, token, 410)
    assert noted(session) == before


def test_a_look_before_the_window_opens_is_noted(
    browser: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.randomise(session, clock, patient)
    early = factories.make_link(session, clock, patient, "M3").token
    session.commit()
    look(browser, early)
    assert noted(session) == [(NOW, NOW, 1)]


def test_a_personal_link_is_not_noted_since_no_look_gets_past_its_code(
    browser: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    token = factories.make_personal_link(session, clock, patient).token
    session.commit()
    look(browser, token)
    assert noted(session) == []


def test_a_look_that_is_not_worth_a_note_costs_no_statement_more(
    browser: Browser, connection: Connection, token: str
) -> None:
    look(browser, token)
    statements: list[str] = []

    def keep(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(connection, "before_cursor_execute", keep)
    look(browser, token)
    event.remove(connection, "before_cursor_execute", keep)
    assert not [each for each in statements if "INSERT" in each.upper()]


# In nobody's way


@pytest.fixture
def live(database_kind: str, tmp_path: Path, worker_id: str) -> Iterator[Live]:
    """A database of its own, with connections that can meet."""
    with live_database(database_kind, tmp_path, worker_id) as found:
        yield found


@pytest.fixture
def secret(live: Live) -> str:
    """The secret of a link on it."""
    with live.session() as session:
        issued = factories.make_link(session, live.clock, live.new_patient(session))
        session.commit()
        return issued.token


def test_a_page_neither_waits_nor_fails_while_somebody_writes(live: Live, secret: str) -> None:
    browser = Browser(live.app)
    look(browser, secret)
    live.clock.advance(hours=1)
    with live.engine(WRITE).connect() as writer, writer.begin():
        writer.execute(text("UPDATE link_fetch SET times = times"))
        began = time.monotonic()
        look(browser, secret)
        assert time.monotonic() - began < 2
    with live.session() as session:
        assert noted(session) == [(NOW, NOW, 1)], "a note is lost rather than waited for"
    look(browser, secret)
    with live.session() as session:
        assert noted(session) == [(NOW, NOW + timedelta(hours=1), 2)]


def test_a_page_does_not_fail_where_nothing_can_be_noted(live: Live, secret: str) -> None:
    nowhere = f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing"
    db._app_state[live.app].engines[NOTE] = create_engine(**noting_options(nowhere))
    look(Browser(live.app), secret)
    with live.session() as session:
        assert noted(session) == []


def test_many_looks_at_once_are_one_note(live: Live, secret: str) -> None:
    together(*[lambda: look(Browser(live.app), secret)] * 8)
    with live.session() as session:
        assert noted(session) == [(NOW, NOW, 1)]


def test_of_several_notes_at_once_the_first_counts(live: Live, secret: str) -> None:
    with live.session() as session:
        found = links.find_link(session, live.clock, secret)
        assert found is not None
        link_id = found.link.id

    def note() -> None:
        with live.session() as session:
            note_fetch(session, live.clock, link_id)
            session.commit()

    together(*[note] * 6)
    with live.session() as session:
        assert noted(session) == [(NOW, NOW, 1)]
