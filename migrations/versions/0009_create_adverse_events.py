"""Creates adverse events with their versions, signatures and the declarations of serious ones."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
CHILDREN = ("adverse_event_version", "event_signature", "event_declaration")


def upgrade() -> None:
    """Up."""
    op.create_table(
        "adverse_event",
        *_keys("adverse_event"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=True),
        sa.Column("symptom", sa.String(), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("latest_number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_adverse_event_response_id_response")
        ),
        sa.UniqueConstraint("patient_id", "number", name=op.f("uq_adverse_event_patient_id_number")),
    )
    op.create_table(
        "adverse_event_version",
        *_keys("adverse_event_version"),
        *_event("adverse_event_version"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("terms_version", sa.String(), nullable=False),
        sa.Column("term", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("onset_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("is_serious", sa.Boolean(), nullable=True),
        sa.Column("criteria", DOCUMENT, nullable=False),
        sa.Column("causes", DOCUMENT, nullable=False),
        sa.Column("cause_text", sa.String(), nullable=True),
        sa.Column("aware_at", sa.DateTime(timezone=True), nullable=True),
        *_user("adverse_event_version", "recorded_by_id"),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.UniqueConstraint("event_id", "number", name=op.f("uq_adverse_event_version_event_id_number")),
    )
    op.create_table(
        "event_signature",
        *_keys("event_signature"),
        *_event("event_signature"),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("meaning", sa.String(), nullable=False),
        *_user("event_signature", "user_id"),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_sha256", sa.String(), nullable=False),
    )
    op.create_table(
        "event_declaration",
        *_keys("event_declaration"),
        *_event("event_declaration"),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.String(), nullable=False),
        *_user("event_declaration", "recorded_by_id"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    )
    for table in ("adverse_event", *CHILDREN):
        op.create_index(op.f(f"ix_{table}_study_id_patient_id"), table, ["study_id", "patient_id"])
    for table in CHILDREN[1:]:
        op.create_index(op.f(f"ix_{table}_event_id"), table, ["event_id"])


def downgrade() -> None:
    """Down: adverse events are gone; the trail keeps what was recorded of them."""
    for table in reversed(CHILDREN[1:]):
        op.drop_index(op.f(f"ix_{table}_event_id"), table_name=table)
    for table in reversed(("adverse_event", *CHILDREN)):
        op.drop_index(op.f(f"ix_{table}_study_id_patient_id"), table_name=table)
        op.drop_table(table)


def _keys(table: str) -> list[sa.schema.SchemaItem]:
    """The columns and keys that say whose row it is."""
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f(f"fk_{table}_patient_id_patient")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f(f"fk_{table}_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _event(table: str) -> list[sa.schema.SchemaItem]:
    name = op.f(f"fk_{table}_event_id_adverse_event")
    return [
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["adverse_event.id"], name=name),
    ]


def _user(table: str, column: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column(column, sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint([column], ["user.id"], name=op.f(f"fk_{table}_{column}_user")),
    ]
