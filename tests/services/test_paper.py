"""Sheets taken in: sent as any response, or kept twice and settled; only what counts is counted."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import (
    SUBMITTED,
    AuditEntry,
    Patient,
    Score,
    Study,
    SymptomReport,
    Visit,
)
from app.services import audit, paper, patients, responses, studies
from app.services.access import Permission
from app.services.errors import NotFoundError, RuleError
from app.services.exports.scored import scored_table
from app.services.paper import Step
from app.services.questionnaires import SYMPTOMS, questionnaire
from app.services.sheets import Sheet, SheetError
from app.services.symptom_list import reported_symptoms
from tests import factories as make
from tests import wording
from tests.conftest import NOW
from tests.sheets import colleague, paper_of, sheet, stored, take


@pytest.fixture
def visit(session: Session, patient: Patient) -> Visit:
    """The patient's first visit, open."""
    return make.get_visit(session, patient)


def refused(session: Session, clock: SteppedClock, patient: Patient, sheet: Sheet) -> dict[str, str]:
    """What is wrong with a sheet."""
    with pytest.raises(SheetError) as error:
        take(session, clock, patient, sheet)
    return {each.field: each.rule for each in error.value.faults}


@pytest.mark.requirement("VIS-03")
def test_no_sheet_is_typed_at_a_visit_that_another_one_serves(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    make.randomise(session, clock, patient)
    clock.advance(days=80)
    make.milestone(session, clock, patient, "reintroduction")
    served = make.get_visit(session, patient, "RI0")
    anna = colleague(patient, "anna")
    assert paper.find_paper(session, clock, anna, patient, served).step is Step.SERVED
    filled = sheet(completed_on=clock.now().date())
    for take_in in (paper.transcribe, paper.settle):
        with pytest.raises(RuleError, match="sheet served"):
            take_in(session, clock, anna, patient, served, filled)
    assert stored(session) == []
    month3 = make.get_visit(session, patient, "M3")
    assert paper.transcribe(session, clock, anna, patient, month3, filled) is Step.RECEIVED


# Once


@pytest.mark.requirement("CLI-04")
@pytest.mark.requirement("INS-06")
def test_a_sheet_is_sent_and_scored_as_any_response(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    other = make.make_patient(session, clock, make.get_study(session, patient.study_id), "04-002")
    on_screen = make.submit(session, clock, make.get_visit(session, other), {"q29": 7, "q30": None})
    assert take(session, clock, patient, sheet({"q29": "7", "q30": "-"})) is Step.RECEIVED
    sent = next(each for each in stored(session) if each.visit_id == visit.id)
    assert (sent.status, sent.mode, sent.completed_on) == (SUBMITTED, "paper", date(2026, 11, 23))
    assert (sent.transcribed_by, sent.helper, sent.help_kinds) == ("anna@staff.example", None, None)
    assert (sent.languages, sent.wording_status) == (["fr"], "stand-in")
    assert sent.answers["q30"]["state"] == "skipped"
    rows = session.scalars(select(Score).where(Score.response_id == sent.id))
    scores = {each.scale: (each.value, each.n_answered) for each in rows}
    assert scores == {each.scale: (each.value, each.n_answered) for each in on_screen.scores}
    assert responses.verify_scores(session) == (2, [])


@pytest.mark.requirement("CLI-05")
def test_who_helped_and_how_is_kept_and_in_the_trail(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    take(
        session,
        clock,
        patient,
        sheet(mode="proxy", helper="family", help_kinds=("reading", "deciding"), remark="q05 crossed out"),
    )
    sent = stored(session)[0]
    assert (sent.mode, sent.helper, sent.help_kinds) == ("proxy", "family", "reading deciding")
    trail = session.scalars(select(AuditEntry).where(AuditEntry.entity_id == str(sent.id))).all()
    written = {name: pair[1] for each in trail for name, pair in each.changes.items()}
    assert (written["helper"], written["help_kinds"], written["mode"]) == (
        "family",
        "reading deciding",
        "proxy",
    )
    assert written["remark"] == "q05 crossed out"
    assert audit.verify(session) == []


@pytest.mark.requirement("CLI-04")
@pytest.mark.requirement("AE-01")
def test_symptoms_on_paper_become_rows(session: Session, clock: SteppedClock) -> None:
    study = make.make_study(session, clock, with_symptoms=True)
    patient = make.make_patient(session, clock, study)
    asked = questionnaire(studies.definition_in_force(session, study), SYMPTOMS)
    lowest = {each.id: "0" for each in asked.questions if each.condition is None}
    typed = lowest | {each.id: "2" for each in asked.questions if each.symptom == "pt009"}
    assert take(session, clock, patient, sheet(typed)) is Step.RECEIVED
    row = session.scalars(select(SymptomReport).where(SymptomReport.symptom == "pt009")).one()
    assert 2 in (row.frequency, row.severity, row.interference, row.amount)
    assert [each.symptom for each, _ in reported_symptoms(session, patient)] == ["pt009"]


@pytest.mark.requirement("CLI-04")
def test_every_fault_is_told_and_nothing_is_kept(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    wrong = sheet({"q01": "9", "q02": ""}, completed_on=date(2026, 11, 24), helper="family")
    assert refused(session, clock, patient, wrong) == {
        "completed_on": "in_future",
        "help_kinds": "help_missing",
        "q01": "unknown_answer",
        "q02": "nothing_typed",
    }
    assert stored(session) == []


@pytest.mark.requirement("CLI-04")
def test_what_was_begun_on_the_screen_is_replaced_only_when_it_is_said_and_stays_in_the_trail(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    draft = make.answer(session, clock, visit, {"q01": 4, "q02": 2})
    clock.set(NOW + timedelta(hours=1))
    assert refused(session, clock, patient, sheet()) == {"replaces": "begun_on_screen"}
    assert paper_of(session, clock, patient).on_screen == 2
    take(session, clock, patient, sheet({"q02": "2"}, replaces=True))
    assert (draft.mode, draft.status, draft.answers["q01"]["value"]) == ("paper", SUBMITTED, 1)
    entries = session.scalars(select(AuditEntry).where(AuditEntry.entity_id == str(draft.id))).all()
    replaced = [each.changes["answers"] for each in entries if isinstance(each.changes.get("answers"), dict)]
    assert [each["q01"][0]["value"] for each in replaced] == [4]
    assert "q02" not in replaced[0]


@pytest.mark.requirement("CLI-04")
def test_a_draft_without_an_answer_is_no_hindrance(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    make.begin_response(session, clock, visit)
    assert take(session, clock, patient, sheet()) is Step.RECEIVED
    assert len(stored(session)) == 1


# When


@pytest.mark.requirement("CLI-04")
@pytest.mark.parametrize(
    ("hours", "step"),
    [
        (-24, Step.NOT_YET),
        (0, Step.FIRST),
        (28 * 24, Step.FIRST),
        (29 * 24, Step.FIRST),
        (31 * 24, Step.CLOSED),
    ],
)
def test_a_sheet_is_taken_in_the_window_and_its_grace(
    session: Session, clock: SteppedClock, patient: Patient, hours: int, step: Step
) -> None:
    clock.set(NOW + timedelta(hours=hours))
    assert paper_of(session, clock, patient).step is step
    if step is Step.FIRST:
        assert take(session, clock, patient, sheet()) is Step.RECEIVED
    else:
        with pytest.raises(RuleError, match=f"sheet {step.value.replace('_', ' ')}"):
            take(session, clock, patient, sheet())
        assert stored(session) == []


@pytest.mark.requirement("CLI-04")
def test_a_visit_that_was_received_takes_no_sheet(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    make.submit(session, clock, visit)
    with pytest.raises(RuleError, match="sheet received"):
        take(session, clock, patient, sheet())
    assert [each.mode for each in stored(session)] == ["web"]


@pytest.mark.requirement("INS-05")
def test_in_production_a_sheet_needs_approved_wording(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    study.mode = "production"
    session.flush()
    with pytest.raises(RuleError, match="sheet without wording"):
        take(session, clock, patient, sheet())
    with pytest.raises(RuleError, match="sheet without wording"):
        paper.sheet_wordings(session, patient, make.get_visit(session, patient))
    approved = wording.make_approved(session, clock, study)
    assert take(session, clock, patient, sheet()) is Step.RECEIVED
    assert [each.wording_sha256 for each in stored(session)] == [approved.sha256]


# Elsewhere


@pytest.mark.requirement("EXP-06")
def test_mode_and_help_stand_in_the_scored_table(
    session: Session, clock: SteppedClock, patient: Patient, study: Study
) -> None:
    clock.set(NOW + timedelta(days=2))
    take(
        session,
        clock,
        patient,
        sheet(mode="interview", helper="staff", help_kinds=("reading", "writing")),
    )
    row = scored_table(session, clock, studies.definition_in_force(session, study), study).iloc[0]
    assert [row[name] for name in ("mode", "helper", "help_kinds")] == [
        "interview",
        "staff",
        "reading writing",
    ]
    assert row["completed_on"].date() == date(2026, 11, 23)


@pytest.mark.requirement("ACC-01")
def test_another_sites_sheet_looks_like_none(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    stranger = colleague(make.make_patient(session, clock, study, "01-001"), "zoe")
    with pytest.raises(NotFoundError):
        patients.find_patient(session, stranger, study.code, patient.code, Permission.TRANSCRIBE)
