"""From a questionnaire that was sent to the pages that show it and correct an answer of it."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from flask import request, url_for

from app.db import db
from app.forms.corrections import ASKERS, NO_ANSWER, SOURCES
from app.i18n import day_text, number_text, page_language, translate
from app.nurse import correction_words as words
from app.nurse.common import address, in_language, may, moment_of, visit_names
from app.nurse.correction_pages import (
    AnswerRow,
    CorrectionLine,
    CorrectionPage,
    LateLine,
    ScoreRow,
    SentFormPage,
    SentFormRow,
    SentFormsPage,
)
from app.nurse.pages import Badge, Fact
from app.nurse.show_events import symptom_names
from app.services import corrected_scores, corrections
from app.services.access import Permission
from app.services.answers_now import changes
from app.services.correction_seals import is_as_signed
from app.services.questionnaires import Question
from app.services.studies import definition_in_force
from app.services.wording import NoWordingError, SealBrokenError, WordingInUse, wording_in_use

__all__ = [
    "NO_ANSWER",
    "answer_choices",
    "correction_page",
    "second_look",
    "sent_form_page",
    "sent_forms_page",
]


class FormWords:
    """The words of a sent questionnaire: the wording in use where one may be shown, else bare codes."""

    def __init__(self, sent: Any) -> None:
        self.wording: WordingInUse | None = None
        with suppress(NoWordingError, SealBrokenError):
            study, code = sent.patient.study, sent.asked.code
            self.wording = wording_in_use(db.session, study, code, page_language())
        self.symptoms = symptom_names(sent.patient)

    @property
    def is_stand_in(self) -> bool:
        """Whether words of our own are shown, which the page then says."""
        return self.wording is not None and self.wording.is_stand_in

    def question(self, question: Question) -> str:
        """What the question asks, as far as it may be shown."""
        if question.symptom and question.attribute:
            return f"{self.symptoms.get(question.symptom, question.symptom)}, {self._attribute(question)}"
        return self.wording.get(question.id) if self.wording else ""

    def code(self, question: Question, code: int) -> str:
        """A code with its words, if it has any."""
        label = self.wording.get(f"{question.kind}.{code}") if self.wording else ""
        return f"{code} – {label}" if label else str(code)

    def answer(self, question: Question, entry: Mapping[str, Any]) -> str:
        """An answer, or why there is none."""
        value = entry["value"]
        if value is None or entry["state"] == "not_asked":
            return str(words.STATES[entry["state"]])
        if question.codes:
            return self.code(question, value)
        if question.choices:
            return self.symptoms.get(value, str(value))
        return day_text(date.fromisoformat(value), "medium") if question.kind == "date" else str(value)

    def _attribute(self, question: Question) -> str:
        return str(words.ATTRIBUTES[question.attribute or ""])


def sent_forms_page(patient: Any) -> SentFormsPage:
    """The questionnaires that a patient sent, the latest first."""
    names, zone = visit_names(definition_in_force(db.session, patient.study)), patient.site.timezone
    return SentFormsPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **address(patient)),
        rows=tuple(
            SentFormRow(
                url=_form_url(patient, each.visit.code, each.instrument),
                name=_form_name(names, each.visit.code, each.instrument),
                sent=moment_of(each.submitted_at, zone),
                corrections=each.corrections,
                late=each.late,
            )
            for each in corrections.sent_forms(db.session, patient)
        ),
    )


def sent_form_page(sent: Any) -> SentFormPage:
    """A questionnaire as sent and as it stands."""
    patient, texts = sent.patient, FormWords(sent)
    may_correct = may(Permission.CORRECT, patient)
    original, current = sent.answers_after(0), sent.current
    return SentFormPage(
        code=patient.code,
        heading=_name(sent),
        patient_url=url_for("nurse.patient", **address(patient)),
        forms_url=url_for("nurse.sent_forms", **address(patient)),
        sent=moment_of(sent.response.submitted_at, patient.site.timezone),
        stand_in=texts.is_stand_in,
        rows=tuple(
            _answer_row(sent, texts, each, original[each.id], current[each.id], may_correct=may_correct)
            for each in sent.asked.questions
        ),
        scores=(*_score_rows(sent), *_grade_rows(sent, texts)),
        done=str(words.DONE.get(request.args.get("done", ""), "")),
    )


def correction_page(sent: Any, item: str, late: Any) -> CorrectionPage:
    """The form of a correction, beside what was sent and what stands."""
    texts, question = FormWords(sent), sent.asked.by_id[item]
    return _correction_page(sent, texts, item, late=_late_text(texts, question, late, sent) if late else "")


def second_look(sent: Any, facts: Any, form: Any) -> CorrectionPage:
    """What is about to be decided, and which other questions it rules out or in."""
    texts, by_id = FormWords(sent), sent.asked.by_id
    pairs = {
        form.source.label.text: SOURCES[facts.source],
        form.asked_by.label.text: ASKERS[facts.asked_by],
        form.reason.label.text: facts.reason,
    }
    change = _change(texts, by_id[facts.item], sent.current[facts.item], facts.entry)
    follows = changes(sent.current, sent.answers_with(facts))
    return _correction_page(
        sent,
        texts,
        facts.item,
        decided=(
            Fact(name=str(translate("Correction")), value=change),
            *(Fact(name=str(name), value=str(value)) for name, value in pairs.items()),
        ),
        follows=tuple(
            Fact(name=_item_name(texts, by_id[each]), value=_change(texts, by_id[each], *pair))
            for each, pair in follows.items()
            if each != facts.item
        ),
    )


def answer_choices(sent: Any, question: Question) -> dict[str, str]:
    """The codes or choices that answer a question, with their words; none where it takes text or a date."""
    texts = FormWords(sent)
    if question.codes:
        return {str(code): texts.code(question, code) for code in question.codes}
    return {code: texts.symptoms.get(code, code) for code in question.choices}


def _correction_page(sent: Any, texts: FormWords, item: str, **facts: Any) -> CorrectionPage:
    patient, question = sent.patient, sent.asked.by_id[item]
    place = {"visit": sent.visit.code, "questionnaire": sent.asked.code, "item": item}
    empty: dict[str, Any] = {"late": "", "decided": (), "follows": ()}
    return CorrectionPage(
        code=patient.code,
        heading=str(translate("Correction of %(item)s", item=item)),
        patient_url=url_for("nurse.patient", **address(patient)),
        forms_url=url_for("nurse.sent_forms", **address(patient)),
        form_url=_form_url(patient, sent.visit.code, sent.asked.code),
        form_name=_name(sent),
        url=url_for("nurse.correct_answer", **address(patient), **place),
        stand_in=texts.is_stand_in,
        question=texts.question(question),
        sent=texts.answer(question, sent.answers_after(0)[item]),
        now=texts.answer(question, sent.current[item]),
        meaning=str(words.MEANING),
        **(empty | facts),
    )


def _answer_row(
    sent: Any, texts: FormWords, question: Question, original: Any, current: Any, *, may_correct: bool
) -> AnswerRow:
    place = {"visit": sent.visit.code, "questionnaire": sent.asked.code, "item": question.id}
    url = url_for("nurse.correct_answer", **address(sent.patient), **place)
    can_correct = may_correct and current["state"] != "not_asked"
    taken = {each.late_answer_id for each in sent.corrections}
    return AnswerRow(
        item=question.id,
        text=texts.question(question),
        sent=texts.answer(question, original),
        now=texts.answer(question, current),
        is_changed=original != current,
        corrections=tuple(
            _correction_line(each, texts, question, sent.patient.site.timezone)
            for each in sent.corrections
            if each.item == question.id
        ),
        late=tuple(
            LateLine(
                text=_late_text(texts, question, each, sent),
                take_url=f"{url}?late={each.id}" if can_correct and each.id not in taken else None,
                is_taken=each.id in taken,
            )
            for each in sent.late
            if each.item == question.id
        ),
        correct_url=url if can_correct else None,
    )


def _correction_line(correction: Any, texts: FormWords, question: Question, zone: str) -> CorrectionLine:
    who = translate(
        "%(name)s (%(account)s) on %(moment)s",
        name=correction.name,
        account=correction.decided_by,
        moment=moment_of(correction.decided_at, zone),
    )
    why = translate(
        "%(reason)s (%(source)s; asked for by: %(asker)s)",
        reason=correction.reason,
        source=str(SOURCES[correction.source]),
        asker=str(ASKERS[correction.asked_by]),
    )
    holds = is_as_signed(correction)
    return CorrectionLine(
        change=_change(texts, question, correction.old, correction.new),
        who=str(who),
        why=str(why),
        signature=Badge(key="approved" if holds else "broken", text=str(words.SIGNATURES[holds])),
    )


def _score_rows(sent: Any) -> tuple[ScoreRow, ...]:
    instrument = sent.asked.instrument
    scores = corrected_scores.scores_of(db.session, sent.response)
    scales = [*instrument.scales, *([instrument.summary] if instrument.summary else [])] if instrument else []
    return tuple(
        ScoreRow(
            name=in_language(each.names),
            sent=_number(scores[each.code][0]),
            now=_number(scores[each.code][1]),
            is_changed=scores[each.code][0] != scores[each.code][1],
        )
        for each in scales
    )


def _grade_rows(sent: Any, texts: FormWords) -> tuple[ScoreRow, ...]:
    grades = corrected_scores.grades_of(db.session, sent.response)
    return tuple(
        ScoreRow(
            name=str(translate("%(symptom)s, composite grade", symptom=texts.symptoms.get(symptom, symptom))),
            sent="–" if before is None else str(before),
            now="–" if after is None else str(after),
            is_changed=before != after,
        )
        for symptom, (before, after) in grades.items()
    )


def _number(value: float | None) -> str:
    return "–" if value is None else number_text(value)


def _change(texts: FormWords, question: Question, old: Any, new: Any) -> str:
    return f"{texts.answer(question, old)} → {texts.answer(question, new)}"


def _late_text(texts: FormWords, question: Question, late: Any, sent: Any) -> str:
    entry = {"state": late.state, "value": late.answer["value"]}
    return str(
        translate(
            "%(answer)s, received on %(moment)s",
            answer=texts.answer(question, entry),
            moment=moment_of(late.received_at, sent.patient.site.timezone),
        )
    )


def _item_name(texts: FormWords, question: Question) -> str:
    text = texts.question(question)
    return f"{question.id} {text}" if text else question.id


def _form_url(patient: Any, visit: str, instrument: str) -> str:
    return url_for("nurse.sent_form", **address(patient), visit=visit, questionnaire=instrument)


def _name(sent: Any) -> str:
    names = visit_names(definition_in_force(db.session, sent.patient.study))
    return _form_name(names, sent.visit.code, sent.asked.code)


def _form_name(names: Mapping[str, str], visit: str, instrument: str) -> str:
    form = str(words.QUESTIONNAIRES.get(instrument, instrument.upper()))
    return f"{names.get(visit, visit)} – {form}"
