"""Hands the ward's tablet to a patient with the session of staff suspended; gives each patient one card."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
HANDED = "fk_web_session_handed_link_id_link"


def upgrade() -> None:
    """Up."""
    with op.batch_alter_table("web_session") as batch:
        batch.add_column(sa.Column("handed_link_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f(HANDED), "link", ["handed_link_id"], ["id"])
    # Not in a batch, which would copy the table and lose the triggers that keep what was sent.
    op.add_column("response", sa.Column("place", sa.String(), nullable=True))
    op.add_column("patient", sa.Column("card_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Down: the links of the ward are gone with the sessions of both sides; the answers stay."""
    ward = "(SELECT id FROM link WHERE kind = 'ward')"
    op.execute(f"DELETE FROM web_session WHERE link_id IN {ward} OR handed_link_id IN {ward}")  # noqa: S608
    op.execute("DELETE FROM link WHERE kind = 'ward'")
    op.drop_column("patient", "card_sealed")
    op.drop_column("response", "place")
    with op.batch_alter_table("web_session") as batch:
        batch.drop_constraint(op.f(HANDED), type_="foreignkey")
        batch.drop_column("handed_link_id")
