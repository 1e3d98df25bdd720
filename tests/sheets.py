"""Sheets of paper for the tests: what stands on one, who types it, and what became of it."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

import scoring
from app.clock import SteppedClock
from app.models import MAIN, Patient, Response
from app.services import paper, studies
from app.services.access import Actor, Grant, Role
from app.services.paper import Paper, Step
from app.services.sheets import Sheet
from tests import factories


def sheet(answers: Mapping[str, str] | None = None, **frame: object) -> Sheet:
    """A sheet of the first visit, filled in today: the lowest code everywhere, unless given otherwise."""
    lowest = {item.id: str(item.lowest) for item in scoring.load_instrument("qlq-c30").items}
    facts: dict[str, object] = {"mode": "paper", "completed_on": date(2026, 11, 23)}
    return Sheet(**(facts | frame), answers=lowest | dict(answers or {}))  # type: ignore[arg-type]


def colleague(patient: Patient, name: str) -> Actor:
    """A nurse of the patient's site by a name of her own, without an account."""
    grant = Grant(Role.NURSE, patient.study_id, patient.site_id)
    return Actor(0, f"{name}@staff.example", "en", (grant,))


def ask_for_two_transcriptions(session: Session, clock: SteppedClock, *, with_symptoms: bool = False) -> None:
    """An amendment of the first study: two persons type each sheet."""
    text = factories.source(with_symptoms=with_symptoms).replace('version = "1.0"', 'version = "1.1"')
    text = text.replace("second_transcription = false", "second_transcription = true")
    studies.load_study(session, clock, text, factories.DEFINITION.name)


def take(session: Session, clock: SteppedClock, patient: Patient, sheet: Sheet, name: str = "anna") -> Step:
    """Somebody types a sheet of the first visit."""
    visit = factories.get_visit(session, patient)
    return paper.transcribe(session, clock, colleague(patient, name), patient, visit, sheet)


def settle(session: Session, clock: SteppedClock, patient: Patient, sheet: Sheet, name: str = "anna") -> None:
    """Somebody looks at the sheet a third time."""
    visit = factories.get_visit(session, patient)
    paper.settle(session, clock, colleague(patient, name), patient, visit, sheet)


def paper_of(session: Session, clock: SteppedClock, patient: Patient, name: str = "anna") -> Paper:
    """Where the sheet stands for somebody."""
    visit = factories.get_visit(session, patient)
    return paper.find_paper(session, clock, colleague(patient, name), patient, visit)


def stored(session: Session, entry: str = MAIN) -> list[Response]:
    """The responses of an entry."""
    return list(session.scalars(select(Response).where(Response.entry == entry)))
