"""Visits: kept in step with the schedule, never moved once touched, and in one state at every instant."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Milestone, Patient, Response, Study, Visit
from app.services.definition import StudyDefinition, parse_definition
from app.services.projection import Projection, project_visits
from app.services.studies import definition_in_force
from app.services.visits import (
    GRACE,
    VisitState,
    find_visit,
    is_answerable,
    next_visit,
    visit_state,
    visits_of,
)
from tests import factories as make
from tests.conftest import NOW

pytestmark = pytest.mark.requirement("VIS-03")
SOURCE = make.source()
SERIES = "months = [3, 6, 9, 12, 15, 18, 21, 24]\ndays_before = 14"
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
Facts = tuple[object, ...]


@pytest.fixture
def randomised(session: Session, clock: SteppedClock, patient: Patient) -> Patient:
    return make.randomise(session, clock, patient)


@pytest.fixture
def definition(session: Session, study: Study) -> StudyDefinition:
    return definition_in_force(session, study)


def amended(months: str, days_before: int) -> StudyDefinition:
    source = SOURCE.replace(SERIES, f"months = [{months}]\ndays_before = {days_before}")
    return parse_definition(source.replace('version = "1.0"', 'version = "2.0"'), "amended.toml")


VERSIONS = (
    parse_definition(SOURCE, "first.toml"),
    amended("3, 6, 9, 12, 15, 18, 21, 24", 7),
    amended("3, 12, 24", 14),
    amended("3, 6, 9, 12, 15, 18, 21, 24, 27", 21),
)


def facts(session: Session, patient: Patient) -> dict[str, Facts]:
    session.expire_all()
    return {
        visit.code: (visit.id, visit.due_on, visit.opens_on, visit.closes_on, visit.opens_at, visit.closes_at)
        for visit in visits_of(session, patient)
    }


def reload(session: Session, patient: Patient) -> Patient:
    session.refresh(patient, ["milestones", "site"])
    return patient


def reintroduce(session: Session, patient: Patient, on: date) -> None:
    patient.milestones.append(
        Milestone(
            study_id=patient.study_id,
            patient_id=patient.id,
            kind="reintroduction",
            occurred_on=on,
            recorded_at=NOW,
        )
    )
    session.flush()


# The projection


@pytest.mark.requirement("VIS-02")
def test_windows_are_local_days_of_the_site_across_both_clock_changes(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    clock.set(datetime(2026, 7, 1, 9, tzinfo=UTC))
    patient = make.make_patient(session, clock, study)
    make.randomise(session, clock, patient)
    paris = ZoneInfo("Europe/Paris")
    offsets = []
    for visit in visits_of(session, patient):
        opens, closes = visit.opens_at.astimezone(paris), visit.closes_at.astimezone(paris)
        assert (opens.date(), opens.hour, opens.minute) == (visit.opens_on, 0, 0)
        assert (closes.date(), closes.hour, closes.minute) == (visit.closes_on + DAY, 0, 0)
        offsets.append(opens.utcoffset())
    assert set(offsets) == {timedelta(hours=1), timedelta(hours=2)}


@pytest.mark.requirement("VIS-02")
def test_an_overseas_site_opens_at_its_own_midnight(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    make.get_site(session, study).timezone = "Indian/Reunion"
    patient = make.randomise(session, clock, make.make_patient(session, clock, study))
    visit = make.get_visit(session, patient, "M3")
    assert visit.opens_at == datetime(2027, 2, 8, 20, tzinfo=UTC)
    assert visit.closes_at == datetime(2027, 3, 9, 20, tzinfo=UTC)


def test_projecting_again_changes_nothing(
    session: Session, clock: SteppedClock, definition: StudyDefinition, randomised: Patient
) -> None:
    before = facts(session, randomised)
    reload(session, randomised)
    assert project_visits(session, clock, definition, randomised) == Projection()
    assert facts(session, randomised) == before


def test_what_a_projection_does_is_named_by_patient_and_visit(
    session: Session, clock: SteppedClock, randomised: Patient
) -> None:
    projection = project_visits(session, clock, VERSIONS[2], randomised)
    assert projection.removed == tuple(f"04-001 M{month}" for month in (6, 9, 15, 18, 21))
    assert (projection.added, projection.moved) == ((), ())
    back = project_visits(session, clock, VERSIONS[0], randomised)
    assert back.added == projection.removed
    assert projection + back == Projection(back.added, (), projection.removed)


@pytest.mark.parametrize("touch", ["link", "draft", "sent", "open", "past"])
def test_a_touched_visit_neither_moves_nor_goes(
    session: Session, clock: SteppedClock, randomised: Patient, touch: str
) -> None:
    visit = make.get_visit(session, randomised, "M6")
    if touch == "link":
        make.make_link(session, clock, randomised, "M6")
    elif touch == "past":
        clock.set(visit.closes_at + DAY)
    else:
        clock.set(visit.opens_at)
        if touch != "open":
            (make.submit if touch == "sent" else make.begin_response)(session, clock, visit)
    before = facts(session, randomised)["M6"]
    for version in (VERSIONS[1], VERSIONS[2]):
        reload(session, randomised)
        projection = project_visits(session, clock, version, randomised)
        assert "04-001 M6" not in (*projection.moved, *projection.removed)
        assert facts(session, randomised)["M6"] == before


def test_a_visit_is_movable_until_the_second_it_opens(
    session: Session, clock: SteppedClock, randomised: Patient
) -> None:
    visit = make.get_visit(session, randomised, "M3")
    clock.set(visit.opens_at - SECOND)
    assert "04-001 M3" in project_visits(session, clock, VERSIONS[3], randomised).moved
    # Three weeks before instead of two: by its new date it has opened already.
    assert visit.opens_at < clock.now()
    assert "04-001 M3" not in project_visits(session, clock, VERSIONS[0], randomised).moved


STEPS = st.one_of(
    st.sampled_from(VERSIONS),
    st.integers(1, 400),
    st.tuples(st.sampled_from(["link", "begin"]), st.sampled_from(["M3", "M6", "M9", "M12", "RI0", "RI3"])),
    st.just("reintroduction"),
)


def take(session: Session, clock: SteppedClock, patient: Patient, step: object) -> None:
    """One thing that happens in a study: days pass, a link, a draft, a milestone, an amendment."""
    if isinstance(step, int):
        clock.advance(days=step)
    elif isinstance(step, StudyDefinition):
        project_visits(session, clock, step, reload(session, patient))
    elif isinstance(step, tuple):
        visit = find_visit(session, patient, step[1])
        # Another visit's questionnaire may serve it by then: it has no link of its own.
        is_asked = visit is not None and visit.served_by_id is None
        if visit is not None and is_asked and visit.opens_at <= clock.now() < visit.closes_at:
            if step[0] == "link":
                make.make_link(session, clock, patient, step[1])
            else:
                make.begin_response(session, clock, visit)
    elif not any(each.kind == "reintroduction" for each in reload(session, patient).milestones):
        reintroduce(session, patient, clock.now().date())
        project_visits(session, clock, VERSIONS[0], patient)


@given(steps=st.lists(STEPS, min_size=1, max_size=9))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_no_visit_that_opened_or_was_touched_ever_moves(
    session: Session, clock: SteppedClock, randomised: Patient, steps: list[object]
) -> None:
    clock.set(NOW)
    with session.begin_nested() as savepoint:
        kept: dict[str, Facts] = {}
        for step in steps:
            take(session, clock, randomised, step)
            now = facts(session, randomised)
            assert {code: now.get(code) for code in kept} == kept
            opened = {
                code for code, fact in now.items() if isinstance(fact[4], datetime) and fact[4] <= clock.now()
            }
            kept |= {code: now[code] for code in opened}
        savepoint.rollback()
    reload(session, randomised)


@given(versions=st.lists(st.sampled_from(VERSIONS), max_size=4))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_untouched_visits_depend_on_the_last_definition_alone(
    session: Session, clock: SteppedClock, randomised: Patient, versions: list[StudyDefinition]
) -> None:
    with session.begin_nested() as savepoint:
        before = {code: fact[1:] for code, fact in facts(session, randomised).items()}
        for version in (*versions, VERSIONS[0]):
            project_visits(session, clock, version, reload(session, randomised))
        assert {code: fact[1:] for code, fact in facts(session, randomised).items()} == before
        savepoint.rollback()
    reload(session, randomised)


# The state of a form


@pytest.fixture
def visit(session: Session, randomised: Patient) -> Visit:
    return make.get_visit(session, randomised, "M3")


def states(visit: Visit, response: Response | None) -> list[tuple[str, bool]]:
    """The state, and whether answers are taken, a second to either side of each boundary."""
    boundaries = (visit.opens_at, visit.closes_at, visit.closes_at + GRACE)
    instants = [each + step for each in boundaries for step in (-SECOND, timedelta())]
    return [
        (visit_state(visit, response, now).value, is_answerable(visit, response, now)) for now in instants
    ]


@pytest.mark.requirement("VIS-05")
def test_without_an_answer_a_form_is_expected_open_and_missing(visit: Visit) -> None:
    assert states(visit, None) == [
        ("not_yet_expected", False),
        ("open", True),
        ("open", True),
        ("missing", False),
        ("missing", False),
        ("missing", False),
    ]


@pytest.mark.requirement("VIS-05")
@pytest.mark.requirement("SUR-15")
def test_a_draft_is_in_progress_until_the_grace_is_over_and_then_partial(
    session: Session, clock: SteppedClock, visit: Visit
) -> None:
    clock.set(visit.closes_at - SECOND)
    response = make.answer(session, clock, visit, {"q01": None})
    assert states(visit, response) == [
        ("not_yet_expected", False),
        ("in_progress", True),
        ("in_progress", True),
        ("in_progress", True),
        ("in_progress", True),
        ("partial", False),
    ]


@pytest.mark.requirement("VIS-05")
def test_a_draft_without_any_answer_ends_as_missing(
    session: Session, clock: SteppedClock, visit: Visit
) -> None:
    clock.set(visit.opens_at)
    response = make.begin_response(session, clock, visit)
    assert [state for state, _ in states(visit, response)][-2:] == ["in_progress", "missing"]


@pytest.mark.requirement("SUR-15")
def test_a_draft_begun_after_the_window_has_no_grace(
    session: Session, clock: SteppedClock, visit: Visit
) -> None:
    clock.set(visit.closes_at)
    response = make.begin_response(session, clock, visit)
    assert not is_answerable(visit, response, visit.closes_at)
    assert not is_answerable(visit, response, visit.closes_at + SECOND)


@pytest.mark.requirement("VIS-05")
def test_what_was_sent_is_received_for_good(session: Session, clock: SteppedClock, visit: Visit) -> None:
    clock.set(visit.opens_at)
    response = make.submit(session, clock, visit)
    assert {state for state, _ in states(visit, response)} == {"received"}
    assert visit_state(visit, response, NOW + timedelta(days=9999)) is VisitState.RECEIVED
    assert not is_answerable(visit, response, visit.closes_at + SECOND)


# Finding visits


def test_visits_are_listed_as_they_are_due(session: Session, randomised: Patient) -> None:
    found = visits_of(session, randomised)
    assert [each.due_on for each in found] == sorted(each.due_on for each in found)
    assert [each.code for each in found][:3] == ["BASELINE", "M3", "M6"]
    assert find_visit(session, randomised, "M6") is found[2]
    assert find_visit(session, randomised, "RI0") is None


def test_the_next_visit_is_the_first_that_has_not_opened(
    session: Session, clock: SteppedClock, randomised: Patient, study: Study
) -> None:
    make.randomise(session, clock, make.make_patient(session, clock, study, "04-002"))
    first, last = make.get_visit(session, randomised), make.get_visit(session, randomised, "M60")
    m3 = make.get_visit(session, randomised, "M3")
    assert next_visit(session, clock, first) is m3
    clock.set(m3.opens_at - SECOND)
    assert next_visit(session, clock, m3) is m3
    clock.set(m3.opens_at)
    following = next_visit(session, clock, m3)
    assert following is not None
    assert (following.code, following.patient_id) == ("M6", randomised.id)
    clock.set(last.opens_at)
    assert next_visit(session, clock, last) is None
