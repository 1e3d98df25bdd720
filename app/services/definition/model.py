"""What a study definition is made of: the tables of the file as frozen models.

The description of a field is what a fault message says was expected.
"""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field

from app.services.definition.alerts import AlertRule
from app.services.definition.fields import (
    Arms,
    Calendar,
    Languages,
    Months,
    Questionnaires,
    Slug,
    Table,
    Text,
    Values,
    Words,
    Zone,
    known_anchor,
    known_milestone,
    not_of_a_report,
)
from app.services.definition.messages import Messages, Reminders
from app.services.definition.symptoms import Symptom, SymptomList
from app.services.errors import NotFoundError

# The code of the initial visit.
BASELINE = "BASELINE"
CONSENT = "consent"
RANDOMISATION = "randomisation"
REINTRODUCTION = "reintroduction"
MONTH = "{month}"
T = TypeVar("T")


class Study(Table):
    """What identifies a study, within and towards patients."""

    code: str = Field(
        pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)*$",
        max_length=20,
        description="a code in capitals, digits and dashes, such as GIST-IMA",
    )
    version: str = Field(
        pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]*$", description='a version in quotes, such as "1.0"'
    )
    mode: Literal["demonstration", "production"] = Field(description='"demonstration" or "production"')
    starts_on: date = Field(description="a date without quotes, such as 2026-01-05")
    ends_on: date | None = Field(default=None, description="a date without quotes after starts_on")
    languages: Languages = Field(
        description='a list of languages, the default one first, each once, from "fr" and "en"'
    )
    timezone: Zone = Field(description="the IANA name of a time zone, such as Europe/Paris")
    title: Text = Field(description="the title for staff, a text in each language of the study")
    public_name: Text = Field(
        description="the neutral name that patients see, a text in each language of the study"
    )


class Schedule(Table):
    """Rules that hold for all visits."""

    on_reintroduction: Literal["keep", "close"] = Field(default="keep", description='"keep" or "close"')


class Paper(Table):
    """How questionnaires on paper are taken in."""

    second_transcription: bool = Field(default=False, description="true or false, without quotes")


class Arm(Table):
    """A group to which patients are randomised."""

    code: Slug = Field(description="a code in small letters, digits and dashes, such as interruption")
    names: Text = Field(description="a text in each language of the study")


class Site(Table):
    """A hospital; patients see its public name and telephone only."""

    number: str = Field(pattern=r"^[0-9]{2,3}$", description='two or three digits in quotes, such as "04"')
    name: Words = Field(description="the hospital's full name, for staff")
    city: Words = Field(description="the hospital's city")
    public_name: Words = Field(description="the neutral name that patients see")
    phone: str = Field(
        pattern=r"^\+?[0-9]( ?[0-9]){7,14}$",
        description='a telephone number in quotes, such as "01 99 00 12 34"',
    )
    timezone: Zone = Field(description="the IANA name of a time zone, such as Indian/Reunion")
    calendar: Calendar = Field(
        default="metropole",
        description="whose public holidays the site keeps: metropole, alsace-moselle, or overseas such as"
        " reunion or saint-martin",
    )
    recruiting: bool = Field(description="true or false, without quotes")


class MilestoneKind(Table):
    """A dated event of a patient's way through the study."""

    code: Slug = Field(description="a code in small letters, digits and dashes, such as consent")
    names: Text = Field(description="a text in each language of the study")
    once: bool = Field(description="true when it can happen once only, else false, without quotes")
    after: Annotated[str, AfterValidator(known_milestone)] | None = Field(
        default=None, description="the code of a milestone of this file that happens first"
    )
    values: Values | None = Field(
        default=None, description="a list of codes in capitals, each once, of which one is recorded with it"
    )
    ends: Literal["questionnaires", "treatment", "contact", "consent", "everything"] | None = Field(
        default=None, description='"questionnaires", "treatment", "contact", "consent" or "everything"'
    )


class VisitRule(Table):
    """One visit, a number of days from its anchor, or a series of visits, each some months after it."""

    days: int | None = Field(
        default=None, ge=-3660, le=36600, description="a whole number of days from the anchor"
    )
    months: Months | None = Field(
        default=None,
        description="a list of months after the anchor, whole numbers from 0 in growing order",
    )
    code: Annotated[str, AfterValidator(not_of_a_report)] = Field(
        pattern=r"^[A-Z][A-Z0-9]*(\{month\})?$",
        description="a code in capitals and digits such as BASELINE, or M{month} for a series",
    )
    names: Text = Field(description="a text in each language of the study")
    anchor: Annotated[str, AfterValidator(known_anchor)] = Field(description="the code of a milestone")
    days_before: int = Field(ge=0, le=3660, description="a whole number of days, 0 or more")
    days_after: int = Field(ge=0, le=3660, description="a whole number of days, 0 or more")
    arms: Arms | None = Field(default=None, description="a list of arms of this file, each once")
    questionnaires: Questionnaires = Field(description="a list of questionnaires, each once, at least one")


