"""A week at a hospital: a server whose clock the story moves, and the receivers of its messages."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from queue import Queue
from typing import Any, TypeVar

from sqlalchemy import Select, select
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from app.channels import Channel
from app.channels.sms import Gateway, SmsChannel
from app.channels.smtp import SmtpChannel
from app.clock import SteppedClock
from app.db import db
from app.models import Alert, Message, Milestone, Patient, Response, Visit
from app.services.audit import AuditContext, act_as
from app.tick_cli import run_tick
from tests import factories
from tests.conftest import CONTACT_KEYS, migrated_database, spend_little_on_passwords, test_settings
from tests.journeys.hospital import SECRET, Hospital, apart, in_context
from tests.postgres_process import free_port
from tests.receivers import MailReceiver, SmsReceiver, mail_receiver, sms_receiver

Row = TypeVar("Row")
# A Monday, 9:30 in France; years ahead, so that no browser thinks the cookies of that week over.
MONDAY = datetime(2035, 11, 26, 8, 30, tzinfo=UTC)


@dataclass
class Week(Hospital):
    """A hospital from Monday to Friday, with the receivers that its messages go to."""

    mailbox: MailReceiver = field(kw_only=True)
    gateway: SmsReceiver = field(kw_only=True)
    looked_at: set[str] = field(default_factory=set)

    def at(self, day: int, hour: int = 9, minute: int = 30) -> date:
        """Moves the clock to a day of the week, Monday being 0, at a local time of the winter; the date."""
        start = MONDAY.replace(hour=0, minute=0) + timedelta(days=day)
        self.clock.set(start + timedelta(hours=hour - 1, minutes=minute))
        return self.clock.now().date()

    def known(self, days_ago: int, *, randomised_days_ago: int | None = None, phone: str = "") -> Patient:
        """A patient who consented that long ago; once randomised, had sent the initial questionnaire.

        phone: gets SMS there from now on.
        """
        now = self.clock.now()
        self.clock.set(now - timedelta(days=days_ago))
        patient = self.patient(randomised=False)
        if randomised_days_ago is not None:
            factories.submit(self.session, self.clock, factories.get_visit(self.session, patient))
            self.clock.set(now - timedelta(days=randomised_days_ago))
            factories.randomise(self.session, self.clock, patient)
        self.clock.set(now)
        if phone:
            factories.keep_contact(self.session, self.clock, patient, CONTACT_KEYS, phone)
        self.session.commit()
        return patient

    def tick(self) -> Counter[str]:
        """What the server does every few minutes, by real channels."""

        def run() -> Counter[str]:
            settings = self.app.extensions["settings"]
            channels: dict[str, Channel] = {
                "email": SmtpChannel(self.mailbox.url, "study@hospital.example", self.clock, 5),
                "sms": SmsChannel(Gateway(self.gateway.url), 5),
            }
            with self.app.app_context():
                try:
                    done = run_tick(self.clock, settings, channels)
                    assert done.broken == []
                    return done.counts
                finally:
                    for channel in channels.values():
                        channel.close()

        return apart(run)

    def all(self, query: Select[Row]) -> list[Row]:
        """Rows as they are stored now."""
        found = list(self.session.scalars(query.execution_options(populate_existing=True)))
        # A session that writes holds the file from its first query on.
        self.session.commit()
        return found

    def one(self, query: Select[Row]) -> Row:
        """The only row."""
        (found,) = self.all(query)
        return found

    def stored(self, code: str) -> Patient:
        """A patient by code."""
        return self.one(select(Patient).where(Patient.code == code))

    def visit(self, code: str, visit: str) -> Visit:
        """A visit of a patient."""
        return self.one(select(Visit).where(Visit.patient_id == self.stored(code).id, Visit.code == visit))

    def response(self, code: str, visit: str) -> Response:
        """What stands of a visit."""
        return self.one(select(Response).where(Response.visit_id == self.visit(code, visit).id))

    def visits(self, code: str) -> list[Visit]:
        """The visits of a patient by due date."""
        query = select(Visit).where(Visit.patient_id == self.stored(code).id)
        return self.all(query.order_by(Visit.due_on))

    def messages(self, code: str) -> list[Message]:
        """What was or is to be sent to a patient, in the order of its planning."""
        query = select(Message).where(Message.patient_id == self.stored(code).id)
        return self.all(query.order_by(Message.id))

    def alerts(self, code: str) -> list[Alert]:
        """The alerts about a patient."""
        return self.all(select(Alert).where(Alert.patient_id == self.stored(code).id))

    def kinds(self, code: str) -> list[str]:
        """The events of a patient in the order of their recording."""
        query = select(Milestone).where(Milestone.patient_id == self.stored(code).id)
        return [each.kind for each in self.all(query.order_by(Milestone.id))]

    def restarted(self) -> str:
        """The code of a patient whose treatment was re-introduced today."""
        patient = self.known(60, randomised_days_ago=50)
        for kind in ("progression", "reintroduction"):
            factories.milestone(self.session, self.clock, patient, kind)
        self.session.commit()
        return patient.code

    def give(self, code: str, visit: str, values: Mapping[str, int]) -> None:
        """Answers of a visit, kept as if the patient had given them."""
        wanted = factories.get_visit(self.session, self.stored(code), visit)
        factories.answer(self.session, self.clock, wanted, values)
        self.session.commit()

    def page_of(self, code: str) -> str:
        """The address of a patient's page."""
        return f"{self.url}/nurse/{self.study.code}/{code}"


class Quiet(WSGIRequestHandler):
    """Serves without a log, and nothing compressed: what compresses leaves the files it read open."""

    def make_environ(self) -> dict[str, Any]:
        """What the application is told of a request."""
        found = super().make_environ()
        found.pop("HTTP_ACCEPT_ENCODING", None)
        return found

    def log_request(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def running_week(folder: Path) -> Iterator[Week]:
    """Serves the application by the clock of the story, the rule of low emotional functioning on."""
    database, port = migrated_database("sqlite", folder, ""), free_port()
    url, clock = f"http://127.0.0.1:{port}", SteppedClock(MONDAY)
    settings = test_settings(database, public_url=url, secret_key=SECRET)
    app = apart(lambda: create_app(settings, clock))
    spend_little_on_passwords(app)
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with mail_receiver() as mailbox, sms_receiver() as gateway:
            session = in_context(app, "/", db.new_session)
            act_as(session, clock, AuditContext("test", "test"))
            study = factories.load(session, clock, definition())
            session.commit()
            yield Week(url, app, session, clock, study, Queue(), mailbox=mailbox, gateway=gateway)
            session.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for engine in db._app_state[app].engines.values():
            engine.dispose()


def definition() -> str:
    """The first study without the list of symptoms, its rule of low emotional functioning on."""
    before, found, after = factories.source().partition('code = "emotional-low"')
    assert found
    return before + found + after.replace("enabled = false", "enabled = true", 1)
