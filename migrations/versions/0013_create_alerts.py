"""Creates alerts, and lets a message to staff name the alert that it is about."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Up."""
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("definition_version", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("is_upwards", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by_id", sa.Integer(), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["acknowledged_by_id"], ["user.id"], name=op.f("fk_alert_acknowledged_by_id_user")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_alert_patient_id_patient")),
        sa.ForeignKeyConstraint(["response_id"], ["response.id"], name=op.f("fk_alert_response_id_response")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_alert_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("response_id", "rule", name=op.f("uq_alert_response_id_rule")),
    )
    op.create_index(op.f("ix_alert_study_id_patient_id"), "alert", ["study_id", "patient_id"])
    op.create_index(op.f("ix_alert_state_due_at"), "alert", ["state", "due_at"])
    with op.batch_alter_table("message") as batch:
        batch.add_column(sa.Column("alert_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_message_alert_id_alert"), "alert", ["alert_id"], ["id"])


def downgrade() -> None:
    """Down: messages to staff that wait would have nothing to say."""
    op.execute("DELETE FROM message WHERE alert_id IS NOT NULL")
    with op.batch_alter_table("message") as batch:
        batch.drop_constraint(op.f("fk_message_alert_id_alert"), type_="foreignkey")
        batch.drop_column("alert_id")
    op.drop_index(op.f("ix_alert_state_due_at"), table_name="alert")
    op.drop_index(op.f("ix_alert_study_id_patient_id"), table_name="alert")
    op.drop_table("alert")
