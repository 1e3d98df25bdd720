"""Sheets taken in: sent as any response, or kept twice and settled; only what counts is counted."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import (
    FIRST,
    MAIN,
    SECOND,
    SUBMITTED,
    TRANSCRIBED,
    AuditEntry,
    Patient,
    Response,
    Study,
    SymptomReport,
    Visit,
)
from app.services import audit, drafts, links, paper, patients, responses, studies
from app.services.access import Permission
from app.services.counts import study_counts
from app.services.errors import NotFoundError, RuleError
from app.services.exports.scored import scored_table
from app.services.links import LinkState
from app.services.paper import Paper, Step
from app.services.questionnaires import SYMPTOMS, questionnaire
from app.services.sheets import Sheet, SheetError
from app.services.symptom_list import reported_symptoms
from app.services.visits import VisitState
from app.services.worklist import visit_lines
from tests import factories as make
from tests import wording
from tests.conftest import NOW


@pytest.fixture
def visit(session: Session, patient: Patient) -> Visit:
    """The patient's first visit, open."""
    return make.get_visit(session, patient)


@pytest.fixture
def twice(session: Session, clock: SteppedClock, study: Study) -> Study:
    """The study, asking for two transcriptions."""
    make.ask_for_two_transcriptions(session, clock)
    return study


def take(session: Session, clock: SteppedClock, patient: Patient, sheet: Sheet, name: str = "anna") -> Step:
    """Somebody types a sheet of the first visit."""
    visit = make.get_visit(session, patient)
    return paper.transcribe(session, clock, make.colleague(patient, name), patient, visit, sheet)


def settle(session: Session, clock: SteppedClock, patient: Patient, sheet: Sheet, name: str = "anna") -> None:
    """Somebody looks at the sheet a third time."""
    visit = make.get_visit(session, patient)
    paper.settle(session, clock, make.colleague(patient, name), patient, visit, sheet)


def paper_of(session: Session, clock: SteppedClock, patient: Patient, name: str = "anna") -> Paper:
    """Where the sheet stands for somebody."""
    visit = make.get_visit(session, patient)
    return paper.find_paper(session, clock, make.colleague(patient, name), patient, visit)


def stored(session: Session, entry: str = MAIN) -> list[Response]:
    """The responses of an entry."""
    return list(session.scalars(select(Response).where(Response.entry == entry)))


def refused(session: Session, clock: SteppedClock, patient: Patient, sheet: Sheet) -> dict[str, str]:
    """What is wrong with a sheet."""
    with pytest.raises(SheetError) as error:
        take(session, clock, patient, sheet)
    return {each.field: each.rule for each in error.value.faults}


# Once


