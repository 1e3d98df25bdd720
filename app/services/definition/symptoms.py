"""The study's list of symptoms: terms of the PRO-CTCAE by their number, and items of the study's own."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

import scoring
from app.services.definition.fields import Table, Text, Words, each_once, known_from, refusal

PUBLISHED = "pt"
# As the PRO-CTCAE combines them: these in this order, the others alone.
IN_ORDER = ("frequency", "severity", "interference")
Attribute = Literal["frequency", "severity", "interference", "amount", "presence"]


def _held(code: str) -> str:
    if code.startswith(PUBLISHED) and _number(code) not in scoring.load_proctcae().symptoms:
        highest = max(scoring.load_proctcae().symptoms)
        raise refusal(f"pt and the number of a PRO-CTCAE symptom, from pt001 to pt{highest:03}")
    return code


def _in_study_languages(
    words: Mapping[str, tuple[str, ...]] | None, info: ValidationInfo
) -> Mapping[str, tuple[str, ...]] | None:
    languages = known_from(info).languages
    if words and languages and not set(words) <= set(languages):
        raise refusal(f"lists in languages of the study only: {', '.join(languages)}")
    return words


def _of_own_symptom(values: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
    code = info.data.get("code")
    if code is None:
        return values
    if code.startswith(PUBLISHED):
        if values is not None:
            raise refusal(f"none at {code}, whose attributes are those of the PRO-CTCAE")
    elif not values or (len(values) > 1 and list(values) != [each for each in IN_ORDER if each in values]):
        raise refusal(f"a list in the order {', '.join(IN_ORDER)}, or amount alone, or presence alone")
    return values


def _number(code: str) -> int:
    return int(code.removeprefix(PUBLISHED))


Code = Annotated[str, AfterValidator(_held)]
Search = Annotated[
    Mapping[str, Annotated[tuple[Words, ...], AfterValidator(each_once)]], AfterValidator(_in_study_languages)
]


class SymptomList(Table):
    """What holds for the list as a whole."""

    other: bool = Field(default=True, description="true or false, without quotes")


class Symptom(Table):
    """A symptom that patients are asked about.

    names: what staff call it, by language. search: by language, other words that people use for it.
    attributes: what is asked about a symptom of the study's own; None for one of the PRO-CTCAE.
    """

    code: Code = Field(
        pattern=r"^(pt[0-9]{3}|own[0-9]{2})$",
        description="pt and the PRO-CTCAE number in three digits, such as pt009, or own and two digits",
    )
    names: Text = Field(description="a text in each language of the study")
    search: Search | None = Field(
        default=None, description="for each language a list of other words for it, each once"
    )
    attributes: Annotated[tuple[Attribute, ...] | None, AfterValidator(_of_own_symptom)] = Field(
        default=None,
        validate_default=True,
        description="a list from frequency, severity, interference, amount, presence",
    )

    @property
    def asked(self) -> tuple[str, ...]:
        """What is asked about it, in order, such as ("frequency", "severity")."""
        if self.attributes is not None:
            return self.attributes
        table = scoring.load_proctcae()
        letters = table.symptoms[_number(self.code)].attributes
        return tuple(table.attributes[letter].name for letter in letters)
