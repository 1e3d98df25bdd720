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


def upgrade() -> None:
    """Up."""
    # Added one by one: on SQLite a table that is made anew loses its triggers.
    for name, kind in COLUMNS:
        op.add_column("response", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    """Down: transcriptions are gone with what tells them from responses; what they led to stays."""
    op.execute("DELETE FROM response WHERE status = 'transcribed'")
    for name, _ in reversed(COLUMNS):
        op.drop_column("response", name)
