"""Fills the view models of data managers' pages, in the page's language."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import g, url_for

from app.db import db
from app.i18n import day_text, page_language, time_text, translate
from app.manager import words
from app.manager.pages import Badge, DraftPage, Fact, PackCard, SetPage, SetRow, StudyCard, TextRow
from app.services.access import Permission
from app.services.definition import StudyDefinition
from app.services.studies import definition_in_force
from app.services.wording import (
    Fault,
    Slot,
    is_sealed,
    packs_by_set,
    packs_of,
    questionnaires_of,
    slots_of,
)
from app.services.wording.packs import fits_now
from app.services.wording.stand_in import stand_in_texts

# What a draft differs from is told apart from what it adds.
NOTHING: Mapping[str, str] = {}


def study_card(study: Any) -> StudyCard:
    """A study with the wordings that its patients need."""
    definition = definition_in_force(db.session, study)
    packs = packs_by_set(db.session, study.id)
    sets = [(code, each) for code in questionnaires_of(definition) for each in definition.languages]
    return StudyCard(
        code=study.code,
        title=definition.title.get(page_language()) or next(iter(definition.title.values())),
        is_production=study.mode == "production",
        allocations_url=url_for("manager.allocations", study=study.code)
        if g.actor.may_at(Permission.IMPORT_ALLOCATIONS, study.id, None)
        else None,
        sets=tuple(_row(study, definition, *key, packs.get(key, ())) for key in sets),
    )


def set_page(
    study: Any,
    questionnaire: str,
    language: str,
    *,
    faults: Sequence[Fault] = (),
    file_name: str = "",
    done: str = "",
) -> SetPage:
    """A questionnaire in a language, after a refused file with its faults."""
    definition = definition_in_force(db.session, study)
    packs = packs_of(db.session, study.id, questionnaire, language)
    approved = [each for each in packs if each.is_approved]
    key = _state(study, definition, approved[0] if approved else None, questionnaire, language)
    slots = slots_of(definition, questionnaire)
    texts = dict(approved[0].texts) if approved and key in {"approved", "outdated"} else NOTHING
    return SetPage(
        study=study.code,
        name=words.name_of(questionnaire),
        language=str(words.LANGUAGES[language]),
        code=language,
        url=_url("manager.wording", study, questionnaire, language),
        state=_badge(key),
        explanation=str(words.EXPLANATIONS[key]),
        draft_url=_draft_url(study, questionnaire, language, packs),
        in_force=_pack(approved[0], key) if approved else None,
        former=tuple(_pack(each, "replaced") for each in approved[1:]),
        rows=tuple(_texts(slots, texts)) if texts else (),
        faults=tuple(Fact(name=words.place_of(each), value=words.fault_text(each)) for each in faults),
        file_name=file_name,
        done=str(words.DONE.get(done, "")),
        spoiled=str(words.SPOILED) if done == "spoiled" else "",
        columns=", ".join(slot.id for slot in slots),
    )


def draft_page(study: Any, draft: Any) -> DraftPage:
    """Every text of a draft, beside what patients read now where that is another one."""
    definition = definition_in_force(db.session, study)
    packs = packs_of(db.session, study.id, draft.questionnaire, draft.language)
    former = next((each for each in packs if each.is_approved and is_sealed(each)), None)
    before = dict(former.texts) if former else stand_in_texts(draft.questionnaire, draft.language)
    rows = tuple(_texts(slots_of(definition, draft.questionnaire), dict(draft.texts), before))
    return DraftPage(
        study=study.code,
        name=words.name_of(draft.questionnaire),
        language=str(words.LANGUAGES[draft.language]),
        code=draft.language,
        url=_url("manager.draft", study, draft.questionnaire, draft.language),
        set_url=_url("manager.wording", study, draft.questionnaire, draft.language),
        facts=_import_facts(draft),
        sha256=draft.sha256,
        rows=rows,
        compared_with=str(translate("Approved now") if former else translate("Provisional wording")),
        changed=sum(row.before is not None for row in rows),
        approver=g.actor.email,
    )


def _row(
    study: Any, definition: StudyDefinition, questionnaire: str, language: str, packs: Sequence[Any]
) -> SetRow:
    in_force = next((each for each in packs if each.is_approved), None)
    has_draft = bool(packs) and not packs[0].is_approved
    return SetRow(
        questionnaire=words.name_of(questionnaire),
        language=str(words.LANGUAGES[language]),
        state=_badge(_state(study, definition, in_force, questionnaire, language)),
        draft=_badge("draft") if has_draft else None,
        since=day_text(in_force.approved_at.date(), "medium") if in_force else "",
        url=_url("manager.wording", study, questionnaire, language),
    )


def _state(study: Any, definition: StudyDefinition, pack: Any, questionnaire: str, language: str) -> str:
    if pack is not None and not is_sealed(pack):
        return "broken"
    if pack is not None:
        return "approved" if fits_now(definition, pack) else "outdated"
    is_stand_in = study.mode != "production" and stand_in_texts(questionnaire, language)
    return "stand-in" if is_stand_in else "none"


def _draft_url(study: Any, questionnaire: str, language: str, packs: Sequence[Any]) -> str | None:
    has_draft = bool(packs) and not packs[0].is_approved
    return _url("manager.draft", study, questionnaire, language) if has_draft else None


def _texts(
    slots: Iterable[Slot], texts: Mapping[str, str], before: Mapping[str, str] = NOTHING
) -> Iterable[TextRow]:
    for slot in slots:
        text, former = texts.get(slot.id, ""), before.get(slot.id, "")
        kind = str(words.KINDS[slot.kind]) % {"number": slot.number}
        yield TextRow(id=slot.id, kind=kind, text=text, before=former if former and former != text else None)


def _pack(pack: Any, state: str) -> PackCard:
    licence = [
        Fact(name=str(translate("Licence reference")), value=pack.licence_reference or "–"),
        Fact(name=str(translate("Version of the texts")), value=pack.licence_version or "–"),
        Fact(
            name=str(translate("Date of the licence")),
            value=day_text(pack.licence_on) if pack.licence_on else "–",
        ),
        Fact(name=str(translate("Approved by")), value=_by(pack.approved_by, pack.approved_at)),
    ]
    return PackCard(state=_badge(state), facts=(*licence, *_import_facts(pack)), sha256=pack.sha256)


def _import_facts(pack: Any) -> tuple[Fact, ...]:
    return (
        Fact(name=str(translate("File")), value=pack.source_name),
        Fact(name=str(translate("Imported by")), value=_by(pack.imported_by, pack.imported_at)),
    )


def _by(who: str | None, at: datetime | None) -> str:
    if at is None:
        return who or "–"
    facts = {"who": who or "–", "day": day_text(at.date(), "medium"), "time": time_text(at, "UTC")}
    return str(translate("%(who)s, %(day)s at %(time)s UTC", **facts))


def _badge(key: str) -> Badge:
    return Badge(key=key, text=str(words.STATES[key]))


def _url(endpoint: str, study: Any, questionnaire: str, language: str) -> str:
    return url_for(endpoint, study=study.code, questionnaire=questionnaire, language=language)
