"""Milestones: only in an order that can be true, undone with a reason; what they end, ends at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Link, Milestone, Patient, Study, Visit
from app.services.definition import StudyDefinition
from app.services.errors import NotFoundError, RuleError
from app.services.links import LinkState, begin, find_link
from app.services.milestones import (
    Event,
    preview_milestone,
    preview_undoing,
    record_milestone,
    undo_milestone,
)
from app.services.sessions import find_session
from app.services.studies import definition_in_force
from app.services.visits import VisitState, follow_up_ends_at, visit_state, visits_of
from tests import factories as make
from tests.conftest import NOW

pytestmark = pytest.mark.requirement("VIS-03")
TODAY, DAY = NOW.date(), timedelta(days=1)


@pytest.fixture
def definition(session: Session, study: Study) -> StudyDefinition:
    return definition_in_force(session, study)


@pytest.fixture
def randomised(session: Session, clock: SteppedClock, patient: Patient) -> Patient:
    """Consented and randomised at NOW; the clock stands a hundred days later."""
    make.randomise(session, clock, patient)
    clock.advance(days=100)
    return patient


def refused(act: Callable[[], object]) -> tuple[str, str, dict[str, Any]]:
    with pytest.raises(RuleError) as error:
        act()
    return error.value.field, error.value.rule, error.value.facts


def id_of(patient: Patient, kind: str) -> int:
    return next(each.id for each in patient.milestones if each.kind == kind)


def dates(session: Session, patient: Patient) -> dict[str, Any]:
    codes = {visit.id: visit.code for visit in visits_of(session, patient)}
    return {
        visit.code: (visit.opens_at, visit.closes_at, visit.ends_on, codes.get(visit.served_by_id or 0))
        for visit in visits_of(session, patient)
    }


# The order


@pytest.mark.parametrize("kind", ["progression", "reintroduction", "stops-treatment"])
def test_what_follows_randomisation_is_refused_before_it(
    session: Session, clock: SteppedClock, patient: Patient, kind: str
) -> None:
    found = refused(lambda: make.milestone(session, clock, patient, kind))
    assert found == ("kind", "too_early", {"kind": kind, "after": "randomisation"})
    clock.advance(days=10)
    make.randomise(session, clock, patient)
    found = refused(lambda: make.milestone(session, clock, patient, kind, TODAY + 9 * DAY))
    assert found[:2] == ("occurred_on", "before_milestone")
    assert found[2]["on"] == TODAY + 10 * DAY
    make.milestone(session, clock, patient, kind, TODAY + 10 * DAY)


def test_a_response_has_a_value_and_comes_after_reintroduction(
    session: Session, clock: SteppedClock, randomised: Patient
) -> None:
    found = refused(lambda: make.milestone(session, clock, randomised, "response", value="PR"))
    assert found == ("kind", "too_early", {"kind": "response", "after": "reintroduction"})
    make.milestone(session, clock, randomised, "reintroduction")
    for value in (None, "NE", "pr"):
        found = refused(
            lambda value=value: make.milestone(session, clock, randomised, "response", value=value)
        )  # type: ignore[misc]
        assert found == ("value", "unknown_value", {"value": value, "values": "CR, PR, SD, PD"})
    for value in ("SD", "PR", "CR", "PD"):
        make.milestone(session, clock, randomised, "response", value=value)
    assert [each.value for each in randomised.milestones if each.kind == "response"] == [
        "SD",
        "PR",
        "CR",
        "PD",
    ]
    found = refused(lambda: make.milestone(session, clock, randomised, "progression", value="PD"))
    assert found[:2] == ("value", "unknown_value")


def test_nothing_happens_after_death(session: Session, clock: SteppedClock, randomised: Patient) -> None:
    make.milestone(session, clock, randomised, "death", TODAY + 50 * DAY)
    found = refused(lambda: make.milestone(session, clock, randomised, "known-alive", TODAY + 51 * DAY))
    assert found[:2] == ("occurred_on", "after_death")
    make.milestone(session, clock, randomised, "tumour-assessment", TODAY + 50 * DAY)


def test_a_death_before_what_is_recorded_is_refused(
    session: Session, clock: SteppedClock, randomised: Patient
) -> None:
    make.milestone(session, clock, randomised, "known-alive", TODAY + 80 * DAY)
    found = refused(lambda: make.milestone(session, clock, randomised, "death", TODAY + 79 * DAY))
    assert found[:2] == ("occurred_on", "milestone_later")
    assert found[2]["kind"] == "known-alive"


def test_after_the_withdrawal_of_consent_only_the_death_is_recorded(
    session: Session, clock: SteppedClock, randomised: Patient
) -> None:
    make.milestone(session, clock, randomised, "consent-withdrawn", TODAY + 50 * DAY)
    found = refused(lambda: make.milestone(session, clock, randomised, "progression"))
    assert found[:2] == ("occurred_on", "after_withdrawal")
    make.milestone(session, clock, randomised, "death")


@pytest.mark.requirement("VIS-07")
def test_nobody_is_randomised_after_leaving(session: Session, clock: SteppedClock, patient: Patient) -> None:
    make.milestone(session, clock, patient, "consent-withdrawn")
    clock.advance(days=1)
    found = refused(lambda: make.randomise(session, clock, patient))
    assert found[:2] == ("randomised_on", "after_withdrawal")


# What leaving ends


@pytest.mark.parametrize("kind", ["death", "consent-withdrawn", "stops-questionnaires"])
@pytest.mark.requirement("VIS-05")
def test_links_and_sessions_end_at_once_and_nothing_is_expected(
    session: Session, clock: SteppedClock, randomised: Patient, kind: str
) -> None:
    visit = make.get_visit(session, randomised, "M3")
    clock.set(visit.opens_at)
    issued, personal = (
        make.make_link(session, clock, randomised, "M3"),
        make.make_personal_link(session, clock, randomised),
    )
    found = find_link(session, clock, issued.token)
    assert found is not None
    secret = begin(session, clock, found, {})
    make.milestone(session, clock, randomised, kind)
    assert find_session(session, clock, secret) is None
    for link in (issued.link, personal.link):
        session.refresh(link)
        assert (link.revoked_at, link.revoked_reason) == (clock.now(), kind)
    closed = find_link(session, clock, issued.token)
    assert closed is not None
    assert closed.state is LinkState.CLOSED
    states = {each.code: visit_state(each, None, clock.now()) for each in visits_of(session, randomised)}
    assert states.pop("BASELINE") is VisitState.MISSING
    assert set(states.values()) == {VisitState.NOT_EXPECTED}
    found_rule = refused(lambda: make.make_link(session, clock, randomised, "M3"))
    assert found_rule[:2] == ("visit", "patient_left")
    assert refused(lambda: make.make_personal_link(session, clock, randomised))[1] == "follow_up_over"


def test_a_visit_due_before_the_patient_left_closes_with_what_was_begun(
    session: Session, clock: SteppedClock, randomised: Patient
) -> None:
    visit = make.get_visit(session, randomised, "M3")
    clock.set(visit.opens_at + 20 * DAY)
    response = make.answer(session, clock, visit, {"q01": 1})
    make.milestone(session, clock, randomised, "death")
    assert visit_state(visit, response, clock.now()) is VisitState.PARTIAL
    assert visit_state(visit, None, clock.now()) is VisitState.MISSING


@pytest.mark.parametrize("kind", ["stops-treatment", "lost-to-follow-up"])
def test_the_other_ways_of_leaving_end_no_visit_and_no_link(
    session: Session, clock: SteppedClock, randomised: Patient, kind: str
) -> None:
    personal, before = make.make_personal_link(session, clock, randomised), dates(session, randomised)
    ends_at = follow_up_ends_at(session, randomised.study_id, randomised.id)
    make.milestone(session, clock, randomised, kind)
    assert dates(session, randomised) == before
    assert follow_up_ends_at(session, randomised.study_id, randomised.id) == ends_at
    session.refresh(personal.link)
    assert personal.link.revoked_at is None


# Undoing


def test_a_mistake_is_undone_with_a_reason_and_redone(
    session: Session, clock: SteppedClock, definition: StudyDefinition, randomised: Patient
) -> None:
    before = dates(session, randomised)
    make.milestone(session, clock, randomised, "reintroduction", TODAY + 90 * DAY)
    after, mistake = dates(session, randomised), id_of(randomised, "reintroduction")
    assert after != before
    found = refused(lambda: undo_milestone(session, clock, definition, randomised, mistake, "  "))
    assert found[:2] == ("reason", "no_reason")
    done = undo_milestone(session, clock, definition, randomised, mistake, "Wrong patient")
    assert "04-001 RI0" in done.removed
    assert dates(session, randomised) == before
    row = session.get_one(Milestone, mistake)
    assert (row.undone_at, row.undone_reason) == (clock.now(), "Wrong patient")
    assert [each.kind for each in randomised.milestones] == ["consent", "randomisation"]
    make.milestone(session, clock, randomised, "reintroduction", TODAY + 90 * DAY)
    assert dates(session, randomised) == after


def test_a_death_undone_reopens_the_visits_and_no_link(
    session: Session, clock: SteppedClock, definition: StudyDefinition, randomised: Patient
) -> None:
    personal, before = make.make_personal_link(session, clock, randomised), dates(session, randomised)
    make.milestone(session, clock, randomised, "death")
    done = undo_milestone(session, clock, definition, randomised, id_of(randomised, "death"), "Namesake")
    assert "04-001 M60" in done.reopened
    assert dates(session, randomised) == before
    session.refresh(personal.link)
    assert personal.link.revoked_at is not None


def test_what_an_undone_reintroduction_brought_stays_where_somebody_answered(
    session: Session, clock: SteppedClock, definition: StudyDefinition, randomised: Patient
) -> None:
    make.milestone(session, clock, randomised, "reintroduction", TODAY + 60 * DAY)
    clock.set(make.get_visit(session, randomised, "RI1").opens_at)
    sent = make.submit(session, clock, make.get_visit(session, randomised, "RI1"))
    make.make_link(session, clock, randomised, "RI3")
    kept = dates(session, randomised)["RI1"]
    mistake = id_of(randomised, "reintroduction")
    undo_milestone(session, clock, definition, randomised, mistake, "Never happened")
    left = dates(session, randomised)
    assert {code for code in left if code.startswith("RI")} == {"RI1", "RI3"}
    assert left["RI1"] == kept
    visits = {visit.code: visit for visit in visits_of(session, randomised)}
    assert visit_state(visits["RI1"], sent, clock.now()) is VisitState.RECEIVED
    assert visit_state(visits["RI3"], None, clock.now()) is VisitState.NOT_EXPECTED
    later = make.milestone(session, clock, randomised, "progression")
    visits = {visit.code: visit for visit in visits_of(session, later)}
    assert visit_state(visits["RI3"], None, clock.now()) is VisitState.NOT_EXPECTED


def test_consent_randomisation_and_what_others_follow_from_are_not_undone(
    session: Session, clock: SteppedClock, definition: StudyDefinition, randomised: Patient
) -> None:
    for kind in ("consent", "randomisation"):
        number = id_of(randomised, kind)
        found = refused(lambda number=number: preview_undoing(session, clock, definition, randomised, number))  # type: ignore[misc]
        assert found == ("kind", "not_undone", {"kind": kind})
    make.milestone(session, clock, randomised, "reintroduction")
    make.milestone(session, clock, randomised, "response", value="SD")
    number = id_of(randomised, "reintroduction")
    found = refused(lambda: undo_milestone(session, clock, definition, randomised, number, "Mistake"))
    assert found == ("kind", "needed_by", {"kind": "reintroduction", "by": "response"})


def test_a_milestone_of_another_patient_is_not_found(
    session: Session, clock: SteppedClock, definition: StudyDefinition, study: Study, randomised: Patient
) -> None:
    other = make.milestone(session, clock, make.make_patient(session, clock, study, "04-002"), "death")
    with pytest.raises(NotFoundError):
        undo_milestone(session, clock, definition, randomised, id_of(other, "death"), "Mistake")


# The preview


def rows(session: Session) -> list[int | None]:
    return [session.scalar(select(func.count(each.id))) for each in (Visit, Milestone, AuditEntry, Link)]


@pytest.mark.parametrize("kind", ["reintroduction", "death", "progression", "stops-questionnaires"])
def test_a_preview_writes_nothing_and_says_what_recording_then_does(
    session: Session, clock: SteppedClock, definition: StudyDefinition, randomised: Patient, kind: str
) -> None:
    before, event = rows(session), Event(kind, TODAY + 95 * DAY)
    preview = preview_milestone(session, clock, definition, randomised, event)
    assert not session.new
    assert not session.dirty
    assert rows(session) == before
    assert [each.kind for each in randomised.milestones] == ["consent", "randomisation"]
    done = record_milestone(session, clock, definition, randomised, event)
    plan = preview.visits
    assert bool(plan.closed) == preview.ends_links
    assert done.added == tuple(f"04-001 {each.code}" for each in plan.added)
    assert done.moved == tuple(f"04-001 {each.code}" for _, each in plan.moved)
    assert done.removed == tuple(f"04-001 {each.code}" for each in plan.removed)
    assert done.closed == tuple(f"04-001 {each}" for each in plan.closed)
    assert preview.ends_links == (kind in {"death", "stops-questionnaires"})
    stored = {code: fact[2:] for code, fact in dates(session, randomised).items()}
    assert stored == {code: (plan.ends_on[code], plan.servers[code]) for code in plan.ends_on}


def test_the_preview_of_undoing_says_what_undoing_then_does(
    session: Session, clock: SteppedClock, definition: StudyDefinition, randomised: Patient
) -> None:
    make.milestone(session, clock, randomised, "reintroduction")
    number, before = id_of(randomised, "reintroduction"), rows(session)
    plan = preview_undoing(session, clock, definition, randomised, number).visits
    assert rows(session) == before
    done = undo_milestone(session, clock, definition, randomised, number, "Mistake")
    assert done.removed == tuple(f"04-001 {each.code}" for each in plan.removed)
    assert len(done.removed) == 13


@pytest.mark.threat("D14")
def test_answers_dated_after_a_death_are_told_before_it_is_recorded(
    session: Session, clock: SteppedClock, definition: StudyDefinition, randomised: Patient
) -> None:
    make.submit(session, clock, make.get_visit(session, randomised, "M3"))
    for days, expected in ((99, ("M3",)), (100, ())):
        event = Event("death", TODAY + days * DAY)
        assert preview_milestone(session, clock, definition, randomised, event).answered_after == expected
