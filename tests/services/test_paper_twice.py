"""Two transcriptions and a third look; and that nothing but what counts is counted."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import (
    FIRST,
    SECOND,
    SUBMITTED,
    TRANSCRIBED,
    Patient,
    Study,
    Visit,
)
from app.services import links, patients, responses, studies
from app.services.counts import study_counts
from app.services.errors import RuleError
from app.services.exports.scored import scored_table
from app.services.links import LinkState
from app.services.paper import Step
from app.services.questionnaires import SYMPTOMS, questionnaire
from app.services.sheets import Sheet, SheetError
from app.services.visits import VisitState
from app.services.worklist import visit_lines
from tests import factories as make
from tests.conftest import NOW
from tests.sheets import ask_for_two_transcriptions, paper_of, settle, sheet, stored, take


@pytest.fixture
def visit(session: Session, patient: Patient) -> Visit:
    """The patient's first visit, open."""
    return make.get_visit(session, patient)


@pytest.fixture
def twice(session: Session, clock: SteppedClock, study: Study) -> Study:
    """The study, asking for two transcriptions."""
    ask_for_two_transcriptions(session, clock)
    return study


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("twice")
def test_two_transcriptions_that_agree_are_sent(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    typed = sheet({"q03": "4"})
    assert take(session, clock, patient, typed) is Step.OTHER_PERSON
    assert stored(session) == []
    assert take(session, clock, patient, typed, "bea") is Step.RECEIVED
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
    take(session, clock, patient, sheet())
    with pytest.raises(RuleError, match="sheet other person"):
        take(session, clock, patient, sheet())
    assert paper_of(session, clock, patient).step is Step.OTHER_PERSON
    assert paper_of(session, clock, patient, "bea").step is Step.SECOND


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("twice")
def test_differences_are_listed_and_settled_by_a_third_look(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    take(session, clock, patient, sheet({"q03": "4", "q09": "2"}))
    step = take(
        session,
        clock,
        patient,
        sheet(
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
    settle(session, clock, patient, sheet({"q03": "3", "q11": "1", "q09": "4"}, remark="3 is ticked twice"))
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
    take(session, clock, patient, sheet({"q03": "4"}))
    with pytest.raises(RuleError, match="sheet second"):
        settle(session, clock, patient, sheet({"q03": "4"}, remark="4"), "bea")
    take(session, clock, patient, sheet(), "bea")
    with pytest.raises(SheetError) as error:
        settle(session, clock, patient, Sheet("paper", date(2026, 11, 23), {}))
    assert [(each.field, each.rule) for each in error.value.faults] == [
        ("remark", "no_remark"),
        ("q03", "nothing_typed"),
    ]
    with pytest.raises(RuleError, match="sheet settle"):
        take(session, clock, patient, sheet(), "cleo")
    assert stored(session) == []


@pytest.mark.requirement("CLI-04")
@pytest.mark.requirement("AE-01")
def test_what_is_asked_only_because_of_a_difference_is_settled_with_it(
    session: Session, clock: SteppedClock
) -> None:
    study = make.make_study(session, clock, with_symptoms=True)
    patient = make.make_patient(session, clock, study)
    ask_for_two_transcriptions(session, clock, with_symptoms=True)
    asked = questionnaire(studies.definition_in_force(session, study), SYMPTOMS)
    lowest = {each.id: "0" for each in asked.questions if each.condition is None}
    followed = next(each for each in asked.questions if each.condition and each.condition.item in lowest)
    assert followed.condition is not None
    lead = followed.condition.item
    take(session, clock, patient, sheet(lowest))
    take(session, clock, patient, sheet(lowest | {lead: "-"}), "bea")
    chain = [each.question.id for each in paper_of(session, clock, patient).differences]
    assert chain[:2] == [lead, followed.id]
    look = dict.fromkeys(chain, "3")
    settle(session, clock, patient, sheet(look, remark="3 throughout"))
    sent = next(each for each in stored(session) if each.instrument == SYMPTOMS)
    assert {sent.answers[item]["value"] for item in chain} == {3}


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("twice")
def test_a_sheet_typed_in_time_may_be_typed_again_and_settled_later(
    session: Session, clock: SteppedClock, patient: Patient, study: Study
) -> None:
    take(session, clock, patient, sheet())
    clock.set(NOW + timedelta(days=60))
    assert take(session, clock, patient, sheet({"q01": "2"}), "bea") is Step.SETTLE
    settle(session, clock, patient, sheet({"q01": "2"}, remark="2"))
    assert [each.status for each in stored(session)] == [SUBMITTED]
    definition = studies.definition_in_force(session, study)
    row = scored_table(session, clock, definition, study).iloc[0]
    assert (row["completed_on"].date(), row["in_window_flag"], row["late_flag"]) == (date(2026, 11, 23), 1, 0)


@pytest.mark.requirement("CLI-04")
@pytest.mark.usefixtures("twice")
def test_what_the_patient_sends_meanwhile_counts_and_not_the_sheet(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    take(session, clock, patient, sheet({"q01": "4"}))
    make.submit(session, clock, visit)
    with pytest.raises(RuleError, match="sheet received"):
        take(session, clock, patient, sheet({"q01": "4"}), "bea")
    assert [(each.mode, each.answers["q01"]["value"]) for each in stored(session)] == [("web", 1)]


# Only what counts is counted


@pytest.mark.requirement("CLI-04")
@pytest.mark.requirement("VIS-06")
def test_transcriptions_are_no_responses_to_anybody_who_counts(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit, twice: Study
) -> None:
    issued = make.make_link(session, clock, patient)
    take(session, clock, patient, sheet({"q01": "4"}))
    take(session, clock, patient, sheet({"q01": "3"}), "bea")
    found = links.find_link_by_id(session, clock, issued.link.id)
    saving = make.find_saving(session, clock, issued)
    assert found is not None
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
    settle(session, clock, patient, sheet({"q01": "4"}, remark="4"))
    line = visit_lines(session, clock, [patient.id])[patient.id][0]
    assert (line.state, line.transcriptions) == (VisitState.RECEIVED, 0)
    assert study_counts(session, clock, [twice.id])[twice.id].received == 1
    table = scored_table(session, clock, definition, twice)
    assert len(table) == 1
    assert (table.iloc[0]["mode"], table.iloc[0]["q01"]) == ("paper", 4)
