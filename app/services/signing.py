"""What every signature of staff needs: the password just given, a printed name, and a hash of the record."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.clock import Clock
from app.services.errors import RuleError

# How old the password may be when a signature is made.
FRESH = timedelta(minutes=5)
LONGEST_NAME = 500


def check_signer(clock: Clock, name: str, reauthenticated_at: datetime | None) -> None:
    """Raises RuleError unless the password was given in the last five minutes, and a name to be printed."""
    age = None if reauthenticated_at is None else clock.now() - reauthenticated_at
    if age is None or not timedelta() <= age <= FRESH:
        raise RuleError("password", "reauthenticate")
    if not name.strip() or len(name) > LONGEST_NAME:
        raise RuleError("name", "no_name")


def record_sha256(record: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of a record's canonical JSON; TypeError for what has no place in one."""
    text = json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a signed record")
