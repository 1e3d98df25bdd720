"""Adds contact details, sealed and apart from all other tables, and the calendar of each site."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Up."""
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("email_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("do_not_contact", sa.Boolean(), nullable=False),
        sa.Column("phone_bounced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("email_bounced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_contact_patient_id_patient")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_contact_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("patient_id", name=op.f("uq_contact_patient_id")),
    )
    op.create_index(op.f("ix_contact_study_id_patient_id"), "contact", ["study_id", "patient_id"])
    with op.batch_alter_table("site") as batch:
        batch.add_column(sa.Column("calendar", sa.String(), nullable=False, server_default="metropole"))
    # The value of the sites that are there; new rows name theirs.
    with op.batch_alter_table("site") as batch:
        batch.alter_column("calendar", existing_type=sa.String(), server_default=None)


def downgrade() -> None:
    """Down."""
    with op.batch_alter_table("site") as batch:
        batch.drop_column("calendar")
    op.drop_index(op.f("ix_contact_study_id_patient_id"), table_name="contact")
    op.drop_table("contact")
