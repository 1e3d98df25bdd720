"""Patients of a live database to whom messages are due, and ticks that send them by real channels."""

import base64
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.channels import Channel
from app.channels.sms import Gateway, SmsChannel
from app.channels.smtp import SmtpChannel
from app.models import Link, Message, Patient
from app.services import outbox
from app.settings import ROOT
from app.tick_cli import Done, run_tick
from tests import factories as make
from tests.conftest import CONTACT_KEYS, NOW
from tests.live import Live, live_database
from tests.receivers import MailReceiver, SmsReceiver, mail_receiver, sms_receiver

PATIENCE = 60
COMMAND = [sys.executable, "-m", "flask", "--app", "wsgi", "tick"]
SENDER = "study@hospital.example"
# As the environment names them.
KEYS = ",".join(f"{number}:{base64.urlsafe_b64encode(key).decode()}" for number, key in CONTACT_KEYS)


@dataclass
class Hospital:
    """A live database and the receivers that its messages go to."""

    live: Live
    mailbox: MailReceiver
    gateway: SmsReceiver
    timeout: float = 5
    is_idempotent: bool = False

    def channels(self) -> dict[str, Channel]:
        """Channels of one tick's own, as each process has them."""
        gateway = Gateway(self.gateway.url, is_idempotent=self.is_idempotent)
        return {
            "email": SmtpChannel(self.mailbox.url, SENDER, self.live.clock, self.timeout),
            "sms": SmsChannel(gateway, self.timeout),
        }

    def tick(self, channels: Mapping[str, Channel] | None = None) -> Counter[str]:
        """One tick, in this thread, of which no part broke."""
        done = self.run(channels)
        assert done.broken == []
        return done.counts

    def run(
        self,
        channels: Mapping[str, Channel] | None = None,
        keys: tuple[tuple[int, bytes], ...] = CONTACT_KEYS,
    ) -> Done:
        """One tick, in this thread, with these channels and keys."""
        mine = self.channels() if channels is None else channels
        settings = replace(self.live.app.extensions["settings"], contact_keys=keys)
        with self.live.app.app_context():
            try:
                return run_tick(self.live.clock, settings, mine)
            finally:
                for channel in mine.values():
                    channel.close()

    def environment(self, **changes: str) -> dict[str, str]:
        """The settings of a process of its own on the same database and mailbox."""
        facts = {
            "DATABASE_URL": self.live.app.extensions["settings"].database_url,
            "SECRET_KEY": "k" * 40,
            "MODE": "demonstration",
            "PUBLIC_URL": "http://localhost",
            "SMTP_URL": self.mailbox.url,
            "SMTP_FROM": SENDER,
            "CONTACT_KEYS": KEYS,
        }
        return os.environ | facts | changes

    def command(self, **changes: str) -> tuple[int, str, str]:
        """The command run as the shell would: its exit code, what it prints, and its complaints."""
        done = subprocess.run(
            COMMAND,
            cwd=ROOT,
            env=self.environment(**changes),
            text=True,
            timeout=PATIENCE,
            capture_output=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def add_patient(self, channel: str = "email", language: str = "fr") -> int:
        """A patient who consented today and is reached by this channel; the id."""
        with self.live.session() as session:
            patient = self.live.new_patient(session)
            patient.language = language
            facts = {"phone": f"06 39 98 {patient.id // 100:02} {patient.id % 100:02}"}
            facts |= {"email": f"p{patient.id}@patients.example", "channel": channel}
            make.keep_contact(session, self.live.clock, patient, CONTACT_KEYS, **facts)
            session.commit()
            return patient.id

    def plan_link(self, patient_id: int, *channels: str) -> list[int]:
        """A nurse's wish to send a link to the initial visit; the ids of the messages."""
        with self.live.session() as session:
            patient = session.get_one(Patient, patient_id)
            visit = make.get_visit(session, patient)
            found = outbox.plan_links(session, self.live.clock, visit, patient, channels or ["email"])
            session.commit()
            return [each.id for each in found]

    def message(self, message_id: int) -> Message:
        """A message as it is stored."""
        with self.live.session() as session:
            return session.get_one(Message, message_id)

    def messages(self, patient_id: int) -> list[Message]:
        """A patient's messages in the order of their planning."""
        with self.live.session() as session:
            query = select(Message).where(Message.patient_id == patient_id).order_by(Message.id)
            return list(session.scalars(query))

    def states(self) -> Counter[str]:
        """How many messages are in each state."""
        with self.live.session() as session:
            return Counter(session.scalars(select(Message.state)))

    def links(self, session: Session) -> list[Link]:
        """All links."""
        return list(session.scalars(select(Link).order_by(Link.id)))


@contextmanager
def open_hospital(kind: str, folder: Path, worker_id: str) -> Iterator[Hospital]:
    """A fresh database and two receivers."""
    with (
        live_database(kind, folder, worker_id) as live,
        mail_receiver() as mailbox,
        sms_receiver() as gateway,
    ):
        live.clock.set(NOW)
        yield Hospital(live, mailbox, gateway)
