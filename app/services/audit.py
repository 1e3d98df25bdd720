"""The audit trail, written by the session itself on flush, so that no caller can forget it."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any, NoReturn, cast
from uuid import UUID

from sqlalchemy import (
    Connection,
    Row,
    Table,
    Update,
    bindparam,
    event,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, UOWTransaction
from sqlalchemy.orm.exc import StaleDataError

from app.clock import Clock
from app.models import AuditEntry, AuditHead, Base
from app.services.rows import insert_or_meet
from app.version import SOFTWARE_VERSION

GENESIS = "0" * 64
ENTRIES, HEADS = cast(Table, AuditEntry.__table__), cast(Table, AuditHead.__table__)
# Built once: every change runs them.
_HEAD = select(HEADS.c.chain, HEADS.c.sequence, HEADS.c.hash)
HEAD = _HEAD.where(HEADS.c.chain == bindparam("of_chain")).with_for_update()
# Always in the same order, so that two writers never wait for each other's chains.
SEVERAL_HEADS = (
    _HEAD.where(HEADS.c.chain.in_(bindparam("of_chains", expanding=True)))
    .order_by(HEADS.c.chain)
    .with_for_update()
)
NEW_HEAD = (
    update(HEADS)
    .where(HEADS.c.chain == bindparam("of_chain"))
    .values(sequence=bindparam("last"), hash=bindparam("last_hash"))
)
# Entries by their chain, and where a session keeps those that its next flush is to write.
Trail = dict[str, list[dict[str, Any]]]
NOTED = "audit_noted"
# What JSON keeps as it is.
PLAIN = frozenset({str, int, bool})
AUDITED_TABLES = frozenset(mapper.local_table for mapper in Base.registry.mappers if mapper.class_.audited)


@dataclass(frozen=True)
class AuditContext:
    """On whose behalf a session writes: the actor's name, the role they act in, and why."""

    actor: str
    role: str
    reason: str | None = None


@dataclass(frozen=True)
class Break:
    """The first place where a chain does not hold."""

    chain: str
    sequence: int
    problem: str


class MissingActorError(RuntimeError):
    """A change of audited data was about to be written without anybody's name."""


class BulkStatementError(RuntimeError):
    """A bulk statement on audited data: it would leave no trail; change the objects instead."""

    def __init__(self, table: str) -> None:
        super().__init__(f"bulk statements on {table} are refused: they would leave no trail")
        self.table = table


