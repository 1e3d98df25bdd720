"""Creates corrections of answers with the scores and symptoms that follow; none of them ever changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TABLES = ("correction", "corrected_score", "corrected_symptom")
SQLITE_TRIGGER = """CREATE TRIGGER {table}_keeps_{act} BEFORE {act} ON {table}
    BEGIN SELECT RAISE(ABORT, 'a correction does not change'); END"""
POSTGRESQL_FUNCTION = """CREATE FUNCTION refuse_correction_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a correction does not change'; END $$"""
POSTGRESQL_TRIGGER = """CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_correction_change()"""


def upgrade() -> None:
    """Up."""
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), nullable=False),
        _reference("study_id"),
        _reference("patient_id"),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("old", DOCUMENT, nullable=False),
        sa.Column("new", DOCUMENT, nullable=False),
        sa.Column("answers", DOCUMENT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("late_answer_id", sa.Integer(), nullable=True),
        _reference("decided_by_id"),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.Column("record_sha256", sa.String(), nullable=False),
        _key("correction", "study_id", "study"),
        _key("correction", "patient_id", "patient"),
        _key("correction", "response_id", "response"),
        _key("correction", "late_answer_id", "late_answer"),
        _key("correction", "decided_by_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("response_id", "ordinal", name=op.f("uq_correction_response_id_ordinal")),
    )
    op.create_index(op.f("ix_correction_study_id_patient_id"), "correction", ["study_id", "patient_id"])
    op.create_table(
        "corrected_score",
        *_of_correction("corrected_score", "scale"),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("n_answered", sa.Integer(), nullable=False),
        sa.Column("scorer_version", sa.String(), nullable=False),
    )
    op.create_table(
        "corrected_symptom",
        *_of_correction("corrected_symptom", "symptom"),
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
    )
    _freeze()


def downgrade() -> None:
    """Down: corrections are gone; the responses never changed, and the trail keeps what was corrected."""
    for table in reversed(TABLES[1:]):
        op.drop_table(table)
    op.drop_index(op.f("ix_correction_study_id_patient_id"), table_name="correction")
    op.drop_table("correction")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_correction_change()")


def _freeze() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            for act in ("update", "delete"):
                op.execute(SQLITE_TRIGGER.format(table=table, act=act))
        return
    op.execute(POSTGRESQL_FUNCTION)
    for table in TABLES:
        op.execute(POSTGRESQL_TRIGGER.format(table=table))


def _reference(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"))


def _of_correction(table: str, name: str) -> list[sa.schema.SchemaItem]:
    """Whose row it is: a correction's, of one scale or symptom."""
    return [
        _reference("correction_id"),
        sa.Column(name, sa.String(), nullable=False),
        _reference("study_id"),
        _key(table, "correction_id", "correction"),
        _key(table, "study_id", "study"),
        sa.PrimaryKeyConstraint("correction_id", name, name=op.f(f"pk_{table}")),
    ]
