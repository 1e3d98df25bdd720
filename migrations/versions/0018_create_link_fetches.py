"""Creates the notes that links were looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Up."""
    op.create_table(
        "link_fetch",
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_link_fetch_link_id_link")),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_link_fetch")),
    )


def downgrade() -> None:
    """Down."""
    op.drop_table("link_fetch")
