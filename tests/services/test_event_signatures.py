"""A signature is bound to the record and to itself: what is altered behind the application's back shows."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AdverseEvent, AdverseEventVersion, EventSignature, Patient
from app.services.adverse_events import find_event
from app.services.event_signatures import SignatureState, signature_sha256, signature_state
from tests import factories as make

pytestmark = [pytest.mark.requirement("AE-05"), pytest.mark.threat("E8")]
VERSION, EVENT, SIGNATURE = AdverseEventVersion, AdverseEvent, EventSignature


@pytest.fixture
def event(session: Session, clock: SteppedClock, patient: Patient) -> AdverseEvent:
    """A serious event, signed."""
    event = make.decide(session, clock, make.make_event(session, clock, patient), is_serious=True)
    make.sign(session, clock, event)
    return event


def alter(session: Session, table: type, **values: object) -> None:
    """Changes rows as somebody with the database in hand would."""
    session.connection().execute(update(table.__table__).values(**values))  # type: ignore[attr-defined]
    session.expire_all()


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (VERSION, {"grade": 1}),
        (VERSION, {"term": "Vomiting"}),
        (VERSION, {"onset_on": date(2026, 11, 22)}),
        (VERSION, {"is_serious": False}),
        (VERSION, {"criteria": []}),
        (VERSION, {"causes": ["disease"]}),
        (VERSION, {"aware_at": None}),
        (VERSION, {"recorded_by": "somebody@staff.example"}),
        (EVENT, {"words": "Rien"}),
        (EVENT, {"number": 7}),
        (SIGNATURE, {"name": "Dr B. Durand"}),
        (SIGNATURE, {"meaning": "read"}),
        (SIGNATURE, {"account": "other@staff.example"}),
        (SIGNATURE, {"record_sha256": "0" * 64}),
        (SIGNATURE, {"version_number": 1}),
        (SIGNATURE, {"version_number": 9}),
    ],
)
def test_an_altered_row_breaks_the_signature(
    session: Session, patient: Patient, event: AdverseEvent, table: type, values: dict[str, object]
) -> None:
    alter(session, table, **values)
    found = find_event(session, patient, int(str(values.get("number", 1))))
    assert signature_state(found) is SignatureState.BROKEN


def test_the_time_of_the_signature_is_part_of_it(
    session: Session, clock: SteppedClock, patient: Patient, event: AdverseEvent
) -> None:
    alter(session, SIGNATURE, signed_at=clock.now() - timedelta(days=1))
    assert signature_state(find_event(session, patient, 1)) is SignatureState.BROKEN


def test_a_version_that_vanished_breaks_the_signature(
    session: Session, patient: Patient, event: AdverseEvent
) -> None:
    versions = AdverseEventVersion.__table__
    session.connection().execute(delete(versions).where(versions.c.number == 2))  # type: ignore[arg-type]
    session.expire_all()
    assert signature_state(find_event(session, patient, 1)) is SignatureState.BROKEN


def test_a_signature_moved_to_another_event_does_not_hold(
    session: Session, clock: SteppedClock, patient: Patient, event: AdverseEvent
) -> None:
    other = make.decide(session, clock, make.make_event(session, clock, patient), is_serious=True)
    session.flush()
    alter(session, SIGNATURE, event_id=other.id)
    assert signature_state(find_event(session, patient, 2)) is SignatureState.BROKEN


def test_the_hash_is_the_same_on_every_database_and_moves_with_each_part(event: AdverseEvent) -> None:
    signature, version = event.signatures[0], event.latest
    first = signature_sha256(event, version, signature)
    assert first == signature.record_sha256
    changes: list[Callable[[], object]] = [
        lambda: setattr(version, "grade", 4),
        lambda: setattr(version, "cause_text", "x"),
        lambda: setattr(signature, "name", "y"),
    ]
    seen = {first}
    for change in changes:
        change()
        seen.add(signature_sha256(event, version, signature))
    assert len(seen) == len(changes) + 1
