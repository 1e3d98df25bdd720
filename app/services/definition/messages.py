"""What patients are sent and when: the tables [reminders] and [messages] of a study definition."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from app.services.definition.fields import Table, Text, each_once, refusal
from app.services.definition.gsm import ONE_PART, fold, septets, strangers
from app.settings import PUBLIC_URL_LENGTH

DEFAULTS = Path(__file__).with_name("messages.toml")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
KNOWN = ("site", "study", "phone", "link", "closes_on")
TOKEN_LENGTH = 43
# The longest address of a link: every sign of it is in the alphabet of telephones.
LONGEST_LINK = "x" * (PUBLIC_URL_LENGTH + len("/l/") + TOKEN_LENGTH)
Kind = Literal["link", "reminder"]


def _known_placeholders(text: Mapping[str, str]) -> Mapping[str, str]:
    for words in text.values():
        unknown = {name for name in PLACEHOLDER.findall(words) if name not in KNOWN}
        if unknown or set(PLACEHOLDER.sub("", words)) & set("{}"):
            raise refusal("no other word in braces than " + ", ".join(f"{{{name}}}" for name in KNOWN))
    return text


def _with_link(text: Mapping[str, str]) -> Mapping[str, str]:
    if any(words.count("{link}") != 1 for words in text.values()):
        raise refusal("{link} once in each language, where the address goes")
    return text


def _without_link(text: Mapping[str, str]) -> Mapping[str, str]:
    if any("{link}" in words for words in text.values()):
        raise refusal("no {link}: a subject is seen on a locked screen")
    return text


def _from_and_to(value: str, info: ValidationInfo) -> str:
    if value == info.data.get("quiet_from"):
        raise refusal("another time than quiet_from")
    return value


Template = Annotated[Text, AfterValidator(_known_placeholders), AfterValidator(_with_link)]
Subject = Annotated[Text, AfterValidator(_known_placeholders), AfterValidator(_without_link)]
DAYS = "a list of whole numbers of days, each once"
DayCounts = Annotated[tuple[Annotated[int, Field(ge=1, le=365)], ...], AfterValidator(each_once)]
TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class Reminders(Table):
    """When the software sends by itself, visit by visit; without this table it sends nothing by itself.

    after_opening_days, before_closing_days: days after a visit's first day, and before its last one.
    quiet_from, quiet_to: local times of the site, between which nothing leaves. at_most: for one visit, the
    message on opening included.
    """

    on_opening: bool = Field(default=True, description="true or false, without quotes")
    after_opening_days: DayCounts = Field(default=(3,), description=DAYS)
    before_closing_days: DayCounts = Field(default=(2,), description=DAYS)
    quiet_from: str = Field(
        default="20:00", pattern=TIME, description='a local time in quotes, such as "20:00"'
    )
    quiet_to: Annotated[str, AfterValidator(_from_and_to)] = Field(
        default="09:00", pattern=TIME, description='a local time in quotes, such as "09:00"'
    )
    at_most: int = Field(default=3, ge=1, le=20, description="a whole number from 1 to 20")


class Wording(Table):
    """The texts of one kind of message, in each language of the study."""

    sms: Template = Field(description="a text with {link} in each language of the study")
    subject: Subject = Field(description="a text in each language of the study")
    email: Template = Field(description="a text with {link} in each language of the study")


class OwnWording(Table):
    """The texts of one kind of message that a study words itself; the others are the software's."""

    sms: Template | None = Field(default=None, description="a text with {link} in each language of the study")
    subject: Subject | None = Field(default=None, description="a text in each language of the study")
    email: Template | None = Field(
        default=None, description="a text with {link} in each language of the study"
    )


class Messages(Table):
    """The study's own texts, by kind of message."""

    link: OwnWording = Field(default=OwnWording(), description="a table [messages.link]")
    reminder: OwnWording = Field(default=OwnWording(), description="a table [messages.reminder]")

    def text(self, kind: Kind, part: Literal["sms", "subject", "email"], language: str) -> str:
        """The study's text of a kind, else the software's, with its placeholders."""
        own: Mapping[str, str] | None = getattr(getattr(self, kind), part)
        return (own or _defaults()[kind][part])[language].strip()


@cache
def _defaults() -> dict[str, Any]:
    return tomllib.loads(DEFAULTS.read_text("utf-8"))


def filled(template: str, values: Mapping[str, str]) -> str:
    """The text with each placeholder's value."""
    return PLACEHOLDER.sub(lambda found: values[found[1]], template)


def sms_text(template: str, values: Mapping[str, str]) -> str:
    """The text as telephones show it; of the address no sign is changed, since all are in the alphabet."""
    return fold(filled(template, values))


def sms_faults(
    messages: Messages, languages: Iterable[str], sites: Iterable[Any], public_name: Mapping[str, str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where an SMS would not fit in one part with a site's name and the longest link: the path and why."""
    kinds: tuple[Kind, ...] = ("link", "reminder")
    for index, site in enumerate(sites):
        for kind in kinds:
            for language in languages:
                names = {"site": site.public_name, "study": public_name[language], "phone": site.phone}
                values = names | {"link": LONGEST_LINK, "closes_on": "31/12/2026"}
                text = sms_text(messages.text(kind, "sms", language), values)
                message = _fault(text, f"the SMS of kind {kind} in {language!r}")
                if message:
                    own = getattr(messages, kind).sms
                    path = (
                        ("sites", index, "public_name")
                        if own is None
                        else ("messages", kind, "sms", language)
                    )
                    yield path, message


def _fault(text: str, what: str) -> str | None:
    if strange := strangers(text):
        return f"found {' '.join(strange)} in {what}, expected signs that every telephone shows in one part"
    places = septets(text)
    if places > ONE_PART:
        over = places - ONE_PART
        return (
            f"found {over} signs too many in {what} with this site's name, expected {ONE_PART} with its link"
        )
    return None
