"""The seal of a pack: SHA-256 over its texts and what they belong to."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import APPROVED_WORDING, AuditEntry, WordingPack


class SealBrokenError(RuntimeError):
    """Approved wording is not what was approved: it was changed in the database. Nothing is served of it."""

    def __init__(self, study_id: int, questionnaire: str, language: str) -> None:
        super().__init__(f"the wording of {questionnaire} in {language!r} is not what was approved")
        self.study_id, self.questionnaire, self.language = study_id, questionnaire, language


def seal(questionnaire: str, version: str, language: str, texts: Sequence[Any]) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON: sorted keys, no spaces, UTF-8, texts in their order."""
    content = {
        "questionnaire": questionnaire,
        "version": version,
        "language": language,
        "texts": texts,
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_sealed(pack: WordingPack) -> bool:
    """Whether the texts are those that the pack's hash was computed from."""
    return pack.sha256 == seal(pack.questionnaire, pack.structure_version, pack.language, pack.texts)


def require_seal(pack: WordingPack) -> None:
    """Raises SealBrokenError unless the pack is sealed."""
    if not is_sealed(pack):
        raise SealBrokenError(pack.study_id, pack.questionnaire, pack.language)


def broken_packs(session: Session, study_id: int) -> list[tuple[str, str]]:
    """Of all approved packs of a study those that do not hold, each named, with the problem in English.

    Besides the hash in its row, each pack is compared with the audit trail, which names the hash of its
    import and its approval: so a pack whose hash was changed together with its texts is found as well.
    """
    packs = {str(each.id): each for each in session.scalars(_of_study(study_id))}
    found = [(_name(each), problem) for each in packs.values() if (problem := _problem(session, each))]
    query = select(AuditEntry).where(
        AuditEntry.chain == f"study:{study_id}", AuditEntry.entity == WordingPack.__tablename__
    )
    for entry in session.scalars(query.order_by(AuditEntry.id)):
        is_approval = entry.changes.get("status", [None])[-1] == APPROVED_WORDING
        pack = packs.get(entry.entity_id)
        if is_approval and (pack is None or not pack.is_approved):
            found.append((f"pack {entry.entity_id}", "it was approved and is gone"))
    return found


def _problem(session: Session, pack: WordingPack) -> str | None:
    if not pack.is_approved:
        return None
    if not is_sealed(pack):
        return "its texts are not those that were approved"
    query = select(AuditEntry.changes).where(
        AuditEntry.entity == WordingPack.__tablename__, AuditEntry.entity_id == str(pack.id)
    )
    trail = list(session.scalars(query))
    if not any(changes.get("sha256", [None])[-1] == pack.sha256 for changes in trail):
        return "its hash is not the one that the audit trail names"
    if not any(changes.get("status", [None])[-1] == APPROVED_WORDING for changes in trail):
        return "the audit trail names no approval"
    return None


def _name(pack: WordingPack) -> str:
    return f"pack {pack.id} ({pack.questionnaire}, {pack.language})"


def _of_study(study_id: int) -> Any:
    return select(WordingPack).where(WordingPack.study_id == study_id).order_by(WordingPack.id)
