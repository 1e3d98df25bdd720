"""Answers of several phones and tabs: whatever the order of arrival, the one given last stands."""

from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, LateAnswer, Patient, Response, Visit
from app.services import responses
from app.services.late_answers import keep_late_answers, late_answers
from app.services.responses import Answer, AnswerState
from tests import factories as make
from tests.conftest import NOW

ANSWERED, SKIPPED, ERASED = AnswerState.ANSWERED, AnswerState.SKIPPED, AnswerState.ERASED
PHONE, TABLET = "phone-0123456789abcdef", "tablet-0123456789abcdef"


@pytest.fixture
def visit(session: Session, patient: Patient) -> Visit:
    return make.get_visit(session, patient)


@pytest.fixture
def response(session: Session, clock: SteppedClock, visit: Visit) -> Response:
    return make.begin_response(session, clock, visit)


def said(
    item: str, value: int | None, second: int, device: str = PHONE, sequence: int | None = None
) -> Answer:
    state = ANSWERED if value is not None else SKIPPED
    return Answer(
        item, state, value, "fr", at(second), at(second), device, second if sequence is None else sequence
    )


def at(second: int) -> datetime:
    return NOW - timedelta(hours=1) + timedelta(seconds=second)


class Event(NamedTuple):
    item: str
    state: AnswerState
    value: int | None
    device: str


events = st.lists(
    st.tuples(
        st.sampled_from(["q01", "q02", "q03"]),
        st.sampled_from([ANSWERED, SKIPPED, ERASED]),
        st.integers(1, 4),
        st.sampled_from([PHONE, TABLET]),
    ).map(lambda each: Event(each[0], each[1], each[2] if each[1] is ANSWERED else None, each[3])),
    min_size=1,
    max_size=12,
)


@pytest.mark.requirement("SUR-10")
@pytest.mark.requirement("SUR-11")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events, st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_order_of_arrival_gives_the_same_answers(
    session: Session,
    clock: SteppedClock,
    visit: Visit,
    history: list[Event],
    chance: object,
    size: int,
) -> None:
    with session.begin_nested() as savepoint:
        response = make.begin_response(session, clock, visit)
        answers = [
            Answer(each.item, each.state, each.value, "fr", at(second), at(second), each.device, second)
            for second, each in enumerate(history, start=1)
        ]
        # Each twice: what is sent again changes nothing.
        arriving = [*answers, *answers]
        chance.shuffle(arriving)  # type: ignore[attr-defined]
        for start in range(0, len(arriving), size):
            responses.merge_answers(session, clock, response, arriving[start : start + size])
        model = {each.item: (each.state, each.value) for each in history}
        found = {item: (entry["state"], entry["value"]) for item, entry in response.answers.items()}
        assert found == model
        savepoint.rollback()


@pytest.mark.requirement("SUR-10")
def test_two_phones_keep_what_the_other_one_said(
    session: Session, clock: SteppedClock, response: Response
) -> None:
    responses.merge_answers(session, clock, response, [said("q01", 1, 1), said("q02", 1, 2)])
    responses.merge_answers(session, clock, response, [said("q02", 4, 3, TABLET), said("q03", 2, 4, TABLET)])
    assert responses.coded_answers(response) == {"q01": 1, "q02": 4, "q03": 2}


@pytest.mark.threat("D12")
def test_an_answer_is_never_from_the_future(
    session: Session, clock: SteppedClock, response: Response
) -> None:
    ahead = Answer("q01", ANSWERED, 1, "fr", NOW + timedelta(days=1), None, PHONE, 1)
    responses.merge_answers(session, clock, response, [ahead])
    assert response.answers["q01"]["at"] == "2026-11-23T09:00:00.000+00:00"
    clock.advance(seconds=1)
    now = Answer("q01", ANSWERED, 2, "fr", clock.now(), None, TABLET, 1)
    responses.merge_answers(session, clock, response, [now])
    assert responses.coded_answers(response) == {"q01": 2}


@pytest.mark.threat("D12")
def test_one_phone_is_believed_in_its_own_order(
    session: Session, clock: SteppedClock, response: Response
) -> None:
    """What its clock is wrong by is measured anew with each request, so instants may seem to go back."""
    responses.merge_answers(session, clock, response, [said("q01", 1, 50, sequence=1)])
    responses.merge_answers(session, clock, response, [said("q01", 3, 40, sequence=2)])
    assert responses.coded_answers(response) == {"q01": 3}
    assert response.answers["q01"]["at"] == at(50).isoformat(timespec="milliseconds")


def test_an_entry_tells_where_it_came_from(session: Session, clock: SteppedClock, response: Response) -> None:
    wrong = at(5) - timedelta(days=1)
    answer = Answer("q01", ANSWERED, 1, "en", at(5), wrong, PHONE, 7)
    responses.merge_answers(session, clock, response, [answer])
    assert response.answers["q01"] == {
        "state": "answered",
        "value": 1,
        "at": "2026-11-23T08:00:05.000+00:00",
        "language": "en",
        "sequence": 7,
        "received_at": "2026-11-23T09:00:00.000+00:00",
        "device": PHONE,
        "device_at": "2026-11-22T08:00:05.000+00:00",
    }
    assert response.languages == ["fr", "en"]
    assert response.saved_at == NOW


@pytest.mark.requirement("AUD-01")
def test_the_trail_keeps_a_changed_answer_and_not_the_same_one_again(
    session: Session, clock: SteppedClock, response: Response
) -> None:
    def entries() -> int:
        query = select(AuditEntry).where(AuditEntry.entity == "response")
        return len(session.scalars(query).all())

    responses.merge_answers(session, clock, response, [said("q01", 1, 1)])
    before = entries()
    responses.merge_answers(session, clock, response, [said("q01", 1, 2)])
    assert entries() == before
    responses.merge_answers(session, clock, response, [said("q01", 2, 3)])
    assert entries() == before + 1


@pytest.mark.requirement("SUR-10")
@pytest.mark.requirement("SUR-11")
def test_what_comes_after_sending_is_kept_apart_once(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    response = make.submit(session, clock, visit)
    merged = dict(response.answers)
    late = [said("q01", 4, 1, TABLET), said("q02", None, 2, TABLET)]
    keep_late_answers(session, clock, response, late)
    keep_late_answers(session, clock, response, late)
    lines = late_answers(session, patient)
    assert {code for code, _ in lines} == {"BASELINE"}
    found = [answer for _, answer in lines]
    assert [(each.item, each.state, each.answer) for each in found] == [
        ("q01", "answered", {"value": 4}),
        ("q02", "skipped", {"value": None}),
    ]
    assert {each.given_at for each in found} == {at(1), at(2)}
    assert {(each.device, each.received_at) for each in found} == {(TABLET, NOW)}
    assert response.answers == merged


@pytest.mark.requirement("SUR-11")
def test_a_replay_of_what_was_merged_is_not_late(
    session: Session, clock: SteppedClock, visit: Visit, response: Response
) -> None:
    given_ = [said(f"q{n:02}", 1, n) for n in range(1, 31)]
    given_.append(said("q01", 2, 31))
    responses.merge_answers(session, clock, response, given_)
    responses.submit_responses(session, clock, visit)
    keep_late_answers(session, clock, response, given_)
    assert session.scalars(select(LateAnswer)).all() == []
