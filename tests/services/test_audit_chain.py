"""The chain of the audit trail: whole after every honest write, broken by every other one."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.db import SNAPSHOT
from app.models import AuditEntry, Patient
from app.services.audit import ENTRIES, GENESIS, HEADS, Break, entry_hash, record, verify
from tests import factories as make
from tests.live import PATIENCE, Live, together

pytestmark = pytest.mark.requirement("AUD-01")


@pytest.fixture
def chain(session: Session, patient: Patient) -> str:
    """A patient's chain of six entries in a trail that the database no longer keeps."""
    name = f"patient:{patient.id}"
    for place in range(3):
        record(session, "note", "patient", "1", name, {"place": place})
    session.flush()
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("DROP TRIGGER audit_entry_keeps_update"))
        session.execute(text("DROP TRIGGER audit_entry_keeps_delete"))
    else:
        session.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
    assert verify(session) == []
    assert [each["sequence"] for each in rows(session, name)] == [1, 2, 3, 4, 5, 6]
    return name


def rows(session: Session, chain: str) -> list[dict[str, Any]]:
    query = select(ENTRIES).where(ENTRIES.c.chain == chain).order_by(ENTRIES.c.sequence)
    return [dict(row._mapping) for row in session.execute(query)]


def alter(session: Session, chain: str, place: int, **values: Any) -> None:
    where = (ENTRIES.c.chain == chain) & (ENTRIES.c.sequence == place)
    session.connection().execute(update(ENTRIES).where(where).values(**values))


def remove(session: Session, chain: str, *sequences: int) -> None:
    where = (ENTRIES.c.chain == chain) & ENTRIES.c.sequence.in_(sequences)
    session.connection().execute(delete(ENTRIES).where(where))


ALTERED = "it was altered after it was written"


@pytest.mark.threat("E3")
@pytest.mark.parametrize(
    "values",
    [
        {"actor": "somebody else"},
        {"role": "nurse"},
        {"action": "change"},
        {"entity": "visit"},
        {"entity_id": "2"},
        {"changes": {"place": 7}},
        {"changes": {}},
        {"reason": "a reason"},
        {"software_version": "0.0.0"},
        {"at": datetime(2026, 11, 23, 9, 0, 0, 1, tzinfo=UTC)},
        {"hash": "0" * 64},
    ],
    ids=str,
)
def test_any_altered_value_is_found(session: Session, chain: str, values: dict[str, Any]) -> None:
    alter(session, chain, 4, **values)
    assert verify(session) == [Break(chain, 4, ALTERED)]


@pytest.mark.threat("E3")
def test_an_entry_altered_together_with_its_hash_breaks_the_next_one(session: Session, chain: str) -> None:
    forged = rows(session, chain)[3] | {"changes": {"place": 7}}
    alter(session, chain, 4, changes={"place": 7}, hash=entry_hash(forged))
    assert verify(session) == [Break(chain, 5, "it does not follow from the entry before")]


@pytest.mark.threat("E3")
@pytest.mark.threat("E4")
def test_the_last_entry_altered_together_with_its_hash_is_found(session: Session, chain: str) -> None:
    forged = rows(session, chain)[5] | {"changes": {"place": 7}}
    alter(session, chain, 6, changes={"place": 7}, hash=entry_hash(forged))
    assert verify(session) == [Break(chain, 6, "it is not the last entry that was written")]


@pytest.mark.threat("E3")
@pytest.mark.parametrize(("removed", "missing"), [((1,), 1), ((3,), 3), ((2, 3, 4), 2)])
def test_deleted_entries_are_found(
    session: Session, chain: str, removed: tuple[int, ...], missing: int
) -> None:
    remove(session, chain, *removed)
    assert verify(session) == [Break(chain, max(removed) + 1, f"entry {missing} is missing")]


@pytest.mark.threat("E4")
@pytest.mark.parametrize("removed", [(6,), (5, 6), (1, 2, 3, 4, 5, 6)])
def test_a_tail_cut_off_is_found(session: Session, chain: str, removed: tuple[int, ...]) -> None:
    remove(session, chain, *removed)
    assert verify(session) == [Break(chain, removed[0], "entries are missing at the end of the chain")]


@pytest.mark.threat("E3")
def test_swapped_entries_are_found(session: Session, chain: str) -> None:
    for old, new in ((4, 99), (5, 4), (99, 5)):
        alter(session, chain, old, sequence=new)
    assert verify(session) == [Break(chain, 4, "it does not follow from the entry before")]


@pytest.mark.threat("E3")
def test_an_entry_put_in_without_the_head_is_found(session: Session, chain: str) -> None:
    last = rows(session, chain)[5]
    forged = last | {"sequence": 7, "previous_hash": last["hash"]}
    del forged["id"]
    forged["hash"] = entry_hash(forged)
    session.connection().execute(insert(ENTRIES), [forged])
    assert verify(session) == [Break(chain, 7, "it is not the last entry that was written")]


