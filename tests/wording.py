"""Files of wording for the tests: texts made up from the ids, in each of the three formats."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import openpyxl
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import APPROVED_WORDING, Study, WordingPack
from app.services.access import Actor, Grant, Role
from app.services.studies import definition_in_force
from app.services.wording import Licence, Slot, approve_wording, import_wording, slots_of

LICENCE = Licence("Agreement 2026-17", "3.0, French, 2024", date(2026, 10, 1))
Pairs = Sequence[tuple[Any, Any]]


def slots(session: Session, study: Study, questionnaire: str = "qlq-c30") -> tuple[Slot, ...]:
    """What the questionnaire needs."""
    return slots_of(definition_in_force(session, study), questionnaire)


def made_up(slots: Iterable[Slot], language: str = "fr") -> dict[str, str]:
    """A text for each id, none of them anybody's wording."""
    return {slot.id: f"Ébauche {slot.id} ({language}) ; « essai »" for slot in slots}


def csv_file(pairs: Pairs | Mapping[str, str], separator: str = ",", encoding: str = "utf-8") -> bytes:
    """A CSV with its header."""
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([("id", "text"), *_pairs(pairs)])
    return out.getvalue().encode(encoding)


def xlsx_file(pairs: Pairs | Mapping[str, str], header: Sequence[str] = ("id", "text")) -> bytes:
    """A workbook whose first sheet holds the texts, and a second one something else."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (header, *_pairs(pairs)):
        sheet.append(list(row))
    book.create_sheet("Notes").append(["nothing", "to", "read"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def fhir_resource(slots: Sequence[Slot], texts: Mapping[str, str], language: str = "fr") -> dict[str, Any]:
    """A Questionnaire with the questions in a group that holds the recall."""
    recalls = [slot.id for slot in slots if slot.kind == "recall"]
    group: dict[str, Any] = {"linkId": "all", "type": "group", "item": []}
    group["item"] += [{"linkId": each, "type": "display", "text": texts[each]} for each in recalls]
    for slot in slots:
        if slot.kind == "question":
            options = [_option(slot, code, texts) for code in slot.codes]
            item = {"linkId": slot.id, "type": "choice", "text": texts[slot.id]}
            group["item"].append(item | ({"answerOption": options} if options else {}))
    return {
        "resourceType": "Questionnaire",
        "status": "active",
        "language": language,
        "title": texts["title"],
        "description": texts["instructions"],
        "item": [group],
    }


def fhir_file(resource: Mapping[str, Any]) -> bytes:
    """The resource as JSON."""
    return json.dumps(resource, ensure_ascii=False, indent=1).encode()


def manager(study: Study, email: str = "manager@staff.example") -> Actor:
    """A data manager of the study."""
    return Actor(0, email, "en", (Grant(Role.DATA_MANAGER, study.id, None),))


def make_draft(
    session: Session,
    clock: SteppedClock,
    study: Study,
    questionnaire: str = "qlq-c30",
    language: str = "fr",
    **changes: str,
) -> WordingPack:
    """A draft of made-up texts, with the changes of single ones."""
    texts = made_up(slots(session, study, questionnaire), language) | changes
    facts = (questionnaire, language, csv_file(texts), "wording.csv", "importer@staff.example")
    return import_wording(session, clock, study, *facts)


def make_approved(
    session: Session,
    clock: SteppedClock,
    study: Study,
    questionnaire: str = "qlq-c30",
    language: str = "fr",
    **changes: str,
) -> WordingPack:
    """An approved pack of made-up texts, with the changes of single ones."""
    draft = make_draft(session, clock, study, questionnaire, language, **changes)
    key = (questionnaire, language, draft.sha256)
    return approve_wording(session, clock, manager(study), study, *key, LICENCE)


def make_broken(
    session: Session, clock: SteppedClock, study: Study, questionnaire: str = "qlq-c30", language: str = "fr"
) -> WordingPack:
    """An approved pack that is not what was approved, as somebody leaves it who is the database's master."""
    pack = WordingPack(
        study_id=study.id,
        questionnaire=questionnaire,
        structure_version="",
        language=language,
        texts=[],
        sha256="0" * 64,
        status=APPROVED_WORDING,
        source_name="wording.csv",
        imported_by="importer@staff.example",
        imported_at=clock.now(),
    )
    session.add(pack)
    session.flush()
    return pack


def _option(slot: Slot, code: int, texts: Mapping[str, str]) -> dict[str, Any]:
    label = texts.get(f"{slot.answer}.{code}")
    if label is None:
        return {"valueInteger": code}
    return {"valueCoding": {"code": str(code), "display": label}}


def _pairs(pairs: Pairs | Mapping[str, str]) -> Pairs:
    return list(pairs.items()) if isinstance(pairs, Mapping) else pairs
