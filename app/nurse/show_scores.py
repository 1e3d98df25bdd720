"""From a patient's questionnaires to the page of their scores and symptoms over time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import current_app, url_for

from app.db import db
from app.i18n import day_text, short_number_text, translate, translate_plural
from app.nurse import score_words as words
from app.nurse.charts import Moment, Scale, draw
from app.nurse.common import address, in_language, visit_names
from app.nurse.pages import Fact
from app.nurse.score_pages import Figure, Group, ScoresPage, ValueRow
from app.nurse.score_slots import Slot, moment_of_slot, slots_of, treatment_events
from app.nurse.show_events import symptom_names
from app.nurse.step_words import questionnaire_name
from app.services.course import CourseForm, course_of, is_important, load_instrument
from app.services.definition import SYMPTOMS, StudyDefinition
from app.services.studies import definition_in_force
from app.services.worklist import VisitLine, today_at, visit_lines

SCORES, GRADES = (0, 50, 100), (0, 1, 2, 3)


@dataclass(frozen=True)
class Frame:
    """What all charts of a page share."""

    patient: Any
    definition: StudyDefinition
    lines: Sequence[VisitLine]
    events: tuple[tuple[date, str, str], ...]
    today: date

    def scale(self, slots: Iterable[Slot], highest: float, grid: tuple[int, ...]) -> Scale:
        """From the first of these moments until today."""
        days = [slot.on for slot in slots]
        return Scale(first=min(days), last=max(*days, self.today), highest=highest, grid=grid)


def scores_page(patient: Any) -> ScoresPage:
    """The scores of a patient, scale by scale, and the composite grades of their symptoms."""
    definition = definition_in_force(db.session, patient.study)
    clock = current_app.extensions["clock"]
    course = course_of(db.session, patient)
    scored, graded = course.scored, course.graded
    frame = Frame(
        patient=patient,
        definition=definition,
        lines=visit_lines(db.session, clock, [patient.id])[patient.id],
        events=treatment_events(patient),
        today=today_at(clock, patient.site.timezone),
    )
    codes = dict.fromkeys(each.instrument for each in scored)
    groups = [group for code in codes for group in _groups(frame, code, scored, several=len(codes) > 1)]
    figures = [figure for group in groups for figure in group.figures]
    symptoms, silent = _symptoms(frame, graded)
    latest = next(reversed(scored), None)
    return ScoresPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **address(patient)),
        events_url=url_for("nurse.events", **address(patient)),
        latest=_latest(frame, latest) if latest else "",
        important=tuple(f"{each.name} {each.latest}" for each in figures if each.is_important),
        has_thresholds=any(each.threshold for each in figures),
        events=tuple(Fact(name=letter, value=text) for _, letter, text in frame.events),
        marks=_marks([*figures, *symptoms]),
        sources=tuple(dict.fromkeys(source for code in codes for source in _unconfirmed(code))),
        groups=tuple(groups),
        symptoms=symptoms,
        silent=", ".join(silent),
        has_symptoms=any(
            rule.questionnaires and SYMPTOMS in rule.questionnaires for rule in definition.visits
        ),
    )


def _groups(frame: Frame, code: str, scored: Sequence[CourseForm], *, several: bool) -> Iterable[Group]:
    """The scales of an instrument by their kind, the summary with what is global."""
    instrument = load_instrument(code)
    mine = [(each, each.values) for each in scored if each.instrument == code]
    slots = slots_of(frame.definition, frame.lines, code, mine)
    summary = [instrument.summary] if instrument.summary else []
    for kind, heading in words.GROUPS.items():
        scales: list[Any] = [each for each in instrument.scales if each.kind == kind]
        scales += summary if kind == "global" else []
        if scales:
            figures = tuple(_score_figure(frame, instrument, each, slots) for each in scales)
            name = f"{questionnaire_name(code)}: {heading}" if several else str(heading)
            yield Group(id=f"{code}-{kind}", heading=name, figures=figures)


def _score_figure(frame: Frame, instrument: Any, scale: Any, slots: Sequence[Slot]) -> Figure:
    threshold = getattr(scale, "threshold", None)
    items = len(scale.items) if hasattr(scale, "items") else _items_of_summary(instrument)
    found = [(slot, *(slot.values or {}).get(scale.code, (None, 0))) for slot in slots]
    moments = [moment_of_slot(slot, value) for slot, value, _ in found]
    known = [(slot, value) for slot, value, _ in found if value is not None]
    name, (slot, value) = in_language(scale.names), known[-1] if known else (slots[-1], None)
    at_most = scale.better == "higher"
    return Figure(
        id=f"{instrument.code}-{scale.code}",
        name=name,
        better=str(words.BETTER[scale.better]),
        latest=_number(value),
        latest_on=_place(slot) if known else "",
        is_important=threshold is not None and bool(is_important(scale, value)),
        threshold=str(words.IMPORTANT[scale.better]) % {"value": short_number_text(threshold.value)}
        if threshold
        else "",
        text=_described(name, moments),
        chart=draw(
            frame.scale(slots, 100, SCORES),
            moments,
            [(day, letter) for day, letter, _ in frame.events],
            (threshold.value, at_most) if threshold else None,
        ),
        rows=tuple(_score_row(frame, instrument, scale.code, items, *each) for each in found),
    )


def _score_row(
    frame: Frame, instrument: Any, scale: str, items: int, slot: Slot, value: float | None, answered: int
) -> ValueRow:
    place = {**address(frame.patient), "questionnaire": instrument.code, "scale": scale}
    return ValueRow(
        visit=slot.name,
        day=day_text(slot.on, "medium"),
        value=_number(value),
        url=url_for("nurse.arithmetic", **place, visit=slot.form.visit) if slot.form else None,
        answered=str(translate("%(count)s of %(items)s", count=answered, items=items)) if slot.form else "–",
        marks=slot.state,
    )


def _items_of_summary(instrument: Any) -> int:
    return sum(len(instrument.scale(code).items) for code in instrument.summary.scales)


def _symptoms(frame: Frame, graded: Sequence[CourseForm]) -> tuple[tuple[Figure, ...], list[str]]:
    """The symptoms with a composite grade above 0 at some time, and the names of those without."""
    names = symptom_names(frame.patient)
    slots = slots_of(frame.definition, frame.lines, SYMPTOMS, [(each, each.grades) for each in graded])
    graded_codes = {code for each in graded for code, grade in each.grades.items() if grade is not None}
    codes = [code for code in names if code in graded_codes]
    felt = [code for code in codes if any((each.grades.get(code) or 0) > 0 for each in graded)]
    figures = tuple(_grade_figure(frame, code, names[code], slots) for code in felt)
    return figures, [names[code] for code in codes if code not in felt]


def _grade_figure(frame: Frame, code: str, name: str, slots: Sequence[Slot]) -> Figure:
    # A report between visits tells of one symptom: of the others it is no gap.
    own = [slot for slot in slots if slot.values is None or code in slot.values]
    moments = [moment_of_slot(slot, (slot.values or {}).get(code)) for slot in own]
    slot, moment = [pair for pair in zip(own, moments, strict=True) if pair[1].value is not None][-1]
    return Figure(
        id=code,
        name=name,
        better=str(words.BETTER["lower"]),
        latest=_number(moment.value),
        latest_on=_place(slot),
        is_important=False,
        threshold="",
        text=_described(name, moments),
        chart=draw(
            frame.scale(slots, GRADES[-1], GRADES),
            moments,
            [(day, letter) for day, letter, _ in frame.events],
            as_stems=True,
        ),
        rows=tuple(
            ValueRow(
                visit=slot.name,
                day=day_text(slot.on, "medium"),
                value=_number(moment.value),
                url=None,
                answered="",
                marks=slot.state,
            )
            for slot, moment in zip(own, moments, strict=True)
        ),
    )


def _marks(figures: Sequence[Figure]) -> tuple[Fact, ...]:
    """The marks of the charts that have a meaning to explain, in the order of the legend."""
    points = [point for figure in figures for point in figure.chart.points]
    used = {point.shape for point in points}
    used |= {"hollow"} if any(point.is_hollow for point in points) else set()
    used |= {"ringed"} if any(point.is_ringed for point in points) else set()
    used |= {"gap"} if any(figure.chart.gaps for figure in figures) else set()
    return tuple(Fact(name=key, value=str(text)) for key, text in words.MARKS.items() if key in used)


def _unconfirmed(code: str) -> Iterable[str]:
    """Where the thresholds of an instrument that nobody has checked yet come from."""
    instrument = load_instrument(code)
    return (
        scale.threshold.source
        for scale in instrument.scales
        if scale.threshold and not scale.threshold.confirmed
    )


def _latest(frame: Frame, form: CourseForm) -> str:
    name = visit_names(frame.definition).get(form.visit, form.visit)
    return f"{name}, {day_text(form.on)}"


def _place(slot: Slot) -> str:
    return f"{slot.label}, {day_text(slot.on, 'medium')}"


def _number(value: float | None) -> str:
    return "–" if value is None else short_number_text(value)


def _described(name: str, moments: Sequence[Moment]) -> str:
    """What a chart shows, in a sentence."""
    known = [each for each in moments if each.value is not None]
    if not known:
        return str(translate("%(name)s: no value yet", name=name))
    facts = {
        "name": name,
        "first": _number(known[0].value),
        "from": day_text(known[0].on, "medium"),
        "last": _number(known[-1].value),
        "until": day_text(known[-1].on, "medium"),
    }
    text = translate("%(name)s: %(first)s on %(from)s, %(last)s on %(until)s", **facts)
    without = len(moments) - len(known)
    gaps = translate_plural("%(num)s time without a value", "%(num)s times without a value", without)
    return f"{text}; {gaps}" if without else str(text)
