"""When the site's staff are alerted to what a patient sent: the tables [[alerts]] of a study definition."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

import scoring
from app.services.definition.fields import SYMPTOMS, AskedQuestionnaire, Slug, Table, Text, Words, each_once
from app.services.definition.symptoms import PUBLISHED, Symptom

Limit = Annotated[float, Field(allow_inf_nan=False)]
Roles = Annotated[
    tuple[Literal["nurse", "investigator"], ...], Field(min_length=1), AfterValidator(each_once)
]
ROLES = 'a list from "nurse" and "investigator", each once'
# The lowest and the highest value of what a rule may look at.
Span = tuple[float, float]
SCORES, CHANGES, COMPOSITES = (0.0, 100.0), (-100.0, 100.0), (0.0, 3.0)
LETTERS, HIGHEST_PRESENCE, HIGHEST = "abc", 1.0, 4.0


class AlertRule(Table):
    """One rule: which value of a response reaches which threshold, who is told, and what if nobody answers.

    on: an item's code, a scale's score, the score's change from the initial visit, or a symptom's composite
    grade; `of` names the item, scale or symptom. at_least or at_most: the threshold, itself included, upwards
    or downwards. Off unless `enabled`.
    """

    code: Slug = Field(description="a code in small letters, digits and dashes, such as pain-highest")
    names: Text = Field(description="a text in each language of the study")
    enabled: bool = Field(default=False, description="true or false, without quotes")
    on: Literal["item", "scale", "change", "composite"] = Field(
        description='"item", "scale", "change" or "composite"'
    )
    questionnaire: AskedQuestionnaire = Field(description="the code of a questionnaire, such as qlq-c30")
    of: Words = Field(description="the code of an item, a scale or a symptom of the questionnaire")
    at_least: Limit | None = Field(default=None, description="a number")
    at_most: Limit | None = Field(default=None, description="a number")
    tells: Roles = Field(description=ROLES)
    escalates_after_hours: int = Field(
        ge=1, le=400, description="a whole number of working hours from 1 to 400"
    )
    escalates_to: Roles = Field(description=ROLES)

    @property
    def threshold(self) -> float:
        """The value from which on, or down from which, there is an alert."""
        found = self.at_least if self.at_least is not None else self.at_most
        assert found is not None, "checked when the file was read"
        return found

    def is_reached_by(self, value: float) -> bool:
        """Whether a value is the threshold or lies beyond it."""
        return value >= self.threshold if self.at_least is not None else value <= self.threshold


def alert_faults(
    rules: Iterable[AlertRule], symptoms: Sequence[Symptom], *, has_other: bool
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What rules look at that there is not, and thresholds that no answer or every answer reaches."""
    for index, rule in enumerate(rules):
        known = _spans(rule, symptoms, has_other=has_other)
        if rule.of not in known:
            expected = ", ".join(known) or f"none, as {rule.questionnaire} has nothing of the kind"
            yield ("alerts", index, "of"), f'found "{rule.of}", expected one of {expected}'
        elif (rule.at_least is None) == (rule.at_most is None):
            found = "neither" if rule.at_least is None else "both"
            yield ("alerts", index, "at_least"), f"found {found}, expected either at_least or at_most"
        else:
            yield from _threshold_faults(index, rule, *known[rule.of])


def _threshold_faults(
    index: int, rule: AlertRule, lowest: float, highest: float
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    is_upwards = rule.at_least is not None
    key = "at_least" if is_upwards else "at_most"
    fits = lowest < rule.threshold <= highest if is_upwards else lowest <= rule.threshold < highest
    if not fits:
        ends = (
            f"above {lowest:g} up to {highest:g}" if is_upwards else f"from {lowest:g} to below {highest:g}"
        )
        yield ("alerts", index, key), f"found {rule.threshold:g}, expected a number {ends}"


def _spans(rule: AlertRule, symptoms: Sequence[Symptom], *, has_other: bool) -> Mapping[str, Span]:
    """What a rule of this kind may look at in its questionnaire, with the lowest and the highest value."""
    if rule.questionnaire == SYMPTOMS:
        if rule.on == "item":
            return _symptom_items(symptoms, has_other=has_other)
        graded = [each.code for each in symptoms if each.code.startswith(PUBLISHED) and _is_graded(each)]
        return dict.fromkeys(graded, COMPOSITES) if rule.on == "composite" else {}
    instrument = scoring.load_instrument(rule.questionnaire)
    if rule.on == "item":
        return {item.id: (float(min(item.codes)), float(max(item.codes))) for item in instrument.items}
    spans = {"scale": SCORES, "change": CHANGES}
    return dict.fromkeys(instrument.ends, spans[rule.on]) if rule.on in spans else {}


def _symptom_items(symptoms: Sequence[Symptom], *, has_other: bool) -> Mapping[str, Span]:
    found = {
        f"{symptom.code}{letter}": (0.0, HIGHEST_PRESENCE if attribute == "presence" else HIGHEST)
        for symptom in symptoms
        for letter, attribute in zip(LETTERS, symptom.asked, strict=False)
    }
    return found | ({f"other{letter}": (0.0, HIGHEST) for letter in LETTERS} if has_other else {})


def _is_graded(symptom: Symptom) -> bool:
    """Whether there is a composite grade: of presence alone there is none."""
    return "presence" not in symptom.asked
