"""Forms that did not come: partial ones are kept and scored, and each asks for its reason."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, selectinload

from app.clock import SteppedClock
from app.models import Patient, Response, Study, User, Visit
from app.services.access import Role, load_actor
from app.services.errors import RuleError
from app.services.exports.scored import scored_table
from app.services.missing import Reason, close_forms, reasons_of, record_missing_reason, unexplained_forms
from app.services.responses import Answer, AnswerState, NotAnswerableError, save_answer, verify_scores
from app.services.studies import definition_in_force
from app.services.visits import GRACE, VisitState, visit_state
from tests import factories as make

pytestmark = pytest.mark.requirement("VIS-05")
SECOND = timedelta(seconds=1)


@pytest.fixture
def visit(session: Session, clock: SteppedClock, patient: Patient) -> Visit:
    """The initial visit, open."""
    return make.get_visit(session, patient)


@pytest.fixture
def nurse(session: Session, clock: SteppedClock, study: Study) -> User:
    return make.make_staff(session, clock, Role.NURSE, study, make.get_site(session, study))


def refused(session: Session, clock: SteppedClock, visit: Visit, *facts: str) -> tuple[str, str]:
    with pytest.raises(RuleError) as error:
        record_missing_reason(session, clock, visit, *facts)
    return error.value.field, error.value.rule


def unexplained(session: Session, clock: SteppedClock, user: User) -> list[tuple[str, str, str]]:
    found = unexplained_forms(session, clock, load_actor(session, clock, user))
    return [(each.patient.code, each.visit.code, each.state.value) for each in found]


# Closing


def test_a_draft_is_partial_once_its_grace_is_over(
    session: Session, clock: SteppedClock, study: Study, visit: Visit
) -> None:
    half = dict.fromkeys(("q01", "q02", "q03", "q29"), 1)
    draft = make.answer(session, clock, visit, half)
    clock.set(visit.closes_at + GRACE - SECOND)
    assert close_forms(session, clock) == 0
    clock.set(visit.closes_at + GRACE)
    assert close_forms(session, clock) == 1
    assert close_forms(session, clock) == 0
    query = selectinload(Response.scores)
    kept = session.get_one(Response, draft.id, options=[query], populate_existing=True)
    assert (kept.status, kept.submitted_at, set(kept.answers)) == ("partial", None, set(half))
    assert kept.treatment_state == "unknown"
    assert visit_state(visit, kept, clock.now()) is VisitState.PARTIAL
    scores = {score.scale: (score.value, score.n_answered) for score in kept.scores}
    assert scores["PF2"] == (100, 3)
    assert scores["QL2"][1] == 1
    assert scores["RF2"] == (None, 0)
    assert verify_scores(session)[1] == []


def test_the_table_shows_a_closed_form_as_one_that_was_never_closed(
    session: Session, clock: SteppedClock, study: Study, visit: Visit
) -> None:
    make.answer(session, clock, visit, {"q01": 1, "q02": 2, "q03": None})
    clock.set(visit.closes_at + GRACE)
    definition = definition_in_force(session, study)
    before = scored_table(session, clock, definition, study)
    close_forms(session, clock)
    session.expire_all()
    assert scored_table(session, clock, definition, study).equals(before)
    assert list(before["partial_flag"]) == [1]


def test_a_draft_without_an_answer_and_what_was_sent_stay_as_they_are(
    session: Session, clock: SteppedClock, study: Study, visit: Visit
) -> None:
    empty = make.begin_response(session, clock, visit)
    other = make.get_visit(session, make.make_patient(session, clock, study, "04-002"))
    sent = make.submit(session, clock, other)
    clock.set(visit.closes_at + 9 * GRACE)
    assert close_forms(session, clock) == 0
    assert (empty.status, sent.status) == ("draft", "submitted")
    assert visit_state(visit, empty, clock.now()) is VisitState.MISSING


@pytest.mark.threat("D13")
def test_a_partial_form_takes_no_answer_and_the_database_refuses_to_change_it(
    session: Session, clock: SteppedClock, visit: Visit
) -> None:
    draft = make.answer(session, clock, visit, {"q01": 1})
    clock.set(visit.closes_at + GRACE)
    close_forms(session, clock)
    with pytest.raises(NotAnswerableError):
        save_answer(session, clock, draft, visit, Answer("q02", AnswerState.ANSWERED, 2))
    for statement in ("UPDATE response SET status = 'draft'", "DELETE FROM response"):
        with session.begin_nested() as savepoint:
            session.execute(text("DELETE FROM score"))
            with pytest.raises(DBAPIError, match="does not change"):
                session.execute(text(statement))
            savepoint.rollback()


# The reason


@pytest.mark.parametrize("reason", Reason)
def test_every_code_is_taken_and_only_another_reason_has_words(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit, reason: Reason
) -> None:
    clock.set(visit.closes_at)
    words = "Snowed in" if reason is Reason.OTHER else None
    record_missing_reason(session, clock, visit, reason.value, words)
    (row,) = reasons_of(session, patient)
    assert (row.visit_id, row.reason, row.text, row.recorded_at) == (visit.id, reason, words, clock.now())
    others = ("other", " ") if reason is Reason.OTHER else (reason.value, "Words beside it")
    assert refused(session, clock, visit, *others) == ("text", "other_in_words")


def test_a_second_reason_takes_the_place_of_the_first(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    clock.set(visit.closes_at)
    record_missing_reason(session, clock, visit, "other", "Unclear")
    record_missing_reason(session, clock, visit, "forgot")
    (row,) = reasons_of(session, patient)
    assert (row.reason, row.text) == ("forgot", None)


def test_only_a_form_that_cannot_come_any_more_has_a_reason(
    session: Session, clock: SteppedClock, visit: Visit
) -> None:
    assert refused(session, clock, visit, "asleep") == ("reason", "unknown_reason")
    assert refused(session, clock, visit, "forgot") == ("visit", "not_missing")
    make.answer(session, clock, visit, {"q01": 1})
    clock.set(visit.closes_at)
    assert refused(session, clock, visit, "forgot") == ("visit", "not_missing")
    clock.set(visit.closes_at + GRACE)
    record_missing_reason(session, clock, visit, "forgot")


def test_a_form_received_or_not_expected_has_none(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    make.randomise(session, clock, patient)
    make.submit(session, clock, visit)
    make.milestone(session, clock, patient, "death")
    for code in ("BASELINE", "M3"):
        found = make.get_visit(session, patient, code)
        clock.set(found.closes_at + GRACE)
        assert refused(session, clock, found, "forgot") == ("visit", "not_missing")


# The list


def test_a_form_is_on_the_list_until_it_has_a_reason(
    session: Session, clock: SteppedClock, visit: Visit, nurse: User
) -> None:
    assert unexplained(session, clock, nurse) == []
    clock.set(visit.closes_at)
    assert unexplained(session, clock, nurse) == [("04-001", "BASELINE", "missing")]
    record_missing_reason(session, clock, visit, "forgot")
    assert unexplained(session, clock, nurse) == []


def test_the_list_holds_what_is_missing_or_partial_of_the_own_site(
    session: Session, clock: SteppedClock, study: Study, visit: Visit, nurse: User
) -> None:
    for code in ("04-002", "04-003", "04-004", "03-001"):
        make.make_patient(session, clock, study, code)
    second, third, fourth = (
        make.find_visit_of(session, study, code, "BASELINE") for code in ("04-002", "04-003", "04-004")
    )
    make.submit(session, clock, second)
    make.answer(session, clock, third, {"q01": 1})
    clock.set(visit.closes_at + GRACE)
    make.begin_response(session, clock, fourth)
    found = unexplained(session, clock, nurse)
    assert sorted(found) == [
        ("04-001", "BASELINE", "missing"),
        ("04-003", "BASELINE", "partial"),
        ("04-004", "BASELINE", "missing"),
    ]


def test_nobody_is_asked_why_what_was_not_expected_or_served_elsewhere_is_missing(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit, nurse: User
) -> None:
    make.randomise(session, clock, patient)
    clock.advance(days=80)
    make.milestone(session, clock, patient, "reintroduction")
    clock.set(make.get_visit(session, patient, "M3").closes_at)
    assert {code for _, code, _ in unexplained(session, clock, nurse)} == {"BASELINE", "M3"}
    make.milestone(session, clock, patient, "death")
    clock.advance(days=2000)
    assert {code for _, code, _ in unexplained(session, clock, nurse)} == {"BASELINE", "M3"}
