"""Visits under any history: what was answered never moves, and the same history gives the same visits."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient
from app.services.definition import StudyDefinition, parse_definition
from app.services.errors import RuleError
from app.services.milestones import Event, record_milestone, undo_milestone
from app.services.responses import NotAnswerableError
from app.services.visits import find_visit, visits_of
from tests import factories as make

pytestmark = [pytest.mark.requirement("VIS-03"), pytest.mark.requirement("VIS-02")]
KEEP = parse_definition(make.source(), "keep.toml")
CLOSE = parse_definition(
    make.source().replace('on_reintroduction = "keep"', 'on_reintroduction = "close"'), "close.toml"
)
ZONES = ["Europe/Paris", "Indian/Reunion", "America/Guadeloupe", "Pacific/Noumea", "America/Miquelon"]
# The tests begin in November 2026; the day before either change of the clocks in Paris, and an ordinary one.
STARTS = [datetime(2027, month, day, 9, tzinfo=UTC) for month, day in ((3, 27), (10, 30), (7, 1))]
KINDS = ["progression", "reintroduction", "stops-questionnaires", "stops-treatment", "lost-to-follow-up"]
LAST = ["consent-withdrawn", "death"]
STEPS = st.one_of(
    st.integers(1, 200),
    st.tuples(st.sampled_from([*KINDS, *LAST]), st.integers(0, 120)),
    st.tuples(st.just("undo"), st.integers(0, 9)),
    st.tuples(st.just("answer"), st.sampled_from(["M3", "M6", "M9", "M12", "RI0", "RI1", "RI3", "RI6"])),
)
Facts = dict[str, tuple[Any, ...]]
ANY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def facts(session: Session, patient: Patient) -> Facts:
    """The visits as they are stored, without their row ids."""
    session.expire_all()
    session.refresh(patient, ["milestones", "site", "study"])
    visits = visits_of(session, patient)
    codes = {visit.id: visit.code for visit in visits}
    return {
        visit.code: (
            visit.anchor,
            visit.opens_on,
            visit.due_on,
            visit.closes_on,
            visit.opens_at,
            visit.closes_at,
            visit.ends_on,
            codes.get(visit.served_by_id or 0),
        )
        for visit in visits
    }


def begin(session: Session, clock: SteppedClock, patient: Patient, zone: str, start: datetime) -> None:
    """Randomises the patient, whose site is in that zone, on that day."""
    # What an example before this one left behind, where it failed, is gone.
    facts(session, patient)
    patient.site.timezone = zone
    clock.set(start)
    make.randomise(session, clock, patient)


def take(
    session: Session, clock: SteppedClock, study: StudyDefinition, patient: Patient, step: Any
) -> set[str]:
    """One thing that happens, unless it is refused; the codes of the visits that were answered."""
    if isinstance(step, int):
        clock.advance(days=step)
        return set()
    what, how = step
    try:
        if what == "undo":
            number = patient.milestones[how % len(patient.milestones)].id
            undo_milestone(session, clock, study, patient, number, "Mistake")
        elif what == "answer":
            visit = find_visit(session, patient, how)
            if visit and visit.opens_at <= clock.now() < visit.closes_at and not visit.ends_on:
                make.submit(session, clock, visit)
                return {visit.code}
        else:
            day = clock.now().date() - make.days(how)
            record_milestone(session, clock, study, patient, Event(what, day))
    except (RuleError, NotAnswerableError):
        session.expire_all()
        session.refresh(patient, ["milestones", "site", "study"])
    return set()


@given(
    study=st.sampled_from([KEEP, CLOSE]),
    zone=st.sampled_from(ZONES),
    start=st.sampled_from(STARTS),
    steps=st.lists(STEPS, min_size=2, max_size=8),
)
@ANY
def test_whatever_happens_no_answered_visit_ever_moves(
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    study: StudyDefinition,
    zone: str,
    start: datetime,
    steps: list[Any],
) -> None:
    with session.begin_nested() as savepoint:
        begin(session, clock, patient, zone, start)
        kept: Facts = {}
        for step in steps:
            answered = take(session, clock, study, patient, step)
            found = facts(session, patient)
            assert {code: found[code][:6] for code in kept} == kept
            kept |= {code: found[code][:6] for code in answered if code not in kept}
        savepoint.rollback()


@given(
    study=st.sampled_from([KEEP, CLOSE]),
    zone=st.sampled_from(ZONES),
    start=st.sampled_from(STARTS),
    kinds=st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 200)), unique_by=lambda each: each[0]),
    random=st.randoms(use_true_random=False),
)
@ANY
def test_the_same_milestones_in_any_order_undone_and_redone_give_the_same_visits(
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    study: StudyDefinition,
    zone: str,
    start: datetime,
    kinds: list[tuple[str, int]],
    random: Random,
) -> None:
    with session.begin_nested() as savepoint:
        begin(session, clock, patient, zone, start)
        clock.advance(days=200)
        today = clock.now().date()
        events = [Event(kind, today - make.days(ago)) for kind, ago in kinds]
        before, seen = facts(session, patient), []
        for _ in range(2):
            random.shuffle(events)
            for event in events:
                record_milestone(session, clock, study, patient, event)
            seen.append(facts(session, patient))
            for event in random.sample(events, len(events)):
                number = next(each.id for each in patient.milestones if each.kind == event.kind)
                undo_milestone(session, clock, study, patient, number, "Mistake")
            assert facts(session, patient) == before
        assert seen[0] == seen[1]
        savepoint.rollback()
