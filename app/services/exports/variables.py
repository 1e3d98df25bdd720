"""The variables of the scored table, declared once, for the table as for the codebook."""

import functools
import tomllib
from dataclasses import replace
from importlib.resources import files

from app.services.definition import REINTRODUCTION, StudyDefinition
from app.services.exports.absences import STUDY_END, UNDONE
from app.services.exports.score_variables import answer_variables, item_variables, scale_variables
from app.services.exports.variable import Kind, Variable
from app.services.leaving import NOTHING_EXPECTED
from app.services.schedule import NominalVisit, nominal_visits
from scoring import Instrument

# The date of re-introduction tells the arm as surely as the arm itself; so does how a patient is treated, and
# only visits of re-introduction are served by another one.
TELL_ARM = frozenset({"arm", "reintroduced_on", "treatment_state", "treatment_days", "served_by"})
OTHER_ENDS = {
    STUDY_END: {"fr": "fin de l’étude", "en": "end of the study"},
    UNDONE: {
        "fr": "évènement de départ annulé, il n’avait pas eu lieu",
        "en": "the milestone it is counted from was undone: it had not happened",
    },
}
DATA_CUT = Variable(
    "data_cut",
    Kind.INSTANT,
    "Instant de l’extraction des données",
    "Data cut",
    "instant at which the table was made; states hold at this instant",
    missing="never",
)


def variables(definition: StudyDefinition, instrument: Instrument, *, with_arm: bool) -> list[Variable]:
    """The variables in the order of the columns; without the arm, none of those that tell it."""
    forms = [_with_codes(each, definition, with_arm=with_arm) for each in form_variables()]
    return [
        *(each for each in forms if with_arm or each.name not in TELL_ARM),
        *item_variables(instrument),
        *answer_variables(instrument),
        *scale_variables(instrument),
        DATA_CUT,
    ]


@functools.cache
def form_variables() -> tuple[Variable, ...]:
    """The variables of variables.toml: all but answers and scores."""
    text = (files("app.services.exports") / "variables.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["variables"]
    return tuple(Variable(**row | {"kind": Kind(row["kind"])}) for row in rows)


def visits_of_all_arms(definition: StudyDefinition) -> list[NominalVisit]:
    """The visits whose rows do not tell the arm: planned for every arm, not counted from re-introduction."""
    return [
        visit for visit in nominal_visits(definition) if visit.arms is None and visit.anchor != REINTRODUCTION
    ]


def _with_codes(variable: Variable, definition: StudyDefinition, *, with_arm: bool) -> Variable:
    """The variable with the codes and names that the study's definition gives it."""
    named = {each.code: each.names for each in definition.arms} if variable.name == "arm" else {}
    if variable.name == "not_expected_reason":
        kinds = [each for each in definition.milestones if each.ends in NOTHING_EXPECTED]
        named = {each.code: each.names for each in kinds} | OTHER_ENDS
    if variable.name in {"visit", "analysis_visit", "served_by"}:
        visits = nominal_visits(definition) if with_arm else visits_of_all_arms(definition)
        named = {each.code: each.names for each in visits}
    codes = "; ".join(f"{code} = {' / '.join(names.values())}" for code, names in named.items())
    return replace(variable, codes=codes) if codes else variable
