"""Keeps of a response how it was given on paper or with help, and the transcriptions that it was made of."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

COLUMNS = (
    ("helper", sa.String()),
    ("help_kinds", sa.String()),
    ("completed_on", sa.Date()),
    ("transcribed_by", sa.String()),
    ("remark", sa.String()),
)


SQLITE_TRIGGER = """CREATE TRIGGER response_keeps_delete BEFORE DELETE ON response WHEN OLD.status <> 'draft'
    BEGIN SELECT RAISE(ABORT, 'a response that was sent does not change'); END"""


def upgrade() -> None:
    """Up."""
    # Added one by one: on SQLite a table that is made anew loses its triggers.
    for name, kind in COLUMNS:
        op.add_column("response", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    """Down: transcriptions are gone with what tells them from responses; what they led to stays."""
    _delete_transcriptions()
    for name, _ in reversed(COLUMNS):
        op.drop_column("response", name)


def _delete_transcriptions() -> None:
    """They are frozen like what was sent: the trigger steps aside for them."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    rests = "DROP TRIGGER response_keeps_delete" if is_sqlite else _switched("DISABLE")
    for statement in (rests, "DELETE FROM response WHERE status = 'transcribed'"):
        op.execute(statement)
    op.execute(SQLITE_TRIGGER if is_sqlite else _switched("ENABLE"))


def _switched(how: str) -> str:
    return f"ALTER TABLE response {how} TRIGGER response_keeps_answers"