class Links(Table):
    """How patients open their links."""

    code: bool | None = Field(default=None, description="true or false, without quotes")


class StudyDefinition(Table):
    """A whole definition file, found right: its tables, and the study's own values close at hand."""

    study: Study = Field(description="a table [study]")
    schedule: Schedule = Field(default=Schedule(), description="a table [schedule]")
    arms: tuple[Arm, ...] = Field(min_length=1, description="a table [[arms]] for each arm")
    sites: tuple[Site, ...] = Field(min_length=1, description="a table [[sites]] for each site")
    milestones: tuple[MilestoneKind, ...] = Field(
        min_length=1, description="a table [[milestones]] for each milestone"
    )
    symptom_list: SymptomList = Field(default=SymptomList(), description="a table [symptom_list]")
    symptoms: tuple[Symptom, ...] = Field(default=(), description="a table [[symptoms]] for each symptom")
    visits: tuple[VisitRule, ...] = Field(
        min_length=1, description="a table [[visits]] for each visit or series"
    )
    reminders: Reminders | None = Field(default=None, description="a table [reminders]")
    messages: Messages = Field(default=Messages(), description="a table [messages]")
    paper: Paper = Field(default=Paper(), description="a table [paper]")
    alerts: tuple[AlertRule, ...] = Field(default=(), description="a table [[alerts]] for each rule")
    links: Links = Field(default=Links(), description="a table [links]")

    @property
    def code(self) -> str:
        """The study's internal code, such as GIST-IMA."""
        return self.study.code

    @property
    def version(self) -> str:
        """The version of this definition."""
        return self.study.version

    @property
    def mode(self) -> Literal["demonstration", "production"]:
        """Whether the study holds real patients ("production") or synthetic ones."""
        return self.study.mode

    @property
    def starts_on(self) -> date:
        """The local date before which nothing of the study can have happened."""
        return self.study.starts_on

    @property
    def ends_on(self) -> date | None:
        """The local date from which no visit is due that anybody expects; None while nobody knows it."""
        return self.study.ends_on

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the study's languages, the default one first."""
        return self.study.languages

    @property
    def title(self) -> Mapping[str, str]:
        """The title for staff, by language."""
        return self.study.title

    @property
    def public_name(self) -> Mapping[str, str]:
        """The neutral name that patients see, by language."""
        return self.study.public_name

    @property
    def on_reintroduction(self) -> Literal["keep", "close"]:
        """Whether visits anchored on randomisation go on after re-introduction ("keep") or end there."""
        return self.schedule.on_reintroduction

    @property
    def asks_code(self) -> bool:
        """Whether links to visits ask for the printed code: in production unless the file says otherwise."""
        return self.mode == "production" if self.links.code is None else self.links.code

    @cached_property
    def listed_symptoms(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The symptoms on the list, each with what is asked about it, in order."""
        return tuple((each.code, each.asked) for each in self.symptoms)

    @property
    def needs_second_transcription(self) -> bool:
        """Whether two persons read each sheet of paper, and only what both read counts."""
        return self.paper.second_transcription

    def alert(self, code: str) -> AlertRule:
        """The alert rule of a code; NotFoundError when the study has none."""
        return self._one("alert rule", code, {rule.code: rule for rule in self.alerts})

    def arm(self, code: str) -> Arm:
        """The arm of a code; NotFoundError when the study has none."""
        return self._one("arm", code, {arm.code: arm for arm in self.arms})

    def site(self, number: str) -> Site:
        """The site of a number such as "04"; NotFoundError when the study has none."""
        return self._one("site", number, {site.number: site for site in self.sites})

    def milestone(self, code: str) -> MilestoneKind:
        """The kind of milestone of a code; NotFoundError when the study has none."""
        return self._one("milestone", code, {kind.code: kind for kind in self.milestones})

    def _one(self, kind: str, code: str, known: Mapping[str, T]) -> T:
        if code not in known:
            raise NotFoundError(kind, code)
        return known[code]
