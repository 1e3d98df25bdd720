"""Creates messages, and lets a link say by which channel it was given."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Up."""
    with op.batch_alter_table("link") as batch:
        batch.add_column(sa.Column("channel", sa.String(), nullable=False, server_default="screen"))
    # The value of the links that are there; new rows name theirs.
    with op.batch_alter_table("link") as batch:
        batch.alter_column("channel", existing_type=sa.String(), server_default=None)
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("visit_id", sa.Integer(), nullable=True),
        sa.Column("link_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_id", sa.String(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_message_link_id_link")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_message_patient_id_patient")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_message_study_id_study")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_message_user_id_user")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_message_visit_id_visit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_message_idempotency_key")),
    )
    op.create_index(op.f("ix_message_study_id_patient_id"), "message", ["study_id", "patient_id"])
    op.create_index(op.f("ix_message_state_due_at"), "message", ["state", "due_at"])
    op.create_index(op.f("ix_message_visit_id"), "message", ["visit_id"])


def downgrade() -> None:
    """Down: what was sent is no longer known; the links that were sent stay good."""
    op.drop_index(op.f("ix_message_visit_id"), table_name="message")
    op.drop_index(op.f("ix_message_state_due_at"), table_name="message")
    op.drop_index(op.f("ix_message_study_id_patient_id"), table_name="message")
    op.drop_table("message")
    with op.batch_alter_table("link") as batch:
        batch.drop_column("channel")
