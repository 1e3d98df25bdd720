"""Which wording a patient reads now: the approved pack, else the stand-in where it is allowed, else none."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Study, WordingPack
from app.services.questionnaires import REPORT, SYMPTOMS
from app.services.responses import STAND_IN, WordingUsed
from app.services.studies import definition_in_force
from app.services.wording.packs import fits_now, packs_in_force
from app.services.wording.seal import is_sealed, require_seal
from app.services.wording.stand_in import stand_in_sha256, stand_in_texts
from app.settings import PRODUCTION

APPROVED = "approved"


class NoWordingError(LookupError):
    """There is no text that may be shown: nothing is shown in its place."""

    def __init__(self, questionnaire: str, language: str, text_id: str = "") -> None:
        super().__init__(f"no wording for {text_id or 'any text'} of {questionnaire} in {language!r}")
        self.questionnaire, self.language, self.text_id = questionnaire, language, text_id


class WordingInUse:
    """The texts of one questionnaire in one language by the ids of its structure.

    status: "approved" or "stand-in". sha256: the pack's seal, or that of the stand-in in all languages.
    """

    def __init__(
        self, questionnaire: str, language: str, status: str, sha256: str, texts: Mapping[str, str]
    ) -> None:
        self.instrument, self.language, self.status, self.sha256 = questionnaire, language, status, sha256
        self.texts = texts

    def __getitem__(self, text_id: str) -> str:
        text = self.get(text_id)
        if not text:
            raise NoWordingError(self.instrument, self.language, text_id)
        return text

    def get(self, text_id: str) -> str:
        """The text, or nothing for what a questionnaire leaves to its bare numbers."""
        return self.texts.get(text_id, "")

    @property
    def is_stand_in(self) -> bool:
        """Whether these are words of our own, which every page that shows them says."""
        return self.status == STAND_IN


def wording_in_use(session: Session, study: Study, questionnaire: str, language: str) -> WordingInUse:
    """The wording of one questionnaire that a patient of the study reads; see wordings_in_use."""
    return wordings_in_use(session, study, [questionnaire], language)[questionnaire]


def wordings_in_use(
    session: Session, study: Study, questionnaires: Sequence[str], language: str
) -> dict[str, WordingInUse]:
    """The wordings that a patient of the study reads, by questionnaire: one query, seals checked each time.

    Raises SealBrokenError when a pack in force was changed in the database, also where an older one is
    whole; NoWordingError without approved wording in production, and without any.
    """
    needed = _with_texts_of_their_own(questionnaires)
    packs = _usable_packs(session, study, needed, language)
    found = {code: _wording(study, code, language, packs.get(code)) for code in needed}
    if REPORT in questionnaires:
        found[REPORT] = _of_report(found[SYMPTOMS])
    return {code: found[code] for code in questionnaires}


def wording_used(session: Session, study: Study, questionnaire: str, languages: Sequence[str]) -> WordingUsed:
    """What a response keeps of the wording that it was answered in; see wordings_used."""
    return wordings_used(session, study, {questionnaire: languages})[questionnaire]


def wordings_used(
    session: Session, study: Study, languages: Mapping[str, Sequence[str]]
) -> dict[str, WordingUsed]:
    """What responses keep of their wordings, by questionnaire; one query for each of the languages.

    In one wording its own hash; in several (a patient who switched the language) SHA-256 over the lines
    "language hash" in the order of the languages. "approved" only if each of them is. Raises as
    wordings_in_use does.
    """
    codes = list(languages)
    needed = dict.fromkeys(each for several in languages.values() for each in several)
    found = {each: wordings_in_use(session, study, codes, each) for each in needed}
    return {
        code: _used([found[each][code] for each in dict.fromkeys(several)])
        for code, several in languages.items()
    }


def _used(found: Sequence[WordingInUse]) -> WordingUsed:
    status = STAND_IN if any(each.is_stand_in for each in found) else APPROVED
    if len({each.sha256 for each in found}) == 1:
        return WordingUsed(status, found[0].sha256)
    lines = "\n".join(f"{each.language} {each.sha256}" for each in found)
    return WordingUsed(status, hashlib.sha256(lines.encode()).hexdigest())


def can_be_read(session: Session, study: Study, questionnaires: Sequence[str], language: str) -> bool:
    """Whether patients of the study may read these in the language: approved wording where it is needed."""
    return study.mode != PRODUCTION or is_approved_for(session, study, questionnaires, language)


def is_approved_for(session: Session, study: Study, questionnaires: Sequence[str], language: str) -> bool:
    """Whether all have approved wording in the language; raises SealBrokenError where one is broken."""
    needed = _with_texts_of_their_own(questionnaires)
    return set(_usable_packs(session, study, needed, language)) == set(needed)


@dataclass(frozen=True)
class BrokenSeal:
    """Approved wording in force that is not what was approved: no patient is served it."""

    study_id: int
    study: str
    questionnaire: str
    language: str


def broken_seals(session: Session, study_ids: Sequence[int]) -> list[BrokenSeal]:
    """The wordings in force of these studies whose seal is broken, as they stand in the database now."""
    packs = packs_in_force(session, study_ids) if study_ids else []
    broken = [each for each in packs if not is_sealed(each)]
    if not broken:
        return []
    query = select(Study.id, Study.code).where(Study.id.in_({each.study_id for each in broken}))
    codes = {row.id: row.code for row in session.execute(query)}
    return [
        BrokenSeal(each.study_id, codes[each.study_id], each.questionnaire, each.language) for each in broken
    ]


def _with_texts_of_their_own(questionnaires: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(SYMPTOMS if code == REPORT else code for code in questionnaires))


def _of_report(symptoms: WordingInUse) -> WordingInUse:
    """A report between visits asks about its symptom as the list does; the words around it are ours."""
    own = stand_in_texts(REPORT, symptoms.language)
    if not own:
        raise NoWordingError(REPORT, symptoms.language)
    sha256 = hashlib.sha256(f"{symptoms.sha256}\n{stand_in_sha256(REPORT)}".encode()).hexdigest()
    return WordingInUse(REPORT, symptoms.language, symptoms.status, sha256, {**symptoms.texts, **own})


def _wording(study: Study, questionnaire: str, language: str, pack: WordingPack | None) -> WordingInUse:
    own = stand_in_texts(questionnaire, language)
    if pack is not None:
        # What is no part of the questionnaire's structure, and so of no licence, stays in our words.
        texts = {**own, **dict(pack.texts)}
        return WordingInUse(questionnaire, language, APPROVED, pack.sha256, texts)
    if study.mode == PRODUCTION or not own:
        raise NoWordingError(questionnaire, language)
    return WordingInUse(questionnaire, language, STAND_IN, stand_in_sha256(questionnaire), own)


def _usable_packs(
    session: Session, study: Study, questionnaires: Sequence[str], language: str
) -> dict[str, WordingPack]:
    """The packs in force that serve the questionnaires as they are now; SealBrokenError for a broken one."""
    found = {}
    for pack in packs_in_force(session, [study.id], language):
        if pack.questionnaire in questionnaires:
            require_seal(pack)
            if fits_now(definition_in_force(session, study), pack):
                found[pack.questionnaire] = pack
    return found
