"""Fills the pages of a sheet of paper."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask import current_app, g, url_for

from app.db import db
from app.forms.paper import HELP_KINDS, HELPERS, MODES
from app.i18n import day_text, page_language
from app.nurse import paper_words, words
from app.nurse.common import address, in_language, visit_names
from app.nurse.paper_pages import (
    Choice,
    FrameRow,
    PaperPage,
    SheetPage,
    SheetPart,
    SheetQuestion,
    TypedPart,
    TypedRow,
)
from app.services.paper import Difference, Paper, Step, find_paper
from app.services.qr import qr_code
from app.services.questionnaires import Condition, Question, Questionnaire, questionnaire
from app.services.studies import definition_in_force
from app.services.wording import WordingInUse

ASKING = frozenset({Step.FIRST, Step.SECOND, Step.SETTLE})


def paper_of(patient: Any, visit: Any) -> Paper:
    """Where the visit's sheet stands for who is signed in."""
    return find_paper(db.session, current_app.extensions["clock"], g.actor, patient, visit)


def sheet_page(patient: Any, visit: Any, texts: Mapping[str, WordingInUse]) -> SheetPage:
    """The blank sheet; its names are those that patients may read, in the page's language."""
    definition = definition_in_force(db.session, patient.study)
    study_name = in_language(definition.public_name)
    says = f"{study_name} / {patient.code} / {visit.code}"
    code = qr_code(says)
    asked = (questionnaire(definition, each) for each in visit.questionnaires)
    return SheetPage(
        language=page_language(),
        study_name=study_name,
        site_name=patient.site.public_name,
        site_phone=patient.site.phone,
        code=patient.code,
        visit=visit_names(definition).get(visit.code, visit.code),
        says=says,
        qr_size=code.size,
        qr_path=code.path,
        stand_in=any(each.is_stand_in for each in texts.values()),
        parts=tuple(_printed(each, texts[each.code]) for each in asked),
    )


def paper_page(
    patient: Any, visit: Any, paper: Paper, texts: Mapping[str, WordingInUse], *, is_settling: bool
) -> PaperPage:
    """Where a sheet stands, with the fields to type it in, or those that a third look settles."""
    definition = definition_in_force(db.session, patient.study)
    place = {**address(patient), "visit": visit.code}
    facts = {"opens_on": day_text(visit.opens_on), "closes_on": day_text(visit.closes_on)}
    return PaperPage(
        code=patient.code,
        visit=visit_names(definition).get(visit.code, visit.code),
        patient_url=url_for("nurse.patient", **address(patient)),
        sheet_url=url_for("nurse.sheet", **place),
        action_url=url_for("nurse.settle_paper" if is_settling else "nurse.transcribe_paper", **place),
        language=patient.language,
        stand_in=any(each.is_stand_in for each in texts.values()),
        note=str(paper_words.STEPS[paper.step]) % facts,
        asks=paper.step in ASKING,
        is_settling=is_settling,
        on_screen=paper.on_screen,
        frame=tuple(_frame_rows(paper)) if is_settling else (),
        parts=tuple(_parts(paper, texts, is_settling=is_settling)),
    )


def fields_of(paper: Paper, *, is_settling: bool) -> tuple[tuple[str, bool], ...]:
    """The items that are typed, each with whether it is answered in words."""
    if is_settling:
        return tuple((each.question.id, not each.question.codes) for each in paper.differences)
    return tuple((each.id, not each.codes) for asked in paper.questionnaires for each in asked.questions)


def frame_of(paper: Paper) -> dict[str, Any]:
    """How the sheet was filled in, as far as two persons agree on it."""
    if not paper.first or not paper.second:
        return {}
    row = next(iter(paper.first.values()))
    read = {
        "mode": row.mode,
        "completed_on": row.completed_on,
        "helper": row.helper,
        "help_kinds": (row.help_kinds or "").split(),
    }
    return {name: value for name, value in read.items() if name not in paper.frame_differences}


def _printed(asked: Questionnaire, texts: WordingInUse) -> SheetPart:
    numbers = [each.number for each in asked.questions]
    return SheetPart(
        title=texts["title"],
        instructions=texts["instructions"],
        questions=tuple(
            SheetQuestion(
                id=each.id,
                recall=texts[f"recall.{each.recall}"] if each.recall else "",
                text=texts[each.id],
                hint=texts.get(f"{each.id}.hint"),
                choices=tuple(_choices(each, texts)),
                is_same=place > 0 and numbers[place - 1] == each.number,
                is_conditional=each.condition is not None,
            )
            for place, each in enumerate(asked.questions)
        ),
    )


def _choices(question: Question, texts: WordingInUse) -> Iterable[Choice]:
    return (Choice(code=code, label=texts.get(f"{question.kind}.{code}")) for code in question.codes)


def _parts(paper: Paper, texts: Mapping[str, WordingInUse], *, is_settling: bool) -> Iterable[TypedPart]:
    differences = {each.question.id: each for each in paper.differences} if is_settling else {}
    for asked in paper.questionnaires:
        typed = [each for each in asked.questions if not is_settling or each.id in differences]
        if typed:
            words_of = texts[asked.code]
            yield TypedPart(
                title=words_of["title"],
                legends=tuple(dict.fromkeys(_legend(each, words_of) for each in typed if each.codes)),
                rows=tuple(_row(each, words_of, differences.get(each.id)) for each in typed),
            )


def _legend(question: Question, texts: WordingInUse) -> str:
    return " · ".join(f"{each.code} {each.label}".strip() for each in _choices(question, texts))


def _row(question: Question, texts: WordingInUse, difference: Difference | None) -> TypedRow:
    codes = question.codes
    return TypedRow(
        id=question.id,
        number=question.number,
        text=texts[question.id],
        codes=f"{codes[0]}–{codes[-1]}" if codes else "",
        digits="".join(str(code) for code in codes),
        condition=_condition(question.condition),
        max_length=question.max_length,
        first=_read(difference.first) if difference else "",
        second=_read(difference.second) if difference else "",
    )


def _condition(condition: Condition | None) -> str:
    if condition is None:
        return ""
    sign, value = ("=", condition.equals) if condition.above is None else (">", condition.above)
    return f"{condition.item}{sign}{value}"


def _read(entry: Mapping[str, Any]) -> str:
    if entry["state"] == "not_asked":
        return str(paper_words.NOT_ASKED)
    return str(words.NO_ANSWER["skipped"]) if entry["value"] is None else str(entry["value"])


def _frame_rows(paper: Paper) -> Iterable[FrameRow]:
    for name in paper.frame_differences:
        first, second = next(iter(paper.first.values())), next(iter(paper.second.values()))
        yield FrameRow(
            name=str(paper_words.FRAME[name]),
            first=_framed(getattr(first, name)),
            second=_framed(getattr(second, name)),
        )


def _framed(value: Any) -> str:
    if isinstance(value, date):
        return day_text(value)
    known = MODES | HELPERS | HELP_KINDS
    return ", ".join(str(known[each]) for each in (value or "").split()) or "–"
