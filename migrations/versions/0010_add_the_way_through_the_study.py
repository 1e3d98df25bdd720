"""Follows a patient's way: what milestones end, exposure, missing forms, stays at sites, void responses."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

# What says that a response is void may be written after sending, once, and nothing else.
KEPT = (
    "id",
    "study_id",
    "patient_id",
    "visit_id",
    "instrument",
    "instrument_version",
    "wording_status",
    "wording_sha256",
    "languages",
    "mode",
    "status",
    "answers",
    "started_at",
    "saved_at",
    "submitted_at",
    "software_version",
    "treatment_state",
    "treatment_days",
)
UNCHANGED = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in KEPT)
REFUSAL = "SELECT RAISE(ABORT, 'a response that was sent does not change')"
SQLITE_BEFORE = (
    "DROP TRIGGER response_keeps_update",
    "DROP TRIGGER response_keeps_delete",
    f"""CREATE TRIGGER response_keeps_update BEFORE UPDATE ON response WHEN OLD.status = 'submitted'
    BEGIN {REFUSAL}; END""",
    f"""CREATE TRIGGER response_keeps_delete BEFORE DELETE ON response WHEN OLD.status = 'submitted'
    BEGIN {REFUSAL}; END""",
)
SQLITE_NOW = (
    "DROP TRIGGER response_keeps_update",
    "DROP TRIGGER response_keeps_delete",
    f"""CREATE TRIGGER response_keeps_update BEFORE UPDATE ON response WHEN OLD.status <> 'draft'
    AND NOT (OLD.voided_at IS NULL AND NEW.voided_at IS NOT NULL AND {UNCHANGED})
    BEGIN {REFUSAL}; END""",
    f"""CREATE TRIGGER response_keeps_delete BEFORE DELETE ON response WHEN OLD.status <> 'draft'
    BEGIN {REFUSAL}; END""",
)
TRIGGER = """CREATE TRIGGER response_keeps_answers BEFORE UPDATE OR DELETE ON response
    FOR EACH ROW WHEN (OLD.status {condition}) EXECUTE FUNCTION refuse_response_change()"""
POSTGRESQL_BEFORE = (
    """CREATE OR REPLACE FUNCTION refuse_response_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a response that was sent does not change'; END $$""",
    "DROP TRIGGER response_keeps_answers ON response",
    TRIGGER.format(condition="= 'submitted'"),
)
POSTGRESQL_NOW = (
    """CREATE OR REPLACE FUNCTION refuse_response_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ DECLARE free text[] := ARRAY['voided_at', 'voided_reason', 'entry', 'revision'];
    BEGIN
      IF TG_OP = 'UPDATE' THEN
        IF OLD.voided_at IS NULL AND NEW.voided_at IS NOT NULL
           AND to_jsonb(NEW) - free = to_jsonb(OLD) - free THEN
          RETURN NEW;
        END IF;
      END IF;
      RAISE EXCEPTION 'a response that was sent does not change';
    END $$""",
    "DROP TRIGGER response_keeps_answers ON response",
    TRIGGER.format(condition="<> 'draft'"),
)


def upgrade() -> None:
    """Up."""
    for name, kind in (
        ("value", sa.String()),
        ("ends", sa.String()),
        ("undone_at", sa.DateTime(timezone=True)),
        ("undone_reason", sa.String()),
    ):
        op.add_column("milestone", sa.Column(name, kind, nullable=True))
    with op.batch_alter_table("visit") as batch:
        batch.add_column(sa.Column("ends_on", sa.Date(), nullable=True))
        batch.add_column(sa.Column("served_by_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_visit_served_by_id_visit"), "visit", ["served_by_id"], ["id"])
    # Added one by one: on SQLite a table that is made anew loses its triggers.
    for name, kind in (
        ("treatment_state", sa.String()),
        ("treatment_days", sa.Integer()),
        ("voided_at", sa.DateTime(timezone=True)),
        ("voided_reason", sa.String()),
    ):
        op.add_column("response", sa.Column(name, kind, nullable=True))
    _execute(SQLITE_NOW, POSTGRESQL_NOW)
    _create_exposure()
    _create_missing_reason()
    _create_site_stay()


def downgrade() -> None:
    """Down: what was undone is gone with what says so; a partial form is a draft again."""
    op.drop_table("site_stay")
    op.drop_table("missing_reason")
    op.drop_index(op.f("ix_exposure_study_id_patient_id"), table_name="exposure")
    op.drop_table("exposure")
    _execute(SQLITE_BEFORE, POSTGRESQL_BEFORE)
    op.execute("DELETE FROM score WHERE response_id IN (SELECT id FROM response WHERE status = 'partial')")
    op.execute("UPDATE response SET status = 'draft' WHERE status = 'partial'")
    for name in ("treatment_state", "treatment_days", "voided_at", "voided_reason"):
        op.drop_column("response", name)
    with op.batch_alter_table("visit") as batch:
        batch.drop_constraint(op.f("fk_visit_served_by_id_visit"), type_="foreignkey")
        batch.drop_column("served_by_id")
        batch.drop_column("ends_on")
    op.execute("DELETE FROM milestone WHERE undone_at IS NOT NULL")
    for name in ("undone_reason", "undone_at", "ends", "value"):
        op.drop_column("milestone", name)


def _execute(sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    for statement in sqlite if op.get_bind().dialect.name == "sqlite" else postgresql:
        op.execute(statement)


def _create_exposure() -> None:
    op.create_table(
        "exposure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("drug", sa.String(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("stopped_on", sa.Date(), nullable=True),
        sa.Column("stop_reason", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_exposure_patient_id_patient")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_exposure_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exposure")),
    )
    op.create_index(op.f("ix_exposure_study_id_patient_id"), "exposure", ["study_id", "patient_id"])


def _create_missing_reason() -> None:
    op.create_table(
        "missing_reason",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_missing_reason_patient_id_patient")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_missing_reason_study_id_study")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_missing_reason_visit_id_visit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missing_reason")),
        sa.UniqueConstraint("visit_id", name=op.f("uq_missing_reason_visit_id")),
    )


def _create_site_stay() -> None:
    op.create_table(
        "site_stay",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_site_stay_patient_id_patient")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_stay_site_id_site")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_site_stay_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_stay")),
        sa.UniqueConstraint("patient_id", "from_on", name=op.f("uq_site_stay_patient_id_from_on")),
    )
