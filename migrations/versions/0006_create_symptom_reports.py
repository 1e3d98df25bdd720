"""Creates symptom reports, derived from what was sent, and answers that came too late to be merged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    op.create_table(
        "symptom_report",
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("symptom", sa.String(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("frequency", sa.Integer(), nullable=True),
        sa.Column("severity", sa.Integer(), nullable=True),
        sa.Column("interference", sa.Integer(), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column("presence", sa.Integer(), nullable=True),
        sa.Column("not_asked", DOCUMENT, nullable=False),
        sa.Column("skipped", DOCUMENT, nullable=False),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("onset_on", sa.Date(), nullable=True),
        sa.Column("is_ongoing", sa.Boolean(), nullable=True),
        sa.Column("scorer_version", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_symptom_report_patient_id_patient")
        ),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_symptom_report_response_id_response")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_symptom_report_study_id_study")),
        sa.PrimaryKeyConstraint("response_id", "symptom", name=op.f("pk_symptom_report")),
    )
    op.create_index(
        op.f("ix_symptom_report_study_id_patient_id"), "symptom_report", ["study_id", "patient_id"]
    )
    op.create_table(
        "late_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("answer", DOCUMENT, nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_late_answer_patient_id_patient")
        ),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_late_answer_response_id_response")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_late_answer_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_answer")),
        sa.UniqueConstraint(
            "response_id", "device", "sequence", name=op.f("uq_late_answer_response_id_device_sequence")
        ),
    )
    op.create_index(op.f("ix_late_answer_study_id_patient_id"), "late_answer", ["study_id", "patient_id"])


def downgrade() -> None:
    """Down."""
    op.drop_index(op.f("ix_late_answer_study_id_patient_id"), table_name="late_answer")
    op.drop_table("late_answer")
    op.drop_index(op.f("ix_symptom_report_study_id_patient_id"), table_name="symptom_report")
    op.drop_table("symptom_report")
