"""What is shown on the ward's tablet before and after the questions; none of it holds an answer."""

from dataclasses import dataclass

from app.patient.pages import PatientPage


@dataclass(frozen=True, kw_only=True)
class HandedPage(PatientPage):
    """To the patient who has just been given the tablet: is it yours?

    due_on: a written date, since the name of a visit could tell the arm.
    """

    action_url: str
    code: str
    due_on: str


@dataclass(frozen=True, kw_only=True)
class StopPage(PatientPage):
    """Before the tablet goes back with questions left; draft: as on the survey, for what waits there."""

    action_url: str
    draft: str
    go_on_url: str


@dataclass(frozen=True, kw_only=True)
class BackPage(PatientPage):
    """Give the tablet back; after sending with thanks and when the next questions come, else unknown."""

    is_sent: bool
    resume_url: str
    next_on: str | None = None
