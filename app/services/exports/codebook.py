"""The codebook: what each column of the scored table holds, in French and English."""

from dataclasses import asdict

import pandas as pd

from app.services.definition import StudyDefinition
from app.services.exports.variable import Kind, Variable
from app.services.exports.variables import variables
from scoring import Instrument

FORMATS = {
    Kind.TEXT: "text",
    Kind.DATE: "date, YYYY-MM-DD",
    Kind.INSTANT: "instant, UTC, ISO 8601",
    Kind.INTEGER: "integer",
    Kind.NUMBER: "number",
}
COLUMNS = ["variable", "label_fr", "label_en", "type", "codes", "range", "missing", "derivation"]


def codebook(definition: StudyDefinition, instrument: Instrument, *, with_arm: bool = True) -> pd.DataFrame:
    """A row for each column of the scored table, in its order; text, empty where there is nothing to say.

    Items are named by number and scale, never by their wording. `missing` says what an empty cell means.
    """
    rows = [_row(variable) for variable in variables(definition, instrument, with_arm=with_arm)]
    return pd.DataFrame(rows, columns=COLUMNS, dtype="string")


def _row(variable: Variable) -> dict[str, str]:
    names = {"name": "variable", "fr": "label_fr", "en": "label_en"}
    row = {names.get(name, name): value for name, value in asdict(variable).items() if name != "kind"}
    return row | {"type": FORMATS[variable.kind]}
