"""Creates the notes about patients, telephone calls among them."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Up."""
    op.create_table(
        "patient_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_patient_note_patient_id_patient")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_patient_note_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_note")),
    )
    op.create_index(op.f("ix_patient_note_study_id_patient_id"), "patient_note", ["study_id", "patient_id"])


def downgrade() -> None:
    """Down."""
    op.drop_index(op.f("ix_patient_note_study_id_patient_id"), table_name="patient_note")
    op.drop_table("patient_note")
