"""The kinds of value that the tables of a study definition hold, each with its own check."""

import functools
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

import scoring

SUPPORTED_LANGUAGES = ("fr", "en")
# The questionnaire made of the study's own list, beside the instruments.
SYMPTOMS = "symptoms"


@dataclass(frozen=True)
class Known:
    """What the rest of a file may refer to, gathered before it is checked.

    No languages where those given are at fault: then texts are not blamed for it.
    """

    languages: tuple[str, ...]
    timezone: str
    arms: tuple[str, ...]
    milestones: tuple[str, ...]
    repeatable: tuple[str, ...]
    symptoms: bool


def refusal(expected: str) -> PydanticCustomError:
    return PydanticCustomError("definition", "{expected}", {"expected": expected})


def known_from(info: ValidationInfo) -> Known:
    if not isinstance(info.context, Known):
        raise TypeError("a definition is checked by parse_definition only")
    return info.context


@functools.cache
def zone_names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _time_zone(name: str) -> str:
    if name not in zone_names():
        raise refusal("the IANA name of a time zone, such as Europe/Paris or Indian/Reunion")
    return name


def _in_every_language(text: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
    languages = known_from(info).languages
    if languages and set(text) != set(languages):
        raise refusal(f"a text in each language of the study and in no other: {', '.join(languages)}")
    return text


def _known_arm(code: str, info: ValidationInfo) -> str:
    if code not in known_from(info).arms:
        raise refusal(f"the code of an arm of this file: {', '.join(known_from(info).arms)}")
    return code


def known_milestone(code: str, info: ValidationInfo) -> str:
    known = known_from(info)
    if code not in known.milestones:
        raise refusal(f"the code of a milestone of this file: {', '.join(known.milestones)}")
    return code


def known_anchor(code: str, info: ValidationInfo) -> str:
    if known_milestone(code, info) in known_from(info).repeatable:
        raise refusal("a milestone that happens once (once = true)")
    return code


def _known_questionnaire(code: str, info: ValidationInfo) -> str:
    if code == SYMPTOMS:
        if not known_from(info).symptoms:
            raise refusal("a table [[symptoms]] for each symptom of the list, since a visit asks for them")
        return code
    try:
        scoring.load_instrument(code)
    except scoring.UnknownInstrumentError:
        raise refusal(
            "the code of a questionnaire that Ressenti holds, such as qlq-c30, or symptoms"
        ) from None
    return code


def not_of_a_report(code: str) -> str:
    if re.fullmatch(r"U(?=.)[0-9]*(\{month\})?", code):
        raise refusal("a code other than U and a number, which a report between visits bears")
    return code


def each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise refusal("each value once")
    return values


def _growing(months: tuple[int, ...]) -> tuple[int, ...]:
    if any(later <= earlier for earlier, later in pairwise(months)):
        raise refusal("months in growing order, each once")
    return months


Words = Annotated[str, Field(pattern=r"\S")]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Zone = Annotated[str, AfterValidator(_time_zone)]
Text = Annotated[Mapping[str, Words], AfterValidator(_in_every_language)]
# Whose public holidays a site keeps.
Calendar = Literal[
    "metropole",
    "alsace-moselle",
    "guadeloupe",
    "martinique",
    "guyane",
    "reunion",
    "mayotte",
    "saint-barthelemy",
    "saint-martin",
    "saint-pierre-et-miquelon",
    "nouvelle-caledonie",
    "polynesie-francaise",
    "wallis-et-futuna",
]
Values = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*$")], ...],
    Field(min_length=1),
    AfterValidator(each_once),
]
Month = Annotated[int, Field(ge=0, le=1200)]
Languages = Annotated[tuple[Literal["fr", "en"], ...], Field(min_length=1), AfterValidator(each_once)]
Months = Annotated[tuple[Month, ...], Field(min_length=1), AfterValidator(_growing)]
Arms = Annotated[
    tuple[Annotated[str, AfterValidator(_known_arm)], ...], Field(min_length=1), AfterValidator(each_once)
]
AskedQuestionnaire = Annotated[str, AfterValidator(_known_questionnaire)]
Questionnaires = Annotated[
    tuple[AskedQuestionnaire, ...],
    Field(min_length=1),
    AfterValidator(each_once),
]


class Table(BaseModel):
    """A table of the file. The description of each field is what a fault message says was expected."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
