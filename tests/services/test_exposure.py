"""Exposure by dated episodes, and the treatment state that every response is stamped with."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Study
from app.services.definition import StudyDefinition
from app.services.errors import NotFoundError, RuleError
from app.services.exposure import correct_exposure, stop_exposure, undo_exposure, undone_exposures
from app.services.studies import definition_in_force
from app.services.treatment import (
    Episode,
    StopReason,
    Treatment,
    TreatmentState,
    exposures_of,
    treatment_state,
)
from tests import factories as make
from tests.conftest import NOW

pytestmark = pytest.mark.requirement("VIS-04")
TODAY, DAY = NOW.date(), timedelta(days=1)
D = date(2027, 1, 1)
PROTOCOL, TOXICITY = StopReason.PROTOCOL.value, StopReason.TOXICITY.value


@pytest.fixture
def definition(session: Session, study: Study) -> StudyDefinition:
    return definition_in_force(session, study)


def refused(act: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(RuleError) as error:
        act()
    return error.value.field, error.value.rule


# The state on a day


def took(first: int, last: int | None = None, reason: str | None = None, drug: str = "imatinib") -> Episode:
    """An episode in days from D."""
    return Episode(drug, D + first * DAY, None if last is None else D + last * DAY, reason)


@pytest.mark.parametrize(
    ("episodes", "code", "since"),
    [
        ([], "unknown", None),
        ([took(1)], "unknown", None),
        ([took(-4000)], "on_imatinib", -4000),
        ([took(0)], "on_imatinib", 0),
        ([took(-4000, 0, PROTOCOL)], "interrupted_per_protocol", 0),
        ([took(-4000, 1, PROTOCOL)], "on_imatinib", -4000),
        ([took(-4000, -5, TOXICITY)], "interrupted_otherwise", -5),
        ([took(-4000, -9, PROTOCOL), took(-3)], "reintroduced", -3),
        ([took(-4000, -9, TOXICITY), took(-3)], "on_imatinib", -3),
        ([took(-4000, -9, PROTOCOL), took(-3, -1, TOXICITY)], "interrupted_otherwise", -1),
        ([took(-4000, -90, PROTOCOL), took(-80, -9, TOXICITY), took(-2)], "reintroduced", -2),
        ([took(-4000, -9, PROTOCOL), took(-3, drug="sunitinib")], "other_treatment", -3),
        ([took(-4000, -9, PROTOCOL), took(-3, -1, TOXICITY, "sunitinib")], "interrupted_otherwise", -1),
    ],
)
def test_the_state_follows_from_the_episodes(episodes: list[Episode], code: str, since: int | None) -> None:
    since_on = None if since is None else D + since * DAY
    expected = TreatmentState(Treatment(code), since_on, None if since is None else -since)
    assert treatment_state(episodes, D) == expected
    assert treatment_state(episodes[::-1], D) == expected


SPANS = st.tuples(st.integers(-900, 900), st.integers(0, 300), st.sampled_from(list(StopReason)))


@given(st.lists(SPANS, max_size=6), st.integers(-900, 900))
def test_the_days_are_never_negative_and_later_episodes_change_no_earlier_day(
    spans: list[tuple[int, int, StopReason]], day: int
) -> None:
    episodes = [took(first, first + length, reason.value) for first, length, reason in spans]
    on = D + day * DAY
    state = treatment_state(episodes, on)
    assert (state.days is None) == (state.code is Treatment.UNKNOWN)
    assert state.days is None or state.days >= 0
    assert treatment_state([each for each in episodes if each.started_on <= on], on) == state


# Recording


def test_an_episode_goes_on_until_it_is_stopped(
    session: Session, clock: SteppedClock, definition: StudyDefinition, patient: Patient
) -> None:
    row = make.expose(session, clock, patient, date(2015, 3, 1), drug=" Imatinib ")
    assert (row.drug, row.stopped_on, row.recorded_at) == ("imatinib", None, NOW)
    stop_exposure(session, clock, definition, patient, row.id, TODAY, PROTOCOL)
    (stored,) = exposures_of(session, patient.study_id, patient.id)
    assert (stored.stopped_on, stored.stop_reason) == (TODAY, "protocol")
    found = refused(lambda: stop_exposure(session, clock, definition, patient, row.id, TODAY, PROTOCOL))
    assert found == ("stopped_on", "stopped_already")


@pytest.mark.parametrize(
    ("episode", "field", "rule"),
    [
        (Episode(" ", TODAY), "drug", "no_drug"),
        (Episode("imatinib", TODAY + DAY), "started_on", "in_future"),
        (Episode("imatinib", TODAY, TODAY + DAY, PROTOCOL), "stopped_on", "in_future"),
        (Episode("imatinib", TODAY, TODAY - DAY, PROTOCOL), "stopped_on", "before_start"),
        (Episode("imatinib", TODAY - DAY, TODAY), "stop_reason", "unknown_stop_reason"),
        (Episode("imatinib", TODAY - DAY, TODAY, "whim"), "stop_reason", "unknown_stop_reason"),
        (Episode("imatinib", TODAY, None, PROTOCOL), "stop_reason", "unknown_stop_reason"),
        (Episode("imatinib", date(2015, 1, 1)), "started_on", "exposure_overlaps"),
    ],
)
def test_an_episode_that_cannot_be_is_refused(
    session: Session, clock: SteppedClock, patient: Patient, episode: Episode, field: str, rule: str
) -> None:
    make.expose(session, clock, patient, date(2014, 1, 1), date(2020, 1, 1), TOXICITY)
    facts = (episode.started_on, episode.stopped_on, episode.stop_reason, episode.drug)
    assert refused(lambda: make.expose(session, clock, patient, *facts)) == (field, rule)


def test_nothing_is_taken_after_death(session: Session, clock: SteppedClock, patient: Patient) -> None:
    make.milestone(session, clock, patient, "death")
    clock.advance(days=1)
    found = refused(lambda: make.expose(session, clock, patient, TODAY + DAY))
    assert found == ("started_on", "after_death")


def test_an_episode_is_corrected_in_its_place(
    session: Session, clock: SteppedClock, definition: StudyDefinition, study: Study, patient: Patient
) -> None:
    row = make.expose(session, clock, patient, date(2015, 3, 1))
    right = Episode("imatinib", date(2013, 5, 1), TODAY, PROTOCOL)
    correct_exposure(session, clock, definition, patient, row.id, right)
    assert (row.started_on, row.stopped_on) == (date(2013, 5, 1), TODAY)
    other = make.make_patient(session, clock, study, "04-002")
    with pytest.raises(NotFoundError):
        correct_exposure(session, clock, definition, other, row.id, right)


def test_an_episode_that_never_was_counts_nowhere_and_stays_with_its_reason(
    session: Session, clock: SteppedClock, definition: StudyDefinition, study: Study, patient: Patient
) -> None:
    wrong = make.expose(session, clock, patient, date(2015, 3, 1))
    clock.advance(days=1)
    undo_exposure(session, clock, patient, wrong.id, "Of the patient after")
    assert exposures_of(session, patient.study_id, patient.id) == []
    (kept,) = undone_exposures(session, patient)
    assert (kept.id, kept.undone_at, kept.undone_reason) == (wrong.id, NOW + DAY, "Of the patient after")
    # Its days are free again, and it cannot be touched any more.
    make.expose(session, clock, patient, date(2014, 1, 1))
    right = Episode("imatinib", date(2013, 5, 1))
    with pytest.raises(NotFoundError):
        undo_exposure(session, clock, patient, wrong.id, "Again")
    with pytest.raises(NotFoundError):
        correct_exposure(session, clock, definition, patient, wrong.id, right)
    with pytest.raises(NotFoundError):
        stop_exposure(session, clock, definition, patient, wrong.id, TODAY, PROTOCOL)


@pytest.mark.parametrize(
    ("reason", "rule"), [("", "no_reason"), ("  ", "no_reason"), ("Née le 03/04/1951", "birth_date")]
)
def test_undoing_needs_a_reason_that_names_nobody(
    session: Session, clock: SteppedClock, patient: Patient, reason: str, rule: str
) -> None:
    row = make.expose(session, clock, patient, date(2015, 3, 1))
    assert refused(lambda: undo_exposure(session, clock, patient, row.id, reason)) == ("reason", rule)
    assert len(exposures_of(session, patient.study_id, patient.id)) == 1


def test_nobody_undoes_an_episode_of_another_patient(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    row = make.expose(session, clock, patient, date(2015, 3, 1))
    other = make.make_patient(session, clock, study, "04-002")
    with pytest.raises(NotFoundError):
        undo_exposure(session, clock, other, row.id, "Mixed up")


# The stamp


def stamp(session: Session, clock: SteppedClock, patient: Patient) -> tuple[Any, Any]:
    response = make.submit(session, clock, make.get_visit(session, patient))
    session.refresh(response)
    return response.treatment_state, response.treatment_days


def test_a_response_is_stamped_when_it_is_sent(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    make.expose(session, clock, patient, TODAY - 4000 * DAY, TODAY, PROTOCOL)
    clock.advance(days=10)
    assert stamp(session, clock, patient) == ("interrupted_per_protocol", 10)


def test_what_was_undone_stamps_nothing(session: Session, clock: SteppedClock, patient: Patient) -> None:
    row = make.expose(session, clock, patient, TODAY - 4000 * DAY)
    undo_exposure(session, clock, patient, row.id, "Of the patient after")
    assert stamp(session, clock, patient) == ("unknown", None)


def test_without_an_episode_the_state_is_unknown_whatever_the_arm(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    make.randomise(session, clock, patient, "interruption")
    assert stamp(session, clock, patient) == ("unknown", None)


def test_the_day_is_the_one_of_the_last_answer_on_the_wall_of_the_site(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    make.expose(session, clock, patient, TODAY - 4000 * DAY, TODAY + 0 * DAY, PROTOCOL)
    visit = make.get_visit(session, patient)
    # A minute past midnight in Paris is still the day before in UTC.
    clock.set(datetime(2026, 11, 25, 23, 1, tzinfo=UTC))
    response = make.answer(session, clock, visit, {"q01": 1})
    assert response.treatment_state is None
    assert stamp(session, clock, patient) == ("interrupted_per_protocol", 3)
