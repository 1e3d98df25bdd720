"""A database of its own with committed rows, for tests that need more than one connection at once."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app import create_app
from app.clock import SteppedClock
from app.db import WRITE, db
from app.models import Patient, Study
from app.services.audit import AuditContext, act_as
from app.services.studies import find_study
from tests import factories
from tests.conftest import NOW, migrated_database, test_settings

T = TypeVar("T")
PATIENCE = 30


@dataclass
class Live:
    """A real application on a real database; what is committed stays until the last test."""

    app: Flask
    clock: SteppedClock
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def engine(self, name: str = WRITE) -> Engine:
        """The engine of that name."""
        engine: Engine = db._app_state[self.app].engines[name]
        return engine

    @contextmanager
    def session(self, name: str = WRITE) -> Iterator[Session]:
        """A session of its own that acts as a test; rolled back unless the test commits."""
        with db._app_state[self.app].sessionmaker(bind=self.engine(name)) as session:
            act_as(session, self.clock, AuditContext("test", "test"))
            yield session

    def new_patient(self, session: Session) -> Patient:
        """One more registered patient of the first study, flushed."""
        study: Study = find_study(session, "GIST-IMA")
        return factories.make_patient(session, self.clock, study, f"04-{next(self.numbers):03}")


@contextmanager
def live_database(kind: str, folder: Path, worker_id: str) -> Iterator[Live]:
    """A migrated database that holds the first study."""
    url = migrated_database(kind, folder, worker_id)
    clock = SteppedClock(NOW)
    live = Live(create_app(test_settings(url), clock), clock)
    with live.session() as session:
        factories.make_study(session, clock)
        session.commit()
    yield live
    for engine in db._app_state[live.app].engines.values():
        engine.dispose()


def together(*calls: Callable[[], T]) -> list[T]:
    """What the calls return, begun at the same moment, each in a thread of its own."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        barrier.wait(PATIENCE)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result(PATIENCE) for each in [pool.submit(run, call) for call in calls]]
