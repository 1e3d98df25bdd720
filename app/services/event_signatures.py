"""What a signature under an adverse event is bound to, and whether it still holds."""

from enum import StrEnum

from app.models import AdverseEvent, AdverseEventVersion, EventSignature
from app.services.signing import record_sha256

# What the signer says by signing; the surfaces have the words.
DECISION_MEANING = "decided_seriousness_and_causality"


class SignatureState(StrEnum):
    """How the latest signature of an event stands."""

    NONE = "none"
    VALID = "valid"
    # A later version is not signed: the signature stands under what was.
    OUTDATED = "outdated"
    # Record or signature are not what was signed: changed outside the application.
    BROKEN = "broken"


def signature_state(event: AdverseEvent) -> SignatureState:
    """Whether the latest signature holds for the latest version, with nothing altered since."""
    if not event.signatures:
        return SignatureState.NONE
    signature = event.signatures[-1]
    signed = next((each for each in event.versions if each.number == signature.version_number), None)
    if signed is None or signature.record_sha256 != signature_sha256(event, signed, signature):
        return SignatureState.BROKEN
    is_latest = signed is event.versions[-1] and signed.number == event.latest_number
    return SignatureState.VALID if is_latest else SignatureState.OUTDATED


def signature_sha256(event: AdverseEvent, version: AdverseEventVersion, signature: EventSignature) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON of the signed record with the signature's own words.

    So neither record nor name, meaning and time can change, nor the signature stand under another record.
    """
    record = {
        "study": event.study_id,
        "patient": event.patient_id,
        "event": event.number,
        "report": [str(event.response_id), event.symptom, event.words],
        "version": version.number,
        "content": version.content(),
        "recorded": [version.recorded_by, version.recorded_at, version.reason],
        "signature": [signature.user_id, signature.account, signature.name, signature.meaning],
        "signed_at": signature.signed_at,
    }
    return record_sha256(record)