class AuditedSession(Session):
    """A session whose every flush of audited rows adds to the trail in the same transaction."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002 - whatever they are
        raise BulkStatementError("any table by mappings")

    # They would write rows behind the back of the events that the trail lives on.
    bulk_save_objects = bulk_insert_mappings = bulk_update_mappings = _refuse


def act_as(session: Session, clock: Clock, context: AuditContext) -> None:
    """Names who is behind the changes that this session writes from now on."""
    session.info.update(audit=context, clock=clock)


def record(
    session: Session, action: str, entity: str, entity_id: str, chain: str, changes: dict[str, Any]
) -> None:
    """Writes an entry for what is no change of a row: signing in, an export, reading contact data."""
    _append(session, {chain: [_entry(action, entity, entity_id, changes)]})


def note(
    session: Session, action: str, entity: str, entity_id: str, chain: str, changes: dict[str, Any]
) -> None:
    """As record does, but together with what the session flushes next, at the latest when it commits."""
    # From now on there is a transaction with which it can be forgotten.
    session.connection()
    noted: Trail = session.info.setdefault(NOTED, {})
    noted.setdefault(chain, []).append(_entry(action, entity, entity_id, changes))


def change_row(
    session: Session,
    model: type[Base],
    which: tuple[Any, int],
    values: dict[str, Any],
    chain: str,
    changes: dict[str, Any],
) -> None:
    """Changes a row that is held and was never loaded as an object; the trail gets what `changes` says.

    which: the row's id and the revision that it was read with; StaleDataError if it has another by now.
    """
    key, revision = which
    statement = _change_of(cast(Table, model.__table__), tuple(values))
    bound = {f"new_{name}": value for name, value in values.items()}
    done = session.connection().execute(
        statement, bound | {"key": key, "was": revision, "new_revision": revision + 1}
    )
    if done.rowcount != 1:
        raise StaleDataError(f"{model.__tablename__} {key} is not at revision {revision} any more")
    if changes:
        _append(session, {chain: [_entry("change", model.__tablename__, str(key), changes)]})


@cache
def _change_of(table: Table, names: tuple[str, ...]) -> Update:
    new = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in (*names, "revision")}
    is_as_read = (table.c.id == bindparam("key")) & (table.c.revision == bindparam("was"))
    return update(table).where(is_as_read).values(new)


@event.listens_for(AuditedSession, "before_flush")
def _read_what_goes(session: Session, _flush: UOWTransaction, _objects: object) -> None:
    for row in session.deleted:
        # The trail names its old values, which are not to be had once it is gone.
        session.refresh(row, [column.key for column in inspect(row).mapper.column_attrs])


@event.listens_for(AuditedSession, "after_flush")
def _write_trail(session: Session, _flush: UOWTransaction) -> None:
    by_chain: Trail = session.info.pop(NOTED, {})
    for action, row, changes in _changes(session):
        entry = _entry(action, row.__tablename__, str(getattr(row, "id", "")), changes)
        by_chain.setdefault(row.audit_chain, []).append(entry)
    _append(session, by_chain)


@event.listens_for(AuditedSession, "before_commit")
def _write_what_was_noted(session: Session) -> None:
    _append(session, session.info.pop(NOTED, {}))


@event.listens_for(AuditedSession, "after_soft_rollback")
def _forget_what_was_noted(session: Session, _transaction: SessionTransaction) -> None:
    session.info.pop(NOTED, None)


def _changes(session: Session) -> Iterator[tuple[str, Base, dict[str, Any]]]:
    for action, rows in (("create", session.new), ("change", session.dirty), ("delete", session.deleted)):
        for row in cast(Iterable[Base], rows):
            if not row.audited:
                continue
            changes = row.audit_removal() if action == "delete" else row.audit_changes()
            if changes:
                yield action, row, changes


@event.listens_for(AuditedSession, "do_orm_execute")
def _refuse_bulk_statements(execution: ORMExecuteState) -> None:
    if execution.is_insert or execution.is_update or execution.is_delete:
        table = getattr(execution.statement, "table", None)
        if table in AUDITED_TABLES:
            raise BulkStatementError(str(table))


def _entry(action: str, entity: str, entity_id: str, changes: dict[str, Any]) -> dict[str, Any]:
    return {"action": action, "entity": entity, "entity_id": entity_id, "changes": _plain(changes)}


def _append(session: Session, by_chain: Trail) -> None:
    """Adds entries to their chains, whatever the number of chains by the same three statements."""
    if not by_chain:
        return
    connection = session.connection()
    written: list[dict[str, Any]] = []
    grown: list[dict[str, Any]] = []
    context = _context(session, by_chain)
    for chain, (sequence, last_hash) in _locked_heads(connection, by_chain).items():
        for entry in by_chain[chain]:
            sequence += 1
            entry |= context | {"chain": chain, "sequence": sequence, "previous_hash": last_hash}
            last_hash = entry["hash"] = entry_hash(entry)
        written += by_chain[chain]
        grown.append({"of_chain": chain, "last": sequence, "last_hash": last_hash})
    connection.execute(insert(ENTRIES), written)
    connection.execute(NEW_HEAD, grown)


def _context(session: Session, by_chain: Trail) -> dict[str, Any]:
    """What entries written together have in common: when, on whose behalf, by which version."""
    context: AuditContext | None = session.info.get("audit")
    if context is None:
        first = next(iter(by_chain.values()))[0]
        raise MissingActorError(f"{first['action']} of {first['entity']} without an actor")
    return {
        "at": session.info["clock"].now(),
        "actor": context.actor,
        "role": context.role,
        "reason": context.reason,
        "software_version": SOFTWARE_VERSION,
    }


def _locked_heads(connection: Connection, chains: Collection[str]) -> dict[str, tuple[int, str]]:
    """The last place and hash of each chain, held until the transaction ends; new ones are begun."""
    found = _held(connection, chains)
    new = sorted(set(chains) - found.keys())
    if new:
        # Of two who begin a chain the second waits here, and then finds what the first one wrote.
        first = [{"chain": chain, "sequence": 0, "hash": GENESIS} for chain in new]
        connection.execute(insert_or_meet(connection, HEADS).on_conflict_do_nothing(), first)
        found |= _held(connection, new)
    return found


def _held(connection: Connection, chains: Collection[str]) -> dict[str, tuple[int, str]]:
    if len(chains) == 1:
        rows = connection.execute(HEAD, {"of_chain": next(iter(chains))})
    else:
        rows = connection.execute(SEVERAL_HEADS, {"of_chains": list(chains)})
    return {row.chain: (row.sequence, row.hash) for row in rows}


def entry_hash(entry: dict[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the entry's canonical JSON, the hash of the one before included."""
    covered = {key: entry[key] for key in sorted(entry) if key not in {"id", "hash"}}
    covered["at"] = entry["at"].astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(covered, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify(session: Session) -> list[Break]:
    """The first broken entry of each chain that does not hold; empty when the trail is whole."""
    chains = groupby(_entries_with_heads(session), key=attrgetter("head_chain"))
    broken = [_first_break(chain, rows) for chain, rows in chains]
    found = [*filter(None, broken), *_chains_without_head(session)]
    return sorted(found, key=lambda each: each.chain)


def _entries_with_heads(session: Session) -> Iterator[Row[Any]]:
    # One statement sees one state of the trail, also while others add to it.
    query = (
        select(
            HEADS.c.chain.label("head_chain"),
            HEADS.c.sequence.label("head_sequence"),
            HEADS.c.hash.label("head_hash"),
            *ENTRIES.c,
        )
        .join_from(HEADS, ENTRIES, HEADS.c.chain == ENTRIES.c.chain, isouter=True)
        .order_by(HEADS.c.chain, ENTRIES.c.sequence)
    )
    yield from session.execute(query.execution_options(yield_per=1000))


def _chains_without_head(session: Session) -> Iterator[Break]:
    query = (
        select(ENTRIES.c.chain, func.max(ENTRIES.c.sequence))
        .join(HEADS, HEADS.c.chain == ENTRIES.c.chain, isouter=True)
        .where(HEADS.c.chain.is_(None))
        .group_by(ENTRIES.c.chain)
    )
    for chain, sequence in session.execute(query):
        yield Break(chain, sequence, "the head of the chain is missing")


def _first_break(chain: str, rows: Iterable[Row[Any]]) -> Break | None:
    sequence, last_hash, head = 0, GENESIS, (0, GENESIS)
    for row in rows:
        head = row.head_sequence, row.head_hash
        if row.sequence is not None:
            problem = _problem(row, sequence, last_hash)
            if problem:
                return Break(chain, row.sequence, problem)
            sequence, last_hash = row.sequence, row.hash
    if head[0] > sequence:
        return Break(chain, sequence + 1, "entries are missing at the end of the chain")
    if head[1] != last_hash:
        return Break(chain, sequence, "it is not the last entry that was written")
    return None


def _problem(row: Row[Any], last_sequence: int, last_hash: str) -> str | None:
    if row.sequence != last_sequence + 1:
        return f"entry {last_sequence + 1} is missing"
    if row.previous_hash != last_hash:
        return "it does not follow from the entry before"
    if row.hash != entry_hash({column.name: getattr(row, column.name) for column in ENTRIES.c}):
        return "it was altered after it was written"
    return None


def _plain(value: Any) -> Any:
    """The value as JSON keeps it, so that the hash can be computed again from the database."""
    if value is None or type(value) in PLAIN:
        return value
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        # PostgreSQL gives 1e22 back as a whole number, and knows no negative zero.
        return int(value)
    return str(value) if isinstance(value, UUID) else value
