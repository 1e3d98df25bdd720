"""Keeps an episode of exposure that was a mistake, with when and why that was found."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Up."""
    with op.batch_alter_table("exposure") as batch:
        batch.add_column(sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("undone_reason", sa.String(), nullable=True))


def downgrade() -> None:
    """Down: what was a mistake goes, since it would count again; the audit trail keeps it."""
    op.execute("DELETE FROM exposure WHERE undone_at IS NOT NULL")
    with op.batch_alter_table("exposure") as batch:
        batch.drop_column("undone_reason")
        batch.drop_column("undone_at")
