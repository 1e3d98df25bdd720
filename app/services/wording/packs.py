"""Packs of licensed wording: imported as a draft, approved by a named person, then sealed for good."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, aliased

from app.clock import Clock
from app.models import APPROVED_WORDING, DRAFT_WORDING, WITHDRAWN_WORDING, Study, WordingPack
from app.services.access import Actor, Permission, require
from app.services.definition import StudyDefinition
from app.services.errors import NotFoundError, RuleError
from app.services.studies import definition_in_force
from app.services.wording.reading import read_texts
from app.services.wording.seal import require_seal, seal
from app.services.wording.slots import fits, questionnaires_of, slots_of, structure_version

LONGEST_NAME = 200
IS_SHOWN = WordingPack.status != WITHDRAWN_WORDING


@dataclass(frozen=True)
class Licence:
    """By what right the texts are used: reference and date of the agreement, version of the texts."""

    reference: str
    version: str
    on: date


def import_wording(
    session: Session,
    clock: Clock,
    study: Study,
    questionnaire: str,
    language: str,
    source: bytes,
    source_name: str,
    imported_by: str,
) -> WordingPack:
    """Checks a file and keeps its texts as the draft of that questionnaire and language; flushed.

    A draft that was there before is withdrawn. Raises NotFoundError for a questionnaire or a language that
    the study has not; RefusedFileError with every fault of the file, and then nothing was written.
    """
    definition = require_used(definition_in_force(session, study), questionnaire, language)
    texts = read_texts(source, slots_of(definition, questionnaire), language)
    former = find_draft(session, study.id, questionnaire, language, to_change=True)
    if former is not None:
        former.status = WITHDRAWN_WORDING
    version = structure_version(definition, questionnaire)
    pack = WordingPack(
        study_id=study.id,
        questionnaire=questionnaire,
        structure_version=version,
        language=language,
        texts=texts,
        sha256=seal(questionnaire, version, language, texts),
        status=DRAFT_WORDING,
        source_name=source_name[:LONGEST_NAME],
        imported_by=imported_by,
        imported_at=clock.now(),
    )
    session.add(pack)
    session.flush()
    return pack


def approve_wording(
    session: Session,
    clock: Clock,
    actor: Actor,
    study: Study,
    questionnaire: str,
    language: str,
    sha256: str,
    licence: Licence,
) -> WordingPack:
    """Approves the draft whose hash the person has seen; from now on it is in force and never changes.

    Raises AccessDeniedError; NotFoundError without a draft; RuleError when the draft is another one by now,
    when the study asks for more by now, or when the licence's facts cannot be; SealBrokenError when the
    draft is not what was imported.
    """
    require(actor, Permission.MANAGE_WORDING, study.id, None)
    draft = find_draft(session, study.id, questionnaire, language, to_change=True)
    if draft is None:
        raise NotFoundError("draft wording", f"{questionnaire} {language}")
    if draft.sha256 != sha256:
        raise RuleError("sha256", "other_draft", questionnaire=questionnaire)
    require_seal(draft)
    _require_approvable(clock, definition_in_force(session, study), draft, licence)
    draft.licence_reference, draft.licence_version = licence.reference, licence.version
    draft.licence_on, draft.approved_by, draft.approved_at = licence.on, actor.email, clock.now()
    draft.status = APPROVED_WORDING
    session.flush()
    return draft


def _require_approvable(
    clock: Clock, definition: StudyDefinition, draft: WordingPack, licence: Licence
) -> None:
    if not fits_now(definition, draft):
        raise RuleError("sha256", "structure_changed", questionnaire=draft.questionnaire)
    for field, text in (("reference", licence.reference), ("version", licence.version)):
        if not text.strip() or len(text) > LONGEST_NAME:
            raise RuleError(field, "licence_needed")
    today = clock.now().astimezone(UTC).date()
    if licence.on > today:
        raise RuleError("licence_on", "in_future", today=today)


def fits_now(definition: StudyDefinition, pack: WordingPack) -> bool:
    """Whether a pack serves the questionnaire as the study has it now."""
    ids = {str(entry[0]) for entry in pack.texts}
    return fits(definition, pack.questionnaire, pack.structure_version, ids)


def require_used(definition: StudyDefinition, questionnaire: str, language: str) -> StudyDefinition:
    """The definition; NotFoundError for a questionnaire or a language that it has not."""
    if questionnaire not in questionnaires_of(definition):
        raise NotFoundError("questionnaire", questionnaire)
    if language not in definition.languages:
        raise NotFoundError("language", language)
    return definition


def find_draft(
    session: Session, study_id: int, questionnaire: str, language: str, *, to_change: bool = False
) -> WordingPack | None:
    """The draft of a questionnaire in a language, held if it is to be changed; None without one."""
    query = _of_set(study_id, questionnaire, language).where(WordingPack.status == DRAFT_WORDING)
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query.order_by(WordingPack.id.desc())).first()


def packs_of(session: Session, study_id: int, questionnaire: str, language: str) -> Sequence[WordingPack]:
    """All packs of a questionnaire in a language: a draft, then the approved ones, the latest first."""
    return _sorted(session.scalars(_of_set(study_id, questionnaire, language).where(IS_SHOWN)))


def packs_by_set(session: Session, study_id: int) -> dict[tuple[str, str], Sequence[WordingPack]]:
    """All packs of a study by (questionnaire, language), each list as packs_of has it."""
    found: dict[tuple[str, str], list[WordingPack]] = {}
    for pack in session.scalars(select(WordingPack).where(WordingPack.study_id == study_id, IS_SHOWN)):
        found.setdefault((pack.questionnaire, pack.language), []).append(pack)
    return {key: _sorted(packs) for key, packs in found.items()}


def pack_in_force(session: Session, study_id: int, questionnaire: str, language: str) -> WordingPack | None:
    """The pack approved last, whether or not its seal holds; None without one."""
    packs = packs_in_force(session, [study_id], language)
    return next((each for each in packs if each.questionnaire == questionnaire), None)


def packs_in_force(
    session: Session,
    study_ids: Sequence[int],
    language: str | None = None,
) -> list[WordingPack]:
    """The packs of these studies that no later one has replaced, as they stand in the database now."""
    query = IN_FORCE if language is None else IN_FORCE_IN_LANGUAGE
    return list(session.scalars(query, {"study_ids": list(study_ids), "in_language": language}))


def _in_force() -> Select[WordingPack]:
    later = aliased(WordingPack)
    is_replaced = (
        select(later.id)
        .where(
            later.study_id == WordingPack.study_id,
            later.questionnaire == WordingPack.questionnaire,
            later.language == WordingPack.language,
            later.status == APPROVED_WORDING,
            (later.approved_at > WordingPack.approved_at)
            | ((later.approved_at == WordingPack.approved_at) & (later.id > WordingPack.id)),
        )
        .exists()
    )
    query = select(WordingPack).where(
        WordingPack.study_id.in_(bindparam("study_ids", expanding=True)),
        WordingPack.status == APPROVED_WORDING,
        ~is_replaced,
    )
    order = WordingPack.study_id, WordingPack.questionnaire, WordingPack.language
    return query.order_by(*order).execution_options(populate_existing=True)


# Built once: each page of a patient asks, and building takes longer than asking.
IN_FORCE = _in_force()
IN_FORCE_IN_LANGUAGE = IN_FORCE.where(WordingPack.language == bindparam("in_language"))


def _sorted(packs: Iterable[WordingPack]) -> Sequence[WordingPack]:
    return sorted(
        packs,
        key=lambda each: (not each.is_approved, each.approved_at or each.imported_at, each.id),
        reverse=True,
    )


def _of_set(study_id: int, questionnaire: str, language: str) -> Select[WordingPack]:
    return select(WordingPack).where(
        WordingPack.study_id == study_id,
        WordingPack.questionnaire == questionnaire,
        WordingPack.language == language,
    )
