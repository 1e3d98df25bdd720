"""Where one is signed in, and ending what is not one's own."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Study, User
from app.services.access import Role
from tests import factories
from tests.page import Browser, rows, text_of

pytestmark = [pytest.mark.requirement("ACC-02"), pytest.mark.threat("B13")]


def test_the_own_live_sessions_are_listed_and_this_one_named(
    app: Flask, session: Session, clock: SteppedClock, study: Study, user: User
) -> None:
    factories.sign_in(Browser(app), session, clock, user)
    clock.advance(minutes=20)
    own = factories.sign_in(Browser(app), session, clock, user)
    stranger = factories.make_staff(session, clock, Role.MONITOR, study)
    factories.sign_in(Browser(app), session, clock, stranger)
    page = own.follow(own.get("/nurse/"), "nurse@staff.example – my sessions")
    assert (page.path, page.h1) == ("/sessions", "My sessions 2")
    assert rows(page) == [
        "23 Nov 2026 at 09:20 UTC 23 Nov 2026 at 09:20 UTC This one",
        "23 Nov 2026 at 09:00 UTC 23 Nov 2026 at 09:00 UTC –",
    ]
    clock.advance(minutes=11)
    page = own.get("/sessions")
    assert page.h1 == "My sessions 1"
    assert not [each for each in page.all("button") if text_of(each) == "End the other sessions"]


@pytest.mark.threat("B1")
def test_all_but_this_one_end_at_a_press(
    app: Flask, session: Session, clock: SteppedClock, study: Study, user: User
) -> None:
    others = [factories.sign_in(Browser(app), session, clock, user) for _ in range(2)]
    stranger = factories.make_staff(session, clock, Role.MONITOR, study, language="en")
    bystander = factories.sign_in(Browser(app), session, clock, stranger)
    own = factories.sign_in(Browser(app), session, clock, user)
    page = own.press(own.get("/sessions"), "End the other sessions")
    assert (page.path, page.h1) == ("/sessions", "My sessions 1")
    assert [each.get("/nurse/").path.partition("?")[0] for each in others] == ["/login", "/login"]
    assert bystander.get("/nurse/").path == "/nurse/"
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "end sessions")).one()
    assert (entry.actor, entry.entity_id) == ("nurse@staff.example", str(user.id))
