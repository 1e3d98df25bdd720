"""Writes .env at the first run: python3 scripts/first_run.py. An existing .env is never touched.

Runs with the standard library alone, before the application, which refuses to start without a secret key.
"""

import base64
import os
import secrets
import sys
from pathlib import Path

ENVIRONMENT_FILE = Path(__file__).resolve().parent.parent / ".env"
TEXT = """\
# Made at the first run, readable by you alone. The secret key signs cookies and, in a demonstration, makes
# the links and passwords: keep it to yourself. The contact key seals telephone numbers and e-mail addresses,
# which nobody reads without it. For real patients write a file of your own: see README.md.
MODE=demonstration
SECRET_KEY={key}
CONTACT_KEYS=1:{contact_key}
"""


def write_environment(path: Path) -> bool:
    """Writes the file, for its owner alone; False when there is one already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        contact_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        file.write(TEXT.format(key=secrets.token_urlsafe(48), contact_key=contact_key))
    return True


def main() -> int:
    """Says what was written."""
    if write_environment(ENVIRONMENT_FILE):
        print("== Wrote .env with keys of its own, for a demonstration", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
