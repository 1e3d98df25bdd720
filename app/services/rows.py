"""What single rows need on both databases: being held, and being written once by whoever comes first."""

from typing import Any

from sqlalchemy import Connection, Engine, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import AdverseEvent, Alert, Link, Message, Patient, Response, Site, Visit

Held = AdverseEvent | Alert | Link | Message | Patient | Response | Site | Visit


def hold(session: Session, row: Held) -> None:
    """Holds a row until the transaction ends, so that what is decided from it stays true.

    A second one who decides the same (a double tap) waits, and then sees what the first one wrote.
    """
    model = type(row)
    # Rows that only refer to it (key_share) may be written meanwhile.
    session.execute(select(model.id).where(model.id == row.id).with_for_update(key_share=True))


def insert_or_meet(bind: Connection | Engine, table: Table | type[Any]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT of the database's own dialect, which knows ON CONFLICT."""
    return sqlite.insert(table) if bind.dialect.name == "sqlite" else postgresql.insert(table)
