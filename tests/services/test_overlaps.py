"""One questionnaire for two visits whose windows overlap, and what that means for links, states and lists."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Study
from app.services.errors import RuleError
from app.services.exports.scored import scored_table
from app.services.overlaps import Slot, served_by
from app.services.reminders import due_reminders
from app.services.studies import definition_in_force
from app.services.visits import VisitState, find_visit, next_visit, visits_of
from app.services.worklist import visit_lines
from tests import factories as make
from tests.conftest import CONTACT_KEYS, NOW

pytestmark = pytest.mark.requirement("VIS-03")
TODAY, DAY = NOW.date(), timedelta(days=1)
START = datetime(2027, 1, 1, tzinfo=UTC)


def slot(code: str, first: int, last: int, **facts: object) -> Slot:
    """A visit open from one day to another, in days from START, due halfway."""
    known: dict[str, object] = {
        "anchor": "reintroduction" if code.startswith("RI") else "randomisation",
        "due_on": date(2027, 1, 1) + (first + last) // 2 * DAY,
        "questionnaires": frozenset({"qlq-c30"}),
        "is_free": True,
        "is_begun": False,
        "server": None,
    }
    return Slot(code=code, opens_at=START + first * DAY, closes_at=START + last * DAY, **(known | facts))  # type: ignore[arg-type]


def pairs(*slots: Slot, day: int = -1) -> dict[str, str]:
    return {code: server for code, server in served_by(slots, START + day * DAY).items() if server}


def test_the_visit_of_randomisation_serves_the_one_of_reintroduction() -> None:
    assert pairs(slot("M3", 0, 29), slot("RI1", 10, 25)) == {"RI1": "M3"}
    assert pairs(slot("RI1", 10, 25), slot("M3", 0, 29)) == {"RI1": "M3"}


def test_windows_that_only_touch_are_apart() -> None:
    assert pairs(slot("M3", 0, 29), slot("RI1", 29, 44)) == {}
    assert pairs(slot("M3", 0, 29), slot("RI1", 28, 44)) == {"RI1": "M3"}


def test_the_nearest_serves_and_each_serves_one_only() -> None:
    assert pairs(slot("M3", 0, 29), slot("M6", 20, 49), slot("RI1", 22, 40)) == {"RI1": "M6"}
    assert pairs(slot("M3", 0, 29), slot("RI0", 0, 15), slot("RI1", 20, 35)) == {"RI0": "M3"}


@pytest.mark.parametrize(
    ("server", "served"),
    [
        ({"is_begun": True}, {}),
        ({"questionnaires": frozenset()}, {}),
        ({}, {"is_begun": True}),
        ({}, {"is_free": False}),
        ({}, {"questionnaires": frozenset({"qlq-c30", "symptoms"})}),
    ],
)
def test_no_pair_is_made_where_one_is_begun_or_asks_for_more(
    server: dict[str, object], served: dict[str, object]
) -> None:
    assert pairs(slot("M3", 0, 29, **server), slot("RI1", 10, 25, **served)) == {}


def test_past_visits_make_no_pair() -> None:
    assert pairs(slot("M3", 0, 29), slot("RI1", 10, 35), day=29) == {}
    assert pairs(slot("M3", 0, 29), slot("RI1", 10, 25), day=25) == {}


def test_a_pair_stays_once_one_of_them_is_begun_or_open_and_goes_with_the_overlap() -> None:
    begun, further = slot("M3", 0, 29, is_begun=True), slot("M3", 40, 60, is_begun=True)
    assert pairs(begun, slot("RI1", 10, 25, server="M3")) == {"RI1": "M3"}
    assert pairs(slot("M3", 0, 29), slot("RI1", 10, 25, is_free=False, server="M3"), day=28) == {"RI1": "M3"}
    assert pairs(further, slot("RI1", 10, 25, server="M3")) == {}
    assert pairs(slot("M6", 0, 29), slot("RI1", 10, 25, server="M3")) == {"RI1": "M6"}


# In a study: re-introduced 80 days after randomisation, as M3 is open


@pytest.fixture
def served(session: Session, clock: SteppedClock, patient: Patient) -> Patient:
    make.randomise(session, clock, patient)
    clock.advance(days=80)
    return make.milestone(session, clock, patient, "reintroduction")


def test_the_first_visit_after_reintroduction_is_served_by_the_open_one(
    session: Session, clock: SteppedClock, served: Patient
) -> None:
    first, month3 = make.get_visit(session, served, "RI0"), make.get_visit(session, served, "M3")
    assert first.served_by_id == month3.id
    with pytest.raises(RuleError, match="served by other"):
        make.make_link(session, clock, served, "RI0")
    make.make_link(session, clock, served, "M3")


def test_what_is_sent_at_one_visit_is_received_at_both(
    session: Session, clock: SteppedClock, study: Study, served: Patient
) -> None:
    def lines() -> dict[str, tuple[VisitState, bool]]:
        found = visit_lines(session, clock, [served.id])[served.id]
        return {each.code: (each.state, each.is_current) for each in found}

    assert lines()["M3"] == (VisitState.OPEN, True)
    assert lines()["RI0"] == (VisitState.OPEN, False)
    make.submit(session, clock, make.get_visit(session, served, "M3"))
    assert lines()["M3"] == lines()["RI0"] == (VisitState.RECEIVED, False)
    table = scored_table(session, clock, definition_in_force(session, study), study)
    states = dict(zip(table["visit"], table["state"], strict=True))
    assert states["M3"] == states["RI0"] == "received"
    assert states["M6"] == "not_yet_expected"


@pytest.mark.requirement("REM-01")
def test_the_visit_that_serves_is_reminded_of_and_the_served_one_is_not(
    session: Session, clock: SteppedClock, study: Study, served: Patient
) -> None:
    reminders = definition_in_force(session, study).reminders
    assert reminders is not None
    make.keep_contact(session, clock, served, CONTACT_KEYS)
    due = [each.visit_id for each in due_reminders(session, clock, study, reminders)]
    assert due == [make.get_visit(session, served, "M3").id]


def test_a_visit_without_questionnaires_of_its_own_is_not_the_next_one(
    session: Session, clock: SteppedClock, served: Patient
) -> None:
    found, seen = next_visit(session, clock, make.get_visit(session, served)), []
    while found is not None:
        seen.append(found.code)
        clock.set(found.opens_at)
        found = next_visit(session, clock, found)
    assert not {each.code for each in visits_of(session, served) if each.served_by_id} & set(seen)
    assert {"RI1", "M6", "M60"} <= set(seen)


def test_no_visit_is_served_in_the_other_arm(session: Session, clock: SteppedClock, patient: Patient) -> None:
    make.randomise(session, clock, patient, "continuation")
    clock.advance(days=80)
    make.milestone(session, clock, patient, "reintroduction")
    assert not [each for each in visits_of(session, patient) if each.served_by_id]
    assert find_visit(session, patient, "RI0") is None
