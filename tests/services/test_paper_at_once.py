"""Sheets typed at the same moment, and while the patient answers on the screen, on real databases."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import MAIN, SUBMITTED, Patient, Response, Visit
from app.services import paper, patients, responses
from app.services.errors import RuleError
from app.services.links import HELD_RESPONSES
from app.services.paper import Step
from app.services.responses import Answer, AnswerState, NotAnswerableError
from app.services.sheets import SheetError
from tests import factories as make
from tests.live import Live, together
from tests.sheets import colleague, sheet


@pytest.fixture
def place(live: Live) -> tuple[str, str]:
    """The codes of the study and of a patient of its own."""
    with live.session() as session:
        patient = live.new_patient(session)
        codes = make.get_study(session, patient.study_id).code, patient.code
        session.commit()
        return codes


def transcribe(live: Live, place: tuple[str, str], name: str, **frame: object) -> Step | str:
    """What one request of a nurse does; the rule that refused it."""
    with live.session() as session:
        visit = visit_of(session, place)
        actor = colleague(visit.patient, name)
        try:
            step = paper.transcribe(
                session, live.clock, actor, visit.patient, visit, sheet({"q01": "2"}, **frame)
            )
        except RuleError as error:
            return error.rule
        except SheetError as error:
            return error.faults[0].rule
        session.commit()
        return step


def visit_of(session: Session, place: tuple[str, str]) -> Visit:
    """The first visit of the patient, who is loaded as for a page."""
    anybody = session.scalars(select(Visit).join(Visit.patient).where(Patient.code == place[1])).first()
    assert anybody is not None
    actor = colleague(session.get_one(Patient, anybody.patient_id), "finder")
    patient = patients.find_patient(session, actor, *place)
    visit = make.get_visit(session, patient)
    visit.patient = patient
    return visit


@pytest.mark.requirement("CLI-04")
@pytest.mark.threat("D2")
def test_of_many_who_record_a_sheet_at_once_one_does(live: Live, place: tuple[str, str]) -> None:
    calls: list[Callable[[], Step | str]] = [
        lambda name=name: transcribe(live, place, name)  # type: ignore[misc]  # each its own name
        for name in ("anna", "bea", "cleo", "dora")
    ]
    found = together(*calls)
    assert sorted(map(str, found)) == sorted(["received", *["sheet_received"] * 3])
    with live.session() as session:
        visit = visit_of(session, place)
        rows = session.scalars(select(Response).where(Response.visit_id == visit.id)).all()
        assert [(each.entry, each.status) for each in rows] == [(MAIN, SUBMITTED)]


@pytest.mark.requirement("CLI-04")
@pytest.mark.threat("D3")
def test_an_answer_on_the_screen_that_meets_the_sheet_is_in_the_trail_or_refused(
    live: Live, place: tuple[str, str]
) -> None:
    with live.session() as session:
        visit = visit_of(session, place)
        make.answer(session, live.clock, visit, {"q01": 4})
        session.commit()

    def save() -> bool:
        with live.session() as session:
            visit = visit_of(session, place)
            (response,) = session.scalars(HELD_RESPONSES, {"key": visit.id})
            try:
                answer = Answer("q02", AnswerState.ANSWERED, 4)
                responses.save_answer(session, live.clock, response, visit, answer)
            except NotAnswerableError:
                return False
            session.commit()
            return True

    _, step = together(save, lambda: transcribe(live, place, "anna", replaces=True))
    assert step is Step.RECEIVED
    with live.session() as session:
        visit = visit_of(session, place)
        sent = session.scalars(select(Response).where(Response.visit_id == visit.id)).one()
        assert (sent.mode, responses.coded_answers(sent)["q02"]) == ("paper", 1)
        assert responses.verify_scores(session)[1] == []
