"""Lets a link be a patient's own, from which symptoms are reported between visits, and locks it by a code."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Up."""
    with op.batch_alter_table("link") as batch:
        batch.add_column(sa.Column("kind", sa.String(), nullable=False, server_default="visit"))
        batch.add_column(sa.Column("code_hash", sa.String(), nullable=True))
        batch.add_column(sa.Column("wrong_tries", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(
            sa.Column("locked_for_good", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch.alter_column("visit_id", existing_type=sa.Integer(), nullable=True)
    # The values of the links that are there; new rows name theirs.
    with op.batch_alter_table("link") as batch:
        batch.alter_column("kind", existing_type=sa.String(), server_default=None)
        batch.alter_column("wrong_tries", existing_type=sa.Integer(), server_default=None)
        batch.alter_column("locked_for_good", existing_type=sa.Boolean(), server_default=None)
    op.create_index(op.f("ix_link_study_id_patient_id_kind"), "link", ["study_id", "patient_id", "kind"])


def downgrade() -> None:
    """Down: personal links are gone with the sessions that they opened; the reports stay."""
    op.execute("DELETE FROM web_session WHERE link_id IN (SELECT id FROM link WHERE kind = 'personal')")
    op.execute("DELETE FROM link WHERE kind = 'personal'")
    op.drop_index(op.f("ix_link_study_id_patient_id_kind"), table_name="link")
    with op.batch_alter_table("link") as batch:
        batch.alter_column("visit_id", existing_type=sa.Integer(), nullable=False)
        for name in ("locked_for_good", "locked_until", "wrong_tries", "code_hash", "kind"):
            batch.drop_column(name)