@pytest.mark.requirement("CLI-04")
@pytest.mark.requirement("INS-06")
def test_a_sheet_is_sent_and_scored_as_any_response(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    other = make.make_patient(session, clock, make.get_study(session, patient.study_id), "04-002")
    on_screen = make.submit(session, clock, make.get_visit(session, other), {"q29": 7, "q30": None})
    assert take(session, clock, patient, make.sheet({"q29": "7", "q30": "-"})) is Step.RECEIVED
    sent = next(each for each in stored(session) if each.visit_id == visit.id)
    assert (sent.status, sent.mode, sent.completed_on) == (SUBMITTED, "paper", date(2026, 11, 23))
    assert (sent.transcribed_by, sent.helper, sent.help_kinds) == ("anna@staff.example", None, None)
    assert (sent.languages, sent.wording_status) == (["fr"], "stand-in")
    assert sent.answers["q30"]["state"] == "skipped"
    scores = {each.scale: (each.value, each.n_answered) for each in sent.scores}
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
        make.sheet(
            mode="proxy", helper="family", help_kinds=("reading", "deciding"), remark="q05 crossed out"
        ),
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
    assert take(session, clock, patient, make.sheet(typed)) is Step.RECEIVED
    row = session.scalars(select(SymptomReport).where(SymptomReport.symptom == "pt009")).one()
    assert 2 in (row.frequency, row.severity, row.interference, row.amount)
    assert [each.symptom for each, _ in reported_symptoms(session, patient)] == ["pt009"]


@pytest.mark.requirement("CLI-04")
def test_every_fault_is_told_and_nothing_is_kept(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    wrong = make.sheet({"q01": "9", "q02": ""}, completed_on=date(2026, 11, 24), helper="family")
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
    assert refused(session, clock, patient, make.sheet()) == {"replaces": "begun_on_screen"}
    assert paper_of(session, clock, patient).on_screen == 2
    take(session, clock, patient, make.sheet({"q02": "2"}, replaces=True))
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
    assert take(session, clock, patient, make.sheet()) is Step.RECEIVED
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
        assert take(session, clock, patient, make.sheet()) is Step.RECEIVED
    else:
        with pytest.raises(RuleError, match=f"sheet {step.value.replace('_', ' ')}"):
            take(session, clock, patient, make.sheet())
        assert stored(session) == []


@pytest.mark.requirement("CLI-04")
def test_a_visit_that_was_received_takes_no_sheet(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    make.submit(session, clock, visit)
    with pytest.raises(RuleError, match="sheet received"):
        take(session, clock, patient, make.sheet())
    assert [each.mode for each in stored(session)] == ["web"]


@pytest.mark.requirement("INS-05")
def test_in_production_a_sheet_needs_approved_wording(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    study.mode = "production"
    session.flush()
    with pytest.raises(RuleError, match="sheet without wording"):
        take(session, clock, patient, make.sheet())
    with pytest.raises(RuleError, match="sheet without wording"):
        paper.sheet_wordings(session, patient, make.get_visit(session, patient))
    approved = wording.make_approved(session, clock, study)
    assert take(session, clock, patient, make.sheet()) is Step.RECEIVED
    assert [each.wording_sha256 for each in stored(session)] == [approved.sha256]


# Twice


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("twice")
def test_two_transcriptions_that_agree_are_sent(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    sheet = make.sheet({"q03": "4"})
    assert take(session, clock, patient, sheet) is Step.OTHER_PERSON
    assert stored(session) == []
    assert take(session, clock, patient, sheet, "bea") is Step.RECEIVED
    assert [each.transcribed_by for each in stored(session, FIRST)] == ["anna@staff.example"]
    assert [each.transcribed_by for each in stored(session, SECOND)] == ["bea@staff.example"]
    sent = stored(session)[0]
    assert (sent.status, sent.answers["q03"]["value"]) == (SUBMITTED, 4)
    assert {each.status for entry in (FIRST, SECOND) for each in stored(session, entry)} == {TRANSCRIBED}


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("twice")
def test_the_same_person_types_no_second_time(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    take(session, clock, patient, make.sheet())
    with pytest.raises(RuleError, match="sheet other person"):
        take(session, clock, patient, make.sheet())
    assert paper_of(session, clock, patient).step is Step.OTHER_PERSON
    assert paper_of(session, clock, patient, "bea").step is Step.SECOND


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("twice")
def test_differences_are_listed_and_settled_by_a_third_look(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    take(session, clock, patient, make.sheet({"q03": "4", "q09": "2"}))
    step = take(
        session,
        clock,
        patient,
        make.sheet(
            {"q03": "3", "q09": "2", "q11": "-"}, mode="interview", helper="staff", help_kinds=("reading",)
        ),
        "bea",
    )
    assert step is Step.SETTLE
    found = paper_of(session, clock, patient)
    read = [(each.question.id, each.first["value"], each.second["value"]) for each in found.differences]
    assert read == [("q03", 4, 3), ("q11", 1, None)]
    assert found.frame_differences == ("mode", "helper", "help_kinds")
    # What both read alike is not to be had by a third look.
    settle(
        session, clock, patient, make.sheet({"q03": "3", "q11": "1", "q09": "4"}, remark="3 is ticked twice")
    )
    sent = stored(session)[0]
    values = {item: sent.answers[item]["value"] for item in ("q03", "q09", "q11")}
    assert values == {"q03": 3, "q09": 2, "q11": 1}
    assert (sent.status, sent.mode, sent.remark) == (SUBMITTED, "paper", "3 is ticked twice")
    kept = [stored(session, entry)[0].answers["q03"]["value"] for entry in (FIRST, SECOND)]
    assert kept == [4, 3]
    assert paper_of(session, clock, patient).step is Step.RECEIVED


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("twice")
def test_a_third_look_says_what_the_sheet_shows(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    take(session, clock, patient, make.sheet({"q03": "4"}))
    with pytest.raises(RuleError, match="sheet second"):
        settle(session, clock, patient, make.sheet({"q03": "4"}, remark="4"), "bea")
    take(session, clock, patient, make.sheet(), "bea")
    with pytest.raises(SheetError) as error:
        settle(session, clock, patient, Sheet("paper", date(2026, 11, 23), {}))
    assert [(each.field, each.rule) for each in error.value.faults] == [
        ("remark", "no_remark"),
        ("q03", "nothing_typed"),
    ]
    with pytest.raises(RuleError, match="sheet settle"):
        take(session, clock, patient, make.sheet(), "cleo")
    assert stored(session) == []


@pytest.mark.requirement("CLI-04")
@pytest.mark.requirement("AE-01")
def test_what_is_asked_only_because_of_a_difference_is_settled_with_it(
    session: Session, clock: SteppedClock
) -> None:
    study = make.make_study(session, clock, with_symptoms=True)
    patient = make.make_patient(session, clock, study)
    make.ask_for_two_transcriptions(session, clock, with_symptoms=True)
    asked = questionnaire(studies.definition_in_force(session, study), SYMPTOMS)
    lowest = {each.id: "0" for each in asked.questions if each.condition is None}
    followed = next(each for each in asked.questions if each.condition and each.condition.item in lowest)
    assert followed.condition is not None
    lead = followed.condition.item
    take(session, clock, patient, make.sheet(lowest))
    take(session, clock, patient, make.sheet(lowest | {lead: "-"}), "bea")
    chain = [each.question.id for each in paper_of(session, clock, patient).differences]
    assert chain[:2] == [lead, followed.id]
    look = dict.fromkeys(chain, "3")
    settle(session, clock, patient, make.sheet(look, remark="3 throughout"))
    sent = next(each for each in stored(session) if each.instrument == SYMPTOMS)
    assert {sent.answers[item]["value"] for item in chain} == {3}


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("twice")
def test_a_sheet_typed_in_time_may_be_typed_again_and_settled_later(
    session: Session, clock: SteppedClock, patient: Patient, study: Study
) -> None:
    take(session, clock, patient, make.sheet())
    clock.set(NOW + timedelta(days=60))
    assert take(session, clock, patient, make.sheet({"q01": "2"}), "bea") is Step.SETTLE
    settle(session, clock, patient, make.sheet({"q01": "2"}, remark="2"))
    assert [each.status for each in stored(session)] == [SUBMITTED]
    definition = studies.definition_in_force(session, study)
    row = scored_table(session, clock, definition, study).iloc[0]
    assert (row["completed_on"].date(), row["in_window_flag"], row["late_flag"]) == (date(2026, 11, 23), 1, 0)


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("twice")
def test_what_the_patient_sends_meanwhile_counts_and_not_the_sheet(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    take(session, clock, patient, make.sheet({"q01": "4"}))
    make.submit(session, clock, visit)
    with pytest.raises(RuleError, match="sheet received"):
        take(session, clock, patient, make.sheet({"q01": "4"}), "bea")
    assert [(each.mode, each.answers["q01"]["value"]) for each in stored(session)] == [("web", 1)]


# Only what counts is counted


@pytest.mark.requirement("CLI-04")
@pytest.mark.requirement("VIS-06")
def test_transcriptions_are_no_responses_to_anybody_who_counts(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit, twice: Study
) -> None:
    issued = make.make_link(session, clock, patient)
    take(session, clock, patient, make.sheet({"q01": "4"}))
    take(session, clock, patient, make.sheet({"q01": "3"}), "bea")
    found = links.find_link_by_id(session, clock, issued.link.id)
    saving = drafts.find_saving(session, clock, issued.link.id)
    assert found is not None
    assert saving is not None
    assert (found.responses, found.state) == ((), LinkState.OPEN)
    assert (saving.drafts, saving.state) == ((), LinkState.OPEN)
    line = visit_lines(session, clock, [patient.id])[patient.id][0]
    assert (line.state, line.received_at, line.transcriptions) == (VisitState.OPEN, None, 2)
    assert study_counts(session, clock, [twice.id])[twice.id].received == 0
    assert not patients.has_completed_baseline(session, patient)
    assert responses.verify_scores(session) == (0, [])
    definition = studies.definition_in_force(session, twice)
    row = scored_table(session, clock, definition, twice).iloc[0]
    assert (row["state"], row["mode"] is None or row.isna()["mode"]) == ("open", True)
    settle(session, clock, patient, make.sheet({"q01": "4"}, remark="4"))
    line = visit_lines(session, clock, [patient.id])[patient.id][0]
    assert (line.state, line.transcriptions) == (VisitState.RECEIVED, 0)
    assert study_counts(session, clock, [twice.id])[twice.id].received == 1
    table = scored_table(session, clock, definition, twice)
    assert len(table) == 1
    assert (table.iloc[0]["mode"], table.iloc[0]["q01"]) == ("paper", 4)


@pytest.mark.requirement("EXP-06")
def test_mode_and_help_stand_in_the_scored_table(
    session: Session, clock: SteppedClock, patient: Patient, study: Study
) -> None:
    clock.set(NOW + timedelta(days=2))
    take(
        session,
        clock,
        patient,
        make.sheet(mode="interview", helper="staff", help_kinds=("reading", "writing")),
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
    stranger = make.colleague(make.make_patient(session, clock, study, "01-001"), "zoe")
    with pytest.raises(NotFoundError):
        patients.find_patient(session, stranger, study.code, patient.code, Permission.TRANSCRIBE)
