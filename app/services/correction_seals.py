"""What the signature under a correction is bound to, and whether it still holds."""

from app.models import Correction
from app.services.signing import record_sha256

# What the signer says by signing; the surfaces have the words.
MEANING = "decided_correction"
SIGNED = (
    "study_id",
    "patient_id",
    "ordinal",
    "item",
    "old",
    "new",
    "answers",
    "reason",
    "source",
    "asked_by",
    "late_answer_id",
    "decided_by_id",
    "decided_by",
    "decided_at",
    "name",
    "meaning",
)


def correction_sha256(correction: Correction) -> str:
    """SHA-256, in hexadecimal, of all that a correction says, of which response, by whom and when."""
    record = {name: getattr(correction, name) for name in SIGNED}
    return record_sha256(record | {"response": str(correction.response_id)})


def is_as_signed(correction: Correction) -> bool:
    """Whether nothing of the correction was altered since it was signed."""
    return correction.record_sha256 == correction_sha256(correction)