@pytest.mark.threat("E4")
def test_a_missing_head_is_found(session: Session, chain: str) -> None:
    session.connection().execute(delete(HEADS).where(HEADS.c.chain == chain))
    assert verify(session) == [Break(chain, 6, "the head of the chain is missing")]


@pytest.mark.threat("E3")
def test_each_broken_chain_is_named_once_with_its_first_break(
    session: Session, clock: SteppedClock, chain: str, patient: Patient
) -> None:
    alter(session, f"study:{patient.study_id}", 2, actor="somebody else")
    alter(session, f"study:{patient.study_id}", 5, actor="somebody else")
    remove(session, chain, 6)
    assert [(each.chain, each.sequence) for each in verify(session)] == [
        (chain, 6),
        (f"study:{patient.study_id}", 2),
    ]


# What a hash covers comes back from the database as it was

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    st.dates(),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=4))])),
    st.uuids(),
)
CHANGES = st.dictionaries(
    TEXT,
    st.recursive(
        PLAIN, lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXT, each, max_size=3), max_leaves=8
    ),
    max_size=4,
)


@given(changes=CHANGES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_recorded_can_be_verified(session: Session, changes: dict[str, Any]) -> None:
    with session.begin_nested() as transaction:
        record(session, "note", "study", "é’ï", "system", changes)
        session.expire_all()
        assert verify(session) == []
        transaction.rollback()


@pytest.mark.parametrize(
    "value", [66.66666666666667, 1e22, -0.0, 5e-324, 100.0, "é œ ’ \u2028", datetime(2026, 3, 29, tzinfo=UTC)]
)
def test_numbers_instants_and_accents_survive(session: Session, value: object) -> None:
    record(session, "note", "study", "1", "system", {"value": [None, value, UUID(int=7)]})
    assert verify(session) == []


def test_a_value_that_json_has_not_is_refused(session: Session) -> None:
    with pytest.raises(ValueError, match="JSON"):
        record(session, "note", "study", "1", "system", {"value": float("nan")})


def test_the_first_entry_follows_from_nothing(session: Session) -> None:
    record(session, "note", "study", "1", "system", {})
    first = session.scalars(select(AuditEntry).where(AuditEntry.chain == "system")).one()
    assert (first.sequence, first.previous_hash) == (1, GENESIS)


# Several at once, on a real database


@pytest.mark.threat("E5")
def test_writers_of_one_patient_keep_one_unbroken_chain(live: Live) -> None:
    with live.session() as session:
        patient_id = live.new_patient(session).id
        session.commit()
    name = f"patient:{patient_id}"

    def write() -> None:
        for _ in range(10):
            with live.session() as session:
                record(session, "note", "patient", "1", name, {})
                session.commit()

    together(*[write] * 6)
    with live.session() as session:
        count = session.scalar(select(func.count()).where(AuditEntry.chain == name))
        assert count == 63
        assert verify(session) == []


@pytest.mark.threat("E5")
def test_the_first_writers_of_a_chain_do_not_fork_it(live: Live) -> None:
    def write() -> None:
        with live.session() as session:
            record(session, "note", "study", "1", "chain of many", {})
            session.commit()

    together(*[write] * 8)
    with live.session() as session:
        query = select(AuditEntry.sequence).where(AuditEntry.chain == "chain of many")
        assert sorted(session.scalars(query)) == list(range(1, 9))


@pytest.mark.threat("E5")
def test_writers_of_different_patients_do_not_wait_for_each_other(live: Live, database_kind: str) -> None:
    """On PostgreSQL the second one commits while the first one is still at it; SQLite has one writer."""
    first_wrote, second_committed = threading.Event(), threading.Event()
    with live.session() as session:
        ids = [live.new_patient(session).id for _ in range(2)]
        session.commit()

    def first() -> bool:
        with live.session() as session:
            make.make_link(session, live.clock, session.get_one(Patient, ids[0]))
            first_wrote.set()
            is_alone = database_kind == "sqlite"
            arrived = is_alone or second_committed.wait(PATIENCE)
            session.commit()
            return arrived

    def second() -> bool:
        assert first_wrote.wait(PATIENCE)
        with live.session() as session:
            make.make_link(session, live.clock, session.get_one(Patient, ids[1]))
            session.commit()
        second_committed.set()
        return True

    assert together(first, second) == [True, True]
    with live.session() as session:
        assert verify(session) == []


@pytest.mark.threat("E5")
def test_verifying_while_others_write_finds_nothing_wrong(live: Live) -> None:
    def write() -> list[Break]:
        for _ in range(15):
            with live.session() as session:
                record(session, "note", "study", "1", "busy chain", {})
                session.commit()
        return []

    def check() -> list[Break]:
        found = []
        for _ in range(15):
            with live.session(SNAPSHOT) as session:
                found += verify(session)
        return found

    assert together(write, write, check) == [[], [], []]
