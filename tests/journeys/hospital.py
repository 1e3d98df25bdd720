"""A running hospital for the browser: a real web server on a database of its own, and those who use it."""

import os
import socket
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from queue import Queue
from typing import TypeVar

from flask import Flask
from flask_security.utils import hash_password
from sqlalchemy.orm import Session

from app import create_app, migrate
from app.clock import SteppedClock
from app.db import db
from app.i18n import day_text
from app.models import Patient, Study
from app.services import accounts, responses
from app.services.access import SITE_BOUND, Role
from app.services.audit import AuditContext, act_as
from app.services.links import revoke_links
from app.settings import ROOT
from tests import factories, wording
from tests.conftest import CONTACT_KEYS, test_settings

Result = TypeVar("Result")
PASSWORD = "a long enough password"
SECRET = "k" * 40
LOG_SECONDS = 30


@dataclass
class Hospital:
    """The address of the server, and hands that prepare what a journey needs."""

    url: str
    app: Flask
    session: Session
    clock: SteppedClock
    study: Study
    log: Queue[str]
    registered: int = 0
    accounts: int = 0
    twins: int = 0

    def twin(self) -> Study:
        """Another study like the first, whose wording one journey may change."""
        self.twins += 1
        study = factories.make_study(self.session, self.clock, code=f"{self.study.code}-{self.twins}")
        self.session.commit()
        return study

    def patient(
        self, language: str = "fr", *, randomised: bool = True, study: Study | None = None
    ) -> Patient:
        """Another patient of site 04, randomised today."""
        self.registered += 1
        code, study = f"04-{self.registered:03}", study or self.study
        patient = factories.make_patient(self.session, self.clock, study, code, language=language)
        if randomised:
            factories.randomise(self.session, self.clock, patient)
        self.session.commit()
        return patient

    def link(self, patient: Patient, visit: str = "BASELINE") -> str:
        """The address of a new link to a visit."""
        issued = factories.make_link(self.session, self.clock, patient, visit)
        self.session.commit()
        return f"{self.url}/l/{issued.token}"

    def broken_link(self, language: str) -> str:
        """The address of a link whose wording is not what was approved."""
        study = self.twin()
        address = self.link(self.patient(language, study=study))
        self.break_seal(study, language)
        return address

    def answer(self, patient: Patient, **values: int | None) -> None:
        """Answers of the first visit, kept as if the patient had given them."""
        factories.answer(self.session, self.clock, factories.get_visit(self.session, patient), values)
        self.session.commit()

    def send(self, patient: Patient) -> None:
        """Sends the answers of the first visit."""
        visit = factories.get_visit(self.session, patient)
        responses.submit_responses(self.session, self.clock, visit)
        self.session.commit()

    def revoke(self, patient: Patient) -> None:
        """Takes the patient's first link back."""
        visit = factories.get_visit(self.session, patient)
        revoke_links(self.session, self.clock, visit, "lost_phone")
        self.session.commit()

    def break_seal(self, study: Study, language: str) -> None:
        """Leaves the wording of a study other than what was approved."""
        wording.make_broken(self.session, self.clock, study, language=language)
        self.session.commit()

    def staff(self, role: Role, language: str) -> str:
        """The address of a new account with PASSWORD."""
        self.accounts += 1
        email = f"{role.value}{self.accounts}@staff.example"
        hashed = in_context(self.app, "/", lambda: hash_password(PASSWORD))
        user = accounts.create_account(self.session, self.clock, email, hashed, language)
        site = factories.get_site(self.session, self.study) if role in SITE_BOUND else None
        accounts.grant_role(self.session, self.clock, user, role, self.study, site)
        self.session.commit()
        return email

    def day(self, day: date, language: str) -> str:
        """A date as the pages write it."""
        return in_context(self.app, f"/?lang={language}", lambda: day_text(day))


@contextmanager
def serving(folder: Path, host: str = "127.0.0.1") -> Iterator[Hospital]:
    """Migrates a database, serves it, and ends the server and all connections afterwards."""
    database = f"sqlite:///{folder / 'hospital.sqlite'}"
    migrate.upgrade(database)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://{host}:{listener.getsockname()[1]}"
        with gunicorn(listener, database, url) as log:
            settings = test_settings(database, public_url=url, secret_key=SECRET)
            app = apart(lambda: create_app(settings))
            clock = SteppedClock(datetime.now(UTC))
            session = in_context(app, "/", db.new_session)
            act_as(session, clock, AuditContext("test", "test"))
            study = factories.make_study(session, clock)
            session.commit()
            yield Hospital(url, app, session, clock, study, log)
            session.close()
            for engine in db._app_state[app].engines.values():
                engine.dispose()


def apart(work: Callable[[], Result]) -> Result:
    """Work in a thread of its own: the end of an application's context fails beside an event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def in_context(app: Flask, path: str, work: Callable[[], Result]) -> Result:
    """Work in the context of a request."""

    def run() -> Result:
        with app.test_request_context(path):
            return work()

    return apart(run)


@contextmanager
def gunicorn(listener: socket.socket, database: str, url: str) -> Iterator[Queue[str]]:
    """One worker with threads, on a socket that takes connections from the first moment on; gives its log."""
    number, key = CONTACT_KEYS[0]
    settings = {
        "DATABASE_URL": database,
        "PUBLIC_URL": url,
        "SECRET_KEY": SECRET,
        "CONTACT_KEYS": f"{number}:{b64encode(key).decode()}",
        "MODE": "demonstration",
    }
    command = [sys.executable, "-m", "gunicorn", "wsgi:application", "--bind", f"fd://{listener.fileno()}"]
    process = subprocess.Popen(
        [
            *command,
            "--worker-class",
            "gthread",
            "--threads",
            "4",
            "--no-control-socket",
            "--access-logfile",
            "-",
        ],
        cwd=ROOT,
        env=os.environ | settings,
        pass_fds=[listener.fileno()],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    log: Queue[str] = Queue()
    with process.stdout as lines:
        reader = threading.Thread(target=gather, args=(lines, log))
        reader.start()
        try:
            read_until(log, "Booting worker")
            yield log
        finally:
            process.terminate()
            process.wait(timeout=20)
            reader.join()


def gather(lines: Iterable[str], log: Queue[str]) -> None:
    """Keeps what the server says as it says it, so that it never waits for a reader."""
    for line in lines:
        log.put(line)


def read_until(log: Queue[str], text: str) -> str:
    """The log up to a line that holds the text. Raises queue.Empty where none comes."""
    lines = [log.get(timeout=LOG_SECONDS)]
    while text not in lines[-1]:
        lines.append(log.get(timeout=LOG_SECONDS))
    return "".join(lines)
