"""Invitations by e-mail, to a real SMTP server: sent by the tick, and seen where they did not go."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.channels.smtp import SmtpChannel
from app.clock import SteppedClock
from app.models import AuditEntry, Message, PasswordLink, Study, User
from app.services.accounts import create_account
from app.services.audit import verify
from app.services.invitations import plan_invitation
from app.tick_cli import run_tick
from tests.admin.test_invitation import INVITATION, OWN, address_on, choose, invite, make_link
from tests.hospital import SENDER
from tests.page import Browser, text_of
from tests.receivers import MailReceiver, mail_receiver

pytestmark = [pytest.mark.requirement("ACC-01"), pytest.mark.threat("B11")]
ADDRESS = INVITATION["email"]
LINK = re.compile(r"http://localhost(/password/[A-Za-z0-9_-]{43})")
Tick = Callable[[], dict[str, int]]


@pytest.fixture
def mailbox(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailReceiver]:
    """A mail server, which the application is set up to use."""
    with mail_receiver() as receiver:
        settings = replace(app.extensions["settings"], smtp_url=receiver.url, smtp_from=SENDER)
        monkeypatch.setitem(app.extensions, "settings", settings)
        yield receiver


@pytest.fixture
def tick(app: Flask, clock: SteppedClock, session: Session, mailbox: MailReceiver) -> Tick:
    """One tick, of which no part broke."""

    def run() -> dict[str, int]:
        channel = SmtpChannel(mailbox.url, SENDER, clock)
        with app.app_context():
            done = run_tick(clock, app.extensions["settings"], {"email": channel})
        channel.close()
        assert done.broken == []
        session.expire_all()
        return dict(done.counts)

    return run


@pytest.fixture
def person(app: Flask) -> Browser:
    """The invited person's own browser."""
    return Browser(app)


def message_to(session: Session) -> Message:
    session.expire_all()
    return session.scalars(select(Message).where(Message.kind == "invitation")).one()


def link_in(mailbox: MailReceiver, which: int = -1) -> str:
    found = LINK.search(str(mailbox.received[which].get_content()))
    assert found is not None
    return found[1]


def people(admin: Browser) -> list[str]:
    """The rows of the list of people."""
    return [text_of(each) for each in admin.get("/admin/").all("tr")][1:]


def test_the_link_goes_to_the_person_and_is_seen_by_nobody_else(
    admin: Browser, person: Browser, session: Session, mailbox: MailReceiver, tick: Tick
) -> None:
    page = invite(admin)
    assert page.h1 == ADDRESS
    assert "The invitation leaves by e-mail within minutes." in page.text
    assert session.scalars(select(PasswordLink)).all() == []
    assert tick() == {"sent": 1}
    assert mailbox.recipients() == {ADDRESS: 1}
    path = link_in(mailbox)
    assert path not in admin.get(page.path).html
    assert choose(person, path).h1 == "Your password is set"
    front = person.press(person.get("/login?lang=en"), "Sign in", email=ADDRESS, password=OWN)
    assert "04-001" in front.text
    assert tick() == {}
    assert verify(session) == []


@pytest.mark.requirement("LINK-01")
def test_neither_link_nor_text_is_kept_and_the_trail_says_who_invited(
    admin: Browser, session: Session, mailbox: MailReceiver, tick: Tick
) -> None:
    invite(admin)
    tick()
    message = message_to(session)
    assert (message.state, message.tries) == ("sent", 1)
    entries = session.scalars(select(AuditEntry)).all()
    assert link_in(mailbox).rpartition("/")[2] not in str([vars(each) for each in (message, *entries)])
    planned = [each for each in entries if (each.entity, each.action) == ("message", "create")]
    assert [each.actor for each in planned] == ["admin@staff.example"]


@pytest.mark.parametrize(("language", "subject"), [("en", "your account"), ("fr", "")])
def test_it_is_in_the_persons_language_and_says_no_password(
    admin: Browser, mailbox: MailReceiver, tick: Tick, language: str, subject: str
) -> None:
    invite(admin, language=language)
    tick()
    (mail,) = mailbox.received
    assert subject in str(mail["Subject"])
    assert "26/11/2026 09:00 UTC" in str(mail.get_content())


def test_a_role_in_all_studies_has_its_link_shown_as_without_mail(
    admin: Browser, session: Session, mailbox: MailReceiver, tick: Tick
) -> None:
    page = invite(admin, role="administrator", place="")
    assert address_on(page).startswith("/password/")
    assert tick() == {}


@pytest.mark.requirement("REM-03")
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"RCPT": "550 unknown"}, "Invitation came back: check the address"),
        ({"DATA": "554 no"}, "Invitation not sent"),
        ({"MAIL": "451 later"}, "Invitation waits: no e-mail leaves"),
    ],
)
def test_what_did_not_go_stands_beside_the_person_until_a_link_is_made_by_hand(
    admin: Browser,
    person: Browser,
    session: Session,
    mailbox: MailReceiver,
    tick: Tick,
    reply: dict[str, str],
    words: str,
) -> None:
    page = invite(admin)
    assert not [row for row in people(admin) if "Invitation" in row]
    mailbox.refusals = reply
    tick()
    assert [ADDRESS in row for row in people(admin) if words in row] == [True]
    assert words in admin.get(page.path).text
    user = session.scalars(select(User).where(User.email == ADDRESS)).one()
    by_hand = address_on(make_link(admin, user))
    assert not [row for row in people(admin) if words in row]
    mailbox.refusals = {}
    tick()
    assert mailbox.received == [], "what an administrator handed over is not ended by a mail that comes later"
    assert choose(person, by_hand).h1 == "Your password is set"


@pytest.mark.requirement("REM-03")
def test_an_invitation_that_nobody_sends_is_seen_after_half_an_hour(
    admin: Browser, session: Session, clock: SteppedClock, mailbox: MailReceiver
) -> None:
    invite(admin)
    clock.advance(minutes=29)
    assert not [row for row in people(admin) if "waits" in row]
    clock.advance(minutes=1)
    # The page is asked for often enough for the session to last.
    assert [ADDRESS in row for row in people(admin) if "waits" in row] == [True]


@pytest.mark.requirement("REM-02")
@pytest.mark.parametrize("event", ["deactivated", "has a password"])
def test_what_happened_since_the_planning_cancels(
    session: Session, clock: SteppedClock, study: Study, mailbox: MailReceiver, tick: Tick, event: str
) -> None:
    user = create_account(session, clock, ADDRESS, None, "en")
    plan_invitation(session, clock, user, study)
    user.active, user.password = event != "deactivated", "$hash$" if event == "has a password" else None
    session.commit()
    assert tick() == {"not sent": 1}
    message = message_to(session)
    assert (message.state, message.error, mailbox.received) == ("cancelled", "not_needed", [])


def test_another_attempt_has_the_only_link_that_opens(
    admin: Browser, person: Browser, clock: SteppedClock, mailbox: MailReceiver, tick: Tick
) -> None:
    invite(admin)
    mailbox.refusals = {"DATA": "451 later"}
    assert tick() == {"waiting": 1}
    mailbox.refusals = {}
    clock.advance(minutes=2)
    assert tick() == {"sent": 1}
    assert choose(person, link_in(mailbox)).h1 == "Your password is set"
