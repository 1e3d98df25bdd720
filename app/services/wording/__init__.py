"""Wording of questionnaires: licensed texts imported, checked, approved, sealed; the stand-in until then."""

from app.services.wording.faults import Fault, RefusedFileError
from app.services.wording.in_use import (
    BrokenSeal,
    NoWordingError,
    WordingInUse,
    broken_seals,
    can_be_read,
    is_approved_for,
    wording_in_use,
    wording_used,
    wordings_in_use,
    wordings_used,
)
from app.services.wording.packs import (
    Licence,
    approve_wording,
    find_draft,
    import_wording,
    pack_in_force,
    packs_by_set,
    packs_of,
)
from app.services.wording.reading import read_texts
from app.services.wording.seal import SealBrokenError, broken_packs, is_sealed
from app.services.wording.slots import Slot, questionnaires_of, slots_of

__all__ = [
    "BrokenSeal",
    "Fault",
    "Licence",
    "NoWordingError",
    "RefusedFileError",
    "SealBrokenError",
    "Slot",
    "WordingInUse",
    "approve_wording",
    "broken_packs",
    "broken_seals",
    "can_be_read",
    "find_draft",
    "import_wording",
    "is_approved_for",
    "is_sealed",
    "pack_in_force",
    "packs_by_set",
    "packs_of",
    "questionnaires_of",
    "read_texts",
    "slots_of",
    "wording_in_use",
    "wording_used",
    "wordings_in_use",
    "wordings_used",
]
