"""What all tables share: naming, the type of instants, documents, ids, and what the trail says of a row."""

import os
import time
import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, MetaData, event, inspect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import ColumnProperty, DeclarativeBase, QueryableAttribute
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
Document = JSON().with_variant(JSONB(), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware on both sides, UTC in the database; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: UTC, without its zone where the database keeps none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; an aware instant was expected")
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database: aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The parent of all tables. Every one is in the audit trail unless it says why not."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: Document,
        list[str]: Document,
    }
    audited: ClassVar[bool] = True
    # Columns whose values stay out of the trail: secrets and their hashes.
    unaudited_columns: ClassVar[frozenset[str]] = frozenset()

    @property
    def audit_chain(self) -> str:
        """The chain of the trail that this row's changes belong to."""
        patient, study = getattr(self, "patient_id", None), getattr(self, "study_id", None)
        if patient is not None:
            return f"patient:{patient}"
        return f"study:{study}" if study is not None else "system"

    def audit_changes(self) -> dict[str, Any] | None:
        """What the trail keeps of the pending change, column by column: [old, new]; None for nothing."""
        state = inspect(self)
        changes: dict[str, Any] = {}
        for column in state.mapper.column_attrs:
            history = state.attrs[column.key].history
            if column.key in self.unaudited_columns or not history.has_changes():
                continue
            old = history.deleted[0] if history.deleted else None
            new = history.added[0] if history.added else None
            if old != new:
                changes[column.key] = [old, new]
        return changes or None

    def audit_removal(self) -> dict[str, Any]:
        """What the trail keeps of a row that is deleted, column by column: [old, None]."""
        columns = [column.key for column in inspect(self).mapper.column_attrs]
        return {key: [getattr(self, key), None] for key in columns if key not in self.unaudited_columns}


@event.listens_for(Base, "attribute_instrument", propagate=True)
def _remember_old_values(_model: type[Base], _key: str, attribute: QueryableAttribute[Any]) -> None:
    # Else a column that is set before it is read again, as after a rollback, would have no old value.
    if isinstance(attribute.property, ColumnProperty):
        attribute.impl.active_history = True


def uuid7() -> uuid.UUID:
    """A random identifier that sorts by the time it was made (RFC 9562, version 7)."""
    milliseconds = time.time_ns() // 1_000_000
    chance = int.from_bytes(os.urandom(10))
    value = (milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | (chance >> 62 & 0xFFF) << 64
    return uuid.UUID(int=value | 0b10 << 62 | chance & (1 << 62) - 1)
