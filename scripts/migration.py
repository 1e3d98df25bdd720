"""Begins a migration: python3 scripts/migration.py verb_subject."""

import re
import sys
from pathlib import Path

VERSIONS = Path("migrations") / "versions"
TEMPLATE = '''"""{sentence}."""

from alembic import op

revision = "{revision}"
down_revision = {down_revision}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT unwritten_upgrade()")


def downgrade() -> None:
    op.execute("SELECT unwritten_downgrade()")
'''


def main(name: str, versions: Path = VERSIONS) -> int:
    """Writes NNNN_name.py that follows the latest migration; refuses a name that is no verb_subject."""
    if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name):
        print("Name it by what it does: make migration NAME=add_symptoms", file=sys.stderr)
        return 2
    path = versions / f"{next_revision(versions)}_{name}.py"
    path.write_text(content(path.stem), encoding="utf-8")
    print(path)
    return 0


def next_revision(versions: Path) -> str:
    """One more than the highest number there is, in four digits."""
    numbers = [int(path.name[:4]) for path in versions.glob("[0-9][0-9][0-9][0-9]_*.py")]
    return f"{max(numbers, default=0) + 1:04d}"


def content(stem: str) -> str:
    """The file to fill in: as it stands it fails in any database, so that it cannot be forgotten."""
    revision, name = stem.split("_", 1)
    before = int(revision) - 1
    down_revision = f'"{before:04d}"' if before else "None"
    return TEMPLATE.format(
        sentence=name.replace("_", " ").capitalize(), revision=revision, down_revision=down_revision
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
