"""Entries that wait for the next flush, and flushes that add to many chains at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Patient, Study
from app.services.audit import note, verify
from app.services.contact import FOR_SENDING, read_contacts
from tests import factories as make
from tests.conftest import CONTACT_KEYS
from tests.live import Live, live_database, together

pytestmark = pytest.mark.requirement("AUD-01")


def chain_of(patient: Patient) -> str:
    return f"patient:{patient.id}"


def noted(session: Session) -> list[str]:
    query = select(AuditEntry.chain).where(AuditEntry.action == "note").order_by(AuditEntry.id)
    return list(session.scalars(query))


def test_what_is_noted_stands_before_the_changes_of_the_same_flush(
    session: Session, patient: Patient
) -> None:
    note(session, "note", "patient", "1", chain_of(patient), {"place": 1})
    patient.language = "en"
    session.flush()
    query = select(AuditEntry.action).where(AuditEntry.chain == chain_of(patient)).order_by(AuditEntry.id)
    assert session.scalars(query).all()[-2:] == ["note", "change"]
    assert verify(session) == []


def test_what_nothing_was_flushed_with_is_written_at_the_commit(session: Session, patient: Patient) -> None:
    session.commit()
    note(session, "note", "patient", "1", chain_of(patient), {})
    session.commit()
    assert noted(session) == [chain_of(patient)]
    session.commit()
    assert noted(session) == [chain_of(patient)]
    assert verify(session) == []


def test_what_was_noted_is_forgotten_with_what_is_rolled_back(session: Session, patient: Patient) -> None:
    session.commit()
    note(session, "note", "patient", "1", chain_of(patient), {})
    session.rollback()
    session.commit()
    assert noted(session) == []


def test_many_chains_grow_by_three_statements(
    session: Session, connection: Connection, clock: SteppedClock, study: Study
) -> None:
    patients = [make.make_patient(session, clock, study, f"04-{number:03}") for number in range(1, 8)]
    session.commit()
    statements: list[str] = []

    def keep(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(connection, "before_cursor_execute", keep)
    for each in patients:
        note(session, "note", "patient", str(each.id), chain_of(each), {})
    session.commit()
    event.remove(connection, "before_cursor_execute", keep)
    assert len([each for each in statements if "audit_" in each]) == 3
    assert sorted(noted(session)) == sorted(chain_of(each) for each in patients)
    assert verify(session) == []


def test_details_of_several_patients_are_read_by_one_query_and_each_reading_is_told(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    first, second, bare = (make.make_patient(session, clock, study, f"04-00{number}") for number in (1, 2, 3))
    make.keep_contact(session, clock, first, CONTACT_KEYS)
    make.keep_contact(session, clock, second, ((2, b"d" * 32),))
    session.commit()
    found = read_contacts(session, CONTACT_KEYS, study.id, [first.id, second.id, bare.id], FOR_SENDING)
    assert (set(found), found[second.id]) == ({first.id, second.id}, None)
    details = found[first.id]
    assert details is not None
    assert details.email is not None
    session.commit()
    read = session.scalars(select(AuditEntry).where(AuditEntry.action == "read")).all()
    assert [(each.chain, each.changes) for each in read] == [(chain_of(first), {"purpose": "sending"})]
    assert details.email not in str([each.changes for each in session.scalars(select(AuditEntry))])


@pytest.fixture
def live(database_kind: str, tmp_path: Path, worker_id: str) -> Iterator[Live]:
    """A database of its own, with writers that can meet."""
    with live_database(database_kind, tmp_path, worker_id) as found:
        yield found


@pytest.mark.threat("E5")
def test_writers_of_the_same_chains_in_any_order_wait_for_each_other_and_none_dies(live: Live) -> None:
    chains = [f"patient:{number}" for number in (10, 9, 100, 2, 33)]

    def write(turn: int) -> None:
        for _ in range(5):
            with live.session() as session:
                for chain in chains[turn:] + chains[:turn]:
                    note(session, "note", "patient", "1", chain, {"turn": turn})
                session.commit()

    together(*[lambda turn=turn: write(turn) for turn in range(4)])  # type: ignore[misc]
    with live.session() as session:
        assert len(noted(session)) == 4 * 5 * len(chains)
        assert verify(session) == []
