"""The command that seals contact details with another key."""

from dataclasses import replace

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Contact, Patient
from app.services.contact import FOR_SENDING, read_contact
from tests import factories
from tests.conftest import CONTACT_KEYS

pytestmark = [pytest.mark.requirement("DAT-01"), pytest.mark.threat("G2")]
NEW = (2, b"n" * 32)


@pytest.fixture
def patient(session: Session, clock: SteppedClock) -> Patient:
    """A patient with contact details."""
    patient = factories.make_patient(session, clock, factories.make_study(session, clock))
    factories.keep_contact(session, clock, patient, CONTACT_KEYS)
    session.commit()
    return patient


@pytest.fixture
def rotate(app: Flask, session: Session, patient: Patient, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]  # a function with any keys
    """Runs the command as with these CONTACT_KEYS."""

    def call(*keys: tuple[int, bytes], code: int = 0) -> Result:
        settings = replace(app.extensions["settings"], contact_keys=keys)
        monkeypatch.setitem(app.extensions, "settings", settings)
        result = app.test_cli_runner().invoke(args=["contact", "rotate"])
        session.expire_all()
        assert result.exit_code == code, result.output
        return result

    return call


def test_it_says_how_many_and_then_the_old_key_is_not_needed(  # type: ignore[no-untyped-def]
    session: Session, patient: Patient, rotate
) -> None:
    said = rotate(NEW, *CONTACT_KEYS).output
    assert said == "Sealed anew with key 2: the contact details of 1 patients.\n"
    found = read_contact(session, [NEW], patient, FOR_SENDING)
    assert found is not None
    assert found.phone == "+33639980001"
    assert rotate(NEW).output.endswith("of 0 patients.\n")


def test_the_trail_says_why(session: Session, rotate) -> None:  # type: ignore[no-untyped-def]
    rotate(NEW, *CONTACT_KEYS)
    query = select(AuditEntry).where(AuditEntry.entity == "contact").order_by(AuditEntry.id)
    entry = session.scalars(query).all()[-1]
    assert (entry.actor, entry.reason) == ("command line", "rotation of the contact keys")
    assert entry.changes["phone_sealed"] == ["sealed", "sealed"]


@pytest.mark.parametrize("keys", [(), (NEW,)])
def test_without_the_old_key_nothing_is_changed(session: Session, patient: Patient, rotate, keys) -> None:  # type: ignore[no-untyped-def]
    before = session.scalars(select(Contact)).one().phone_sealed
    said = rotate(*keys, code=1).output
    assert said.endswith("; nothing was changed\n")
    assert said.count("\n") == 1
    assert "CONTACT_KEYS" in said
    session.expire_all()
    assert session.scalars(select(Contact)).one().phone_sealed == before
