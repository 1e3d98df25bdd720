"""From the steps of one score to the page that lets a reader check it with paper and pencil."""

from typing import Any

from flask import url_for

from app.db import db
from app.i18n import day_text, short_number_text, translate
from app.nurse import score_words as words
from app.nurse.common import address, in_language, visit_names
from app.nurse.pages import Fact
from app.nurse.score_pages import AnswerRow, ArithmeticPage
from app.nurse.step_words import questionnaire_name
from app.services.course import Derivation, derivation
from app.services.studies import definition_in_force

DIGITS = 4


def arithmetic_page(patient: Any, visit: str, questionnaire: str, scale: str) -> ArithmeticPage:
    """One score of a visit step by step. Raises NotFoundError where there is none."""
    found = derivation(db.session, patient, visit, questionnaire, scale)
    names = visit_names(definition_in_force(db.session, patient.study))
    steps: Any = found.steps
    what = steps.summary if found.is_summary else steps.scale
    return ArithmeticPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **address(patient)),
        scores_url=url_for("nurse.scores", **address(patient)),
        name=in_language(what.names),
        scale=what.code,
        visit=names.get(visit, visit),
        facts=(
            Fact(name=translate("Visit"), value=names.get(visit, visit)),
            Fact(name=translate("Filled in on"), value=day_text(found.on)),
            Fact(name=translate("Questionnaire"), value=questionnaire_name(questionnaire)),
        ),
        rows=_terms(steps) if found.is_summary else _answers(found),
        is_summary=found.is_summary,
        steps=_summary_steps(steps) if found.is_summary else _scale_steps(steps),
        value=_number(steps.value),
        better=str(words.BETTER[what.better]),
        is_corrected=found.is_corrected,
        differs="" if found.is_as_stored else _number(found.stored),
        source=what.source if found.is_summary else found.instrument.sources["scoring"],
        version=found.scorer_version,
    )


def _answers(found: Derivation) -> tuple[AnswerRow, ...]:
    codes: Any = found.steps
    return tuple(
        AnswerRow(
            name=str(translate("Question %(number)s", number=found.instrument.item(item).number)),
            value=str(translate("No answer") if code is None else code),
        )
        for item, code in codes.codes.items()
    )


def _terms(steps: Any) -> tuple[AnswerRow, ...]:
    return tuple(
        AnswerRow(
            name=in_language(term.scale.names),
            value=_number(term.value),
            counted=_number(term.counted),
            how=f"100 − {_number(term.value)}" if term.is_turned and term.value is not None else "",
        )
        for term in steps.terms
    )


def _scale_steps(steps: Any) -> tuple[Fact, ...]:
    """Half rule, raw score, transformation: each in words, and with the numbers of these answers."""
    scale, given = steps.scale, [str(code) for code in steps.codes.values() if code is not None]
    facts = {"count": steps.count, "items": len(scale.items), "fewest": scale.fewest}
    enough = translate("%(count)s of %(items)s; at least %(fewest)s are needed", **facts)
    found = [Fact(name=translate("Questions answered"), value=str(enough))]
    if steps.raw is not None:
        total = " + ".join(given)
        total = f"({total}) / {steps.count}" if len(given) > 1 else total
        mean = translate("Raw score: the mean of the codes answered")
        found.append(Fact(name=mean, value=f"{total} = {_number(steps.raw)}"))
    if steps.value is not None:
        share = f"({_number(steps.raw)} − {scale.lowest}) / {steps.range}"
        formula = f"(1 − {share}) × 100" if scale.reversed else f"{share} × 100"
        found.append(Fact(name=_transformation(steps), value=f"{formula} = {_number(steps.value)}"))
    return tuple(found)


def _transformation(steps: Any) -> str:
    scale = steps.scale
    facts = {"lowest": scale.lowest, "highest": scale.highest, "range": steps.range}
    if scale.reversed:
        text = translate(
            "Score from 0 to 100, turned round so that a high score is good: codes run from %(lowest)s to "
            "%(highest)s, their range is %(range)s",
            **facts,
        )
    else:
        text = translate(
            "Score from 0 to 100: codes run from %(lowest)s to %(highest)s, their range is %(range)s", **facts
        )
    return str(text)


def _summary_steps(steps: Any) -> tuple[Fact, ...]:
    counted = [term.counted for term in steps.terms if term.counted is not None]
    needed = translate("%(count)s of %(items)s; all are needed", count=len(counted), items=len(steps.terms))
    found = [Fact(name=translate("Scores present"), value=str(needed))]
    if steps.value is not None:
        total = " + ".join(_number(each) for each in counted)
        mean = translate("Summary score: the mean of the scores as they count")
        found.append(Fact(name=mean, value=f"({total}) / {len(counted)} = {_number(steps.value)}"))
    return tuple(found)


def _number(value: float | None) -> str:
    return "–" if value is None else short_number_text(value, DIGITS)
