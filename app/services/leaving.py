"""The ways of leaving a study: what each of them ends, said in one place for everybody else."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Protocol

from app.models import Patient

# What a milestone ends, as the definition says it. Treatment alone ends nothing that is asked of a patient.
QUESTIONNAIRES, TREATMENT, CONTACT, CONSENT_ENDS, EVERYTHING = (
    "questionnaires",
    "treatment",
    "contact",
    "consent",
    "everything",
)
NOTHING_EXPECTED = frozenset({QUESTIONNAIRES, CONSENT_ENDS, EVERYTHING})
NO_CONTACT = NOTHING_EXPECTED | {CONTACT}
# After these every way in is closed at once: death and the withdrawal of consent.
ENDS_ALL_LINKS = frozenset({CONSENT_ENDS, EVERYTHING})


class Happened(Protocol):
    """A milestone, recorded or only thought of."""

    @property
    def kind(self) -> str:
        """Its code in the definition."""
        ...

    @property
    def occurred_on(self) -> date:
        """Its local date."""
        ...

    @property
    def ends(self) -> str | None:
        """What it ends, if anything."""
        ...


def expects_nothing_from(milestones: Iterable[Happened]) -> date | None:
    """The local date from which no visit is expected of a patient; None for one who goes on."""
    return ended_on(milestones, NOTHING_EXPECTED)


def may_be_contacted(patient: Patient) -> bool:
    """Whether messages may be sent: not after leaving in whatever way but by stopping the treatment."""
    return ended_on(patient.milestones, NO_CONTACT) is None


def ended_on(milestones: Iterable[Happened], effects: Collection[str]) -> date | None:
    """The first local date on which one of these was ended."""
    return min((each.occurred_on for each in milestones if (each.ends or "") in effects), default=None)
