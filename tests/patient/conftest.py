"""A patient of the first study with a link, and an installation reached by https."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import create_app
from app.clock import SteppedClock
from app.db import db
from app.models import Patient, Study
from app.services.audit import AuditContext, act_as
from tests import factories
from tests.conftest import NOW, migrated_database, test_settings


@pytest.fixture
def study(first_study: Study) -> Study:
    """The first study."""
    return first_study


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient who reads French."""
    return factories.make_patient(session, clock, study)


@pytest.fixture
def token(session: Session, clock: SteppedClock, patient: Patient) -> str:
    """The secret of the link to the patient's first visit."""
    issued = factories.make_link(session, clock, patient)
    session.commit()
    return issued.token


@pytest.fixture(scope="module")
def secure_app(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Flask:
    """An installation for real patients, reached by https, on an empty database of its own."""
    url = migrated_database("sqlite", tmp_path_factory.mktemp("secure"), worker_id)
    settings = test_settings(url, mode="production", public_url="https://study.example")
    return create_app(settings, SteppedClock(NOW))


@pytest.fixture(scope="module")
def secure_token(secure_app: Flask) -> str:
    """The secret of a link in the installation reached by https."""
    clock = secure_app.extensions["clock"]
    with secure_app.app_context(), db.new_session() as session:
        act_as(session, clock, AuditContext("test", "test"))
        study = factories.make_study(session, clock)
        issued = factories.make_link(session, clock, factories.make_patient(session, clock, study))
        session.commit()
    return issued.token


@pytest.fixture
def bare_app(tmp_path: Path) -> Flask:
    """An application whose database holds no table: every look at it fails."""
    return create_app(test_settings(f"sqlite:///{tmp_path / 'bare.sqlite'}"), SteppedClock(NOW))
