"""Who the synthetic patients are: one row each, relative to the day on which the demonstration is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from app.services.schedule import add_months

BASELINE = "BASELINE"
INTERRUPTION, CONTINUATION = "interruption", "continuation"
PROGRESSION, REINTRODUCTION = "progression", "reintroduction"
DAYS_TO_RANDOMISATION = 9
DAYS_SINCE_LEAVING = 12
MONTHS_TO_PROGRESSION, DAYS_TO_REINTRODUCTION = 5, 12
NO_BASELINE = "Questionnaire initial non rempli : patient convoqué en urgence"


class Outcome(StrEnum):
    """What became of a visit's questionnaires."""

    SENT = "sent"
    BEGUN = "begun"
    UNOPENED = "link never opened"
    NO_LINK = "no link"


@dataclass(frozen=True)
class Plan:
    """One synthetic patient: the visit they stand at, in how many days it is due (or was), its outcome.

    outcomes holds what differs at other visits: past ones are sent, open ones have no link.
    """

    site: str
    language: str
    arm: str | None
    visit: str
    due_in: int
    outcome: Outcome
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    # How the patient left, if so, some time after that visit.
    left: str | None = None

    def outcome_of(self, code: str, *, is_past: bool) -> Outcome:
        """What becomes of one of the patient's visits."""
        if code == self.visit:
            return self.outcome
        return self.outcomes.get(code, Outcome.SENT if is_past else Outcome.NO_LINK)

    @property
    def remark(self) -> str | None:
        """Why the patient was randomised without the initial questionnaire."""
        return NO_BASELINE if self.outcomes.get(BASELINE, Outcome.SENT) != Outcome.SENT else None

    def consent_on(self, today: date) -> date:
        """The date of consent."""
        if self.arm is None:
            return today + timedelta(days=self.due_in)
        return self.randomised_on(today) - timedelta(days=DAYS_TO_RANDOMISATION)

    def randomised_on(self, today: date) -> date:
        """The date of randomisation, for a patient who has an arm."""
        if self.is_reintroduced:
            return add_months(self.progression_on(today), -MONTHS_TO_PROGRESSION)
        return add_months(today + timedelta(days=self.due_in), -self._months)

    def progression_on(self, today: date) -> date:
        """The date of the progression that the re-introduction answers."""
        return self.reintroduced_on(today) - timedelta(days=DAYS_TO_REINTRODUCTION)

    def reintroduced_on(self, today: date) -> date:
        """The date of the re-introduction, for a patient who stands at a visit after it."""
        return add_months(today + timedelta(days=self.due_in), -self._months)

    def later_milestones(self, today: date) -> list[tuple[date, str]]:
        """What happens after randomisation, by date."""
        left = [(today - timedelta(days=DAYS_SINCE_LEAVING), self.left)] if self.left else []
        if not self.is_reintroduced:
            return left
        return [
            (self.progression_on(today), PROGRESSION),
            (self.reintroduced_on(today), REINTRODUCTION),
            *left,
        ]

    @property
    def is_reintroduced(self) -> bool:
        """Whether the treatment was taken up again after a progression."""
        return self.visit.startswith("RI")

    @property
    def _months(self) -> int:
        return int(self.visit.lstrip("MRI"))


I, C, B = INTERRUPTION, CONTINUATION, BASELINE  # noqa: E741 - the table's columns stay in line
SENT, BEGUN, UNOPENED, NO_LINK = Outcome

PLANS = (
    # Links that a tap opens, in French...
    Plan("04", "fr", None, B, -3, UNOPENED),
    Plan("01", "fr", None, B, -6, BEGUN),
    Plan("07", "fr", None, B, -9, UNOPENED),
    Plan("04", "fr", I, "M3", 2, UNOPENED),
    Plan("04", "fr", C, "M3", -4, BEGUN),
    Plan("01", "fr", I, "M3", -6, UNOPENED),
    Plan("02", "fr", C, "M6", 3, UNOPENED),
    Plan("03", "fr", I, "M6", -2, BEGUN),
    Plan("04", "fr", I, "M6", -7, UNOPENED, {"M3": NO_LINK}),
    Plan("07", "fr", C, "M6", 0, UNOPENED),
    Plan("04", "fr", I, "RI3", 1, UNOPENED),
    Plan("02", "fr", I, "M9", -5, UNOPENED, {"M6": BEGUN}),
    # ...and in English.
    Plan("04", "en", None, B, -5, UNOPENED),
    Plan("02", "en", None, B, -8, UNOPENED),
    Plan("03", "en", None, B, -2, BEGUN),
    Plan("04", "en", I, "M3", 1, UNOPENED),
    Plan("04", "en", C, "M3", -5, UNOPENED),
    Plan("01", "en", C, "M3", 4, BEGUN),
    Plan("07", "en", I, "M6", -1, UNOPENED),
    Plan("02", "en", C, "M6", -6, BEGUN, {"M3": UNOPENED}),
    Plan("01", "en", I, "M6", 2, UNOPENED),
    Plan("03", "en", C, "M9", -3, UNOPENED),
    Plan("04", "en", I, "M3", -8, UNOPENED, {B: UNOPENED}),
    # Open, without a link so far.
    Plan("04", "fr", None, B, -4, NO_LINK),
    Plan("01", "fr", C, "M3", -3, NO_LINK),
    Plan("02", "fr", I, "M6", 5, NO_LINK),
    Plan("04", "en", C, "M6", -2, NO_LINK),
    # Received.
    Plan("04", "fr", C, "M6", -4, SENT),
    Plan("01", "fr", I, "M9", -4, SENT),
    Plan("07", "fr", C, "M3", -6, SENT),
    Plan("03", "en", I, "M3", -7, SENT),
    Plan("02", "en", C, "M9", -6, SENT, {"M6": NO_LINK}),
    # Never randomised: one with, one without the initial questionnaire.
    Plan("03", "fr", None, B, -48, SENT),
    Plan("07", "en", None, B, -55, BEGUN),
    # Between two visits, the last one partial or not filled.
    Plan("04", "fr", I, "M6", -40, BEGUN),
    Plan("01", "en", C, "M6", -45, UNOPENED),
    Plan("07", "fr", I, "M3", -50, NO_LINK),
    Plan("02", "en", I, "RI1", -3, BEGUN),
    # Left the study after the last visit that was sent.
    Plan("03", "fr", C, "M3", -40, SENT, left="stops-questionnaires"),
)
