"""Keeps what a void response says of its sheet of paper: on SQLite the trigger names what stays."""

from alembic import op

revision = "0019"
down_revision = "0018"

KEPT_BEFORE = (
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
KEPT = (*KEPT_BEFORE, "helper", "help_kinds", "completed_on", "transcribed_by", "remark", "place")


def upgrade() -> None:
    """Up."""
    _keep(KEPT)


def downgrade() -> None:
    """Down."""
    _keep(KEPT_BEFORE)


def _keep(names: tuple[str, ...]) -> None:
    """PostgreSQL compares all columns but those that voiding writes: there is nothing to add."""
    if op.get_bind().dialect.name != "sqlite":
        return
    unchanged = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in names)
    op.execute("DROP TRIGGER response_keeps_update")
    op.execute(
        f"""CREATE TRIGGER response_keeps_update BEFORE UPDATE ON response WHEN OLD.status <> 'draft'
    AND NOT (OLD.voided_at IS NULL AND NEW.voided_at IS NOT NULL AND {unchanged})
    BEGIN SELECT RAISE(ABORT, 'a response that was sent does not change'); END"""
    )
