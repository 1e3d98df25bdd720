"""Creates the packs of licensed wording; an approved one is frozen."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

SQLITE_TRIGGER = """CREATE TRIGGER wording_pack_keeps_{action} BEFORE {action} ON wording_pack
    WHEN OLD.status = 'approved'
    BEGIN SELECT RAISE(ABORT, 'approved wording does not change'); END"""
POSTGRESQL_FUNCTION = """CREATE FUNCTION refuse_wording_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'approved wording does not change'; END $$"""
POSTGRESQL_TRIGGERS = (
    """CREATE TRIGGER wording_pack_keeps_rows BEFORE UPDATE OR DELETE ON wording_pack
    FOR EACH ROW WHEN (OLD.status = 'approved') EXECUTE FUNCTION refuse_wording_change()""",
    """CREATE TRIGGER wording_pack_keeps_table BEFORE TRUNCATE ON wording_pack
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_wording_change()""",
)


def upgrade() -> None:
    """Up."""
    op.create_table(
        "wording_pack",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("questionnaire", sa.String(), nullable=False),
        sa.Column("structure_version", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("texts", DOCUMENT, nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("source_name", sa.String(), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("licence_reference", sa.String(), nullable=True),
        sa.Column("licence_version", sa.String(), nullable=True),
        sa.Column("licence_on", sa.Date(), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_wording_pack_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wording_pack")),
    )
    op.create_index(
        op.f("ix_wording_pack_study_id_questionnaire_language"),
        "wording_pack",
        ["study_id", "questionnaire", "language"],
        unique=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        for action in ("update", "delete"):
            op.execute(SQLITE_TRIGGER.format(action=action))
    else:
        op.execute(POSTGRESQL_FUNCTION)
        for trigger in POSTGRESQL_TRIGGERS:
            op.execute(trigger)


def downgrade() -> None:
    """Down."""
    op.drop_index(op.f("ix_wording_pack_study_id_questionnaire_language"), table_name="wording_pack")
    op.drop_table("wording_pack")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_wording_change()")
