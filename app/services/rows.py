"""What single rows need on both databases: being held, and being written once by whoever comes first."""

from collections.abc import Collection
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import AdverseEvent, Alert, HandoverNote, Link, Message, Patient, Response, Site, Visit

Holdable = AdverseEvent | Alert | HandoverNote | Link | Message | Patient | Response | Site | Visit
Held = TypeVar("Held", Patient, Visit)


def hold(session: Session, row: Holdable) -> None:
    """Holds a row until the transaction ends, so that what is decided from it stays true.

    A second one who decides the same (a double tap) waits, and then sees what the first one wrote.
    """
    model = type(row)
    # Rows that only refer to it (key_share) may be written meanwhile.
    session.execute(select(model.id).where(model.id == row.id).with_for_update(key_share=True))


def held_rows(session: Session, model: type[Held], ids: Collection[int]) -> list[Held]:
    """Rows as they stand now, each held as hold does, always in the order of their ids."""
    query = select(model).where(model.id.in_(ids)).order_by(model.id).with_for_update(key_share=True)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def insert_or_meet(bind: Connection | Engine, table: Table | type[Any]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT of the database's own dialect, which knows ON CONFLICT."""
    return sqlite.insert(table) if bind.dialect.name == "sqlite" else postgresql.insert(table)
